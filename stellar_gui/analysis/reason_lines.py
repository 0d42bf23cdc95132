"""Lines at which a difference of spectra shows the element that explains it."""

from typing import NamedTuple

import numpy as np

from stellar_gui.analysis.contrast import Explanation
from stellar_gui.labels import describe
from stellar_gui.preprocess.medium import convert_wavelength
from stellar_gui.synthesis.lines import LineList

_APART = 0.28  # Angstrom: of lines closer than this the strongest is taken
_LEAST = 0.05  # of the largest contribution to the difference
_BESIDE = 1.5  # pixels from a line to the nearest one


class ReasonLine(NamedTuple):
    """A listed line, Angstrom in the medium of the spectrum, of an element that
    contributes ``flux`` to the difference there, more than any other."""

    wavelength: float
    element: str
    flux: float


def reason_lines(
    lines: LineList, medium: str, wavelength, explanation: Explanation
) -> list[ReasonLine]:
    """Return the lines of elements that clearly explain a difference, strongest first.

    wavelength (n_pixels,) Angstrom in ``medium``, as the contributions.
    """
    wavelength = np.asarray(wavelength, dtype=float)
    clear = {reason.name for reason in explanation.reasons if reason.clear}
    names, flux_of = explanation.names, _by_element(explanation)
    size = np.abs(flux_of)  # (n_pixels, n_labels)
    listed = convert_wavelength(lines.wavelength, lines.medium, medium)
    pixel = _nearest(wavelength, listed)
    step = np.gradient(wavelength)[pixel]
    seen = np.abs(wavelength[pixel] - listed) < _BESIDE * step
    found = []
    for column, name in enumerate(names):
        element = describe(name).element
        if element is None or name not in clear:
            continue
        mine = np.flatnonzero(seen & lines.of_species(element))
        mine = mine[size[pixel[mine]].argmax(axis=1) == column]
        flux = flux_of[pixel[mine], column]
        found += [
            ReasonLine(float(listed[line]), element, float(value))
            for line, value in zip(mine, flux, strict=True)
        ]
    return _apart(found)


def _by_element(explanation):
    """Contributions (n_pixels, n_labels) where each element has all of its own lines.

    Of [X/Fe], iron has moved the lines of all others along with its own.
    """
    flux = explanation.contributions
    if "fe_h" not in explanation.names:
        return flux
    value = {reason.name: reason.value for reason in explanation.reasons}
    iron, moved = explanation.names.index("fe_h"), flux.copy()
    for column, name in enumerate(explanation.names):
        if name.endswith("_fe") and value[name] != 0:
            along = flux[:, column] * value["fe_h"] / value[name]
            moved[:, column] += along
            moved[:, iron] -= along
    return moved


def _nearest(grid, values):
    right = np.clip(np.searchsorted(grid, values), 1, len(grid) - 1)
    return np.where(values - grid[right - 1] < grid[right] - values, right - 1, right)


def _apart(found):
    """The strongest of each blend, strongest first, without the faint ones."""
    found = sorted(found, key=lambda line: -abs(line.flux))
    kept: list[ReasonLine] = []
    for line in found:
        if abs(line.flux) < _LEAST * abs(found[0].flux):
            break
        if all(abs(line.wavelength - other.wavelength) >= _APART for other in kept):
            kept.append(line)
    return kept
