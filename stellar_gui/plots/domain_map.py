"""Maps of stars in the plane, linked: the same points in each, from two domains.

All maps draw one table of points, so that it is sent once. What is chosen of it, groups
(see `plots.map_groups`) and the picked star, stands on the layer above, which alone is
painted anew. Arrays come in, Bokeh figures go out; no Panel here.
"""

from collections.abc import Sequence

import numpy as np
from bokeh.events import MouseLeave, MouseMove, SelectionGeometry, Tap
from bokeh.models import (
    ColumnDataSource,
    CustomJS,
    LassoSelectTool,
    LinearColorMapper,
    PanTool,
    Range1d,
    WheelZoomTool,
)

from stellar_gui.plots.map_groups import MapGroups
from stellar_gui.plots.pixels import read_js
from stellar_gui.plots.style import (
    Painter,
    inner_width,
    sequential,
    without,
    zoom_by_wheel,
)

_NOTHING = "rgba(0, 0, 0, 0)"
_HIDDEN = -1.0  # shade of a point that is not drawn; others lie in 0 to 1
_MARGIN = 0.05  # of the extent of a map
_REACH = 12.0  # px from a click within which a point is meant
_SAY = """document.dispatchEvent(new CustomEvent("stellar-map-pointer",
  {detail: {map, x: cb_obj.x ?? null, y: cb_obj.y ?? null}}))"""


