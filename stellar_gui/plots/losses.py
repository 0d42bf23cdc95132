"""Losses against the step: a panel of losses, one of the critics, one axis of steps.

What was logged is drawn thin, what was validated bold; where nothing was validated the
smoothed course is bold. Arrays come in, Bokeh figures go out; no Panel here.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from bokeh.layouts import column
from bokeh.models import BoxAnnotation, ColumnDataSource, Label, Range1d, Span

from stellar_gui.plots.loss_axes import nice_ticks, set_height_ticks, steady_range
from stellar_gui.plots.loss_panel import BORDERS, SLOTS, Line, LossPanel
from stellar_gui.plots.style import FONT, Painter, number, set_ticks, without

EVEN = math.log(2)  # the loss of a critic that cannot tell
_EVEN_BAND = (0.5, 0.78)
_OTHERS = 3  # further runs that are drawn beside the first
_DASHES = ("dashed", "dotted", "dotdash")
_AXIS_HEIGHT = 44
_SPARE = 1.1  # of the range of steps, so that it seldom moves while a run goes on
_NAMES_SHARE = 0.20  # of the width, right of the last step, for the names


class Course(NamedTuple):
    """A line of another run, to compare with: (n,) steps and values."""

    name: str
    step: np.ndarray
    values: np.ndarray
    token: str


def smoothed(values, weight: float, start: tuple[float, float] = (0.0, 0.0)):
    """Exponential mean of values (n,), free of bias at the start, and where it ended.

    weight in [0, 1): of the past, 0 smooths nothing. start: the second thing returned,
    to go on from. NaN is skipped.

    >>> smoothed(np.array([1.0, 3.0, 3.0]), 0.5)[0].round(3).tolist()
    [1.0, 2.333, 2.714]
    """
    total, mass = start
    means = np.full(len(values), np.nan)
    for k, x in enumerate(values):
        if math.isfinite(x):
            total = weight * total + (1 - weight) * x
            mass = weight * mass + (1 - weight)
        if mass:
            means[k] = total / mass
    return means, (total, mass)


class LossFigures:
    """Two panels above one axis of steps, ``layout``; ``x_range`` is in steps.

    `use` says which lines there are, `set` and `add` bring numbers, `show_steps` moves
    what is in view.
    """

    def __init__(self, painter: Painter):
        self._painter = painter
        self.x_range = Range1d(0, 1)
        self._log, self._weight = True, 0.6
        self._lines: list[Line] = []
        self._rows: dict[str, np.ndarray] = {}
        self._scores: dict[str, np.ndarray] = {}
        self._state: list[tuple[float, float]] = []
        self.thin = ColumnDataSource({"step": []}, name="losses")
        self.bold = ColumnDataSource({"step": []}, name="scores")
        sources = (self.thin, self.bold)
        self.panels = {
            kind: LossPanel(kind, painter, self.x_range, sources) for kind in SLOTS
        }
        self._others = [self._other(dash) for dash in _DASHES[:_OTHERS]]
        self._courses: list[Course] = []
        self._draw_even()
        self._crash = self._crash_label()
        self.axis = self._axis()
        figures = [panel.figure for panel in self.panels.values()]
        self.layout = column(
            *figures, self.axis, sizing_mode="stretch_both", spacing=0, name="loss-plot"
        )
        self._now = 0.0
        for panel in self.panels.values():  # names stand apart by what is drawn
            panel.figure.on_change("inner_height", self._resized)
        self.use([], {})
        self.show_steps(0, 0, 0)

    def _other(self, dash):
        source = ColumnDataSource({"step": [], "y": []})
        fig = self.panels["loss"].figure
        line = fig.line(
            "step", "y", source=source, line_width=1.6, line_dash=dash, alpha=0.8
        )
        return source, line

    def _draw_even(self):
        fig = self.panels["critic"].figure
        band = BoxAnnotation(
            bottom=_EVEN_BAND[0],
            top=_EVEN_BAND[1],
            line_color=None,
            fill_alpha=1,
            level="image",
        )
        line = Span(
            location=EVEN,
            dimension="width",
            line_dash=[4, 3],
            line_width=1,
            level="underlay",
        )
        text = Label(
            x=0,  # where networks are trained without critics at first
            y=EVEN,
            x_offset=6,
            y_offset=3,
            text="ln 2: the critic cannot tell",
            text_font=FONT,
            text_font_size="11px",
        )
        self._painter.paint(band, fill_color="ok_ground")
        self._painter.paint(line, line_color="ok")
        self._painter.paint(text, text_color="ok")
        for mark in (band, line, text):
            fig.add_layout(mark)

    def _crash_label(self):
        text = Label(
            x=0,
            y=0,
            x_offset=-6,
            y_offset=-2,
            text_baseline="top",
            text_align="right",
            text_font=FONT,
            text_font_size="11px",
            text_font_style="bold",
            visible=False,
        )
        self.panels["loss"].figure.add_layout(text)
        return self._painter.paint(text, text_color="bad")

    def _axis(self):
        fig = self._painter.figure(
            height=_AXIS_HEIGHT,
            x_range=self.x_range,
            borders=(0, BORDERS[1], _AXIS_HEIGHT - 6, BORDERS[0]),
            x_title="step",
            name="losses-axis",
        )
        without(fig, *fig.yaxis, *fig.ygrid)
        fig.line([], [])  # Bokeh warns of a figure that draws nothing
        return fig

    # ---- which lines

    def use(self, lines: Sequence[Line], titles: Mapping[str, str]) -> None:
        """Draw these lines from now on; titles: of the vertical axes, by panel."""
        self._lines = list(lines)
        empty = self._columns(0)
        self.thin.data, self.bold.data = empty
        for kind, panel in self.panels.items():
            mine = [(k, line) for k, line in enumerate(lines) if line.panel == kind]
            panel.use(mine[: SLOTS[kind]])
            panel.figure.visible = bool(mine) or kind == "loss"
            panel.figure.yaxis.axis_label = titles.get(kind, "")
        self._state = [(0.0, 0.0)] * len(lines)

    def _columns(self, n):
        places = range(len(self._lines))
        thin = {"step": np.empty(n)}
        thin |= {
            f"{kind}_{k}": np.empty(n) for k in places for kind in ("thin", "mean")
        }
        bold = {"step": np.empty(n)} | {f"bold_{k}": np.empty(n) for k in places}
        return thin, bold

    # ---- numbers

    def set(self, rows: Mapping, scores: Mapping) -> None:
        """Draw these columns (n,) by name, ``step`` among them, instead of others."""
        self._rows = {name: np.asarray(v, float) for name, v in rows.items()}
        self._scores = {name: np.asarray(v, float) for name, v in scores.items()}
        self._redraw()

    def add(self, rows: Mapping, scores: Mapping) -> None:
        """Draw what was logged since: only these numbers are sent."""
        for kept, new in ((self._rows, rows), (self._scores, scores)):
            for name, values in new.items():
                before = kept.get(name, np.empty(0))
                kept[name] = np.concatenate([before, np.asarray(values, float)])
        thin = self._thin_columns(rows)
        if len(thin["step"]):
            self.thin.stream(thin)
        bold = self._bold_columns(scores)
        if len(bold["step"]):
            self.bold.stream(bold)

    def _redraw(self):
        self._state = [(0.0, 0.0)] * len(self._lines)
        self.thin.data = self._thin_columns(self._rows)
        self.bold.data = self._bold_columns(self._scores)
        self._draw_others()

    def _thin_columns(self, rows):
        step = np.asarray(rows.get("step", ()), dtype=float)
        columns = {"step": step}
        for k, line in enumerate(self._lines):
            values = _column(rows, line.thin, len(step))
            means, self._state[k] = smoothed(values, self._weight, self._state[k])
            columns[f"thin_{k}"] = self._scaled(values, line.panel)
            columns[f"mean_{k}"] = self._scaled(means, line.panel)
        return columns

    def _bold_columns(self, scores):
        step = np.asarray(scores.get("step", ()), dtype=float)
        columns = {"step": step}
        for k, line in enumerate(self._lines):
            values = _column(scores, line.bold, len(step))
            columns[f"bold_{k}"] = self._scaled(values, line.panel)
        return columns

    def _scaled(self, values, panel):
        if not self._log or panel != "loss":
            return np.asarray(values, dtype=np.float32)
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = np.log10(np.where(np.asarray(values) > 0, values, np.nan))
        return scaled.astype(np.float32)

    def compare(self, courses: Sequence[Course]) -> None:
        """Draw lines of other runs beside those of the run; none: only that run's."""
        self._courses = list(courses[:_OTHERS])
        self._draw_others()

    def _draw_others(self):
        for place, (source, line) in enumerate(self._others):
            self._painter.forget([line.glyph])
            course = self._courses[place] if place < len(self._courses) else None
            line.visible = course is not None
            if course is None:
                source.data = {"step": [], "y": []}
                continue
            self._painter.glyph(line, line_color=course.token)
            y = self._scaled(course.values, "loss")
            source.data = {"step": np.asarray(course.step, dtype=float), "y": y}

    # ---- looks

    @property
    def log(self) -> bool:
        """Whether losses are drawn logarithmically."""
        return self._log

    def set_scale(self, log: bool) -> None:
        """Draw losses on a logarithmic axis, or on a linear one."""
        self._log = log
        self._redraw()

    def set_smoothing(self, weight: float) -> None:
        """Smooth with this weight of the past, 0 to below 1."""
        self._weight = min(max(weight, 0.0), 0.995)
        self._redraw()

    def show_steps(self, now: float, last: float, end: float) -> None:
        """Show steps from 0 to ``end`` at least; the run is at ``now``.

        last: the largest step of any line, beyond which there is room for names.
        """
        needed = max(end, max(now, last) / (1 - _NAMES_SHARE), 1.0)
        kept = needed <= self.x_range.end <= needed * _SPARE**2
        end = self.x_range.end if kept else needed if end else needed * _SPARE
        if end != self.x_range.end:
            self.x_range.update(start=0.0, end=float(end))
            ticks = nice_ticks(0, end)
            ticks = ticks[np.isclose(ticks, ticks.round())]
            set_ticks(self.axis.xaxis[0], ticks, [number(tick) for tick in ticks])
        self.axis.xaxis[0].visible = max(now, last) > 0
        self._now = float(now)
        self._fit_heights()
        self._name_ends()
        self._crash.update(x=self._now, y=self.panels["loss"].y_range.end)
        for panel in self._visible():
            panel.now.update(location=float(now), visible=now > 0)

    def _visible(self):
        return [panel for panel in self.panels.values() if panel.figure.visible]

    def _fit_heights(self):
        for panel in self._visible():
            kind = panel.kind
            values = self._drawn(kind)
            if not values.size:
                set_ticks(panel.figure.yaxis[0], [], [])
                continue
            log = self._log and kind == "loss"
            if kind == "critic":
                values = np.append(values, [0.3, 1.0])
            low, high = steady_range(values, log=log)
            if (low, high) != (panel.y_range.start, panel.y_range.end):
                panel.y_range.update(start=low, end=high)
            set_height_ticks(panel.figure.yaxis[0], low, high, log=log)

    def _drawn(self, kind):
        """All values of a panel that decide its axis, finite ones only."""
        found = [np.empty(0)]
        for k, line in self.panels[kind].lines:
            found.append(np.asarray(self.bold.data[f"bold_{k}"], float))
            thin = np.asarray(self.thin.data[f"thin_{k}"], float)
            thin = thin[np.isfinite(thin)]
            if line.bold is None:
                found.append(np.asarray(self.thin.data[f"mean_{k}"], float))
            if thin.size:
                found.append(np.percentile(thin, [1, 99]))
        if kind == "loss":
            found += [np.asarray(source.data["y"], float) for source, _ in self._others]
        values = np.concatenate(found)
        return values[np.isfinite(values)]

    def _resized(self, attr, old, new):
        self._name_ends()

    def _name_ends(self):
        panels = self._visible()
        for panel in panels:
            kind, ends = panel.kind, []
            for k, line in panel.lines:
                y = self._end_of(k, line)
                if y is not None:
                    ends.append((self._now, y, line.name, line.token))
            if kind == "loss":
                ends += self._other_ends()
            panel.name_ends(ends, shared=len(panels) > 1)

    def _end_of(self, k, line):
        name = f"mean_{k}" if line.bold is None else f"bold_{k}"
        source = self.thin if line.bold is None else self.bold
        values = np.asarray(source.data[name], float)
        values = values[np.isfinite(values)]
        return float(values[-1]) if values.size else None

    def _other_ends(self):
        ends = []
        for course, (source, _) in zip(self._courses, self._others, strict=False):
            x = np.asarray(source.data["step"], float)
            y = np.asarray(source.data["y"], float)
            good = np.isfinite(y) & (x <= self.x_range.end * (1 - _NAMES_SHARE))
            if good.any():
                end = float(x[good][-1]), float(y[good][-1])
                ends.append((*end, course.name, course.token))
        return ends

    def mark_step(self, step: float | None) -> None:
        """Draw the line of the replay at a step, or none."""
        for panel in self.panels.values():
            panel.handle.update(location=float(step or 0), visible=step is not None)

    def mark_end(self, word: str) -> None:
        """Say ``word``, such as "crashed", at the last step; empty: all is well."""
        for panel in self.panels.values():
            self._painter.forget([panel.now])
            self._painter.paint(panel.now, line_color="bad" if word else "axis")
        self._crash.update(text=word, visible=bool(word))

    def repaint(self) -> None:
        """Colour what the painter does not know: the names at the ends."""
        for panel in self.panels.values():
            panel.repaint()


def _column(rows, name, n):
    return np.asarray(
        rows.get(name, np.full(n, np.nan)) if name else np.full(n, np.nan)
    )
