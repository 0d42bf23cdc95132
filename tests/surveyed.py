"""A session whose whole survey is fitted by two models, as the Survey page finds it."""

from contextlib import suppress

import numpy as np

from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.surveys import Survey, samples
from stellar_gui.surveys.worker import fit_missing
from tests.small_survey import LABEL_NAMES, small_cannon, small_survey

N_STARS, N_TEST = 60, 40
FAILED = 7  # the row of a star of the test sample without a fit


def survey_stars():
    """Spectra (60,) of which the first 40 are held out; one has a flux of thousands."""
    spectra = small_survey(N_STARS)
    flux = spectra.flux.copy()
    flux[FAILED] *= 3000.0
    split = np.where(np.arange(N_STARS) < N_TEST, "test", "train")
    data = {**spectra.star_data, "split": split}
    return spectra.replace(flux=flux, star_data=data)


def models():
    """Two Cannons by name: of all labels and of three."""
    return {"Cannon": small_cannon(), "Linear": small_cannon(1, LABEL_NAMES[:3])}


def opened(spectra, by_name, **chosen):
    """A session and a selection of its first star."""
    session = Session(spectra, by_name)
    selection = Selection(
        session.stars, tuple(session.models), page="survey", star=session.ids[0]
    )
    selection.choose(**chosen)
    return session, selection


class _Enough(Exception):
    """As many stars are fitted as were asked for."""


def fit_sample(spectra, by_name, sample="held out", n_stars=None) -> None:
    """Fit a sample by every model, into the cache; only the first stars if asked."""
    rows = samples(spectra)[sample]

    def report(done, total, words):
        if n_stars is not None and done >= n_stars:
            raise _Enough

    for model in by_name.values():
        survey = Survey(spectra, rows, model)
        survey.folder.mkdir(parents=True, exist_ok=True)
        with suppress(_Enough):
            fit_missing(survey.folder, model, spectra, rows, options={}, report=report)
