"""Fits: spectra and a model in, labels with honest errors out."""

import importlib

from stellar_gui.fitting.result import FitFlag, FitResult

__all__ = ["FitFlag", "FitResult", "fit_by_least_squares", "fit_labels"]

_LATER = ("fit_by_least_squares", "fit_labels")


def __getattr__(name):
    """Import the fits when they are first used: torch alone takes seconds."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("stellar_gui.fitting.labels"), name)
