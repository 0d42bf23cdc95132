"""The difference of two spectra on the gap-cut axis, and what explains it as bars.

Arrays come in, Bokeh figures go out; no Panel here.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from bokeh.core.properties import value
from bokeh.models import (
    ColumnDataSource,
    LinearScale,
    PanTool,
    Range1d,
    WheelZoomTool,
)

from stellar_gui.plots.line_names import capacity, spread
from stellar_gui.plots.loss_axes import nice_ticks
from stellar_gui.plots.pieces import CutTicks, Pieces, draw_grounds
from stellar_gui.plots.style import (
    FAMILY_TOKENS,
    FONT,
    Painter,
    inner_width,
    number,
    set_ticks,
    without,
    zoom_by_wheel,
)

NAME_ROOM = 36  # px for each name of a line
_NAMES_SHARE = 0.16  # of the height, above the difference
_BORDERS = (4, 12, 44, 62)
_TRIED = 60  # lines that are tried to be named
_FAR = 1.0  # of the room of a name: farther from its line no name stands
_ROWS = 10  # bars there is room for
_BARS = (0.2, 0.58)  # share of the width that the bars take
_PALE = 0.35


class NamedLine(NamedTuple):
    """A line to name: where, Angstrom, how, the family of its element, how much."""

    wavelength: float
    text: str
    family: str
    weight: float


class Bar(NamedTuple):
    """One bar: of what, a value with its sigma, whether it is certain."""

    name: str  # of a label
    title: str
    family: str
    value: float
    sigma: float
    certain: bool


class DifferencePlot:
    """``figure``: the difference with its 68 % band, piece beside piece."""

    def __init__(self, painter: Painter):
        self._painter = painter
        self.pieces: Pieces | None = None
        self._lines: list[NamedLine] = []
        self.figure = painter.figure(
            x_range=Range1d(0, 1, min_interval=1.0),
            y_range=Range1d(-0.05, 0.05),
            borders=_BORDERS,
            x_title="wavelength / Å",
            y_title="median A − median B",
            tools=[
                PanTool(dimensions="width"),
                WheelZoomTool(dimensions="width", zoom_on_axis=False),
            ],
            sizing_mode="stretch_both",
            min_height=100,
            name="difference",
        )
        fig = self.figure
        zoom_by_wheel(fig)
        without(fig, *fig.ygrid)
        for axis in fig.axis:
            axis.axis_line_color = None
            axis.major_tick_line_color = None
            axis.minor_tick_line_color = None
        self._ticks = CutTicks()
        self._ticks.attach(fig.xaxis[0], labelled=True)
        self._draw()

    def _draw(self):
        fig, painter = self.figure, self._painter
        nothing = {"left": [], "right": []}
        self._grounds = ColumnDataSource(nothing)
        self._source = ColumnDataSource(_columns(), name="difference-flux")
        self._names = ColumnDataSource(_no_names(), name="difference-names")
        self._leaders = ColumnDataSource({"xs": [], "ys": []})
        self._picked = ColumnDataSource({"x": []}, name="difference-picked")
        draw_grounds(fig, painter, self._grounds)
        band = fig.varea_step(
            "x", "low", "high", source=self._source, step_mode="center"
        )
        painter.glyph(band, fill_color="sigma_band")
        zero = fig.hspan(y=[0.0], line_width=1)
        painter.glyph(zero, line_color="axis")
        line = fig.line("x", "difference", source=self._source, line_width=1.1)
        painter.glyph(line, line_color="observed")
        leaders = fig.multi_line(
            "xs", "ys", source=self._leaders, y_range_name="share", line_width=1
        )
        painter.glyph(leaders, line_color="axis")
        fig.text(
            "x",
            0.975,
            "text",
            source=self._names,
            y_range_name="share",
            text_color="color",
            text_font=value(FONT),
            text_font_size="12px",
            text_font_style="bold",
            text_align="center",
            text_baseline="top",
        )
        picked = fig.vspan("x", source=self._picked, line_width=1.5)
        painter.glyph(picked, line_color="picked")

    def set_pieces(self, pieces: Pieces, medium: str) -> None:
        """Prepare for another wavelength grid; `show` must follow."""
        self.pieces = pieces
        margin = 0.004 * pieces.end
        length = pieces.high - pieces.low
        self._grounds.data = {"left": pieces.start, "right": pieces.start + length}
        self._ticks.set_pieces(pieces)
        self.figure.x_range.bounds = (-margin, pieces.end + margin)
        self.figure.xaxis.axis_label = (
            f"wavelength / Å ({medium}) · pieces cut together, ticks true"
        )
        self.reset()

    def reset(self) -> None:
        """Show all pieces."""
        if self.pieces is not None:
            margin = 0.004 * self.pieces.end
            self.figure.x_range.update(start=-margin, end=self.pieces.end + margin)

    def show(self, difference, low, high, title: str) -> None:
        """Draw a difference and its band, (n_pixels,) each; title: of the axis."""
        pieces = self.pieces
        columns = {"difference": difference, "low": low, "high": high}
        arranged = {name: pieces.arrange(column) for name, column in columns.items()}
        for name in ("low", "high"):  # the area needs a value everywhere
            arranged[name] = np.nan_to_num(arranged[name])
        self._source.data = {"x": pieces.x, **arranged}
        self.figure.yaxis.axis_label = title
        both = np.concatenate([arranged["low"], arranged["high"], [-1e-3, 1e-3]])
        bottom, top = float(both.min()), float(both.max())
        bottom -= 0.05 * (top - bottom)
        height = (top - bottom) / (1 - _NAMES_SHARE)
        self.figure.y_range.update(start=bottom, end=bottom + height)
        ticks = nice_ticks(bottom, top, 5)
        decimals = max(0, -int(np.floor(np.log10(np.ptp(ticks[:2])) + 1e-9)))
        texts = [number(tick, decimals) for tick in ticks]
        set_ticks(self.figure.yaxis[0], ticks, texts)

    def clear(self) -> None:
        """Draw no difference."""
        self._source.data = _columns()
        self.set_lines([])

    def set_lines(self, lines: Sequence[NamedLine]) -> None:
        """Name the weightiest of these lines, as many as there is room for."""
        self._lines = list(lines)
        self.place_names()

    def place_names(self) -> None:
        """Choose which lines are named in what is in view, and where."""
        if self.pieces is None:
            return
        x_range = self.figure.x_range
        span = x_range.end - x_range.start
        room = NAME_ROOM / inner_width(self.figure) * span
        low, high = x_range.start + room / 3, x_range.end - room / 3
        x = self.pieces.to_plot([line.wavelength for line in self._lines])
        inside = np.flatnonzero((x > low) & (x < high))
        inside = sorted(inside, key=lambda k: -self._lines[k].weight)[:_TRIED]
        chosen = _fitting(x, inside, room, low, high)
        lines = [self._lines[k] for k in chosen]
        places = spread(x[chosen], room, low, high)
        self._names.data = {
            "x": places.tolist(),
            "text": [line.text for line in lines],
            "family": [line.family for line in lines],
            "color": self._colors([line.family for line in lines]),
        }
        self._leaders.data = {
            "xs": [[p, p, t, t] for p, t in zip(places, x[chosen], strict=True)],
            "ys": [[0.895, 0.875, 0.845, 0.82]] * len(lines),
        }

    def _colors(self, families):
        return [_family_color(self._painter, family) for family in families]

    def pick(self, wavelength: float | None) -> None:
        """Mark a wavelength, or none."""
        x = np.nan
        if wavelength is not None and self.pieces is not None:
            x = float(self.pieces.to_plot(wavelength))
        self._picked.data = {"x": [x] if np.isfinite(x) else []}

    def repaint(self) -> None:
        """Take the colours of the painter's theme for what it does not know of."""
        names = dict(self._names.data)
        self._names.data = names | {"color": self._colors(names["family"])}


