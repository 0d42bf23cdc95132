"""The context bar: which star, its place in the list, and how far to trust it."""

import numpy as np
import panel as pn

from stellar_gui.analysis.transfer_words import read_scores, verdict
from stellar_gui.analysis.trust import edge_labels, trust_notes
from stellar_gui.plots.style import THIN_SPACE, number
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views.components import ContextBar
from stellar_gui.views.shown import watch_while_shown
from stellar_gui.views.transfer import transferred

_TRANSFER = {
    "ok": ("ok", "healthy"),
    "warn": ("warning", "to watch"),
    "bad": ("bad", "failed"),
}
"""Worst state of the scores of a transfer -> kind and word of its chip."""


class ContextBarView(pn.viewable.Viewer):
    """What there is to know of ``selection.star`` before reading its spectrum."""

    def __init__(self, selection: Selection, session: Session, **params):
        super().__init__(**params)
        self._selection, self._session = selection, session
        self.list_open = False
        self.bar = ContextBar(
            state=self._state(), sizing_mode="stretch_width", height=44
        )
        redraw = lambda names: self.update()  # noqa: E731
        watch_while_shown(selection, "star", redraw, ["star", "models"])

    def update(self) -> None:
        """Draw again what the selection says."""
        self.bar.state = self._state()

    def _state(self):
        star_id, order = self._selection.star, self._session.order
        place = self._session.position(star_id)
        return {
            "star": star_id,
            "place": _place(place, len(order)),
            "facts": self._facts(star_id),
            "notes": [note._asdict() for note in self._notes(star_id)],
            "transfer": self._transfer(),
            "listOpen": self.list_open,
            "first": place == 0 or not order,
            "last": place == len(order) - 1,
        }

    def _fits(self, star_id):
        return self._session.fits_of(star_id, self._session.kinds)

    def _facts(self, star_id):
        """(title, value, left out on narrow screens, where it is from) of the known."""
        if not star_id:
            return []
        star = self._session.star(star_id)
        facts = [_noise(star)]
        if star.resolution:
            tip = "resolving power λ / FWHM"
            facts.append(("R", number(star.resolution), False, tip))
        velocity = self._velocity(star_id, star)
        if velocity is not None:
            value, tip = velocity
            facts.append(("RV", f"{number(value, 1, signed=True)} km/s", True, tip))
        return facts

    def _velocity(self, star_id, star):
        """The velocity a fit measured, else the one the file states, and which it is.

        None if neither does.
        """
        for name, fit in self._fits(star_id).items():
            if np.isfinite(fit.rv[0]):
                tip = f"of this spectrum as it is, fitted by {name}; positive: receding"
                return float(fit.rv[0]), tip
        stated = star.star_data.get("rv")
        if stated is None or not np.isfinite(stated[0]):
            return None
        return float(stated[0]), "as the file states it; positive: receding"

    def _transfer(self):
        """What the scores of a shown transfer say; None without one."""
        name = transferred(self._selection.models, self._session.kinds)
        if name is None or not self._session.loaded:
            return None
        scores = read_scores(getattr(self._session.models[name], "provenance", {}))
        if scores is None:
            kind, word, tip = "warning", "unscored", f"the file of {name} has no scores"
        else:
            kind, word = _TRANSFER[scores.state]
            tip = verdict(scores)
        return {"kind": kind, "text": f"transfer {word}", "tip": tip}

    def _notes(self, star_id):
        if not star_id:
            return []
        fits = self._fits(star_id)
        if not fits and self._session.awaited(star_id):
            return []
        reasons = {
            name: self._session.missing(name, star_id)
            for name in self._session.kinds
            if name not in fits
        }
        missing = {name: reason for name, reason in reasons.items() if reason}
        edges = edges_of(fits, self._session)
        return trust_notes(self._session.star(star_id), fits, missing, edges)

    def __panel__(self):
        return self.bar


def _noise(star):
    """Signal to noise; said to be assumed where the file has no errors."""
    assumed = [a for a in star.metadata.get("assumed", ()) if a.startswith("S/N")]
    value = f"{number(float(star.snr()[0]))} /px" + (" assumed" if assumed else "")
    tip = assumed[0] if assumed else "median of flux / σ of the good pixels"
    return "S/N", value, False, tip


def edges_of(fits, session):
    """The labels that fits put at an edge of their model, by model name."""
    return {
        name: edge_labels(fit, session.shown_model(name)) for name, fit in fits.items()
    }


def _place(place, total):
    of = f"of {number(total)}".replace(" ", THIN_SPACE)
    return f"{number(place + 1)} {of}" if place >= 0 else f"not among {number(total)}"
