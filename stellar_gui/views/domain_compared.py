"""What a comparison of two groups says, ready to be drawn. Arithmetic is elsewhere."""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from stellar_gui.analysis.contrast import Explanation, explain, group_jacobians
from stellar_gui.analysis.reason_lines import reason_lines
from stellar_gui.labels import describe
from stellar_gui.maps.compare import WHICH, Comparison, compare
from stellar_gui.plots.difference import Bar, NamedLine
from stellar_gui.plots.style import number, plus_minus
from stellar_gui.synthesis.lines import bundled_lines
from stellar_gui.views.domain_source import Shown

_MOST_BARS = 10
_WHOLE = ("fe_h", "m_h", "alpha_m")  # abundances that are no element's, or no ratio's
_FITTED = 16  # stars, at most, whose labels are fitted where none are stated
_TURN = 0.6  # by which each further line of an element weighs less


class Compared(NamedTuple):
    """A comparison in words, bars and names of lines; explanation None without one."""

    comparison: Comparison
    explanation: Explanation | None
    title: str
    bars: list[Bar]
    lines: list[NamedLine]
    note: str


def compared(
    shown: Shown, rows_a, rows_b, fitted: Callable[[str], np.ndarray | None]
) -> Compared:
    """Compare two groups of points and explain what differs.

    fitted: gives the labels (n_labels,) that the model fits to a star, or None; asked
    for some stars where the survey states none, which may take seconds. Raises
    ValueError for groups that are too small.
    """
    comparison = compare(shown.request.sets, shown.points, rows_a, rows_b)
    title = _title(comparison, len(rows_b) > 0)
    try:
        found, origin = _explanation(shown, comparison, fitted)
    except ValueError as error:
        return Compared(comparison, None, title, [], [], f"No explanation: {error}")
    request = shown.request
    lines = reason_lines(
        bundled_lines(), request.survey.medium, request.sets.wavelength, found
    )
    bars = _bars(found)
    none = "" if bars else f" {shown.model_name} has no abundance: there are no bars."
    note = f"{_note(found)}{none}{origin}"
    return Compared(comparison, found, title, bars, _named(lines), note)


def _explanation(shown, comparison, fitted):
    """By the derivatives of the model of what is compared, at the groups' labels.

    And whose labels those are, where the survey states none.
    """
    model, points = shown.request.model, shown.points
    rows = np.concatenate([comparison.rows_a, comparison.rows_b])
    labels, origin = _labels(shown, rows), ""
    if not np.isfinite(labels).all(axis=1).any():
        labels = _fitted(shown, rows, fitted)
        name, n_stars = shown.model_name, number(len(labels))
        origin = f" {_unstated(shown)}: {name} was fitted to {n_stars} of the stars."
    if comparison.which == "synth":
        model = model.emulator
    derivatives = group_jacobians(model, labels)
    a, b = comparison.group_a, comparison.group_b
    return explain(a, b, derivatives, points.label_names), origin


def _unstated(shown):
    """Which labels of the model the stars came without, where that is why."""
    stars, names = shown.request.stars, shown.points.label_names
    if stars.labels is None:
        return "No labels are stated"
    gone = [describe(name).title for name in names if name not in stars.label_names]
    return f"No {', '.join(gone)} is stated" if gone else "Not all labels are stated"


def _fitted(shown, rows, fitted):
    """Labels (n, n_labels) fitted to some of the points, those that converged."""
    if len(rows) > _FITTED:
        rows = np.random.default_rng(0).choice(rows, _FITTED, replace=False)
    found = [fitted(str(star)) for star in shown.points.ids[rows]]
    found = [labels for labels in found if labels is not None]
    return np.array(found).reshape(-1, len(shown.points.label_names))


def _labels(shown, rows):
    """Labels (n, n_labels) of points: made with, or as the survey states them."""
    points, stars = shown.points, shown.request.stars
    labels = np.full((len(points.ids), len(points.label_names)), np.nan)
    labels[: len(points.synth_labels)] = points.synth_labels
    if stars.labels is not None and set(points.label_names) <= set(stars.label_names):
        known = stars.with_labels(points.label_names).labels
        place = {str(star): row for row, star in enumerate(stars.ids)}
        observed = np.flatnonzero(points.is_obs)
        labels[observed] = known[[place[str(star)] for star in points.ids[observed]]]
    return labels[rows]


def _title(comparison, has_b):
    n_a, n_b = number(len(comparison.rows_a)), number(len(comparison.rows_b))
    kind = WHICH[comparison.which]
    if has_b:
        return f"A, {n_a} stars − B, {n_b} stars; {kind}"
    return f"A, {n_a} stars − the other {n_b}; {kind}"


def _named(lines):
    """Lines with weights by which every element has its turn, iron too."""
    seen = Counter()
    named = []
    for line in lines:  # strongest first
        weight = abs(line.flux) * _TURN ** seen[line.element]
        seen[line.element] += 1
        family = _family(line.element)
        named.append(NamedLine(line.wavelength, line.element, family, weight))
    return named


def _family(element):
    return describe(f"{element.lower()}_h").family


def _bars(found):
    """Abundances alone, which share a unit; by their element where they have one."""
    return [
        Bar(
            reason.name,
            reason.title if reason.name in _WHOLE else describe(reason.name).element,
            describe(reason.name).family,
            reason.value,
            reason.error,
            reason.clear,
        )
        for reason in found.reasons
        if _is_abundance(reason.name)
    ][:_MOST_BARS]


def _is_abundance(name):
    return name in _WHOLE or describe(name).element is not None


def _note(found):
    """How much is explained, and what no bar shows."""
    others = [
        f"{reason.title} {_signed(reason)} {reason.unit}".rstrip()
        for reason in found.reasons
        if not _is_abundance(reason.name) and reason.clear
    ]
    also = f" Also {', '.join(others)}." if others else ""
    return (
        f"Explains {number(100 * found.explained)} % of the variance; what is left has "
        f"{number(found.misfit**0.5, 1)} σ (rms). Pale: below 2 σ.{also}"
    )


def _signed(reason):
    decimals = describe(reason.name).decimals
    text = plus_minus(reason.value, reason.error, decimals)
    return f"+{text}" if reason.value > 0 else text