class ExplanationPlot:
    """``figure``: one bar for each label, with its error and its number."""

    def __init__(self, painter: Painter):
        self._painter = painter
        self.figure = painter.figure(
            x_range=Range1d(0, 1),
            y_range=Range1d(_ROWS - 0.5, -0.5),
            borders=(2, 8, 2, 10),
            sizing_mode="stretch_both",
            min_height=80,
            name="explanation",
        )
        fig = self.figure
        without(fig, *fig.xaxis, *fig.yaxis, *fig.ygrid)
        fig.extra_x_ranges = {"share": Range1d(0, 1)}
        fig.extra_x_scales = {"share": LinearScale()}
        self._bars: list[Bar] = []
        self._source = ColumnDataSource(self._columns([]), name="explanation-bars")
        self._draw()

    def _draw(self):
        fig, painter, source = self.figure, self._painter, self._source
        self._zero = fig.vspan(x=[0.0], line_width=1, visible=False)
        painter.glyph(self._zero, line_color="axis")
        fig.hbar(
            y="row",
            left=0,
            right="value",
            height=0.5,
            source=source,
            fill_color="color",
            fill_alpha="alpha",
            line_color=None,
        )
        error = fig.segment("low", "row", "high", "row", source=source, line_width=1.5)
        painter.glyph(error, line_color="ink")
        words = {
            "source": source,
            "x_range_name": "share",
            "text_baseline": "middle",
            "text_font": value(FONT),
            "text_font_size": "12px",
        }
        fig.text(0.0, "row", "title", text_color="color", **words)
        numbers = fig.text(0.82, "row", "number", text_align="right", **words)
        painter.glyph(numbers, text_color="ink")
        sigmas = fig.text(1.0, "row", "error", text_align="right", **words)
        painter.glyph(sigmas, text_color="ink2")

    def show(self, bars: Sequence[Bar]) -> None:
        """Draw these bars from top to bottom."""
        self._bars = list(bars)
        self._zero.visible = bool(bars)
        if bars:
            ends = [(b.value - b.sigma, b.value + b.sigma) for b in bars]
            low, high = min(0.0, np.min(ends)), max(0.0, np.max(ends))
            unit = max(high - low, 1e-6) / (_BARS[1] - _BARS[0])
            start = low - _BARS[0] * unit
            self.figure.x_range.update(start=float(start), end=float(start + unit))
        n_rows = max(len(bars), _ROWS)
        self.figure.y_range.update(start=n_rows - 0.5, end=-0.5)
        self._source.data = self._columns(self._bars)

    def bar_at(self, row: float) -> Bar | None:
        """The bar at a height of the figure, or none."""
        k = round(row)
        return self._bars[k] if 0 <= k < len(self._bars) else None

    def _columns(self, bars):
        return {
            "row": list(range(len(bars))),
            "title": [bar.title for bar in bars],
            "value": [bar.value for bar in bars],
            "low": [bar.value - bar.sigma for bar in bars],
            "high": [bar.value + bar.sigma for bar in bars],
            "number": [number(bar.value, 2, signed=True) for bar in bars],
            "error": [f"± {number(bar.sigma, 2)}" for bar in bars],
            "color": [_family_color(self._painter, bar.family) for bar in bars],
            "alpha": [1.0 if bar.certain else _PALE for bar in bars],
        }

    def repaint(self) -> None:
        """Take the colours of the painter's theme for what it does not know of."""
        self._source.data = self._columns(self._bars)


def _fitting(x, candidates, room, low, high):
    """As many of the candidates, best first, as have their names near their lines."""
    chosen: list[int] = []
    for candidate in candidates:
        tried = sorted([*chosen, int(candidate)], key=lambda k: x[k])
        if len(tried) > capacity(room, low, high):
            break
        away = np.abs(spread(x[tried], room, low, high) - x[tried])
        if away.max() <= _FAR * room:
            chosen = tried
    return chosen


def _family_color(painter, family):
    return getattr(painter.tokens, FAMILY_TOKENS[family])


def _columns():
    nothing = np.zeros(1, dtype=np.float32)  # Bokeh's step area never ends on none
    return {name: nothing for name in ("x", "difference", "low", "high")}


def _no_names():
    return {"x": [], "text": [], "family": [], "color": []}
