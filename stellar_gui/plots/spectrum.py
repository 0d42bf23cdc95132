"""The figures of one star: overview, fit and one residual strip per model.

Built once; a change of star, window, model or theme updates them in place. Arrays come
in, Bokeh models go out: no Panel here.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from bokeh.layouts import column, row
from bokeh.models import PanTool, Range1d, Spacer, WheelZoomTool

from stellar_gui.plots import overview, residuals
from stellar_gui.plots.fit import NAME_MARGIN, NAME_ROOM, FitPlot
from stellar_gui.plots.line_names import Lines, capacity, strongest
from stellar_gui.plots.overview import Overview
from stellar_gui.plots.pieces import CutTicks, Pieces
from stellar_gui.plots.pixels import PixelSource
from stellar_gui.plots.residuals import ResidualStrip, difference_unit
from stellar_gui.plots.style import Painter, inner_width, without, zoom_by_wheel

SIDE_WIDTH = 84  # px; the column of numbers and histograms
_BORDERS = (54, 8)  # left and right of all stacked plots, px
_AXIS_HEIGHT = 46
_NARROWEST_VIEW = 1.0  # Angstrom
_SAME_WINDOW = 0.02  # Angstrom


class Drawn(NamedTuple):
    """How a model is drawn: its name, colour token and dash pattern."""

    name: str
    token: str
    dash: str = "solid"


class StarArrays(NamedTuple):
    """One star as arrays of (n_pixels,); ``fits`` per model, None without a fit."""

    flux: np.ndarray
    ivar: np.ndarray
    normalised: bool
    fits: Sequence[tuple[np.ndarray, np.ndarray] | None]  # (model_flux, zscore)
    reasons: Sequence[str | None]  # why there is no fit


class SpectrumFigures:
    """All figures of a star's spectrum in one Bokeh layout, ``layout``.

    ``x_range`` is the window in plotted coordinates. Beside the fit there is room for
    numbers, SIDE_WIDTH wide; `side_margins` says where.
    """

    def __init__(self, painter: Painter, models: Sequence[Drawn]):
        self.models = tuple(models)
        self.pieces: Pieces | None = None
        self.x_range = Range1d(0, 1, min_interval=_NARROWEST_VIEW)
        self.pixels = PixelSource(len(self.models), self.x_range)
        self.overview = Overview(
            painter,
            self.x_range,
            [model.token for model in self.models],
            right=SIDE_WIDTH + _BORDERS[1],
        )
        self.fit = FitPlot(
            painter,
            self.pixels,
            [(model.token, model.dash) for model in self.models],
            self.x_range,
            _BORDERS,
            _window_tools(),
        )
        self.strips = [
            ResidualStrip(
                painter,
                self.pixels,
                index,
                model.name,
                model.token,
                self.x_range,
                _BORDERS,
                SIDE_WIDTH,
                _window_tools(),
            )
            for index, model in enumerate(self.models)
        ]
        self.axis = _axis_figure(painter, self.x_range)
        self.pixels.follow(self.fit.figure)
        for fig in (self.overview.figure, *self.linked):
            self.pixels.watch_window(fig)
        for fig in self.linked:
            zoom_by_wheel(fig)
        self._ticks = CutTicks()
        self._ticks.attach(self.fit.figure.xaxis[0], labelled=False)
        self._ticks.attach(self.axis.xaxis[0], labelled=True)
        self._sigma = np.full(1, np.nan)
        self._star: StarArrays | None = None
        self.layout = self._arrange()

    def _arrange(self):
        side = {"width": SIDE_WIDTH, "margin": 0}
        room = Spacer(sizing_mode="stretch_height", **side)
        rows = [
            self.overview.figure,
            row(self.fit.figure, room, sizing_mode="stretch_both", spacing=0),
        ]
        for strip in self.strips:
            rows.append(
                row(strip.figure, strip.side, sizing_mode="stretch_width", spacing=0)
            )
        gap = Spacer(height=_AXIS_HEIGHT, **side)
        rows.append(row(self.axis, gap, sizing_mode="stretch_width", spacing=0))
        return column(*rows, sizing_mode="stretch_both", spacing=0, name="spectrum")

    @property
    def linked(self) -> list:
        """The figures that share the window: fit and strips."""
        return [self.fit.figure, *(strip.figure for strip in self.strips)]

    @property
    def side_margins(self) -> tuple[int, int]:
        """Pixels above and below the room beside the fit, within the layout."""
        shown = sum(strip.figure.visible for strip in self.strips)
        return overview.HEIGHT, _AXIS_HEIGHT + shown * residuals.HEIGHT

    @property
    def names(self) -> list[str]:
        """Names of all figures, as the browser finds them."""
        strips = [fig for strip in self.strips for fig in (strip.figure, strip.side)]
        figures = [self.overview.figure, self.fit.figure, *strips, self.axis]
        return [fig.name for fig in figures]

    def retire(self) -> None:
        """Give up all names, for the figures that will replace these."""
        for model in self.layout.references():
            if model.name is not None:
                model.name = None

    def set_grid(self, pieces: Pieces, medium: str) -> None:
        """Prepare for stars on another wavelength grid; `set_star` must follow."""
        self.pieces = pieces
        margin = 0.01 * pieces.end
        self.x_range.bounds = (-margin, pieces.end + margin)
        self.overview.set_pieces(pieces)
        self._ticks.set_pieces(pieces)
        self.axis.xaxis.axis_label = f"wavelength / Å ({medium})"
        self._star = None

    def set_star(self, star: StarArrays) -> None:
        """Draw another star on the grid of `set_grid`."""
        new_grid = self._star is None
        self._star = star
        good = np.asarray(star.ivar) > 0
        flux = np.where(good, star.flux, np.nan)
        with np.errstate(divide="ignore"):
            self._sigma = 1.0 / np.sqrt(np.asarray(star.ivar, dtype=float))
        self.pixels.set(self.pieces, flux, star.ivar, star.fits, new_grid=new_grid)
        self._level = _continuum(flux, star.normalised)
        self.overview.set_star(self.pieces, flux, self._level, new_grid=new_grid)
        self.fit.set_masked(self.pieces, good)
        for index, strip in enumerate(self.strips):
            fitted = star.fits[index]
            zscore = None if fitted is None else fitted[1]
            strip.set_star(zscore, star.reasons[index])
            self.overview.set_loud(index, self.pieces, zscore)
        self._fit_flux_range()

    def set_window(self, low: float, high: float) -> bool:
        """Show low to high, Angstrom; False if no data lie there."""
        plotted = self.pieces.to_window(low, high)
        if plotted is None:
            return False
        now = (self.x_range.start, self.x_range.end)
        if not np.allclose(plotted, now, rtol=0, atol=_SAME_WINDOW):
            self.x_range.update(start=plotted[0], end=plotted[1])
            self._fit_flux_range()
        return True

    @property
    def window(self) -> tuple[float, float]:
        """The window in view, Angstrom."""
        low, high = self.pieces.to_wavelength([self.x_range.start, self.x_range.end])
        return float(low), float(high)

    def _fit_flux_range(self):
        """Choose the flux axis for what is in view, in steps: it keeps still."""
        star = self._star
        if star is None:
            return
        x = self.pieces.x
        inside = (x >= self.x_range.start) & (x <= self.x_range.end)
        pixels = self.pieces.pixels[inside]
        pixels = pixels[pixels >= 0]
        curves = [np.where(star.ivar > 0, star.flux, np.nan)[pixels]]
        curves += [fitted[0][pixels] for fitted in star.fits if fitted is not None]
        lows = [_third_lowest(curve) for curve in curves]
        low = np.nanmin([*lows, 0.95 * self._level]) / self._level
        low = np.clip(np.floor((low - 0.02) * 10) / 10 - 0.02, -0.12, 0.78)
        self.fit.set_flux_range(
            low * self._level, self._level, normalised=star.normalised
        )

    def set_names(self, lines: Lines | None, shift: float = 1.0) -> None:
        """Name the strongest lines in view; shift: observed over listed wavelength.

        None, or lines that say nothing of what is in view, give their room back.
        """
        span = self.x_range.end - self.x_range.start
        scale = inner_width(self.fit.figure) / span  # px per Angstrom
        low, high = np.array(self.window) / shift
        unknown = lines is None or not lines.covers(low, high)
        self.fit.make_room(not unknown)
        if unknown or self._star is None:
            self.fit.set_names(self.pieces, strongest(_NO_LINES, 0, 0, 0), scale)
            return
        margin = NAME_MARGIN / scale
        count = capacity(NAME_ROOM / scale, margin, span - margin)
        named = strongest(lines, low, high, count, self._depth_at(shift))
        named = named._replace(wavelength=named.wavelength * shift)
        inside = np.isfinite(self.pieces.to_plot(named.wavelength))
        self.fit.set_names(self.pieces, _chosen(named, inside), scale)

    def _depth_at(self, shift):
        """Depth of the spectrum at listed wavelengths, of a model if there is one."""
        star = self._star
        curve = next((fit[0] for fit in star.fits if fit is not None), star.flux)
        pixels = self.pieces.pixels[self.pieces.pixels >= 0]
        wavelength = self.pieces.wavelength[self.pieces.pixels >= 0]
        depth = 1.0 - np.asarray(curve, dtype=float)[pixels] / self._level
        return lambda listed: np.interp(listed * shift, wavelength, depth)

    def show_model(self, index: int, shown: bool) -> None:
        """Show or hide everything of one model."""
        self.fit.show_model(index, shown)
        self.overview.show_model(index, shown)
        self.strips[index].show(shown)

    def show_difference(self, shown: bool) -> None:
        """Draw residuals as flux differences instead of z-scores, or back."""
        unit = difference_unit(self._sigma) if shown else 0.0
        self.pixels.show_difference(unit)
        for strip in self.strips:
            strip.show_unit(unit)

    def pick(self, wavelength: float | None, text: str = "") -> None:
        """Mark a wavelength in fit and strips, or none."""
        x = None if wavelength is None else float(self.pieces.to_plot(wavelength))
        if x is not None and not np.isfinite(x):
            x = None
        self.pixels.pick(x)
        self.fit.pick(x, text)


_NO_LINES = Lines(np.empty(0), np.empty(0, dtype=str), np.empty(0))


def _window_tools():
    """Drag pans, the wheel zooms, both in wavelength only."""
    pan = PanTool(dimensions="width")
    zoom = WheelZoomTool(dimensions="width", zoom_on_axis=False)
    return [pan, zoom]


def _axis_figure(painter, x_range):
    """The wavelength axis as a figure of its own: it stays where strips are hidden."""
    fig = painter.figure(
        height=_AXIS_HEIGHT,
        x_range=x_range,
        borders=(0, _BORDERS[1], _AXIS_HEIGHT - 6, _BORDERS[0]),
        x_title="wavelength / Å",
        name="wavelength-axis",
    )
    without(fig, *fig.yaxis, *fig.ygrid)
    fig.line([], [])  # Bokeh warns of a figure that draws nothing
    return fig


def _continuum(flux, normalised):
    """The level that the fit is scaled to: 1, or that of un-normalised flux."""
    if normalised:
        return 1.0
    finite = flux[np.isfinite(flux)]
    level = float(np.percentile(finite, 95)) if finite.size else 1.0
    return level if level > 0 else 1.0


def _third_lowest(curve):
    """A lowest value that two bad pixels cannot set."""
    finite = curve[np.isfinite(curve)]
    if not finite.size:
        return np.nan
    return float(np.partition(finite, min(2, finite.size - 1))[min(2, finite.size - 1)])


def _chosen(named, which):
    keep = np.flatnonzero(which)
    return named._replace(
        wavelength=named.wavelength[keep],
        text=[named.text[k] for k in keep],
        also=[named.also[k] for k in keep],
    )
