"""The labels panel: reference, value ± σ of every model, pull bars."""

import numpy as np
import panel as pn
import param

from stellar_gui.analysis.label_table import LabelRow, label_rows
from stellar_gui.analysis.trust import edge_sentence
from stellar_gui.fitting.result import FitFlag
from stellar_gui.labels import FAMILY_TITLES
from stellar_gui.plots.style import (
    FAMILY_TOKENS,
    NOTHING,
    model_style,
    number,
    plus_minus,
)
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views.components import LabelsTable
from stellar_gui.views.context_bar import edges_of
from stellar_gui.views.shown import watch_while_shown
from stellar_gui.views.transfer import moved_words, transferred

_FEW = 8  # so many labels need no headings
_LOUD = 3.0  # pulls beyond are said in words too


class LabelsView(pn.viewable.Viewer):
    """Labels of ``selection.star`` by the models that are shown."""

    x_fe = param.Boolean(default=False, doc="abundances as [X/Fe], not [X/H]")

    def __init__(self, selection: Selection, session: Session, **params):
        super().__init__(**params)
        self._selection, self._session = selection, session
        self.table = LabelsTable(state=self._state(), sizing_mode="stretch_both")
        self.table.listen(self._hear)
        redraw = lambda names: self.update()  # noqa: E731
        watch_while_shown(selection, "star", redraw, ["star", "models"])

    def _hear(self, command, value):
        if command == "x_fe":
            self.x_fe = bool(value)

    @param.depends("x_fe", watch=True)
    def update(self) -> None:
        """Draw again what the selection says."""
        self.table.state = self._state()

    def _state(self):
        names = self._selection.models
        star_id = self._selection.star
        state = {"models": [], "rows": [], "notes": [], "xFe": self.x_fe, "zero": None}
        if not star_id:
            return state | {"canSwitch": False}
        star = self._session.star(star_id)
        fits = self._session.fits_of(star_id, names)
        awaited = self._session.awaited(star_id)
        rows = label_rows(star, fits, x_fe=self.x_fe)
        labels = set(star.label_names).union(
            *(fit.label_names for fit in fits.values())
        )
        return state | {
            "models": [_look(name, self._session) for name in names],
            "rows": _drawn(rows, names, awaited),
            "notes": self._notes(star_id, names, fits, rows),
            "zero": self._zero_points(names, [*fits, *awaited]),
            "canSwitch": "fe_h" in labels and any(n.endswith("_h") for n in labels),
        }

    def _zero_points(self, names, fitted):
        """What must be said wherever labels through a transfer are shown."""
        name = transferred(names, self._session.kinds)
        if name not in fitted:
            return None
        moved = moved_words(self._session.offsets.get(name, {}))
        by = f", shifted by {moved}" if moved else ""
        return f"{name}: zero points are those of the assumed label distribution{by}"

    def _notes(self, star_id, names, fits, rows):
        notes = []
        edges = edges_of(fits, self._session)
        said: dict[str, list[str]] = {}
        for name in names:
            if name in fits and (text := self._session.origin(name)):
                notes.append({"kind": "info", "text": text})
            for sentence in self._faults(star_id, name, fits, edges):
                said.setdefault(sentence, []).append(name)
        for name in names:
            far = [r.label.title for r in rows if _is_loud(r, name)]
            if far:
                which = ", ".join(far[:4]) + (" …" if len(far) > 4 else "")
                sentence = f"{which} beyond 3 σ of the reference"
                said.setdefault(sentence, []).append(name)
        for sentence, those in said.items():
            text = f"{', '.join(those)}: {sentence}"
            notes.append({"kind": "warning", "text": text})
        return notes

    def _faults(self, star_id, name, fits, edges):
        """What is wrong with the fit of a model, or why there is none."""
        if name not in fits:
            sentence = self._session.missing(name, star_id)
            return [sentence] if sentence else []
        flags = FitFlag(int(fits[name].flags[0]))
        at_edge = [edge_sentence(edges[name])] if flags & FitFlag.EDGE else []
        return [*at_edge, *(flags & ~FitFlag.EDGE).sentences]

    def __panel__(self):
        return self.table


def _is_loud(row, name):
    return name in row.fits and abs(row.fits[name].pull) > _LOUD


def _look(name, session):
    style = model_style(session.kinds[name])
    return {
        "title": name,
        "token": style.token.replace("_", "-"),
        "glyph": style.glyph,
    }


def _drawn(rows: list[LabelRow], names, awaited):
    """Rows as the script draws them, under a heading for each family if many."""
    drawn, family = [], None
    for row in rows:
        if len(rows) > _FEW and row.label.family != family:
            family = row.label.family
            token = FAMILY_TOKENS[family].replace("_", "-")
            drawn.append({"family": FAMILY_TITLES[family], "token": token})
        drawn.append(_drawn_row(row, names, awaited))
    return drawn


def _drawn_row(row, names, awaited):
    label, reference = row.label, row.reference
    decimals = _decimals(label, [v.sigma for v in row.fits.values()])
    known = np.isfinite(reference.sigma)
    return {
        "title": label.title,
        "unit": label.unit if label.unit != "dex" else "",
        "reference": number(reference.value, label.decimals),
        "referenceSigma": number(reference.sigma, label.decimals) if known else "",
        "cells": [
            _cell(row.fits.get(name), decimals, name in awaited) for name in names
        ],
    }


def _decimals(label, sigmas):
    """The label's own, one more where a sigma would be written as 0.00 or 0.01."""
    small = 10.0**-label.decimals
    return label.decimals + any(sigma < 0.95 * small for sigma in sigmas)


def _cell(value, decimals, awaited):
    if value is None:
        return {"text": "…" if awaited else NOTHING, "pull": None, "empty": ""}
    return {
        "text": plus_minus(value.value, value.sigma, decimals),
        "pull": value.pull if np.isfinite(value.pull) else None,
        "empty": "no reference",
    }
