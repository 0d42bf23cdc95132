"""What if the velocity, the continuum or the line width were a little wrong?"""

from collections.abc import Callable
from functools import partial

import numpy as np

from stellar_gui.labels import describe
from stellar_gui.plots.style import FAMILY_TOKENS, number
from stellar_gui.session import Session
from stellar_gui.views.element_star import TRANSFERRED, ElementStar, in_order, row_title
from stellar_gui.views.notify import notify
from stellar_gui.views.work import in_background

_GIVEN = "labels are given, not fitted; look at the star's fit to ask this"
_LINEAR = "predicted by linear response"
_ROUGH = (
    "a rough prediction: for a transfer and velocity linear response is often off by "
    "half; refit to know"
)
_WORDS = {"velocity": "RV", "continuum": "continuum", "tilt": "tilt", "lsf": "LSF"}


class WhatIf:
    """Label shifts by linear response at once, and a refit that confirms them.

    ``changed()`` is called when a refit has come in.
    """

    def __init__(
        self, session: Session, star: ElementStar, changed: Callable[[], None]
    ):
        self._session, self._star, self._changed = session, star, changed
        self._name, self._sign = "continuum", 1
        self._refits: dict[tuple, object] = {}
        self._precision: dict[str, np.ndarray] = {}
        self._busy: tuple | None = None

    def forget(self) -> None:
        """Another star, or another model, is looked at."""
        self._refits, self._busy = {}, None

    def run(self, command: str, value=None) -> None:
        """Do what the card asks for."""
        from stellar_gui.analysis.perturbations import PERTURBATIONS

        if command == "what" and value in PERTURBATIONS:
            self._name = value
        elif command == "sign":
            self._sign = 1 if value == 1 else -1
        elif command == "refit" and self._reason() == "":
            self._refit()

    # ---- shifts

    def _key(self):
        return self._star.star_id, self._star.model, self._name, self._sign

    def _amount(self):
        from stellar_gui.analysis.perturbations import PERTURBATIONS

        return self._sign * PERTURBATIONS[self._name].amount

    def _reason(self):
        """Why there is nothing to shift; "" if there is."""
        if self._star.given is not None:
            return _GIVEN
        star = self._star.spectra
        if self._star.fit(self._star.model) is None:
            return f"{self._star.model} has no fit of this star"
        if self._name == "lsf" and not star.resolution:
            return "the resolution of this spectrum is unknown"
        return ""

    def _linear(self):
        from stellar_gui.analysis.linear_response import (
            fits_velocity,
            label_precision,
            linear_shifts,
        )
        from stellar_gui.analysis.perturbations import flux_change

        name, star = self._star.model, self._star.spectra
        model = self._session.shown_model(name)
        seen = self._star.seen(name)
        if name not in self._precision:
            self._precision[name] = label_precision(model)
        change = flux_change(
            self._name, self._amount(), seen.wavelength, seen.flux, star.resolution
        )
        return linear_shifts(
            seen,
            star.ivar[0],
            change,
            precision=self._precision[name],
            velocity=fits_velocity(model, self._name),
        )

    def _refit(self):
        from stellar_gui.analysis.linear_response import refit

        if self._busy is not None:
            return
        self._busy = key = self._key()
        name = self._star.model
        work = partial(
            refit,
            self._session.shown_model(name),
            self._star.spectra,
            self._star.fit(name),
            self._name,
            self._amount(),
        )
        in_background(work, partial(self._refitted, key))

    def _refitted(self, key, result):
        if self._busy == key:
            self._busy = None
        if isinstance(result, Exception):
            notify("error", f"the refit failed: {result}; nothing else has changed")
        elif key[:2] == (self._star.star_id, self._star.model):
            self._refits[key] = result
        self._changed()

    # ---- what is shown

    def state(self) -> dict:
        """What the card draws."""
        from stellar_gui.analysis.perturbations import PERTURBATIONS

        about = PERTURBATIONS[self._name]
        sign = "+" if self._sign > 0 else "−"
        reason = self._reason()
        rows = [] if reason else self._rows()
        return {
            "options": [[name, _WORDS[name]] for name in PERTURBATIONS],
            "what": self._name,
            "sign": self._sign,
            "amount": f"{sign}{about.shown:g} {about.unit}",
            "meaning": f"{about.title} {sign}{about.shown:g} {about.unit}: "
            f"{about.meaning if self._sign > 0 else 'the opposite'}",
            "rows": rows,
            "reason": reason,
            "busy": self._busy is not None,
            "confirmed": self._key() in self._refits,
            "agreement": self._agreement(rows),
            "prediction": _ROUGH if self._is_rough() else _LINEAR,
        }

    def _rows(self):
        """Labels by how far they move in their own sigma, the farthest first."""
        fit = self._star.fit(self._star.model)
        shifts, confirmed = self._linear(), self._refits.get(self._key())
        sigma = dict(zip(fit.label_names, fit.sigma[0].tolist(), strict=True))
        rows = []
        for name in in_order(shifts.label_names):
            place, about = shifts.label_names.index(name), describe(name)
            shift, one = float(shifts.shift[place]), sigma[name]
            again = None if confirmed is None else _shift_of(confirmed, name)
            rows.append(
                {
                    "title": row_title(name),
                    "token": FAMILY_TOKENS[about.family].replace("_", "-"),
                    "shift": shift,
                    "share": shift / one,
                    "text": _shifted(shift, about),
                    "again": None if again is None else again / one,
                    "againText": "" if again is None else _shifted(again, about),
                }
            )
        return sorted(rows, key=lambda row: -abs(row["share"]))

    def _is_rough(self):
        """Whether a refit is known to move labels by something else."""
        return self._star.kind == TRANSFERRED and self._name == "velocity"

    def _agreement(self, rows):
        """How far the refit departs from the prediction, in words."""
        known = [row for row in rows if row["again"] is not None]
        if not known:
            return ""
        worst = max(known, key=lambda row: abs(row["again"] - row["share"]))
        away = abs(worst["again"] - worst["share"])
        return (
            f"refit within {away:.2f} σ of the prediction ({worst['title']} farthest)"
        )

    def table(self, write):
        """Return the rows as a table, made by ``write(rows, meta=...)``."""
        state = self.state()
        rows = [
            {
                "label": row["title"],
                "shift": row["shift"],
                "shift_over_sigma": row["share"],
                "refit_over_sigma": np.nan if row["again"] is None else row["again"],
            }
            for row in state["rows"]
        ]
        meta = {"what": state["meaning"], "model": self._star.model}
        return write(rows, meta=meta)


def _shift_of(shifts, name):
    return float(shifts.shift[shifts.label_names.index(name)])


def _shifted(value, about):
    decimals = about.decimals + (about.unit == "dex")
    unit = "" if about.unit == "dex" else f" {about.unit}"
    return number(value, decimals, signed=True) + unit
