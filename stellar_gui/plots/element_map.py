"""Where each element speaks: the whole spectrum, and below it elements x wavelength.

Both lie on the gap-cut axis, share a window to drag and mark the picked pixel. Arrays
come in, Bokeh models go out; no Panel here.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from bokeh.events import Tap
from bokeh.models import (
    ColumnDataSource,
    LinearAxis,
    LinearScale,
    Range1d,
    RangeTool,
)

from stellar_gui.plots.overview import bins_of, envelope, thin_ticks
from stellar_gui.plots.pieces import Pieces, draw_grounds
from stellar_gui.plots.pointer import send_pointer, send_row
from stellar_gui.plots.style import FONT, Painter, set_ticks, without

BORDERS = (72, 44)  # left and right of all plots of the page, px
OVERVIEW_HEIGHT = 92
_TICKS_HEIGHT = 22
_COLUMNS = 800  # of the map; fewer than the screen has, so that none is left out
_ROW_GAP = 2  # px between rows
_MARGIN = 0.007  # of the axis, at both ends, where chosen rows are marked
_MARK = 0.004
_OPAQUE = 255


class MapRow(NamedTuple):
    """One row of the map: strengths (n_pixels,) from -1 to 1, of ``scale``."""

    name: str  # "Ca"
    token: str
    strength: np.ndarray
    scale: str  # as it is printed


def strongest_in_columns(pieces: Pieces, values, n_columns: int) -> np.ndarray:
    """Return the largest |value| of the pixels in each column, (n_rows, n_columns).

    values (n_rows, n_pixels); columns divide the plotted axis evenly. 0 in gutters,
    and where values are NaN. A column narrower than a pixel takes that of its pixel.
    """
    values = np.nan_to_num(np.abs(np.atleast_2d(values)))
    inside = pieces.pixels >= 0
    x, values = pieces.x[inside], values[:, pieces.pixels[inside]]
    edges = np.linspace(0.0, pieces.end, n_columns + 1)
    middle = (x[1:] + x[:-1]) / 2
    first = np.searchsorted(middle, edges[:-1], "right")
    stop = np.maximum(np.searchsorted(middle, edges[1:], "left") + 1, first + 1)
    bounds = np.stack([first, stop], axis=1).ravel()
    padded = np.pad(values, ((0, 0), (0, 1)))
    found = np.maximum.reduceat(padded, bounds, axis=1)[:, ::2]
    centre = (edges[1:] + edges[:-1]) / 2
    last = np.searchsorted(pieces.start, centre, "right") - 1
    in_gutter = centre > (pieces.start + pieces.high - pieces.low)[last]
    return np.where(in_gutter, 0.0, found)


def colored(strength, tokens: Sequence[str]) -> np.ndarray:
    """Return strengths (n_rows, n_columns), 0 to 1, as an image of RGBA words.

    tokens: "#RRGGBB" of each row; zero is transparent, so that the ground shows.
    """
    rgb = np.array([[int(c[k : k + 2], 16) for k in (1, 3, 5)] for c in tokens])
    image = np.empty((*strength.shape, 4), dtype=np.uint8)
    image[..., :3] = rgb.reshape(-1, 1, 3)
    image[..., 3] = np.rint(_OPAQUE * np.clip(strength, 0, 1))
    return image.view(np.uint32)[..., 0]


def mark_picked(fig, painter: Painter, picked: ColumnDataSource) -> None:
    """Draw a dashed line at the picked pixel, on the layer that is painted by itself.

    So a pick, like a move of the window, leaves map and spectra as they are.
    """
    mark = fig.vspan("x", source=picked, line_dash=[3, 3], line_width=1.3)
    mark.level = "overlay"
    painter.glyph(mark, line_color="picked")


class ElementMapPlot:
    """Figures ``overview`` and ``map``; ``window`` is the range that both let move."""

    def __init__(self, painter: Painter, window: Range1d):
        self._painter = painter
        self._full = Range1d(0, 1)
        self._rows: list[MapRow] = []
        self._strength = np.zeros((0, _COLUMNS))
        self._pieces: Pieces | None = None
        self.picked = ColumnDataSource({"x": []}, name="element-picked")
        self._grounds = ColumnDataSource({"left": [], "right": []})
        self.overview = self._overview_figure()
        self.map = self._map_figure()
        self._add_window(self.overview, window, ground=0.1)
        self._add_window(self.map, window, ground=0.0)
        send_pointer([self.overview, self.map])
        send_row(self.map)

    @property
    def figures(self) -> tuple:
        """Overview and map."""
        return self.overview, self.map

    # ---- figures

    def _overview_figure(self):
        painter = self._painter
        fig = painter.figure(
            height=OVERVIEW_HEIGHT,
            x_range=self._full,
            y_range=Range1d(0.15, 1.12),
            borders=(4, BORDERS[1], 4, BORDERS[0]),
            y_title="flux",
            name="elements-overview",
        )
        without(fig, *fig.xaxis, *fig.ygrid)
        fig.yaxis.axis_line_color = None
        fig.yaxis.major_tick_line_color = None
        set_ticks(fig.yaxis[0], [0.5, 1.0], ["0.5", "1.0"])  # of one width
        draw_grounds(fig, self._painter, self._grounds)
        self._line = ColumnDataSource({"x": [], "flux": []}, name="elements-flux")
        line = fig.line("x", "flux", source=self._line, line_width=0.7, alpha=0.85)
        painter.glyph(line, line_color="observed")
        self._draw_picked(fig)
        return fig

    def _map_figure(self):
        painter = self._painter
        fig = painter.figure(
            x_range=self._full,
            y_range=Range1d(0, 1),
            borders=(4, BORDERS[1], _TICKS_HEIGHT, BORDERS[0]),
            sizing_mode="stretch_both",
            min_height=160,
            name="element-map",
        )
        without(fig, *fig.ygrid)
        for axis in fig.axis:
            axis.axis_line_color = None
            axis.major_tick_line_color = None
        draw_grounds(fig, self._painter, self._grounds)
        self._image = ColumnDataSource(
            {"image": [], "x": [], "y": [], "dw": [], "dh": []}, name="element-image"
        )
        fig.image_rgba(
            "image", x="x", y="y", dw="dw", dh="dh", source=self._image, level="glyph"
        )
        self._between = ColumnDataSource({"y": []})
        gaps = fig.hspan("y", source=self._between, line_width=_ROW_GAP)
        painter.glyph(gaps, line_color="surface")
        self._chosen = ColumnDataSource({"bottom": [], "top": [], "color": []})
        fig.extra_x_ranges = {"share": Range1d(0, 1)}
        fig.extra_x_scales = {"share": LinearScale()}
        marks = fig.quad(
            0, _MARK, "bottom", "top", source=self._chosen, x_range_name="share"
        )
        marks.level = "overlay"
        marks.glyph.update(fill_color="color", line_color=None)
        self._scale_axis = self._write_scales(fig)
        self._draw_picked(fig)
        return fig

    def _write_scales(self, fig):
        """An axis at the right end, for the scale of each row."""
        fig.extra_y_ranges = {**fig.extra_y_ranges, "rows": Range1d(0, 1)}
        fig.extra_y_scales = {**fig.extra_y_scales, "rows": LinearScale()}
        axis = LinearAxis(
            y_range_name="rows",
            axis_line_color=None,
            major_tick_line_color=None,
            minor_tick_line_color=None,
            major_label_text_font=FONT,
            major_label_text_font_size="10px",
            major_label_standoff=4,
        )
        self._painter.paint(axis, major_label_text_color="ink2")
        fig.add_layout(axis, "right")
        return axis

    def _draw_picked(self, fig):
        mark_picked(fig, self._painter, self.picked)

    def _add_window(self, fig, window, ground):
        painter = self._painter
        tool = RangeTool(x_range=window)
        tool.overlay.update(
            fill_alpha=ground, line_alpha=1, line_dash="solid", line_width=1.5
        )
        painter.paint(tool.overlay, fill_color="control", line_color="control")
        handles = tool.overlay.handles.all
        handles.update(fill_alpha=0, line_alpha=0, hover_fill_alpha=0.25)
        painter.paint(handles, hover_fill_color="control")
        fig.add_tools(tool)

    # ---- what is shown

    def set_pieces(self, pieces: Pieces) -> None:
        """Draw the pieces of another wavelength grid; `set_flux` must follow."""
        self._pieces = pieces
        margin = _MARGIN * pieces.end
        self._full.update(start=-margin, end=pieces.end + margin)
        length = pieces.high - pieces.low
        self._grounds.data = {"left": pieces.start, "right": pieces.start + length}
        self._edges = bins_of(pieces)
        x = np.append(pieces.x, np.nan)
        self._x = np.repeat(x[self._edges[:-1]], 2)
        self._line.data = {"x": [], "flux": []}
        self.thin_ticks()

    def thin_ticks(self) -> None:
        """Write as many wavelengths below the map as it is wide for."""
        if self._pieces is not None:
            thin_ticks(self.map, self._pieces)

    def set_flux(self, flux) -> None:
        """Draw a spectrum (n_pixels,), NaN where bad, in the overview."""
        line = envelope(self._pieces.arrange(flux), self._edges)
        if len(self._line.data["x"]) == len(line):
            self._line.data.update(flux=line)
        else:
            self._line.data = {"x": self._x, "flux": line}
        finite = line[np.isfinite(line)]
        low = float(np.partition(finite, 4)[4]) if finite.size > 5 else 0.0
        self.overview.y_range.update(start=float(min(low, 0.9)) - 0.06, end=1.12)

    def set_rows(self, rows: Sequence[MapRow]) -> None:
        """Draw these rows, the first at the top."""
        same = [row.name for row in rows] == [row.name for row in self._rows]
        self._rows = list(rows)
        n_rows = len(rows)
        values = np.stack([row.strength for row in rows]) if rows else None
        self._strength = (
            strongest_in_columns(self._pieces, values, _COLUMNS)
            if rows
            else np.zeros((0, _COLUMNS))
        )
        self._paint()
        middles = [n_rows - k - 0.5 for k in range(n_rows)]
        if not same:
            self.map.y_range.update(start=0, end=max(n_rows, 1))
            self.map.extra_y_ranges["rows"].update(start=0, end=max(n_rows, 1))
            self._between.data = {"y": np.arange(n_rows + 1)}
            set_ticks(self.map.yaxis[0], middles, [row.name for row in rows])
        set_ticks(self._scale_axis, middles, [row.scale for row in rows])

    def _paint(self):
        """The image in the colours of the theme; its first row is the lowest."""
        tokens = [getattr(self._painter.tokens, row.token) for row in self._rows]
        if not tokens:
            self._image.data = {name: [] for name in self._image.data}
            return
        self._image.data = {
            "image": [colored(self._strength, tokens)[::-1]],
            "x": [0.0],
            "y": [0.0],
            "dw": [self._pieces.end],
            "dh": [float(len(tokens))],
        }

    def mark(self, names: Sequence[str]) -> None:
        """Mark the rows of the chosen elements at their left end."""
        n_rows = len(self._rows)
        places = [k for k, row in enumerate(self._rows) if row.name in names]
        tokens = self._painter.tokens
        marks = {
            "bottom": [n_rows - k - 0.9 for k in places],
            "top": [n_rows - k - 0.1 for k in places],
            "color": [getattr(tokens, self._rows[k].token) for k in places],
        }
        if marks != dict(self._chosen.data):
            self._chosen.data = marks

    def pick(self, x: float | None) -> None:
        """Mark a plotted coordinate, or none."""
        picked = [] if x is None else [x]
        if self.picked.data["x"] != picked:
            self.picked.data = {"x": picked}

    def row_at(self, y: float | None) -> str | None:
        """The name of the row at a height of the map; None beside all rows."""
        if y is None or not 0 <= y < len(self._rows):
            return None
        return self._rows[len(self._rows) - 1 - int(y)].name

    def on_tap(self, handle) -> None:
        """Call ``handle(x, row name or None)`` for a click in overview or map."""
        self.overview.on_event(Tap, lambda event: handle(event.x, None))
        self.map.on_event(Tap, lambda event: handle(event.x, self.row_at(event.y)))

    def repaint(self) -> None:
        """Draw the image again, after its painter has changed its theme."""
        self._paint()
