"""Derivatives of flux by the chosen elements, in the window of the page.

Curves are named where they speak; siblings of one family differ by their dashes. Arrays
come in, Bokeh models go out; no Panel here.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from bokeh.core.properties import value
from bokeh.events import DoubleTap, Tap
from bokeh.models import (
    ColumnDataSource,
    LinearScale,
    PanTool,
    Range1d,
    WheelZoomTool,
)

from stellar_gui.plots.element_map import BORDERS, mark_picked
from stellar_gui.plots.line_names import BLEND, spread
from stellar_gui.plots.pieces import CutTicks, Pieces
from stellar_gui.plots.pointer import send_pointer
from stellar_gui.plots.style import (
    FONT,
    Painter,
    inner_width,
    number,
    set_ticks,
    zoom_by_wheel,
)
from stellar_gui.plots.windowed import Windowed

HEIGHT = 226
MOST_CURVES = 8
DASHES = ("solid", "dotted", "dashed", "dashdot")
_SEPARATION = 40  # px at least between the middles of two names
_NAME_ROOM = 52  # px for each name, which limits how many there are
_NAMES_SHARE = 0.17  # of the plot's height
_LEAST_NAMED = 0.12  # of the strongest in view, that a peak needs for a name
# Numbers of one width in every window: where it changes, Bokeh lays out the page anew.
_DECIMALS = 3
_LEAST_SPAN = 1e-4  # of flux, so that nothing at all does not fill the plot


class Curve(NamedTuple):
    """One derivative: its element, colour token and (n_pixels,) values."""

    name: str
    token: str
    values: np.ndarray


class Peak(NamedTuple):
    """Where a curve speaks: plotted coordinate, value and place of the curve."""

    x: float
    value: float
    curve: int


def peaks(x, curves: Sequence[np.ndarray], most: int) -> list[Peak]:
    """Return the strongest peaks of |curve|, at most ``most``, ordered by x.

    x (n,); curves (n,) each, NaN in gaps. Of each curve the local maxima that reach a
    part of the strongest of all; of those closer than a blend the strongest.

    >>> [p.x for p in peaks(np.arange(5.0), [np.array([0, -1, 0, 0.5, 0])], 9)]
    [1.0, 3.0]
    """
    found = []
    for place, curve in enumerate(curves):
        size = np.nan_to_num(np.abs(curve))
        top = np.flatnonzero((size[1:-1] >= size[:-2]) & (size[1:-1] > size[2:])) + 1
        found += [Peak(float(x[k]), float(curve[k]), place) for k in top]
    strongest = max((abs(peak.value) for peak in found), default=0.0)
    found = [peak for peak in found if abs(peak.value) > _LEAST_NAMED * strongest]
    found.sort(key=lambda peak: -abs(peak.value))
    kept: list[Peak] = []
    for peak in found:
        if len(kept) == most:
            break
        if all(abs(peak.x - other.x) >= BLEND for other in kept):
            kept.append(peak)
    return sorted(kept)


def dashes_of(tokens: Sequence[str]) -> list[str]:
    """Return a dash pattern for each curve: siblings of one colour differ.

    >>> dashes_of(["alpha", "iron_peak", "alpha"])
    ['solid', 'solid', 'dotted']
    """
    seen: dict[str, int] = {}
    dashes = []
    for token in tokens:
        dashes.append(DASHES[seen.get(token, 0) % len(DASHES)])
        seen[token] = seen.get(token, 0) + 1
    return dashes


class DerivativePlot:
    """Figure of the derivatives in a window; ``window`` is its plotted range."""

    def __init__(self, painter: Painter, window: Range1d, picked: ColumnDataSource):
        self._painter, self._window = painter, window
        self._pieces: Pieces | None = None
        self._curves: list[Curve] = []
        self._new_grid = True
        self._looks: dict[int, tuple[str, str]] = {}
        self._pixels = Windowed(self._empty(), window, "derivative-curves")
        self.source = self._pixels.all
        self.figure = self._figure()
        self._pixels.follow(self.figure)
        self._draw_curves()
        self._draw_names()
        fig = self.figure
        mark_picked(fig, painter, picked)
        self._ticks = CutTicks()
        self._ticks.attach(fig.xaxis[0], labelled=True)
        send_pointer([fig])

    def _figure(self):
        painter = self._painter
        fig = painter.figure(
            height=HEIGHT,
            x_range=self._window,
            y_range=Range1d(-1, 1),
            borders=(4, BORDERS[1], 40, BORDERS[0]),
            x_title="wavelength / Å",
            y_title="∂f/∂[X/H] per 0.1 dex",
            tools=[
                PanTool(dimensions="width"),
                WheelZoomTool(dimensions="width", zoom_on_axis=False),
            ],
            name="derivatives",
        )
        zoom_by_wheel(fig)
        fig.yaxis.axis_line_color = None
        fig.yaxis.major_tick_line_color = None
        fig.extra_y_ranges = {"share": Range1d(0, 1)}
        fig.extra_y_scales = {"share": LinearScale()}
        zero = fig.hspan(y=[0], level="underlay")
        painter.glyph(zero, line_color="axis")
        return fig

    def _draw_curves(self):
        self._lines = []
        for k in range(MOST_CURVES):
            line = self.figure.line(
                "x",
                f"line_{k}",
                source=self._pixels.shown,
                line_width=1.6,
                visible=False,
            )
            line.update(nonselection_glyph=None, muted_glyph=None)
            self._lines.append(line)

    def _draw_names(self):
        fig = self.figure
        self._names = ColumnDataSource(
            {"x": [], "text": [], "color": []}, name="derivative-names"
        )
        self._leaders = ColumnDataSource({"xs": [], "ys": []})
        names = fig.text(
            "x",
            0.965,
            "text",
            source=self._names,
            text_color="color",
            y_range_name="share",
            text_align="center",
            text_baseline="middle",
            text_font=value(FONT),
            text_font_size="11px",
            text_font_style="bold",
        )
        names.update(nonselection_glyph=None, muted_glyph=None)
        leaders = fig.multi_line(
            "xs", "ys", source=self._leaders, y_range_name="share", line_width=1
        )
        self._painter.glyph(leaders, line_color="masked_ink")

    def _empty(self):
        names = ["x", "wavelength", "flux", *(f"line_{k}" for k in range(MOST_CURVES))]
        return dict.fromkeys(names, np.empty(0, dtype=np.float32))

    # ---- what is shown

    def set_pieces(self, pieces: Pieces, medium: str) -> None:
        """Prepare for another wavelength grid; `set_curves` must follow."""
        self._pieces, self._new_grid = pieces, True
        self._ticks.set_pieces(pieces)
        self.figure.xaxis.axis_label = f"wavelength / Å ({medium})"

    def set_curves(self, flux, curves: Sequence[Curve], y_title: str) -> None:
        """Draw these derivatives; flux (n_pixels,) is for the readout alone."""
        pieces = self._pieces
        self._curves = list(curves[:MOST_CURVES])
        columns = {"flux": pieces.arrange(flux)}
        dashes = dashes_of([curve.token for curve in self._curves])
        for k, line in enumerate(self._lines):
            shown = k < len(self._curves)
            if line.visible != shown:
                line.visible = shown
            if shown:
                columns[f"line_{k}"] = pieces.arrange(self._curves[k].values)
                self._look(k, self._curves[k].token, dashes[k])
        self._send(columns)
        if self.figure.yaxis.axis_label != y_title:
            self.figure.yaxis.axis_label = y_title
        self.fit()

    def _look(self, k, token, dash):
        """Colour and dash of a line, changed only where they differ."""
        if self._looks.get(k) == (token, dash):
            return
        self._looks[k] = token, dash
        glyph = self._lines[k].glyph
        self._painter.forget([glyph])
        self._painter.paint(glyph, line_color=token)
        glyph.line_dash = dash

    def _send(self, columns):
        """Send columns that differ; on a new grid all, also those of hidden lines."""
        if not self._new_grid:
            sent = self.source.data
            others = {k: own for k, own in columns.items() if not _same(own, sent[k])}
            if others:
                self.source.data.update(others)
            return
        pieces, self._new_grid = self._pieces, False
        nothing = np.full(len(pieces.x), np.nan, dtype=np.float32)
        unused = dict.fromkeys((f"line_{k}" for k in range(MOST_CURVES)), nothing)
        grid = {"x": pieces.x, "wavelength": pieces.wavelength}
        self.source.data = grid | unused | columns

    def fit(self) -> None:
        """Choose the flux axis and the names for what is in view."""
        if self._pieces is None:
            return
        x = self._pieces.x
        inside = (x >= self._window.start) & (x <= self._window.end)
        values = [
            self._pieces.arrange(curve.values)[inside].astype(float)
            for curve in self._curves
        ]
        low = min((np.nanmin(v, initial=0.0) for v in values), default=0.0)
        high = max((np.nanmax(v, initial=0.0) for v in values), default=0.0)
        span = max(high - low, _LEAST_SPAN)
        low, high = low - 0.06 * span, high + 0.03 * span
        top = low + (high - low) / (1 - _NAMES_SHARE)
        self.figure.y_range.update(start=float(low), end=float(top))
        set_ticks(self.figure.yaxis[0], *flux_ticks(low, high, _DECIMALS))
        self._set_names(x[inside], values)

    def _set_names(self, x, values):
        start, end = self._window.start, self._window.end
        pixel = (end - start) / inner_width(self.figure)
        most = max(int((end - start) / pixel / _NAME_ROOM) - 1, 0)
        found = peaks(x, values, most) if len(x) else []
        room = _SEPARATION * pixel
        places = [peak.x for peak in found]
        placed = spread(places, room, start + room / 2, end - room / 2)
        tokens = self._painter.tokens
        curves = [self._curves[peak.curve] for peak in found]
        self._names.data = {
            "x": placed,
            "text": [curve.name for curve in curves],
            "color": [getattr(tokens, curve.token) for curve in curves],
        }
        self._leaders.data = {
            "xs": [[p, x, x] for p, x in zip(placed, places, strict=True)],
            "ys": [[0.925, 0.885, 0.855]] * len(places),
        }

    def on_tap(self, picked, reset) -> None:
        """Call ``picked(x)`` for a click and ``reset()`` for a double click."""
        self.figure.on_event(Tap, lambda event: picked(event.x))
        self.figure.on_event(DoubleTap, lambda event: reset())

    def repaint(self) -> None:
        """Colour the names again, after the painter has changed its theme."""
        self.fit()


def _same(columns, others):
    """Whether two columns (n,) are the same, gaps included."""
    return np.array_equal(columns, others, equal_nan=True)


def flux_ticks(
    low: float, high: float, least: int = 0
) -> tuple[list[float], list[str]]:
    """Return a few round values between low and high, and how they are written.

    least: digits after the point to write at least.

    >>> flux_ticks(-0.05, 0.01)
    ([-0.04, -0.02, 0.0], ['\u22120.04', '\u22120.02', '0.00'])
    """
    raw = (high - low) / 5
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    decimals = max(int(np.ceil(-np.log10(step) - 1e-9)), 0)
    steps = np.arange(np.ceil(low / step), np.floor(high / step) + 1)
    ticks = [round(float(k * step), decimals) for k in steps]
    return ticks, [number(tick, max(decimals, least)) for tick in ticks]
