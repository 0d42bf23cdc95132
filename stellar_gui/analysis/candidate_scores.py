"""How good candidates for missing lines are, where it is known what is missing.

Precision and recall of the places, the share of false candidates in a run in which
nothing is missing, and the elements given to lines against their own, beside the two
yardsticks of `analysis.attribution`: "always iron", and true physics, which blends lead
astray, too. Shares come with Wilson intervals. Plain arrays.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stellar_gui.analysis.attribution import Attribution, Rate, attribute, wilson
from stellar_gui.analysis.candidates import APART, Dips, Threshold

NO_LINE = "none"


class Known(NamedTuple):
    """The lines that were hidden, (n_lines,) each, and where spectra were changed."""

    pixel: np.ndarray
    element: np.ndarray  # "Fe"
    depth: np.ndarray  # in the typical spectrum
    masked: np.ndarray  # (n_pixels,) bool


class Confusion(NamedTuple):
    """How many candidates of each kind were given to each element."""

    own: tuple[str, ...]  # rows: the line's own element; `NO_LINE` where none is hidden
    given: tuple[str, ...]  # columns
    count: np.ndarray  # (n_own, n_given) int


class Places(NamedTuple):
    """Whether candidates lie where lines were hidden."""

    line: np.ndarray  # (n_candidates,) which hidden line each one is, or -1
    right: np.ndarray  # (n_candidates,) bool: spectra were changed there
    precision: Rate  # of candidates, those in the right place
    recall: Rate  # of hidden lines, those with a candidate


def match_lines(found, hidden) -> np.ndarray:
    """Return which hidden line each found pixel is, -1 for none, (n_found,).

    Nearest pairs first, `APART` pixels at most; no line is found twice.

    >>> match_lines([10, 12, 50], [13, 30])
    array([-1,  0, -1])
    """
    found, hidden = np.asarray(found, int), np.asarray(hidden, int)
    away = np.abs(found[:, None] - hidden[None, :])
    line = np.full(len(found), -1)
    for place in np.argsort(away, axis=None, kind="stable"):
        row, column = divmod(int(place), len(hidden))
        if away[row, column] > APART:
            break
        if line[row] < 0 and column not in line:
            line[row] = column
    return line


def judge_places(found: Dips, known: Known) -> Places:
    """Compare the places of candidates with those of hidden lines.

    A candidate is right wherever spectra were changed: beside a hidden line its
    neighbours are hidden, too.
    """
    line = match_lines(found.pixel, known.pixel)
    right = known.masked[found.pixel]
    recalled = np.isin(np.arange(len(known.pixel)), line)
    return Places(line, right, wilson(right), wilson(recalled))


def false_positive_rate(reference: Dips, threshold: Threshold) -> Rate:
    """Share of the dips of a run in which nothing is hidden that are candidates."""
    return wilson(threshold.passed(reference))


def judge_elements(
    line, recovered, true, elements: Sequence[str], known: Known
) -> Attribution | None:
    """Judge the elements of the candidates that are hidden lines; None without any.

    line (n_candidates,) of `Places`; recovered, true (n_candidates, n_elements): see
    `attribution.attribute`.
    """
    is_line = np.asarray(line) >= 0
    if not is_line.any():
        return None
    own, depth = (part[line[is_line]] for part in (known.element, known.depth))
    return attribute(
        np.asarray(recovered)[is_line], np.asarray(true)[is_line], elements, own, depth
    )


def confusion(places: Places, given, known: Known) -> Confusion:
    """Count candidates by the line's own element and by the element ``given``.

    Neighbours of a hidden line that are none themselves are left out. Elements that
    have no line and get no candidate are left out; iron comes first.
    """
    given = np.asarray(given)
    counted = (places.line >= 0) | ~places.right
    elements = [*known.element.tolist(), NO_LINE]  # -1 is the last
    own = np.array(elements)[places.line]
    pairs = [*zip(own[counted].tolist(), given[counted].tolist(), strict=True)]
    columns = _in_order({*known.element.tolist(), *(pair[1] for pair in pairs)})
    wrong = (NO_LINE,) if any(pair[0] == NO_LINE for pair in pairs) else ()
    rows = (*_in_order(set(known.element.tolist())), *wrong)
    count = np.zeros((len(rows), len(columns)), int)
    for row, column in pairs:
        count[rows.index(row), columns.index(column)] += 1
    return Confusion(rows, columns, count)


def _in_order(elements):
    return tuple(sorted(elements, key=lambda name: (name != "Fe", name)))
