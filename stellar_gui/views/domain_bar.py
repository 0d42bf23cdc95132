"""The context bar of the Domains page: what is shown, how, and how maps are made."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from stellar_gui.plots.style import MINUS, THIN_SPACE, number

if TYPE_CHECKING:
    from stellar_gui.analysis.augmentation import Augmentation
    from stellar_gui.maps.settings import MapSettings
    from stellar_gui.views.domain_source import MapSource, Shown

DOMAINS = ("synth", "obs")
_TITLES = {
    "synth": ("synthetic", "synthetic-domain"),
    "obs": ("observed", "observed-domain"),
}
TELLURIC = ((6276.0, 6320.0), (6867.0, 6944.0), (7593.0, 7702.0))
"""Bands of atmospheric oxygen, Å; the sample's residual lines lie in them."""


@dataclasses.dataclass
class Switch:
    """One thing that can be done to spectra: whether, and how much of it."""

    name: str
    title: str
    unit: str
    value: float | None
    low: float | None = None
    high: float | None = None
    step: float | None = None
    on: bool = False

    def set(self, on: bool, value: float | None) -> None:
        """Switch it on or off; a value out of reach is cut."""
        self.on = on
        if self.value is not None and value is not None:
            self.value = min(max(float(value), self.low), self.high)


def switches() -> list[Switch]:
    """All that can be done to spectra, nothing of it switched on."""
    return [
        Switch("snr", "noise, S/N", "/px", 80, 5, 200, 5),
        Switch("rotation", "rotation up to", "km/s", 10, 1, 50, 1),
        Switch("radial_velocity", "velocity up to ±", "km/s", 2, 0.5, 20, 0.5),
        Switch("telluric", "telluric mask", "", None),
        Switch("zeroed", "pixels set to zero", "%", 1, 0.5, 20, 0.5),
    ]


def augmentation_of(rows: list[Switch]) -> "Augmentation":
    """What the switches that are on say, as `Augmentation`."""
    from stellar_gui.analysis.augmentation import Augmentation

    chosen: dict[str, Any] = {}
    for row in rows:
        if row.on:
            scale = 0.01 if row.unit == "%" else 1.0
            telluric = row.name == "telluric"
            chosen[row.name] = TELLURIC if telluric else row.value * scale
    return Augmentation(**chosen)


def settings_from(form: Mapping[str, str], old: "MapSettings") -> "MapSettings":
    """Return the settings of the dialog's fields, given as text.

    Raises ValueError with a sentence for what cannot be.
    """
    numbers = {
        name: _number(form[name], name) for name in ("perplexity", "seed", "n_stars")
    }
    rate = str(form["learning_rate"]).strip().lower()
    if rate not in ("", "auto"):
        numbers["learning_rate"] = _number(rate, "learning_rate")
    else:
        numbers["learning_rate"] = "auto"
    for name in ("seed", "n_stars"):
        numbers[name] = int(numbers[name])
    plain = {"method": form["method"], "stars": form["stars"], **numbers}
    return dataclasses.replace(old, **plain)


def _number(text, name):
    plain = str(text).replace(THIN_SPACE, "").replace(" ", "").replace(MINUS, "-")
    try:
        return float(plain)
    except ValueError:
        title = name.replace("_", " ")
        raise ValueError(f"{title} is {text!r}, expected a number") from None


def words_of(shown: "Shown") -> str:
    """How the maps were made, in one line."""
    settings, n_points = shown.maps.settings, len(shown.points.ids)
    how = "PCA · components 1 and 2"
    if settings.method == "tsne":
        how = f"t-SNE · {settings.perplexity_words(n_points)} · seed {settings.seed}"
    return f"{how} · {number(n_points)} stars · {shown.model_name}"


def job_state(source: "MapSource") -> dict | None:
    """What the bar says of maps that are being made; None if none are."""
    if source.ready:
        return {"share": 1.0, "words": "t-SNE is ready", "command": "take_maps"}
    progress = source.progress
    if progress is not None:
        words = f"PCA now; t-SNE: {progress.words or 'starting …'}"
        return {"share": progress.share, "words": words, "command": "stop_maps"}
    if source.stopped:
        words = f"PCA now; t-SNE: {source.stopped}"
        return {"share": 0.0, "words": words, "command": "start_maps"}
    if source.waiting:
        return {"share": None, "words": "reading the maps …", "command": ""}
    return None


def form_state(source: "MapSource", settings: "MapSettings | None") -> dict:
    """The dialog: what the fields say, what is wrong, what the points are."""
    if settings is None:
        return {"reason": source.problem or "there are no maps yet", "notes": []}
    return {
        "method": settings.method,
        "stars": settings.stars,
        "perplexity": f"{settings.perplexity:g}",
        "learning_rate": str(settings.learning_rate),
        "seed": str(settings.seed),
        "n_stars": str(settings.n_stars),
        "problem": source.refusal,
        "notes": _notes(source),
    }


def _notes(source):
    if source.shown is None:
        return []
    maps = source.shown.maps
    out = [f"Not on the map: {star}, {reason}." for star, reason in maps.left_out[:5]]
    return [*maps.notes, *out]


def groups_state(rows: Mapping[str, np.ndarray]) -> list[dict]:
    """The groups by name, and how many points each has."""
    return [
        {"name": name.upper(), "count": number(len(of)) if len(of) else ""}
        for name, of in rows.items()
    ]


def augment_state(rows: list[Switch], after: bool, missing: bool) -> dict:
    """The switches, and whether the map of augmented spectra is shown."""
    return {
        "reason": "the maps are not there yet" if missing else None,
        "rows": [vars(row) for row in rows],
        "after": after,
        "note": (
            "Done to the synthetic spectra of the first map, which are free of noise "
            "otherwise; masked and zero pixels to the observed ones too."
        ),
    }


def legend_state(shown: "Shown | None", hidden: set[str]) -> list[dict]:
    """The domains, whether they are drawn, and how many points each has."""
    entries = []
    for domain in DOMAINS:
        title, token = _TITLES[domain]
        count = ""
        if shown is not None:
            count = number(int(np.sum(shown.points.is_obs == (domain == "obs"))))
        entries.append(
            {
                "domain": domain,
                "title": title,
                "token": token,
                "shown": domain not in hidden,
                "count": count,
            }
        )
    return entries
