"""The residual stack: stars below each other by a label, residuals as colours.

Blue: a star absorbs more than its model; a vertical streak is a line that the model
lacks. Arrays come in, a Bokeh figure goes out; no Panel here.
"""

from collections.abc import Sequence

import numpy as np
from bokeh.models import (
    ColumnDataSource,
    LinearColorMapper,
    LinearScale,
    Range1d,
)

from stellar_gui.plots.pieces import CutTicks, Pieces
from stellar_gui.plots.style import (
    NO_COLOR,
    Painter,
    blend,
    set_ticks,
    without,
    zoom_by_wheel,
)
from stellar_gui.plots.survey_density import (
    BORDERS,
    draw_gaps,
    draw_picked,
    gaps_of,
    wavelength_axis,
    window_tools,
)

_BYTES = 255
_ZERO = 128  # byte of no residual; 0 is nothing known
_HALF = 127
_N_TICKS = 4
_MARK = 6  # px


def signed_bytes(values, reach: float) -> np.ndarray:
    """Return values as uint8: 1 to 255 from -reach to reach, 0 where unknown.

    >>> signed_bytes(np.array([[-9.0, 0.0, 2.0, np.nan]]), 4.0).tolist()
    [[1, 128, 192, 0]]
    """
    values = np.asarray(values, dtype=np.float32)
    coded = np.rint(_ZERO + _HALF * np.clip(values / reach, -1.0, 1.0))
    return np.nan_to_num(coded, nan=0.0).astype(np.uint8)


def diverging(painter: Painter) -> list[str]:
    """Return 255 colours, from residuals below zero to those above."""
    tokens = painter.tokens
    below = blend(tokens.zscore_negative, tokens.surface, _HALF + 1)
    return [*below, *blend(tokens.surface, tokens.zscore_positive, _HALF + 1)[1:]]


class StackPlot:
    """Rows of stars; ``figure`` shares its window with the densities above it."""

    def __init__(self, painter: Painter, x_range: Range1d, picked: ColumnDataSource):
        self.painter = painter
        self._mapper = LinearColorMapper(low=0, high=_BYTES, palette=[NO_COLOR])
        empty = {"image": [], "x": [], "y": [], "dw": [], "dh": []}
        self._image = ColumnDataSource(empty, name="stack-image")
        self._star = ColumnDataSource({"y": []}, name="stack-star")
        self._ends = ColumnDataSource({"x": [], "y": [], "angle": []})
        self._groups = [ColumnDataSource({"y": []}, name=f"stack-{g}") for g in "ab"]
        self._gaps = ColumnDataSource({"left": [], "right": []})
        self._ticks = CutTicks()
        self.figure = self._figure(x_range, picked)
        self.repaint()

    def _figure(self, x_range, picked):
        painter = self.painter
        fig = painter.figure(
            x_range=x_range,
            y_range=Range1d(0, 1),
            borders=(3, BORDERS[1], 40, BORDERS[0]),
            x_title="wavelength / Å",
            y_title="stars",
            tools=window_tools(),
            sizing_mode="stretch_both",
            min_height=120,
            name="survey-stack",
        )
        without(fig, *fig.ygrid)
        zoom_by_wheel(fig)
        fig.yaxis.axis_line_color = None
        fig.yaxis.major_tick_line_color = None
        wavelength_axis(fig, self._ticks)
        draw_gaps(fig, painter, self._gaps)
        fig.image(
            "image",
            x="x",
            y="y",
            dw="dw",
            dh="dh",
            source=self._image,
            color_mapper=self._mapper,
        )
        fig.extra_x_ranges = {"share": Range1d(0, 100)}
        fig.extra_x_scales = {"share": LinearScale()}
        for source, token, x in zip(
            self._groups, ("ink", None), (1.5, 4.5), strict=True
        ):
            marks = fig.scatter(
                x, "y", source=source, x_range_name="share", size=_MARK, line_width=1.2
            )
            painter.glyph(marks, line_color="ink", fill_color=token or "surface")
        line = fig.hspan("y", source=self._star, line_width=1.3, level="overlay")
        painter.glyph(line, line_color="picked")
        ends = fig.scatter(
            "x",
            "y",
            source=self._ends,
            x_range_name="share",
            marker="triangle",
            angle="angle",
            size=9,
            line_color=None,
            level="overlay",
        )
        painter.glyph(ends, fill_color="picked")
        draw_picked(fig, painter, picked)
        return fig

    # ---- what is shown

    def set_pieces(self, pieces: Pieces, medium: str) -> None:
        """Draw the axis of another wavelength grid."""
        self._gaps.data = gaps_of(pieces)
        self._ticks.set_pieces(pieces)
        words = f"wavelength / Å ({medium})"
        cut = " · pieces cut together, ticks true" if len(pieces) > 1 else ""
        self.figure.xaxis.axis_label = words + cut

    def set_rows(self, image, low: float, high: float, reach: float) -> None:
        """Draw residuals (n_rows, n_columns) between two plotted coordinates.

        The first row is the lowest; reach: residual of the strongest colour.
        """
        n_rows = len(image)
        self.figure.y_range.update(start=0, end=max(n_rows, 1))
        self._image.data = {
            "image": [signed_bytes(image, reach)],
            "x": [low],
            "y": [0.0],
            "dw": [high - low],
            "dh": [float(max(n_rows, 1))],
        }

    def clear(self) -> None:
        """Draw nothing."""
        self._image.data = {name: [] for name in self._image.data}
        self.mark_star(None)

    def set_sorting(self, title: str, rows: Sequence[float], texts) -> None:
        """Say what the rows are sorted by, and its value at some of them."""
        self.figure.yaxis.axis_label = f"stars, sorted by {title}"
        set_ticks(self.figure.yaxis[0], rows, texts)

    def mark_star(self, row: int | None) -> None:
        """Mark the row of the selected star, or none."""
        y = [] if row is None else [row + 0.5]
        self._star.data = {"y": y}
        self._ends.data = {
            "x": [0.5, 99.5] if y else [],
            "y": y * 2,
            "angle": [-np.pi / 2, np.pi / 2] if y else [],
        }

    def mark_groups(self, a, b) -> None:
        """Mark rows of two groups at the left: A filled, B open."""
        for source, rows in zip(self._groups, (a, b), strict=True):
            source.data = {"y": np.unique(np.asarray(rows, dtype=int)) + 0.5}

    def repaint(self) -> None:
        """Take the colours of the painter's theme for the image."""
        self._mapper.palette = [NO_COLOR, *diverging(self.painter)]


def tick_rows(values) -> tuple[list[float], list[float]]:
    """Return heights of about five evenly spread rows, and the values there.

    values (n_rows,), NaN where unknown.

    >>> tick_rows([0.0, 1.0, 2.0, float("nan")])
    ([0.5, 1.5, 2.5], [0.0, 1.0, 2.0])
    """
    values = np.asarray(values, dtype=float)
    known = np.flatnonzero(np.isfinite(values))
    if not known.size:
        return [], []
    picks = np.unique(np.linspace(0, len(known) - 1, _N_TICKS + 1).round().astype(int))
    rows = known[picks]
    return (rows + 0.5).tolist(), values[rows].tolist()