class MapFigures:
    """Linked maps, ``figures``, one for each name; `set_points` fills them.

    ``groups``: the marked points.
    """

    def __init__(self, painter: Painter, names: Sequence[str]):
        self._painter = painter
        self._order = np.empty(0, dtype=int)
        self._points = np.empty((0, len(names), 2))
        self._hidden = np.empty(0, dtype=bool)
        self._shade = np.empty(0)
        self._mapper = LinearColorMapper(low=0.0, high=1.0, low_color=_NOTHING)
        self.by_domain = True
        self.source = ColumnDataSource(self._columns(), name="map-points")
        self._picked = ColumnDataSource(self._no_star(), name="map-picked")
        self._dots = []
        shade = {"field": "shade", "transform": self._mapper}
        self.groups = MapGroups(painter, self._member_columns, shade)
        self.figures = [self._figure(k, name) for k, name in enumerate(names)]
        for place, fig in enumerate(self.figures):
            self._answer_at_once(place, fig)
        self.repaint()

    # ---- building

    def _figure(self, place, name):
        fig = self._painter.figure(
            x_range=Range1d(0, 1),
            y_range=Range1d(0, 1),
            borders=(4, 8, 4, 8),
            tools=[PanTool(), WheelZoomTool(), self._lasso_tool()],
            sizing_mode="stretch_both",
            min_height=100,
            lod_threshold=None,  # nothing is left out, moving neither
            name=name,
        )
        without(fig, *fig.xaxis, *fig.yaxis, *fig.ygrid)
        zoom_by_wheel(fig)
        fig.toolbar.active_drag = fig.select_one(LassoSelectTool)
        self._draw_points(fig, place)
        self.groups.draw_in(fig, place)
        self._draw_star(fig, place)
        for event in (MouseMove, MouseLeave):
            fig.js_on_event(event, CustomJS(args={"map": place}, code=_SAY))
        return fig

    def _answer_at_once(self, place, fig):
        """Have the browser show what a click or a lasso chooses; the server follows."""
        pick = {
            "source": self.source,
            "picked": self._picked,
            "figure": fig,
            "place": place,
            "reach": _REACH,
            "hidden": _HIDDEN,
        }
        fig.js_on_event(Tap, CustomJS(args=pick, code=read_js("pick_point.js")))
        mark = {"source": self.source, "place": place, **self.groups.for_the_browser}
        answer = CustomJS(args=mark, code=read_js("lasso_points.js"))
        fig.js_on_event(SelectionGeometry, answer)

    def _lasso_tool(self):
        tool = LassoSelectTool(continuous=False, renderers=[])
        tool.overlay.update(fill_alpha=0.25, line_width=1.5, line_dash="solid")
        self._painter.paint(tool.overlay, fill_color="grid", line_color="ink")
        return tool

    def _draw_points(self, fig, place):
        dots = fig.scatter(
            f"x_{place}",
            f"y_{place}",
            source=self.source,
            fill_color={"field": "shade", "transform": self._mapper},
            line_color=None,
            size=4,
            fill_alpha=0.7,
        )
        dots.update(nonselection_glyph=None, muted_glyph=None)
        self._dots.append(dots)

    def _draw_star(self, fig, place):
        ring = fig.scatter(
            f"x_{place}",
            f"y_{place}",
            source=self._picked,
            size=15,
            line_width=2.4,
            fill_alpha=0.25,
            level="overlay",
        )
        self._painter.glyph(ring, line_color="picked", fill_color="surface")
        dot = fig.scatter(
            f"x_{place}",
            f"y_{place}",
            source=self._picked,
            size=5,
            line_color=None,
            level="overlay",
        )
        self._painter.glyph(dot, fill_color="picked")

    # ---- points

    def set_points(self, points, is_obs, names, facts, seed: int = 0) -> None:
        """Draw other points: points (n, n_maps, 2), is_obs (n,) bool, names (n,).

        facts: further columns (n,) for the readout, by name. A point without a place
        in a map is NaN there. Neither domain lies on top: the order is shuffled.
        """
        self._points = np.array(points, dtype=float)
        self._order = np.random.default_rng(seed).permutation(len(self._points))
        self._hidden = np.zeros(len(self._points), dtype=bool)
        self._is_obs = np.asarray(is_obs, dtype=bool)
        self.by_domain = True
        self._shade = self._is_obs.astype(np.float32)
        self.source.data = self._columns(names, facts)
        self.groups.mark([], [])
        size = _size(len(self._points))
        for dots in self._dots:
            dots.glyph.size = size
        self.groups.resize(size)
        self._repaint_shades()
        self.reset()

    def move(self, place: int, points) -> None:
        """Draw all points elsewhere in one map, points (n, 2)."""
        self._points[:, place] = points
        columns = self._columns_of(place)
        self.source.data.update(columns)
        self.groups.redraw()
        self.reset(place)

    def _columns_of(self, place):
        x, y = self._points[self._order, place].astype(np.float32).T
        return {f"x_{place}": x, f"y_{place}": y}

    def _columns(self, names=(), facts=None):
        order = self._order
        columns = {"shade": np.empty(0, dtype=np.float32), "obs": [], "name": []}
        for place in range(self._points.shape[1]):
            columns |= self._columns_of(place)
        if len(order):
            columns["name"] = np.asarray(names)[order].tolist()
            columns["obs"] = self._is_obs[order].astype(np.uint8)
            columns["shade"] = self._shown_shade()[order]
        for name, column in (facts or {}).items():
            columns[name] = np.asarray(column, dtype=np.float32)[order]
        return columns

    def _member_columns(self, rows):
        """Points (m,) as few columns as drawing needs: many rows would be slow."""
        rows = np.asarray(rows, dtype=int)
        columns = {"shade": self._shown_shade()[rows]}
        for place in range(self._points.shape[1]):
            x, y = self._points[rows, place].astype(np.float32).T
            columns |= {f"x_{place}": x, f"y_{place}": y}
        return columns

    def _shown_shade(self):
        return np.where(self._hidden, _HIDDEN, self._shade).astype(np.float32)

    def colour(self, shade=None, hidden=None) -> None:
        """Colour by shade (n,), 0 to 1, NaN where unknown; by the domain if None.

        hidden (n,) bool: points that are not drawn.
        """
        self.by_domain = shade is None
        self._shade = self._is_obs if shade is None else np.clip(shade, 0.0, 1.0)
        if hidden is not None:
            self._hidden = np.asarray(hidden, dtype=bool)
        self._repaint_shades()
        self.source.data.update(shade=self._shown_shade()[self._order])
        self.groups.redraw()

    def reset(self, place: int | None = None) -> None:
        """Show all points of one map, or of all."""
        for k, fig in enumerate(self.figures):
            if place not in (None, k) or not len(self._points):
                continue
            for axis, axis_range in enumerate((fig.x_range, fig.y_range)):
                values = self._points[:, k, axis]
                values = values[np.isfinite(values)]
                if values.size:
                    low, high = float(values.min()), float(values.max())
                    margin = _MARGIN * max(high - low, 1e-6)
                    axis_range.update(start=low - margin, end=high + margin)

    def nearest(self, place: int, x: float, y: float) -> int | None:
        """The point that a click at (x, y) in a map means; None if none is near."""
        fig, scale = self.figures[place], []
        sizes = inner_width(fig), _inner_height(fig)
        for axis_range, size in zip((fig.x_range, fig.y_range), sizes, strict=True):
            scale.append(size / abs(axis_range.end - axis_range.start))
        away = (self._points[:, place] - (x, y)) * scale  # px
        distance = np.hypot(*away.T)
        distance[self._hidden | ~np.isfinite(distance)] = np.inf
        if not len(distance) or distance.min() > _REACH:
            return None
        return int(distance.argmin())

    # ---- what is chosen

    def pick(self, points=None) -> None:
        """Ring a star in every map, points (n_maps, 2), NaN where it has no place."""
        places = self._no_star()
        if points is not None:
            for k, (x, y) in enumerate(np.asarray(points, dtype=float)):
                places |= {f"x_{k}": [float(x)], f"y_{k}": [float(y)]}
        if repr(places) != repr(dict(self._picked.data)):  # NaN is equal to itself here
            self._picked.data = places

    def _no_star(self):
        return {f"{c}_{k}": [] for k in range(self._points.shape[1]) for c in "xy"}

    # ---- theme

    def repaint(self) -> None:
        """Take the colours of the painter's theme for what it does not know of."""
        self._repaint_shades()

    def _repaint_shades(self):
        tokens = self._painter.tokens
        domains = [tokens.synthetic_domain, tokens.observed_domain]
        palette = domains if self.by_domain else sequential(self._painter.theme)
        self._mapper.update(palette=palette, nan_color=tokens.masked_ink)


def _size(n_points):
    """Diameter of a point, px: many are drawn small."""
    return 5.0 if n_points < 1500 else 4.0 if n_points < 4500 else 3.2


def _inner_height(fig):
    from bokeh.core.property.descriptors import UnsetValueError

    try:
        return fig.inner_height or 260
    except UnsetValueError:
        return 260
