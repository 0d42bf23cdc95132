"""Fits: spectra and a model in, labels with honest errors out."""

from stellar_gui.fitting.labels import fit_by_least_squares, fit_labels
from stellar_gui.fitting.result import FitFlag, FitResult

__all__ = ["FitFlag", "FitResult", "fit_by_least_squares", "fit_labels"]
