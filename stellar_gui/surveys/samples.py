"""Samples: the parts of a set of stars that are looked at together.

A model must be judged by stars that nothing was learnt from, so that these come first.
"""

import numpy as np

from stellar_gui.spectra import Spectra

HELD_OUT = "held out"
ALL = "all stars"
_TITLES = {"test": HELD_OUT, "validation": "validation", "train": "training"}


def samples(spectra: Spectra) -> dict[str, np.ndarray]:
    """Return the samples of a set: title -> rows, increasing.

    One for each mark in ``star_data["split"]`` ("test" is held out), then all stars.

    >>> spectra = Spectra([5e3], [[1.0]] * 2, [[1.0]] * 2)
    >>> samples(spectra)
    {'all stars': array([0, 1])}
    """
    marks = np.asarray(spectra.star_data.get("split", ())).astype(str)
    rows = {
        title: np.flatnonzero(marks == mark)
        for mark, title in _TITLES.items()
        if mark in marks
    }
    return rows | {ALL: np.arange(len(spectra))}


def default_sample(spectra: Spectra) -> str:
    """Return the title of the sample to begin with: held-out stars if there are any."""
    return next(iter(samples(spectra)))
