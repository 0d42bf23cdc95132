"""The Kiel diagram: Teff against log g, both reversed, with a zoom on one star.

Arrays come in, Bokeh figures go out; colours come from the painter.
"""

from typing import NamedTuple

import numpy as np
from bokeh.layouts import row
from bokeh.models import ColumnDataSource, Range1d

from stellar_gui.plots.style import REFERENCE_STYLE, Painter, number, set_ticks

ZOOM = (110.0, 0.24)  # least half widths of the zoom, K and dex
_ELLIPSE = np.linspace(0.0, 2.0 * np.pi, 49)
_MARGIN = 0.06  # of the range that the training set covers
_ENLARGE = 1.3
_LARGEST = 5.0  # times the least zoom; a fit farther away is off the map
_MAJORITY = 3  # fits, of which one can be alone
_MAX_POINTS = 4000  # more background stars are thinned: they only show where


class Point(NamedTuple):
    """One determination: (Teff, log g), covariance (2, 2) or None, and its look."""

    teff: float
    logg: float
    covariance: np.ndarray | None
    token: str
    marker: str


def error_ellipse(point: Point):
    """Return Teff and log g along the one-sigma ellipse, (49,) each; None without one.

    The contour where the chi² of two parameters taken singly is 1.

    >>> teff, logg = error_ellipse(Point(5000, 4, np.diag([100.0, 0.01]), "", ""))
    >>> float(teff.max()), round(float(logg.max()), 2)
    (5010.0, 4.1)
    """
    covariance = point.covariance
    if covariance is None or not np.isfinite(covariance).all():
        return None
    values, vectors = np.linalg.eigh(covariance)
    axes = vectors * np.sqrt(np.clip(values, 0.0, None))
    circle = np.array([np.cos(_ELLIPSE), np.sin(_ELLIPSE)])
    teff, logg = axes @ circle
    return point.teff + teff, point.logg + logg


def zoom_half_widths(points: list[Point]) -> tuple[float, float]:
    """Return half widths, K and dex, that hold all points around the first one.

    Never below `ZOOM`; beyond, in steps of it, so that the zoom keeps still, up to
    five times.
    """
    reach = np.array(ZOOM)
    for point in points:
        away = np.abs([point.teff - points[0].teff, point.logg - points[0].logg])
        if point.covariance is not None:
            away += np.sqrt(np.clip(np.diagonal(point.covariance), 0.0, None))
        if np.isfinite(away).all():
            reach = np.maximum(reach, _ENLARGE * away)
    step = np.ceil(np.max(reach / ZOOM) * 2) / 2 if (reach > ZOOM).any() else 1.0
    step = min(step, _LARGEST)
    return float(step * ZOOM[0]), float(step * ZOOM[1])


