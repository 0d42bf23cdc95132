"""The star drawer: all stars as a table to sort, filter and pick from."""

import numpy as np
import panel as pn

from stellar_gui.analysis.star_table import filter_stars, sort_stars
from stellar_gui.analysis.trust import SERIOUS
from stellar_gui.fitting.result import FitFlag
from stellar_gui.labels import describe
from stellar_gui.plots.style import number
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views.components import StarList
from stellar_gui.views.shown import watch_while_shown

_FIRST_COLUMNS = ("teff", "logg", "fe_h", "m_h", "snr")
_ROWS = 60  # rows that are sent before the browser asks


class StarListView(pn.viewable.Viewer):
    """All stars of the session; sorting and filtering also rule previous and next."""

    def __init__(self, selection: Selection, session: Session, on_change, **params):
        super().__init__(**params)
        self._selection, self._session = selection, session
        self._on_change = on_change
        self._filter, self._problem = "", ""
        self._sort, self._descending = "id", False
        self._rows = (0, _ROWS)
        self._seen = -1
        self.pinned = False
        self.shown = [name for name in _FIRST_COLUMNS if name in session.columns()]
        self.table = StarList(
            state=self._state(), sizing_mode="stretch_height", width=318, visible=False
        )
        self.table.listen(self.hear)
        redraw = lambda names: self.update()  # noqa: E731
        watch_while_shown(selection, "star", redraw, ["star"])

    def hear(self, command: str, value) -> None:
        """Do what the table asks for."""
        match command:
            case "pick":
                self._selection.choose(star=value)
                return
            case "rows":
                self._rows = int(value[0]), min(int(value[1]), 400)
            case "sort" if value == "id" or value in self._choices():
                self._descending = value == self._sort and not self._descending
                self._sort = value
                self.arrange()
            case "filter":
                self._filter = str(value)
                self.arrange()
            case "column":
                self._toggle_column(value)
            case "pin":
                self.pinned = not self.pinned
            case "close":
                self._on_change("close")
                return
        self.update()

    def open(self, shown: bool) -> None:
        """Show or hide the drawer."""
        self.table.visible = shown
        self.update()

    def arrange(self) -> None:
        """Filter and sort anew; a filter that makes no sense is said and left out."""
        session = self._session
        ids, columns = np.array(session.ids), dict(session.columns())
        columns |= {f"chi2 {name}": session.chi2(name) for name in session.kinds}
        self._problem = ""
        try:
            chosen = filter_stars(self._filter, ids, columns, session.flagged)
        except ValueError as error:
            self._problem = str(error)
            return
        values = ids if self._sort == "id" else columns[self._sort]
        rows = np.flatnonzero(chosen)
        if self._sort != "id" or self._descending:
            rows = sort_stars(rows, values, descending=self._descending)
        session.order = ids[rows].tolist()
        self._on_change("order")

    def refresh(self) -> None:
        """Show fits that the background has finished since the last look."""
        if self.table.visible and self._seen != self._session.n_summaries:
            self.update()

    def _toggle_column(self, name):
        if name in self.shown:
            self.shown.remove(name)
        elif name in self._choices():
            self.shown.append(name)

    def update(self) -> None:
        """Draw again; a closed drawer is left alone."""
        if self.table.visible:
            self.table.state = self._state()

    def _choices(self):
        return [*self._session.columns(), *(f"chi2 {n}" for n in self._session.kinds)]

    def _state(self):
        session = self._session
        self._seen = session.n_summaries
        first, count = self._rows
        first = max(0, min(first, len(session.order) - 1))
        visible = session.order[first : first + count]
        return {
            "rows": [self._row(star_id) for star_id in visible],
            "first": first,
            "total": len(session.order),
            "all": len(session.stars),
            "allText": number(len(session.stars)),
            "flagged": int(session.flagged.sum()),
            "columns": [{"name": n, "title": _title(n)} for n in self.shown],
            "choices": [
                {"name": n, "title": _title(n), "on": n in self.shown}
                for n in self._choices()
            ],
            "sort": self._sort,
            "descending": self._descending,
            "filter": self._filter,
            "problem": self._problem,
            "star": self._selection.star,
            "place": session.position(self._selection.star),
            "pinned": self.pinned,
        }

    def _row(self, star_id):
        cells = [self._cell(star_id, name) for name in self.shown]
        kind, tip = self._flag(star_id)
        return {"id": star_id, "cells": cells, "flag": kind, "tip": tip}

    def _cell(self, star_id, name):
        if name.startswith("chi2 "):
            summary = self._session.summary(name[5:], star_id)
            return number(summary.chi2 if summary else float("nan"), 2)
        value = self._session.columns()[name][self._session.row_of(star_id)]
        if name == "snr":
            return number(value)
        about = describe(name)
        return number(value, about.decimals, signed=about.title.startswith("["))

    def _flag(self, star_id):
        said, serious = [], False
        for name in self._session.kinds:
            summary = self._session.summary(name, star_id)
            if summary is not None and summary.flags:
                flags = FitFlag(summary.flags)
                serious |= bool(flags & SERIOUS)
                said.append(f"{name}: {'; '.join(flags.sentences)}")
        return ("bad" if serious else "warning" if said else ""), "\n".join(said)

    def __panel__(self):
        return self.table


def _title(name):
    if name == "snr":
        return "S/N"
    if name.startswith("chi2 "):
        return f"χ²/ν {name[5:]}"
    return describe(name).title
