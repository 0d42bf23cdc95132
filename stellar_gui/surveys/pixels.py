"""Pixels: the residuals of all stars of a survey, counted once for all sessions.

A set of 5000 spectra takes a second to count and 86 MB to hold: what was counted last
is kept, found by the folder of the fits and by how many stars were done.
"""

import threading
from collections import OrderedDict
from typing import NamedTuple

import numpy as np

from stellar_gui.analysis.density import (
    DIFFERENCE_RANGE,
    ZSCORE_RANGE,
    Density,
    density_of,
)
from stellar_gui.analysis.pixel_medians import pixel_medians
from stellar_gui.surveys.fits import SurveyFits

RANGES = {"zscore": ZSCORE_RANGE, "difference": DIFFERENCE_RANGE}
"""What can be counted, and between which values it is drawn."""

_KEPT = 4
_kept: "OrderedDict[tuple, Pixels]" = OrderedDict()
_lock = threading.Lock()


class Pixels(NamedTuple):
    """Residuals of a survey; which: key of `RANGES`.

    values (n_stars, n_pixels) float16, NaN in bad pixels and without a fit; median
    (n_pixels,) over the stars.
    """

    which: str
    values: np.ndarray
    density: Density
    median: np.ndarray


def pixels_of(fits: SurveyFits, which: str) -> Pixels:
    """Count the residuals of what is fitted so far; in any thread.

    Raises ValueError for another ``which``, or if a file of the fits is damaged.
    """
    if which not in RANGES:
        raise ValueError(f"no pixels {which!r}, expected one of {', '.join(RANGES)}")
    key = (str(fits.folder), int(fits.done.sum()), fits.made, which)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    values = getattr(fits, which)
    counted = Pixels(
        which, values, density_of(values, RANGES[which]), pixel_medians(values)
    )
    with _lock:
        _kept[key] = counted
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return counted
