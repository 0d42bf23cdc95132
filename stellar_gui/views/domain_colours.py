"""What the points of the maps can be coloured by, and the values of each choice."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import panel as pn

from stellar_gui.analysis.residuals import residual_zscore
from stellar_gui.labels import describe
from stellar_gui.plots.style import number, sequential
from stellar_gui.session import Session
from stellar_gui.views.domain_maps import MapsView
from stellar_gui.views.notify import notify
from stellar_gui.views.work import in_background

if TYPE_CHECKING:
    from stellar_gui.maps.points import MapPoints

DOMAIN = "domain"
_ENDS = (2.0, 98.0)  # percentiles of the values at the ends of the scale
_SHADES = 12  # of the scale in the context bar
_FACTS = ("teff", "logg", "fe_h")


class Shades(NamedTuple):
    """Values (n,) of a choice as shades from 0 to 1, and what the ends stand for."""

    shade: np.ndarray
    low: float
    high: float
    decimals: int
    unit: str
    n_unknown: int


class Colouring:
    """What the points of the maps are coloured by, and which domains are drawn.

    changed: called when values have come that were looked up in the background.
    """

    def __init__(self, session: Session, maps: MapsView, changed: Callable[[], None]):
        self._session, self._maps, self._changed = session, maps, changed
        self.choice = DOMAIN
        self.hidden: set[str] = set()
        self.shades: Shades | None = None

    def choose(self, choice: str) -> None:
        """Colour by something else."""
        self.choice = choice
        self.apply()

    def toggle(self, domain: str) -> None:
        """Draw a domain that is hidden, or hide one that is drawn."""
        self.hidden ^= {domain}
        self.apply()

    def apply(self) -> None:
        """Colour the points that are drawn now."""
        points = self._maps.points
        if points is None:
            return
        if self.choice == DOMAIN:
            self.shades = None
            self._maps.plots.colour(None, self._hidden_of(points))
            return
        work = partial(values_of, self.choice, self._session, points)
        in_background(work, partial(self._found, self.choice, points))

    def _hidden_of(self, points):
        hidden = np.zeros(len(points.ids), dtype=bool)
        for domain in self.hidden:
            hidden |= points.is_obs == (domain == "obs")
        return hidden

    def _found(self, choice, points, values):
        if isinstance(values, Exception):
            raise values
        if choice != self.choice or points is not self._maps.points:
            return
        self.shades = shades_of(choice, values)
        with pn.io.hold():
            if self.shades is None:
                notify("info", _unknown(choice))
                self.choose(DOMAIN)
            else:
                hidden = self._hidden_of(points)
                self._maps.plots.colour(self.shades.shade, hidden)
            self._changed()


def _unknown(choice):
    """Why nothing is coloured."""
    if ":" in choice:
        return "no star on the maps has this yet; fits come by and by"
    return f"{describe(choice).title} is known of no star on the maps"


def options(session: Session, label_names, models) -> list[tuple[str, str]]:
    """Choices (value, title): domain, S/N, labels, chi² and z-scores of the models."""
    columns = session.columns()
    labels = [name for name in columns if name != "snr"]
    labels += [name for name in label_names if name not in columns]
    return [
        (DOMAIN, DOMAIN),
        ("snr", "S/N"),
        *((name, describe(name).title) for name in labels),
        *((f"chi2:{name}", f"χ²/ν of {name}") for name in models),
        *((f"rms:{name}", f"z-score rms of {name}") for name in models),
    ]


def values_of(choice: str, session: Session, points: "MapPoints") -> np.ndarray:
    """Values (n,) of a choice, NaN where unknown.

    Fits are looked up, none is made: what is not fitted yet is unknown.
    """
    kind, _, model = choice.partition(":")
    stars = [str(star) for star in points.ids[points.is_obs] if star in session.stars]
    if kind == "rms":
        return points.column(choice, {s: _rms(session, model, s) for s in stars})
    column = session.chi2(model) if kind == "chi2" else session.columns().get(kind)
    if column is None:
        return points.column(choice, {})
    return points.column(choice, {s: column[session.row_of(s)] for s in stars})


def _rms(session, model, star_id):
    if not session.loaded or not session.has_fit(model, star_id):
        return np.nan
    fit, star = session.fit(model, star_id), session.star(star_id)
    if fit is None:
        return np.nan
    zscore = residual_zscore(star.flux, star.ivar, fit.model_flux, fit.model_sigma)
    return float(np.sqrt(np.nanmean(np.square(zscore))))


def shades_of(choice: str, values) -> Shades | None:
    """Spread values (n,) over the scale; None if none is known."""
    known = values[np.isfinite(values)]
    if not known.size:
        return None
    low, high = np.percentile(known, _ENDS)
    if not high > low:
        low, high = low - 0.5, high + 0.5
    entry = describe(choice.partition(":")[0])
    decimals = 0 if choice == "snr" else max(entry.decimals, 0)
    shade = np.clip((values - low) / (high - low), 0.0, 1.0)
    n_unknown = int(np.isnan(values).sum())
    return Shades(shade, float(low), float(high), decimals, entry.unit, n_unknown)


def scale_state(shades: Shades | None, theme: str) -> dict | None:
    """The scale as the context bar draws it; None without one."""
    if shades is None:
        return None
    colors = sequential(theme)
    picks = np.linspace(0, len(colors) - 1, _SHADES).round().astype(int)
    unit = f" {shades.unit}" if shades.unit else ""
    unknown = f"{number(shades.n_unknown)} grey: unknown" if shades.n_unknown else ""
    return {
        "low": number(shades.low, shades.decimals),
        "high": f"{number(shades.high, shades.decimals)}{unit}",
        "colors": [colors[k] for k in picks],
        "unknown": unknown,
    }


def facts(session: Session, points: "MapPoints") -> dict[str, np.ndarray]:
    """What the readout says of each point: column name -> (n,)."""
    return {name: values_of(name, session, points) for name in _FACTS}


def fact_titles() -> list[dict]:
    """How the readout writes them."""
    entries = [describe(name) for name in _FACTS]
    return [
        {"name": e.name, "title": e.title, "unit": e.unit, "decimals": e.decimals}
        for e in entries
    ]
