"""Absorption features of a spectrum, and the element that each belongs to.

From the line list: transitions that fall on neighbouring pixels are one feature, which
belongs to the deepest of them.
"""

from typing import NamedTuple

import numpy as np

from stellar_gui.preprocess.medium import convert_wavelength
from stellar_gui.synthesis.elements import SYMBOLS
from stellar_gui.synthesis.imperfections import transitions
from stellar_gui.synthesis.lines import LineList

DEEP = 0.05  # depth in the typical spectrum from which a feature counts
_NOTICED = 0.3  # largest depth, over all stars, of a line that can be a feature
_BLENDED = 3  # pixels
WINDOW = 5  # pixels to each side that belong to a feature


class Features(NamedTuple):
    """Features by pixel, (n_features,) each."""

    pixel: np.ndarray
    element: np.ndarray  # "Fe"
    depth: np.ndarray  # 1 - flux of the typical spectrum there

    def of(self, chosen) -> "Features":
        """Some of the features."""
        return Features(*(part[chosen] for part in self))

    def mask(self, n_pixels: int) -> np.ndarray:
        """(n_pixels,) bool: the windows of all features."""
        masked = np.zeros(n_pixels, dtype=bool)
        for offset in range(-WINDOW, WINDOW + 1):
            masked[np.clip(self.pixel + offset, 0, n_pixels - 1)] = True
        return masked


def find_features(
    lines: LineList, wavelength, medium: str, typical, elements
) -> Features:
    """Return the deep features of a grid, in the order of their wavelength.

    wavelength, typical (n_pixels,): the grid, Angstrom, and a typical spectrum on it;
    elements: those that a feature may belong to; others' are left out.
    """
    wavelength, typical = np.asarray(wavelength, float), np.asarray(typical, float)
    at, depth, element = _transitions(lines, medium)
    pixel = np.searchsorted(wavelength, at).clip(1, len(wavelength) - 1)
    pixel -= at - wavelength[pixel - 1] < wavelength[pixel] - at
    step = np.gradient(wavelength)
    here = (np.abs(at - wavelength[pixel]) <= step[pixel]) & (depth > _NOTICED)
    owners = _owners(pixel[here], depth[here], element[here])
    found = Features(owners[0], owners[1], 1.0 - typical[owners[0]])
    known = np.isin(found.element, list(elements)) & (found.depth > DEEP)
    return found.of(known)


def _transitions(lines, medium):
    """Wavelength, depth and element of each whole transition."""
    number = transitions(lines)
    weight = np.maximum(np.nan_to_num(lines.max_depth), 1e-6)
    total = np.bincount(number, weights=weight)
    centre = np.bincount(number, weights=weight * lines.wavelength) / total
    first = np.unique(number, return_index=True)[1]
    at = convert_wavelength(centre, lines.medium, medium)
    order = np.argsort(at)
    element = np.array([SYMBOLS[z] for z in lines.z[first]])
    return at[order], total[order], element[order]


def _owners(pixel, depth, element):
    """Of each run of transitions on neighbouring pixels, the deepest."""
    group = np.concatenate([[0], np.cumsum(np.diff(pixel) > _BLENDED)])
    deepest = np.lexsort((-depth, group))
    _, first = np.unique(group[deepest], return_index=True)
    chosen = deepest[first]
    return pixel[chosen], element[chosen]
