"""The overview strip: the whole spectrum, with a window to drag over it."""

import numpy as np
from bokeh.models import ColumnDataSource, Range1d, RangeTool

from stellar_gui.plots.pieces import Pieces, draw_grounds
from stellar_gui.plots.style import Painter, inner_width, number, set_ticks, without

HEIGHT = 92
LOUD = 4.5  # |z| beyond which a triangle marks the place
_TICK_ROOM = 36  # px for a wavelength
_COLUMNS = 900  # screen columns that the spectrum is drawn in


def envelope(values, edges) -> np.ndarray:
    """Least and largest finite value of each bin, alternating, (2 * n_bins,).

    values (n,); edges (n_bins + 1,) indices. Keeps the core of every line, unlike
    taking each k-th pixel. NaN where a bin has no finite value.

    >>> envelope(np.array([1.0, 0.2, 0.9, 1.1]), np.array([0, 2, 4])).tolist()
    [0.2, 1.0, 0.9, 1.1]
    """
    values = np.asarray(values)
    low = np.fmin.reduceat(values, edges[:-1])
    high = np.fmax.reduceat(values, edges[:-1])
    return np.stack([low, high], axis=1).ravel()


class Overview:
    """Figure of all pieces; ``x_range`` is the window it moves."""

    def __init__(self, painter: Painter, x_range: Range1d, model_tokens, right: int):
        self.y_range = Range1d(0.15, 1.12)
        self.figure = painter.figure(
            height=HEIGHT,
            x_range=Range1d(0, 1),
            y_range=self.y_range,
            borders=(4, right, 22, 54),
            name="overview",
        )
        fig = self.figure
        without(fig, *fig.yaxis, *fig.ygrid)
        fig.xaxis.axis_line_color = None
        fig.xaxis.major_tick_line_color = None
        self._grounds = ColumnDataSource({"left": [], "right": []})
        self._line = ColumnDataSource({"x": [], "flux": []}, name="overview-flux")
        draw_grounds(fig, painter, self._grounds)
        line = fig.line("x", "flux", source=self._line, line_width=0.7, alpha=0.85)
        painter.glyph(line, line_color="observed")
        self._pieces: Pieces | None = None
        self._loud = []
        for index, token in enumerate(model_tokens):
            source = ColumnDataSource({"x": []}, name=f"loud-{index}")
            marks = fig.scatter(
                "x",
                0.955,
                source=source,
                y_range_name="share",
                marker="inverted_triangle",
                size=6,
                line_color=None,
            )
            painter.glyph(marks, fill_color=token)
            self._loud.append((source, marks))
        self._add_window(painter, x_range)

    def _add_window(self, painter, x_range):
        tool = RangeTool(x_range=x_range)
        tool.overlay.update(
            fill_alpha=0.10, line_alpha=1, line_dash="solid", line_width=1.5
        )
        painter.paint(tool.overlay, fill_color="control", line_color="control")
        handles = tool.overlay.handles.all
        handles.update(fill_alpha=0, line_alpha=0, hover_fill_alpha=0.25)
        painter.paint(handles, hover_fill_color="control")
        self.figure.add_tools(tool)

    def set_pieces(self, pieces: Pieces) -> None:
        """Draw the pieces of another wavelength grid."""
        length = pieces.high - pieces.low
        margin = 0.003 * pieces.end
        self.figure.x_range.update(start=-margin, end=pieces.end + margin)
        self._grounds.data = {"left": pieces.start, "right": pieces.start + length}
        self._pieces = pieces
        self.thin_ticks()
        self._edges = bins_of(pieces)
        x = np.append(pieces.x, np.nan)
        self._x = np.repeat(x[self._edges[:-1]], 2)

    def thin_ticks(self) -> None:
        """Write as many wavelengths as the figure is wide for."""
        if self._pieces is not None:
            thin_ticks(self.figure, self._pieces)

    def set_star(self, pieces: Pieces, flux, level: float, *, new_grid: bool) -> None:
        """Draw another star; flux (n_pixels,), NaN where bad; level: its continuum."""
        line = envelope(pieces.arrange(flux), self._edges)
        if new_grid:
            self._line.data = {"x": self._x, "flux": line}
        else:
            self._line.data.update(flux=line)
        finite = line[np.isfinite(line)]
        deepest = float(np.partition(finite, 4)[4]) if finite.size > 5 else 0.0
        low = max(np.floor(deepest / level * 10) / 10 - 0.05, -0.05)
        self.y_range.update(start=float(low * level), end=float(1.13 * level))

    def set_loud(self, index: int, pieces: Pieces, zscore) -> None:
        """Mark where |z| of a model is loud; zscore (n_pixels,) or None."""
        source, _ = self._loud[index]
        if zscore is None:
            places = np.empty(0)
        else:
            loud = np.abs(pieces.arrange(zscore)) > LOUD
            loud = np.logical_or.reduceat(loud, self._edges[:-1])
            places = self._x[::2][loud]
        if not np.array_equal(places, source.data["x"]):
            source.data = {"x": places}

    def show_model(self, index: int, shown: bool) -> None:
        """Show or hide the triangles of a model."""
        self._loud[index][1].visible = shown


def thin_ticks(fig, pieces: Pieces) -> None:
    """Write as many wavelengths below a figure of all pieces as it is wide for."""
    wavelengths = pieces.overview_ticks()
    ticks = pieces.to_plot(wavelengths)
    span = fig.x_range.end - fig.x_range.start
    least = _TICK_ROOM * span / inner_width(fig)
    kept: list[int] = []
    for place, x in enumerate(ticks):
        if not kept or x - ticks[kept[-1]] >= least:
            kept.append(place)
    texts = [number(wavelength) for wavelength in wavelengths[kept]]
    set_ticks(fig.xaxis[0], ticks[kept], texts)


def bins_of(pieces: Pieces) -> np.ndarray:
    """Edges of the bins of the envelope, as indices into the plotted pixels.

    No bin holds pixels of two pieces; the break between two pieces is its own bin.
    """
    breaks = np.flatnonzero(pieces.pixels < 0)
    per_bin = max(len(pieces.pixels) // _COLUMNS, 1)
    edges = set(breaks.tolist()) | set((breaks + 1).tolist()) | {len(pieces.pixels)}
    starts = [0, *(breaks + 1).tolist()]
    stops = [*breaks.tolist(), len(pieces.pixels)]
    for start, stop in zip(starts, stops, strict=True):
        edges |= set(range(start, stop, per_bin))
    return np.array(sorted(edges))
