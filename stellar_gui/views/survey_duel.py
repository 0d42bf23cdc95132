"""The model duel: what every model and the reference say of the selected star."""

from functools import partial

import numpy as np

from stellar_gui.plots.style import model_style, number, plus_minus
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views.components import DuelTable
from stellar_gui.views.shown import watch_while_shown
from stellar_gui.views.survey_source import SHORT, SurveySource
from stellar_gui.views.work import in_background

_LOUD = 3.0  # sigmas of a disagreement that is loud


class DuelView:
    """A table of labels, those that disagree most first, on one set of pixels."""

    def __init__(self, selection: Selection, session: Session, source: SurveySource):
        self._selection, self._session, self._source = selection, session, source
        self.table = DuelTable(state=_EMPTY, visible=False, sizing_mode="stretch_both")
        watch_while_shown(selection, "survey", self._star_changed, ["star"])

    def _star_changed(self, names):
        if self.table.visible:
            self.update()

    def update(self) -> None:
        """Compare the fits of the selected star, made first where there are none."""
        star_id = self._selection.star
        if not star_id:
            self.table.state = _EMPTY
            return
        wanted = lambda: self._selection.star == star_id  # noqa: E731
        work = partial(_compared, self._session, star_id, wanted)
        in_background(work, partial(self._show, star_id))

    def _show(self, star_id, result):
        if isinstance(result, Exception):
            raise result
        if star_id != self._selection.star or not self.table.visible:
            return
        found, missing = result
        names = list(found.quality)
        self.table.state = {
            "star": star_id,
            "models": [self._look(name, found) for name in names],
            "rows": [_row(row, names) for row in found.rows],
            "pixels": number(int(found.pixels.sum())),
            "notes": [f"{name}: {reason}" for name, reason in missing.items()],
        }

    def _look(self, name, found):
        style, quality = model_style(self._session.kinds[name]), found.quality[name]
        return {
            "title": name,
            "short": SHORT.get(self._session.kinds[name], name),
            "glyph": style.glyph,
            "token": style.token.replace("_", "-"),
            "chi2": number(quality.reduced_chi2, 2),
        }


def _compared(session, star_id, wanted):
    """The duel of a star, and why models have no fit of it."""
    from stellar_gui.analysis.duel import duel

    session.settle(star_id, wanted)
    fits = session.fits_of(star_id, session.kinds)
    missing = {
        name: session.missing(name, star_id)
        for name in session.kinds
        if name not in fits
    }
    reasons = {name: reason for name, reason in missing.items() if reason}
    return duel(session.star(star_id), fits), reasons


def _row(row, names):
    """One label as the script draws it."""
    decimals, worst = row.label.decimals, row.worst
    sigmas = [value.sigma for value in row.values.values()]
    small = 10.0**-decimals
    decimals += any(np.isfinite(s) and s < 0.95 * small for s in sigmas)
    reference = row.values.get("reference")
    cells = [row.values.get(name) for name in names]
    return {
        "title": row.label.title,
        "unit": row.label.unit if row.label.unit != "dex" else "",
        "reference": _text(reference, row.label.decimals),
        "cells": [_text(cell, decimals) for cell in cells],
        "worst": "" if worst is None else number(worst.pull, 1, signed=True),
        "loud": worst is not None and abs(worst.pull) > _LOUD,
        "pair": ""
        if worst is None
        else f"{worst.second} less {worst.first}: "
        f"{number(worst.delta, decimals, signed=True)}",
    }


def _text(value, decimals):
    if value is None:
        return number(float("nan"))
    return plus_minus(value.value, value.sigma, decimals)


_EMPTY = {
    "star": "",
    "models": [],
    "rows": [],
    "pixels": "0",
    "notes": ["no star is selected"],
}
