"""Stars as points of a figure: coloured by a quantity, two groups and one star marked.

Shared by figures of one or several planes. All draw one table of points, so that it is
sent once; marks stand on the layer above, which alone is painted anew. No Panel here.
"""

from collections.abc import Sequence

import numpy as np
from bokeh.core.property.descriptors import UnsetValueError
from bokeh.models import ColumnDataSource, LinearColorMapper

from stellar_gui.plots.style import Painter, inner_width, sequential

_REACH = 12.0  # px from a click within which a point is meant
_LIKELY_HEIGHT = 130  # px


class StarPoints:
    """Points (n_stars, n_planes, 2) for `draw` in a figure for each plane."""

    def __init__(self, painter: Painter, n_planes: int, name: str):
        self._painter, self._n_planes = painter, n_planes
        self._mapper = LinearColorMapper(low=0.0, high=1.0)
        self._token, self._by_quantity = "ink2", False
        self._points = np.empty((0, n_planes, 2))
        self.source = ColumnDataSource(self._columns([]), name=name)
        self._rings = [ColumnDataSource({"x": [], "y": []}) for _ in range(n_planes)]
        self._groups = [
            ColumnDataSource(self._places([]), name=f"{name}-{g}") for g in "ab"
        ]
        self._star = ColumnDataSource(self._places([]), name=f"{name}-star")
        self._dots = []
        self.repaint()

    def draw(self, fig, plane: int) -> None:
        """Draw the points of a plane and all marks in a figure."""
        x, y = f"x_{plane}", f"y_{plane}"
        shade = {"field": "shade", "transform": self._mapper}
        dots = fig.scatter(
            x, y, source=self.source, size=4, line_color=None, fill_alpha=0.75
        )
        dots.glyph.fill_color = shade
        dots.update(nonselection_glyph=None, muted_glyph=None)
        self._dots.append(dots)
        rings = fig.scatter(
            "x", "y", source=self._rings[plane], size=9, line_width=1.4, fill_color=None
        )
        self._painter.glyph(rings, line_color="bad")
        for source, fill in zip(self._groups, ("ink", "surface"), strict=True):
            members = fig.scatter(
                x, y, source=source, size=6, line_width=1.3, level="overlay"
            )
            self._painter.glyph(members, line_color="ink", fill_color=fill)
        star = fig.scatter(
            x, y, source=self._star, size=12, line_width=2.2, level="overlay"
        )
        star.glyph.fill_alpha = 0.25
        self._painter.glyph(star, line_color="picked", fill_color="surface")

    # ---- what is shown

    def set(self, points, shade, token: str, rings=()) -> None:
        """Show other points (n_stars, n_planes, 2), NaN where there is none.

        shade (n_stars,) from 0 to 1, NaN unknown; None: all in the colour ``token``.
        rings: for each plane, which stars (n_stars,) bool are ringed.
        """
        self._points = np.asarray(points, dtype=float)
        self._by_quantity, self._token = shade is not None, token
        columns = self._columns(np.arange(len(self._points)))
        columns["shade"] = np.zeros(len(self._points), dtype=np.float32)
        if shade is not None:
            columns["shade"] = np.asarray(shade, dtype=np.float32)
        self.source.data = columns
        for plane, which in enumerate(rings):
            x, y = self._points[which, plane].T
            self._rings[plane].data = {"x": x, "y": y}
        for dots in self._dots:
            dots.glyph.size = 4.5 if len(self._points) < 1500 else 3.2
        self.repaint()

    def mark_groups(self, a, b) -> None:
        """Mark places of two groups: A filled, B open."""
        for source, places in zip(self._groups, (a, b), strict=True):
            source.data = self._places(places)

    def mark_star(self, place: int | None) -> None:
        """Ring one star, or none."""
        self._star.data = self._places([] if place is None else [place])

    def nearest(self, fig, plane: int, x: float, y: float) -> int | None:
        """The star that a click at (x, y) means; None if none is near."""
        scale = []
        sizes = inner_width(fig), _inner_height(fig)
        for axis_range, size in zip((fig.x_range, fig.y_range), sizes, strict=True):
            scale.append(size / abs(axis_range.end - axis_range.start))
        distance = np.hypot(*((self._points[:, plane] - (x, y)) * scale).T)
        distance[~np.isfinite(distance)] = np.inf
        if not len(distance) or distance.min() > _REACH:
            return None
        return int(distance.argmin())

    def repaint(self) -> None:
        """Take the colours of the painter's theme."""
        tokens = self._painter.tokens
        own = [getattr(tokens, self._token)]
        palette = sequential(self._painter.theme) if self._by_quantity else own
        self._mapper.update(palette=palette, nan_color=tokens.masked_ink)

    def _columns(self, places):
        return {**self._places(places), "shade": []}

    def _places(self, places):
        places = np.asarray(places, dtype=int)
        places = places[places < len(self._points)]  # nothing may be drawn at all
        return {
            f"{letter}_{plane}": self._points[places, plane, axis].astype(np.float32)
            for plane in range(self._n_planes)
            for axis, letter in enumerate("xy")
        }


def _inner_height(fig):
    try:
        return fig.inner_height or _LIKELY_HEIGHT
    except UnsetValueError:
        return _LIKELY_HEIGHT


def round_ticks(low: float, high: float, n_ticks: int = 3) -> np.ndarray:
    """Return about ``n_ticks`` round numbers between low and high.

    >>> round_ticks(4212.0, 5090.0).tolist()
    [4500.0, 5000.0]
    """
    raw = (high - low) / n_ticks
    power = 10.0 ** np.floor(np.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    ticks = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    return np.round(ticks, 9)


def tick_decimals(ticks: Sequence[float]) -> int:
    """Digits that tell ticks apart.

    >>> tick_decimals([4500.0, 5000.0]), tick_decimals([-0.5, 0.0])
    (0, 1)
    """
    step = float(np.min(np.diff(ticks))) if len(ticks) > 1 else abs(float(ticks[0]))
    return int(max(0, np.ceil(-np.log10(step) - 1e-9))) if step > 0 else 0
