"""How residuals of many stars are distributed along the spectrum: a density image.

The image is made on the server, a byte a cell; the browser gives it the colours of the
theme. Arrays come in, a Bokeh figure goes out; no Panel here.
"""

from typing import NamedTuple

import numpy as np
from bokeh.models import (
    ColumnDataSource,
    CustomJSTickFormatter,
    Label,
    LinearColorMapper,
    LinearScale,
    Node,
    PanTool,
    Range1d,
    Span,
    WheelZoomTool,
)

from stellar_gui.plots.pieces import CutTicks, Pieces
from stellar_gui.plots.style import (
    FONT,
    NO_COLOR,
    Painter,
    blend,
    set_ticks,
    without,
    zoom_by_wheel,
)

BORDERS = (62, 14)  # left and right of all figures of the card, px
_BYTES = 255
_DARKEST = 99.0  # percentile of the shares that are drawn as the darkest
_MOSTLY = 0.5  # more of a column's stars beyond the axis are marked at its edge
_MINUS = "return (tick < 0 ? '\u2212' : '') + Math.abs(tick)"


class Picture(NamedTuple):
    """What is drawn between two plotted coordinates.

    share (n_bins, n_columns): of a column's stars in each bin, lowest first, NaN in
    gaps; below, above, mean, std (n_columns,); reach: values at the axis's ends.
    """

    low: float
    high: float
    share: np.ndarray
    below: np.ndarray
    above: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    reach: tuple[float, float]


def as_bytes(share) -> np.ndarray:
    """Return shares (n_bins, n_columns) as uint8, by their square root; 0 is nothing.

    >>> as_bytes(np.array([[0.0, 0.25, 1.0, np.nan]])).tolist()
    [[0, 128, 255, 0]]
    """
    share = np.nan_to_num(np.asarray(share, dtype=float))
    full = np.percentile(share[share > 0], _DARKEST) if (share > 0).any() else 1.0
    return np.rint(_BYTES * np.sqrt(np.clip(share / full, 0.0, 1.0))).astype(np.uint8)


def window_tools() -> list:
    """Drag pans, the wheel zooms, both in wavelength only."""
    zoom = WheelZoomTool(dimensions="width", zoom_on_axis=False)
    return [PanTool(dimensions="width"), zoom]


