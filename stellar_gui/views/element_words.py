"""What the main card of the Elements page says of itself, in words and as a table."""

import numpy as np

from stellar_gui.labels import FAMILY_TITLES, describe
from stellar_gui.plots.style import FAMILY_TOKENS, NOTHING, number
from stellar_gui.views.element_star import ElementStar, Shown, in_order, row_title

_TITLE = "Where each element speaks"
_VIEWS = [["map", "map", "elements × wavelength"], ["panels", "4 panels", "transfer"]]
_LEGEND = {
    "cno": "C N O",
    "alpha": "α",
    "odd_z": "odd Z",
    "iron_peak": "iron peak",
    "neutron_capture": "n-capture",
}
_HEAD = ["label", "family", "largest change of flux", "at / Å"]


def title_state(view: str, file: str) -> dict:
    """What the title shows of any star; view: "map" or "panels"."""
    choice = {"command": "view", "label": "View", "value": view, "options": _VIEWS}
    return {
        "title": _TITLE,
        "card": "elements",
        "legend": [
            [word, FAMILY_TOKENS[family].replace("_", "-")]
            for family, word in _LEGEND.items()
        ],
        "choices": [choice],
        "file": file,
    }


def words_of(view: str, star: ElementStar, shown: Shown | None, elements, window):
    """What is drawn, in words: sub, note, sentence and table of a title.

    shown: None before there are derivatives; window: (low, high) in Å.
    """
    if shown is None or window is None:
        return {
            "sub": star.reason,
            "note": "",
            "sentence": "No derivatives are drawn.",
            "table": None,
        }
    sub = f"−∂f/∂label of {shown.title}, scaled to the number at a row's end"
    if view == "panels":
        sub = _explained(star, elements, window)
    low, high = window
    return {
        "sub": sub,
        "note": "; ".join(shown.notes),
        "sentence": f"Derivatives of the flux of {star.star_id} by "
        f"{', '.join(elements)} in {shown.title}, shown from {number(low)} to "
        f"{number(high)} Å. The table has the largest change of flux of every label.",
        "table": {"head": _HEAD, "rows": _rows(shown.sensitivity)},
    }


def _explained(star, elements, window):
    """What the four panels show."""
    found = star.transfer(elements)
    if found is None:
        return "no transferred model has a fit of this star yet"
    name, panels = found
    inside = (panels.wavelength >= window[0]) & (panels.wavelength <= window[1])
    features, explained = panels.count(inside)
    return (
        f"what {name} adds: {features} features in view, {explained} explained by "
        "these elements"
    )


def _rows(sensitivity):
    """Every label with its largest change of flux, and where it is."""
    rows = []
    size = np.nan_to_num(np.abs(sensitivity.per_step))
    for name in in_order(sensitivity.label_names):
        column = size[:, sensitivity.label_names.index(name)]
        peak = int(column.argmax())
        at = number(float(sensitivity.wavelength[peak]), 2)
        family = FAMILY_TITLES[describe(name).family]
        rows.append([row_title(name), family, scale_text(column[peak]), at])
    return rows


def scale_text(value: float) -> str:
    """Write a change of flux in two or three digits.

    >>> scale_text(0.0264), scale_text(0.00893), scale_text(0.0)
    ('0.026', '0.0089', '\u2014')
    """
    if not np.isfinite(value) or value <= 0:
        return NOTHING
    return number(value, 3 if value >= 0.01 else 4)
