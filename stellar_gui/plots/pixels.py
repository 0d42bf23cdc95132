"""The pixels behind the figures of one star: all of them, and in the browser those
in view.

The server sends flux, sigma, models and z-scores of all pixels once per star. The
browser cuts out what the window shows, so that pan and zoom need no server and a
change of star paints a thousand pixels, not all.
"""

import numpy as np
from bokeh.events import RangesUpdate
from bokeh.models import ColumnDataSource, CustomJS, Range1d

from stellar_gui.paths import assets
from stellar_gui.plots.pieces import Pieces

ZSCORE_EDGE = 5.5  # z-scores beyond are drawn here, with a dot


def read_js(name: str) -> str:
    """The text of one of the package's scripts."""
    return (assets() / "js" / name).read_text()


class PixelSource:
    """All pixels of a star in plotted order, and the few that the figures draw.

    Columns of ``all``: x (plotted), wavelength (Angstrom), flux, sigma and for each
    model i model_i, zscore_i. Columns of ``shown``, made in the browser: x, flux, low,
    high, and for each model model_i, line_i, area_i, beyond_i. ``settled`` says, in
    plotted coordinates, what window a user has moved to; ``picked`` has the x of the
    picked pixel, if any.
    """

    def __init__(self, n_models: int, x_range: Range1d):
        self.n_models = n_models
        self.all = ColumnDataSource(self._empty(), name="pixels")
        self.shown = ColumnDataSource(self._nothing_shown(), name="pixels-in-view")
        self.picked = ColumnDataSource({"x": []}, name="picked")
        self.scale = ColumnDataSource({"unit": [0.0]})
        self._slice = CustomJS(
            args={
                "all": self.all,
                "shown": self.shown,
                "scale": self.scale,
                "x_range": x_range,
                "edge": ZSCORE_EDGE,
            },
            code=read_js("slice_window.js"),
        )
        for source in (self.all, self.scale):
            source.js_on_change("data", self._slice)
        for side in ("start", "end"):
            x_range.js_on_change(side, self._slice)
        self.settled = ColumnDataSource({"start": [], "end": []}, name="settled")
        self._settle = CustomJS(
            args={"settled": self.settled, "x_range": x_range},
            code=read_js("settle_window.js"),
        )

    def follow(self, fig) -> None:
        """Cut the window anew when a figure is laid out, as on the first paint."""
        fig.js_on_change("inner_width", self._slice)

    def watch_window(self, fig) -> None:
        """Have ``settled`` hear where a user's pan, zoom or drag in a figure ends."""
        fig.js_on_event(RangesUpdate, self._settle)

    def set(self, pieces: Pieces, flux, ivar, models, *, new_grid: bool) -> None:
        """Show another star.

        flux, ivar (n_pixels,); models: for each model (model_flux, zscore), (n_pixels,)
        each, or None where there is no fit. Only columns that change are sent.
        """
        good = np.asarray(ivar) > 0
        sigma = np.full(good.shape, np.nan)
        sigma[good] = 1.0 / np.sqrt(np.asarray(ivar, dtype=float)[good])
        columns = {
            "flux": pieces.arrange(np.where(good, flux, np.nan)),
            "sigma": pieces.arrange(sigma),
        }
        nothing = np.full(len(pieces.pixels), np.nan, dtype=np.float32)
        for i, fit in enumerate(models):
            model, zscore = (
                (nothing, nothing) if fit is None else map(pieces.arrange, fit)
            )
            columns |= {f"model_{i}": model, f"zscore_{i}": zscore}
        if new_grid:
            self.all.data = {"x": pieces.x, "wavelength": pieces.wavelength, **columns}
        else:
            self.all.data.update(columns)

    def pick(self, x: float | None) -> None:
        """Mark a plotted coordinate in all figures, or none."""
        self.picked.data = {"x": [] if x is None else [x]}

    def show_difference(self, unit: float) -> None:
        """Draw flux differences, ``unit`` where a z-score of 3 is; 0 for z-scores."""
        if self.scale.data["unit"] != [float(unit)]:
            self.scale.data = {"unit": [float(unit)]}

    def _empty(self):
        empty = np.empty(0, dtype=np.float32)
        names = ["x", "wavelength", "flux", "sigma"]
        for i in range(self.n_models):
            names += [f"model_{i}", f"zscore_{i}"]
        return dict.fromkeys(names, empty)

    def _nothing_shown(self):
        empty = np.zeros(1, dtype=np.float32)  # Bokeh's step area never ends on none
        names = ["x", "flux", "low", "high"]
        for i in range(self.n_models):
            names += [f"model_{i}", f"line_{i}", f"area_{i}", f"beyond_{i}"]
        return dict.fromkeys(names, empty)