class KielPlot:
    """Overview and zoom side by side, ``layout``; `show` moves to another star."""

    def __init__(self, painter: Painter):
        self._background = ColumnDataSource({"teff": [], "logg": []})
        self._points = ColumnDataSource(_columns([], painter), name="kiel-points")
        self._ellipses = ColumnDataSource(_ellipse_columns([], painter))
        self._frame = ColumnDataSource(_frame(0, 0, 1, 1))
        self._painter = painter
        self._shown: list[Point] = []
        self.figure = self._overview()
        self.zoom = self._zoomed()
        self.layout = row(
            self.figure, self.zoom, sizing_mode="stretch_both", spacing=0, name="kiel"
        )

    def _overview(self):
        fig = self._painter.figure(
            x_range=Range1d(7000, 4000),
            y_range=Range1d(5, 0),
            borders=(4, 6, 44, 40),
            x_title="Teff / K",
            y_title="log g",
            sizing_mode="stretch_both",
            name="kiel-overview",
        )
        self._draw_background(fig, 3, 0.5)
        frame = fig.quad(source=self._frame, fill_color=None, line_width=1.2)
        self._painter.glyph(frame, line_color="ink")
        return fig

    def _zoomed(self):
        fig = self._painter.figure(
            width=147,
            x_range=Range1d(1, 0),
            y_range=Range1d(1, 0),
            borders=(4, 12, 44, 8),
            x_title="zoom",
            sizing_mode="stretch_height",
            name="kiel-zoom",
        )
        fig.yaxis.visible = False
        fig.ygrid.grid_line_color = None
        fig.outline_line_width = 1
        self._painter.paint(fig, outline_line_color="ink3")
        self._draw_background(fig, 3.5, 0.45)
        fig.patches(
            "teff",
            "logg",
            source=self._ellipses,
            fill_color="color",
            line_color="color",
            fill_alpha="alpha",
            line_dash="dash",
        )
        dots = fig.scatter(
            "teff", "logg", source=self._points, marker="marker", size="size"
        )
        dots.glyph.update(fill_color="fill", line_color="line", line_width=1.2)
        return fig

    def _draw_background(self, fig, size, alpha):
        dots = fig.scatter(
            "teff",
            "logg",
            source=self._background,
            size=size,
            alpha=alpha,
            line_color=None,
        )
        self._painter.glyph(dots, fill_color="masked_ink")

    def set_background(self, teff, logg) -> None:
        """Draw the stars that a model was trained on, (n,) each, and fit the axes."""
        known = np.isfinite(teff) & np.isfinite(logg)
        teff, logg = np.asarray(teff)[known], np.asarray(logg)[known]
        thin = slice(None, None, max(1, -(-len(teff) // _MAX_POINTS)))
        self._background.data = {
            "teff": teff[thin].astype(np.float32),
            "logg": logg[thin].astype(np.float32),
        }
        if len(teff):
            _fit_axis(self.figure.x_range, self.figure.xaxis[0], teff, (500, 1000), 0)
            _fit_axis(self.figure.y_range, self.figure.yaxis[0], logg, (1, 2), 0)

    def show(self, points: list[Point]) -> None:
        """Show one star; the zoom is centred on the reference, else amid the fits."""
        points = [p for p in points if np.isfinite([p.teff, p.logg]).all()]
        self._shown = points
        self._points.data = _columns(points, self._painter)
        self._ellipses.data = _ellipse_columns(points, self._painter)
        self.zoom.visible = bool(points)
        if not points:
            self._frame.data = _frame(0, 0, 0, 0)
            return
        centre = _centre(points)
        half_teff, half_logg = zoom_half_widths([centre, *points])
        teff, logg = centre.teff, centre.logg
        self._frame.data = _frame(teff, logg, half_teff, half_logg)
        self.zoom.x_range.update(start=teff + half_teff, end=teff - half_teff)
        self.zoom.y_range.update(start=logg + half_logg, end=logg - half_logg)
        off = sum(
            abs(p.teff - teff) > half_teff or abs(p.logg - logg) > half_logg
            for p in points
        )
        beyond = f", {off} beyond" if off else ""
        self.zoom.xaxis.axis_label = f"zoom ± {number(half_teff)} K{beyond}"
        step = 50 * round(half_teff / ZOOM[0])
        middle = round(teff / step) * step
        ticks = [middle + step, middle - step]
        set_ticks(self.zoom.xaxis[0], ticks, [number(tick) for tick in ticks])

    def repaint(self) -> None:
        """Take the colours of the painter's theme for what is drawn by column."""
        self._points.data = _columns(self._shown, self._painter)
        self._ellipses.data = _ellipse_columns(self._shown, self._painter)


def _centre(points):
    """The reference; without one the fit that most fits are near."""
    if points[0].marker == REFERENCE_STYLE.marker or len(points) < _MAJORITY:
        return points[0]
    places = np.array([[p.teff, p.logg] for p in points]) / ZOOM
    away = np.linalg.norm(places[:, None] - places, axis=2)
    return points[int(np.median(away, axis=1).argmin())]


def _fit_axis(axis_range, axis, values, steps, decimals):
    """Reversed range around the values, ticks at round ones."""
    low, high = np.percentile(values, [0.2, 99.8])
    margin = _MARGIN * max(high - low, 1e-3)
    axis_range.update(start=float(high + margin), end=float(low - margin))
    step = next((s for s in steps if (high - low) / s <= 4), steps[-1])
    first = np.ceil((low - margin) / step) * step
    ticks = np.arange(first, high + margin, step)
    set_ticks(axis, ticks, [number(tick, decimals) for tick in ticks])


def _frame(teff, logg, half_teff, half_logg):
    return {
        "left": [teff - half_teff],
        "right": [teff + half_teff],
        "bottom": [logg - half_logg],
        "top": [logg + half_logg],
    }


def _columns(points, painter):
    colors = [getattr(painter.tokens, point.token) for point in points]
    hollow = [point.marker == "diamond" for point in points]
    tokens = painter.tokens
    return {
        "teff": [point.teff for point in points],
        "logg": [point.logg for point in points],
        "marker": [point.marker for point in points],
        "size": [13 if open_ else 7 for open_ in hollow],
        "fill": [
            "rgba(0,0,0,0)" if h else c for c, h in zip(colors, hollow, strict=True)
        ],
        "line": [tokens.ink if h else tokens.surface for h in hollow],
    }


def _ellipse_columns(points, painter):
    drawn = [(error_ellipse(point), point) for point in points]
    drawn = [(ellipse, point) for ellipse, point in drawn if ellipse is not None]
    return {
        "teff": [ellipse[0] for ellipse, _ in drawn],
        "logg": [ellipse[1] for ellipse, _ in drawn],
        "color": [getattr(painter.tokens, point.token) for _, point in drawn],
        "alpha": [0.1 if point.marker == "diamond" else 0.22 for _, point in drawn],
        "dash": ["3 3" if point.marker == "diamond" else "solid" for _, point in drawn],
    }
