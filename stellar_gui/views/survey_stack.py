"""The residual stack of the Survey page: whose residuals, sorted by what."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import panel as pn

from stellar_gui.plots.residual_stack import StackPlot, diverging, tick_rows
from stellar_gui.plots.style import number
from stellar_gui.selection import Selection
from stellar_gui.views.components import FigureTitle
from stellar_gui.views.shown import watch_while_shown
from stellar_gui.views.survey_source import SurveySource
from stellar_gui.views.survey_stars import choices, title_of, values_of, written
from stellar_gui.views.survey_words import stack_sentence

if TYPE_CHECKING:
    from stellar_gui.views.survey_pixels import Drawing

SIDES = ("physics", "transfer")
_ROWS = 340  # as many as there is height for
_REACH = {"zscore": 4.0, "difference": 0.06}  # residual of the strongest colour
_UNITS = {"zscore": ("z", 0), "difference": ("Δ flux", 2)}  # and decimals
_SHADES = 15  # of the scale in the title


class StackView:
    """Stars as rows; a click says which star is meant, and its row is marked."""

    def __init__(
        self,
        selection: Selection,
        source: SurveySource,
        names: Callable[[], dict[str, str]],
        plot: StackPlot,
        redraw: Callable[[], None],
    ):
        """names: by side, the model that is drawn there; redraw: called when pictures
        of other residuals are needed."""
        self._selection, self._source, self._names = selection, source, names
        self.plot, self._redraw = plot, redraw
        self.side, self.sort, self._which = SIDES[0], "", "zscore"
        self._drawing: Drawing | None = None
        self._stack = None
        self.title = FigureTitle(sizing_mode="stretch_width", height=36)
        self.title.state = self._title_state()
        self.title.listen(self.hear)
        watched = ["star", "group_a", "group_b"]
        watch_while_shown(selection, "survey", self._mark, watched)

    def _mark(self, names):
        if "star" in names:
            self.show_star()
        if names & {"group_a", "group_b"}:
            self.show_groups()

    # ---- drawing

    def show(self, drawing: "Drawing | None", which: str) -> None:
        """Draw the residuals of a window, or nothing."""
        self._drawing, self._which = drawing, which
        offered = [name for name, _ in choices(self._source, first=True)]
        if offered and self.sort not in offered:
            self.sort = "fe_h" if "fe_h" in offered else offered[0]
        self._arrange()

    def _arrange(self):
        """Put the stars in order; what was read of their pixels is there already."""
        from stellar_gui.analysis.stack import stack_of

        drawing = self._drawing
        if drawing is None or not np.isfinite(drawing.gathered).any():
            self._stack = None
            self.plot.clear()
        else:
            values = values_of(self._source, self.sort)
            columns = drawing.columns
            self._stack = stack_of(drawing.gathered, columns, values, n_rows=_ROWS)
            reach = _REACH[self._which]
            self.plot.set_rows(self._stack.image, columns.low, columns.high, reach)
            rows, at = tick_rows((self._stack.low + self._stack.high) / 2)
            texts = [written(self.sort, value) for value in at]
            self.plot.set_sorting(title_of(self._source, self.sort), rows, texts)
            self.show_star()
            self.show_groups()
        self.title.state = self._title_state()

    def show_star(self) -> None:
        """Mark the row of the selected star."""
        row = None
        if self._stack is not None:
            place = self._source.sample.place(self._selection.star)
            row = None if place is None else self._stack.row_of(place)
        self.plot.mark_star(row)

    def show_groups(self) -> None:
        """Mark the rows of the chosen groups."""
        groups = (self._selection.group_a, self._selection.group_b)
        if self._stack is None or not any(groups):
            self.plot.mark_groups([], [])
            return
        row = np.full(len(self._source.sample), -1)
        counts = np.diff(self._stack.bounds)
        row[self._stack.order] = np.repeat(np.arange(len(counts)), counts)
        found = [row[self._source.sample.places(group)] for group in groups]
        self.plot.mark_groups(*(rows[rows >= 0] for rows in found))

    # ---- what a user does

    def hear(self, command: str, value) -> None:
        """Do what the title asks for."""
        with pn.io.hold():
            if command == "stacked" and value in SIDES:
                self.side = value
                self._redraw()
            elif command == "sort":
                self.sort_by(value)
            elif command == "numbers":
                self.save_numbers()

    def sort_by(self, name: str) -> None:
        """Sort by another quantity; one that does not exist is ignored."""
        if name in dict(choices(self._source)):
            self.sort = name
            self._arrange()

    def next_sort(self) -> None:
        """Sort by the next quantity of the menu."""
        names = [name for name, _ in choices(self._source, first=True)]
        if names:
            at = names.index(self.sort) if self.sort in names else -1
            self.sort_by(names[(at + 1) % len(names)])

    def star_at(self, x: float | None, y: float | None) -> str | None:
        """The star that a click means: of a row's, the one with the largest residual
        in the column. None beside the stack."""
        if self._stack is None or x is None or y is None:
            return None
        row = int(np.clip(np.floor(y), 0, len(self._stack.image) - 1))
        stars, columns = self._stack.stars_at(row), self._drawing.columns
        share = (x - columns.low) / (columns.high - columns.low)
        at = int(np.clip(share * len(columns), 0, len(columns) - 1))
        group = columns.column_group[at]
        residual = np.nan_to_num(np.abs(self._drawing.gathered[stars, group]), nan=-1.0)
        star = stars[int(residual.argmax()) if group >= 0 else 0]
        return str(self._source.sample.ids[star])

    def save_numbers(self) -> None:
        """Have the browser save the stars in their order, with what they are sorted by
        and how large their residuals are."""
        if self._stack is None:
            return
        # astropy's tables take half a second to import
        from stellar_gui.surveys.numbers import stack_table
        from stellar_gui.surveys.table import table_text

        pixels, order = self._drawing.pixels, self._stack.order
        shown = pixels.get(self.side) or next(iter(pixels.values()))
        table = stack_table(
            self._source.sample.ids[order],
            self.sort,
            values_of(self._source, self.sort)[order],
            shown.values[order],
        )
        self.title.save("survey_stack.ecsv", table_text(table))

    # ---- words

    def _title_state(self):
        names = self._names()
        sides = [[side, side, names[side]] for side in SIDES if side in names]
        return {
            "title": "Residual stack",
            "card": "survey_stack",
            "sub": self._sub(),
            "choices": [
                {
                    "command": "stacked",
                    "label": "Residuals of",
                    "value": self.side,
                    "options": sides if len(sides) > 1 else [],
                },
                {
                    "command": "sort",
                    "label": "sort",
                    "value": self.sort,
                    "menu": True,
                    "options": [
                        list(choice) for choice in choices(self._source, first=True)
                    ],
                },
            ],
            "scale": self._scale(),
            "file": "survey_stack",
            "figures": [self.plot.figure.name] if self._stack is not None else [],
            "sentence": stack_sentence(self._stack, title_of(self._source, self.sort)),
        }

    def _scale(self):
        reach, (unit, decimals) = _REACH[self._which], _UNITS[self._which]
        colors = diverging(self.plot.painter)
        picks = np.linspace(0, len(colors) - 1, _SHADES).round().astype(int)
        ends = number(-reach, decimals), number(reach, decimals, signed=True)
        return {
            "ends": [f"{unit} {ends[0]}", ends[1]],
            "colors": [colors[k] for k in picks],
        }

    def _sub(self):
        if self._stack is None:
            return ""
        least, most = self._stack.stars_per_row
        each = f", {least}–{most} in a row" if most > 1 else ""
        return f"{number(len(self._stack.order))} stars{each}"

    def repaint(self) -> None:
        """Take the colours of the theme that the plot's painter has changed to."""
        self.plot.repaint()
        self.title.state = self._title_state()
