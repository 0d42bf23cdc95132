"""Surveys: the fits of many stars by one model, and what users decide on them.

Everything lies in files: fits in the cache, found again by the content of data and
model; decisions in the user's data folder. No Panel here.
"""

from stellar_gui.surveys.fits import SurveyFits
from stellar_gui.surveys.samples import default_sample, samples
from stellar_gui.surveys.survey import Survey
from stellar_gui.surveys.triage import Decision, Triage

__all__ = ["Decision", "Survey", "SurveyFits", "Triage", "default_sample", "samples"]
