"""What the context bar and the readout of the Elements page say."""

from stellar_gui.labels import describe
from stellar_gui.plots.style import FAMILY_TOKENS, number
from stellar_gui.views.element_map import ElementMapView
from stellar_gui.views.element_star import CANNON, TRANSFERRED, ElementStar, row_title
from stellar_gui.views.element_words import scale_text
from stellar_gui.views.keys import HINTS

_FACTS = ("teff", "logg", "fe_h")
_FINE = 0.1  # of the step of a derivative, that a slider moves by
_TITLES = {
    "cno": "C N O",
    "alpha": "α elements",
    "odd_z": "odd Z",
    "iron_peak": "iron peak",
    "neutron_capture": "n-capture",
    "other": "other",
}


def token_of(element: str) -> str:
    """Return the colour of an element, as style sheets name it."""
    return FAMILY_TOKENS[describe(f"{element.lower()}_h").family].replace("_", "-")


def bar_state(
    star: ElementStar, main: ElementMapView, models, chosen, laboratory: bool | None
) -> dict:
    """What the bar shows; models: those of the session by name.

    chosen: elements of the selection; laboratory: whether it is open, None without one.
    """
    labels = star.labels(star.model) if star.ready else None
    return {
        "star": star.star_id,
        "given": star.given is not None,
        "facts": _facts(labels),
        "labels": _sliders(star, labels, models),
        "models": list(models),
        "model": star.model,
        "mode": star.mode,
        "modes": _modes(star),
        "chips": [{"name": e, "token": token_of(e)} for e in main.elements],
        "auto": not chosen,
        "families": _families(main),
        "hasLaboratory": laboratory is not None,
        "laboratory": bool(laboratory),
    }


def _facts(labels):
    """The labels that place a star, in words."""
    parts = []
    for name in _FACTS:
        if labels and name in labels:
            about = describe(name)
            signed = about.element is not None
            value = number(labels[name], about.decimals, signed=signed)
            unit = f" {about.unit}" if about.unit != "dex" else ""
            parts.append(f"{about.title} {value}{unit}")
    return " · ".join(parts)


def _sliders(star, labels, models):
    """A slider of each label within what the model was trained on."""
    if star.given is None or not labels or star.model not in models:
        return []
    ranges = getattr(models[star.model], "label_ranges", None)
    rows = []
    for place, (name, value) in enumerate(labels.items()):
        about = describe(name)
        step = _FINE * about.derivative_step
        low, high = (
            (value - 10 * about.derivative_step, value + 10 * about.derivative_step)
            if ranges is None
            else map(float, ranges[place])
        )
        unit = "" if about.unit == "dex" else f" {about.unit}"
        rows.append(
            {
                "name": name,
                "title": about.title,
                "unit": about.unit,
                "value": value,
                "text": number(value, about.decimals) + unit,
                "low": low,
                "high": high,
                "step": step,
            }
        )
    return rows


def _modes(star):
    """The segments: which spectrum's derivatives, and why one cannot be chosen."""
    own = {CANNON: "observed"}.get(star.kind, "synthetic")
    transfer = star.kind == TRANSFERRED
    tips = {
        "synthetic": "its emulator, before the transfer" if transfer else star.model,
        "transferred": "what the transfer makes of the emulator's spectrum",
        "difference": "transferred − emulator" if transfer else "Cannon − Payne",
    }
    words = {"synthetic": own}
    return [
        {
            "value": mode,
            "word": words.get(mode, mode),
            "tip": tips[mode],
            "reason": reason,
        }
        for mode, reason in star.choices().items()
    ]


def _families(main):
    """All elements that the model knows, by family."""
    known, drawn = main.known, main.elements
    rows = []
    for family, title in _TITLES.items():
        members = [e for e in known if describe(f"{e.lower()}_h").family == family]
        if members:
            elements = [
                {"name": e, "token": token_of(e), "chosen": e in drawn} for e in members
            ]
            rows.append({"title": title, "elements": elements})
    return rows


def status_state(star: ElementStar, main: ElementMapView, pixel: float | None) -> dict:
    """What the readout needs beside what the figures draw."""
    rows = []
    for name, scale in main.scales:
        about = describe(name)
        unit = "dex" if about.unit == "dex" else about.unit
        rows.append(
            {
                "name": row_title(name),
                "token": FAMILY_TOKENS[about.family].replace("_", "-"),
                "scale": scale_text(scale),
                "unit": f"per {about.derivative_step:g} {unit}",
            }
        )
    return {
        "idle": "point at a plot to read wavelength, flux and derivatives",
        "hints": HINTS["elements"],
        "pixel": pixel,
        "curves": [{"name": e, "token": token_of(e)} for e in main.elements],
        "rows": rows,
        "end": 0.0 if main.pieces is None else main.pieces.end,
    }