class DensityPlot:
    """The residuals of all stars by one model; ``figure`` shares its window."""

    def __init__(
        self, painter: Painter, x_range: Range1d, picked: ColumnDataSource, name: str
    ):
        """picked: has the plotted ``x`` of the picked pixel, if there is any."""
        self._painter = painter
        self._mapper = LinearColorMapper(low=0, high=_BYTES, palette=[NO_COLOR])
        self._image = ColumnDataSource(_no_image(), name=f"{name}-image")
        self._lines = ColumnDataSource(_no_lines(), name=f"{name}-lines")
        self._beyond = ColumnDataSource({"x": [], "y": [], "angle": []})
        self._gaps = ColumnDataSource({"left": [], "right": []})
        self.figure = self._figure(x_range, picked, name)
        self.repaint()

    def _figure(self, x_range, picked, name):
        painter = self._painter
        fig = painter.figure(
            x_range=x_range,
            y_range=Range1d(-5.6, 5.6),
            borders=(3, BORDERS[1], 3, BORDERS[0]),
            y_title="z-score",
            tools=window_tools(),
            sizing_mode="stretch_both",
            min_height=70,
            name=name,
        )
        without(fig, *fig.xaxis, *fig.ygrid)
        zoom_by_wheel(fig)
        fig.yaxis.axis_line_color = None
        fig.yaxis.formatter = CustomJSTickFormatter(code=_MINUS)
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
        self._guides = [Span(dimension="width", line_width=1) for _ in range(3)]
        for guide in self._guides:
            guide.line_dash = [3, 3]
            fig.add_layout(painter.paint(guide, line_color="masked_ink"))
        self._curves = []
        for column, width, alpha in (
            ("mean", 1, 0.9),
            ("low", 0.7, 0.5),
            ("high", 0.7, 0.5),
        ):
            line = fig.line("x", column, source=self._lines)
            line.glyph.update(line_width=width, line_alpha=alpha)
            self._curves.append(painter.glyph(line, line_color="ink2").glyph)
        marks = fig.scatter(
            "x", "y", source=self._beyond, marker="triangle", angle="angle", size=5
        )
        painter.glyph(marks, fill_color="ink", line_color="surface")
        draw_picked(fig, painter, picked)
        self._title, self._words = (self._label("left"), self._label("right"))
        for label in (self._title, self._words):
            fig.add_layout(label)
        painter.paint(self._words, text_color="ink2", background_fill_color="surface")
        return fig

    def _label(self, side):
        """Words over the image at its upper edge, from the left or to the right."""
        away = {"left": 6, "right": -6}[side]
        return Label(
            x=Node(target="frame", symbol=side, offset=away),
            y=Node(target="frame", symbol="top", offset=2),
            text_font=FONT,
            text_font_size="12px",
            text_align=side,
            text_baseline="top",
            background_fill_alpha=0.75,
        )

    # ---- what is shown

    def set_pieces(self, pieces: Pieces) -> None:
        """Draw the gaps of another wavelength grid."""
        self._gaps.data = gaps_of(pieces)

    def set_title(self, text: str, token: str) -> None:
        """Say whose residuals these are, in the model's colour."""
        self._title.text = text
        self._painter.forget([self._title, *self._curves])
        self._painter.paint(
            self._title, text_color=token, background_fill_color="surface"
        )
        for curve in self._curves:
            self._painter.paint(curve, line_color=token)

    def set_words(self, text: str) -> None:
        """Write numbers across from the title."""
        self._words.text = text

    def set_axis(self, reach: tuple[float, float], title: str, guides) -> None:
        """Draw z-scores or flux differences; guides: lower, zero, upper line."""
        self.figure.y_range.update(start=reach[0], end=reach[1])
        self.figure.yaxis.axis_label = title
        for guide, at in zip(self._guides, guides, strict=True):
            guide.location = at
        set_ticks(
            self.figure.yaxis[0],
            guides,
            [f"{g:g}".replace("-", "\u2212") for g in guides],
        )

    def set_picture(self, picture: Picture | None) -> None:
        """Draw the residuals, or none."""
        if picture is None:
            self._image.data, self._lines.data = _no_image(), _no_lines()
            self._beyond.data = {"x": [], "y": [], "angle": []}
            return
        n_columns = len(picture.mean)
        edges = np.linspace(picture.low, picture.high, n_columns + 1)
        x = (edges[:-1] + edges[1:]) / 2
        low, high = picture.reach
        self._image.data = {
            "image": [as_bytes(picture.share)],
            "x": [picture.low],
            "y": [low],
            "dw": [picture.high - picture.low],
            "dh": [high - low],
        }
        sides = {
            "mean": picture.mean,
            "low": picture.mean - picture.std,
            "high": picture.mean + picture.std,
        }
        clipped = {
            k: np.clip(v, low, high).astype(np.float32) for k, v in sides.items()
        }
        self._lines.data = {"x": x, **clipped}
        at = [np.nan_to_num(s) > _MOSTLY for s in (picture.below, picture.above)]
        inset = 0.03 * (high - low)
        self._beyond.data = {
            "x": np.concatenate([x[a] for a in at]),
            "y": np.repeat([low + inset, high - inset], [a.sum() for a in at]),
            "angle": np.repeat([np.pi, 0.0], [a.sum() for a in at]),
        }

    def repaint(self) -> None:
        """Take the colours of the painter's theme for the image."""
        tokens = self._painter.tokens
        colors = blend(tokens.surface, tokens.observed, _BYTES + 1)
        self._mapper.palette = [NO_COLOR, *colors[1:]]


def _no_image():
    return {"image": [], "x": [], "y": [], "dw": [], "dh": []}


def _no_lines():
    return {"x": [], "mean": [], "low": [], "high": []}


def gaps_of(pieces: Pieces) -> dict[str, np.ndarray]:
    """Where nothing is measured, between pieces, in plotted coordinates."""
    stop = pieces.start + pieces.high - pieces.low
    return {"left": stop[:-1], "right": pieces.start[1:]}


def draw_gaps(fig, painter: Painter, source: ColumnDataSource) -> None:
    """Tint the gaps of a figure over its full height."""
    fig.extra_y_ranges = {"share": Range1d(0, 1)}
    fig.extra_y_scales = {"share": LinearScale()}
    gaps = fig.quad(
        "left",
        "right",
        bottom=0,
        top=1,
        source=source,
        y_range_name="share",
        line_color=None,
        level="underlay",
    )
    painter.glyph(gaps, fill_color="masked_ground")


def draw_picked(fig, painter: Painter, source: ColumnDataSource) -> None:
    """Mark the picked pixel by a dashed line."""
    # above the image, which then need not be painted anew
    picked = fig.vspan(
        "x", source=source, line_dash=[4, 3], line_width=1.4, level="overlay"
    )
    painter.glyph(picked, line_color="picked")


def wavelength_axis(fig, ticks: CutTicks) -> None:
    """Write true wavelengths below a figure of the gap-cut axis."""
    ticks.attach(fig.xaxis[0], labelled=True)
    fig.xaxis.axis_line_color = None
