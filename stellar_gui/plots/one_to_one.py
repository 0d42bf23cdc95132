"""Inferred against reference labels, up to four planes, and histograms of pulls.

Arrays come in, Bokeh figures go out; colours come from the painter.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from bokeh.layouts import column, row
from bokeh.models import ColumnDataSource, Label, Node, Range1d, Slope

from stellar_gui.plots.star_points import StarPoints, round_ticks, tick_decimals
from stellar_gui.plots.style import FONT, Painter, number, set_ticks, without

N_PLANES = 4
_MARGIN = 0.12  # of the span of the reference
_ROOM = 2.2  # height of a histogram's figure over its highest bar, for words
_FAR = 0.5  # of the span: farther points do not stretch the axes
_BORDERS = (4, 8, 36, 44)


class Plane(NamedTuple):
    """One label of all stars, (n_stars,) each; words stand in the corner."""

    title: str  # "Teff / K"
    reference: np.ndarray
    inferred: np.ndarray
    words: Sequence[str]
    ringed: np.ndarray


class Histogram(NamedTuple):
    """How often values lie in bins, beside what is expected."""

    title: str
    edges: np.ndarray
    counts: np.ndarray
    expected: np.ndarray
    words: Sequence[str]


def limits(reference, inferred) -> tuple[float, float]:
    """Return the axis of both: all of the reference, and what is not far from it.

    >>> limits(np.array([0.0, 1.0]), np.array([0.1, 40.0]))
    (-0.12, 1.12)
    """
    both = np.isfinite(reference) & np.isfinite(inferred)
    given, found = reference[both], inferred[both]
    if not given.size:
        return 0.0, 1.0
    low, high = float(given.min()), float(given.max())
    span = max(high - low, 1e-3)
    near = found[(found > low - _FAR * span) & (found < high + _FAR * span)]
    if near.size:
        low, high = min(low, float(near.min())), max(high, float(near.max()))
    return low - _MARGIN * span, high + _MARGIN * span


class OneToOnePlot:
    """Four planes, ``layout``; `set` shows labels, hidden where there are fewer."""

    def __init__(self, painter: Painter):
        self._painter = painter
        self.points = StarPoints(painter, N_PLANES, "one-to-one")
        self.figures, self._words = [], []
        for plane in range(N_PLANES):
            fig = small_figure(painter, f"one-to-one-{plane}")
            fig.add_layout(
                painter.paint(
                    Slope(gradient=1, y_intercept=0, line_width=1), line_color="ink2"
                )
            )
            self.points.draw(fig, plane)
            self.figures.append(fig)
            self._words.append(corner_words(painter, fig))
        self.layout = grid(self.figures)

    def set(self, planes: Sequence[Plane], shade, token: str) -> None:
        """Show labels of all stars; shade and token as in `StarPoints.set`."""
        n_stars = len(planes[0].reference) if planes else 0
        points = np.full((n_stars, N_PLANES, 2), np.nan)
        for place, fig in enumerate(self.figures):
            fig.visible = place < len(planes)
        for place, plane in enumerate(planes):
            points[:, place] = np.stack([plane.reference, plane.inferred], axis=1)
            self._set_axes(place, plane)
        self.points.set(points, shade, token, [plane.ringed for plane in planes])

    def _set_axes(self, place, plane):
        fig = self.figures[place]
        low, high = limits(plane.reference, plane.inferred)
        ticks = round_ticks(low, high)
        texts = [number(tick, tick_decimals(ticks)) for tick in ticks]
        for axis, axis_range in ((fig.xaxis, fig.x_range), (fig.yaxis, fig.y_range)):
            axis_range.update(start=low, end=high)
            set_ticks(axis[0], ticks, texts)
        fig.xaxis.axis_label = f"reference {plane.title}"
        outside = plane.inferred[np.isfinite(plane.reference)]
        n_outside = int(((outside < low) | (outside > high)).sum())
        words = [*plane.words, f"{n_outside} outside"] if n_outside else plane.words
        self._words[place].text = "\n".join(words)


class PullPlot:
    """Histograms of pulls for up to four labels, ``layout``."""

    def __init__(self, painter: Painter):
        self.figures, self._words, self._bars, self._lines = [], [], [], []
        for place in range(N_PLANES):
            fig = small_figure(painter, f"pulls-{place}")
            bars = ColumnDataSource({"left": [], "right": [], "top": []})
            line = ColumnDataSource({"x": [], "y": []})
            quad = fig.quad(
                "left", "right", bottom=0, top="top", source=bars, line_width=1
            )
            painter.glyph(quad, fill_color="ink3", line_color="surface")
            curve = fig.line("x", "y", source=line, line_width=1.8, line_dash=[5, 3])
            painter.glyph(curve, line_color="ink")
            self._bars.append((bars, quad))
            self._lines.append(line)
            self.figures.append(fig)
            self._words.append(corner_words(painter, fig))
        self._painter = painter
        self.layout = grid(self.figures)

    def set(self, histograms: Sequence[Histogram], token: str) -> None:
        """Show histograms, bars in the colour ``token``."""
        for place, fig in enumerate(self.figures):
            fig.visible = place < len(histograms)
        for place, histogram in enumerate(histograms):
            edges, fig = histogram.edges, self.figures[place]
            bars, quad = self._bars[place]
            self._painter.forget([quad.glyph])
            self._painter.paint(quad.glyph, fill_color=token, line_color="surface")
            bars.data = {
                "left": edges[:-1],
                "right": edges[1:],
                "top": histogram.counts,
            }
            middle = (edges[:-1] + edges[1:]) / 2
            self._lines[place].data = {"x": middle, "y": histogram.expected}
            top = float(max(histogram.counts.max(), histogram.expected.max(), 1))
            fig.x_range.update(start=float(edges[0]), end=float(edges[-1]))
            fig.y_range.update(start=0, end=_ROOM * top)
            set_ticks(fig.xaxis[0], [-3, 0, 3], [number(t) for t in (-3, 0, 3)])
            ticks = round_ticks(0, top, 2)
            set_ticks(fig.yaxis[0], ticks, [number(tick) for tick in ticks])
            fig.xaxis.axis_label = f"Δ/σ of {histogram.title}"
            self._words[place].text = "\n".join(histogram.words)


def small_figure(painter: Painter, name: str):
    """A figure of a grid, with room for few ticks."""
    fig = painter.figure(
        x_range=Range1d(0, 1),
        y_range=Range1d(0, 1),
        borders=_BORDERS,
        sizing_mode="stretch_both",
        min_height=90,
        min_width=120,
        lod_threshold=None,
        name=name,
    )
    without(fig, *fig.ygrid)
    return fig


def corner_words(painter: Painter, fig) -> Label:
    """Words in the upper left corner of a figure."""
    label = Label(
        x=Node(target="frame", symbol="left", offset=6),
        y=Node(target="frame", symbol="top", offset=3),
        text_font=FONT,
        text_font_size="11px",
        text_baseline="top",
        text_line_height=1.25,
        background_fill_alpha=0.7,
    )
    painter.paint(label, text_color="ink2", background_fill_color="surface")
    fig.add_layout(label)
    return label


def grid(figures):
    """Two figures in a row."""
    rows = [
        row(*figures[k : k + 2], sizing_mode="stretch_both", spacing=0)
        for k in range(0, len(figures), 2)
    ]
    return column(*rows, sizing_mode="stretch_both", spacing=0)
