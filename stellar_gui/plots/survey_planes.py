"""Results of many stars in a plane of two labels, over the training set of a model.

The Kiel diagram, or [Mg/Fe] against [Fe/H]. Arrays come in, a Bokeh figure goes out.
"""

from typing import NamedTuple

import numpy as np
from bokeh.models import ColumnDataSource, Range1d

from stellar_gui.plots.star_points import StarPoints, round_ticks, tick_decimals
from stellar_gui.plots.style import Painter, number, set_ticks, without

_MOST_TRAINING = 4000  # more are thinned: they only show where the model has been
_ENDS = (0.2, 99.8)  # percentiles of what the axes hold
_MARGIN = 0.07


class PlaneAxes(NamedTuple):
    """Two labels of a plane as titles, and whether an axis runs backwards."""

    titles: tuple[str, str]
    reversed: tuple[bool, bool] = (False, False)


class PlanePlot:
    """One plane at a time, ``figure``; its ``points`` tell which star a click means."""

    def __init__(self, painter: Painter, name: str):
        self.points = StarPoints(painter, 1, f"{name}-points")
        self._training = ColumnDataSource({"x": [], "y": []})
        self.figure = painter.figure(
            x_range=Range1d(0, 1),
            y_range=Range1d(0, 1),
            borders=(6, 12, 40, 52),
            sizing_mode="stretch_both",
            min_height=160,
            lod_threshold=None,
            name=name,
        )
        without(self.figure, *self.figure.ygrid)
        dots = self.figure.scatter(
            "x", "y", source=self._training, size=3, line_color=None, alpha=0.5
        )
        painter.glyph(dots, fill_color="masked_ink")
        self.points.draw(self.figure, 0)

    def set(self, axes: PlaneAxes, points, training, shade, token: str) -> None:
        """Show stars (n_stars, 2) over the training set (n_training, 2) or None."""
        points = np.asarray(points, dtype=float)
        known = np.empty((0, 2)) if training is None else np.asarray(training, float)
        known = known[np.isfinite(known).all(axis=1)]
        thin = slice(None, None, max(1, -(-len(known) // _MOST_TRAINING)))
        x, y = known[thin].astype(np.float32).T
        self._training.data = {"x": x, "y": y}
        self._fit_axes(axes, np.concatenate([points, known]))
        self.points.set(points[:, np.newaxis], shade, token)

    def _fit_axes(self, axes, points):
        fig = self.figure
        fig.xaxis.axis_label, fig.yaxis.axis_label = axes.titles
        points = points[np.isfinite(points).all(axis=1)]
        if not len(points):
            return
        ranges = (fig.x_range, fig.y_range)
        for axis, (axis_range, shown) in enumerate(
            zip(ranges, (fig.xaxis[0], fig.yaxis[0]), strict=True)
        ):
            low, high = np.percentile(points[:, axis], _ENDS)
            margin = _MARGIN * max(high - low, 1e-3)
            ends = (float(low - margin), float(high + margin))
            ticks = round_ticks(*ends, 4)
            set_ticks(shown, ticks, [number(t, tick_decimals(ticks)) for t in ticks])
            start, end = reversed(ends) if axes.reversed[axis] else ends
            axis_range.update(start=start, end=end)
