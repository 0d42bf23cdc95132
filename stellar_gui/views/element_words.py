"""What the main card of the Elements page says of itself, in words and as a table."""

from typing import TYPE_CHECKING

import numpy as np

from stellar_gui.labels import FAMILY_TITLES, describe
from stellar_gui.plots.style import FAMILY_TOKENS, NOTHING, number
from stellar_gui.views.element_star import ElementStar, Shown, in_order, row_title

if TYPE_CHECKING:
    from stellar_gui.analysis.four_panels import FourPanels

_TITLE = "Where each element speaks"
_VIEWS = [["map", "map", "elements × wavelength"], ["panels", "4 panels", "transfer"]]
_LEGEND = {
    "cno": "C N O",
    "alpha": "α",
    "odd_z": "odd Z",
    "iron_peak": "iron peak",
    "neutron_capture": "n-capture",
}
NO_TRANSFER = "no transferred model has a fit of this star yet"
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
    """What is drawn, in words: sub, sentence and table of a title.

    shown: None before there are derivatives; window: (low, high) in Å.
    """
    if shown is None or window is None:
        return {
            "sub": "" if star.missing else star.reason,  # else it stands below
            "sentence": "No derivatives are drawn.",
            "table": None,
        }
    low, high = window
    sub = f"−∂f/∂label of {shown.title}, scaled to the number at a row's end"
    sentence = (
        f"Derivatives of the flux of {star.star_id} by {', '.join(elements)} in "
        f"{shown.title}, shown from {number(low)} to {number(high)} Å."
    )
    if view == "panels":
        found = star.transfer(elements)
        sub = NO_TRANSFER if found is None else f"what {found[0]} adds, by element"
        words = {} if found is None else panel_words(found[1], window)
        sentence = f"{sentence} {sub}: {'; '.join(words.values())}."
    return {
        "sub": sub,
        "sentence": f"{sentence} The table has the largest change of flux of every "
        "label.",
        "table": {"head": _HEAD, "rows": _rows(shown.sensitivity)},
    }


def panel_words(panels: "FourPanels", window: tuple[float, float]) -> dict[str, str]:
    """What counts in the panels "difference" and "derivatives", and below which size.

    window: (low, high) in view, Angstrom.
    """
    from stellar_gui.analysis.four_panels import LEAST, LEAST_SLOPE

    found = panels.inside(*window)
    enough = (
        f"an element explains a feature if it changes by {LEAST_SLOPE:g} on average"
    )
    if not found:
        nothing = f"no feature of {LEAST:g} or more (dotted) is in view"
        return {"difference": nothing, "derivatives": f"{enough} (dotted)"}
    features = "1 feature" if len(found) == 1 else f"{len(found)} features"
    most = max(found, key=lambda own: own.slope)
    by = f" by {panels.element(most)}" if most.slope > 0 else ""
    return {
        "difference": f"{features} of {LEAST:g} or more (dotted) in view, "
        + _explained(panels, [own for own in found if own.is_explained]),
        "derivatives": f"{enough} (dotted); here at most {number(most.slope, 4)}{by}",
    }


def _explained(panels, found):
    """How many features are explained, and which of them have no colour."""
    if not found:
        anywhere = any(own.is_explained for own in panels.features)
        where = "here" if anywhere else "here or elsewhere in this star"
        return f"none explained by an element {where}"
    elements = dict.fromkeys(panels.element(own) for own in found)
    absent = [element for element in elements if element not in panels.elements]
    if not absent:
        them = "it" if len(found) == 1 else "them"
        return f"{len(found)} in the colour of the element that explains {them}"
    n_absent = sum(panels.element(own) in absent for own in found)
    return f"{len(found)} explained, {n_absent} by {', '.join(absent)}: not drawn"


def why_unexplained(panels: "FourPanels") -> str:
    """Why no feature of a star has a colour, in words; "" if some has one."""
    from stellar_gui.analysis.four_panels import LEAST, LEAST_SLOPE

    found = panels.features
    if any(own.is_explained for own in found):
        return ""
    if not found:
        return f"the transfer changes no flux of this star by {LEAST:g} or more"
    which = (
        "the one feature" if len(found) == 1 else f"any of the {len(found)} features"
    )
    return (
        f"no element explains {which} of this star: with none does a derivative change "
        f"by {LEAST_SLOPE:g} per 0.1 dex on average"
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
