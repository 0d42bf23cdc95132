"""A strip of residual z-scores under the fit, and its histogram turned sideways."""

import numpy as np
from bokeh.core.properties import value
from bokeh.models import ColumnDataSource, LinearScale, Range1d

from stellar_gui.plots.pixels import PixelSource
from stellar_gui.plots.style import FONT, Painter, number, set_ticks, without

HEIGHT = 74
ZSCORE_RANGE = 5.6
_BINS = np.linspace(-ZSCORE_RANGE, ZSCORE_RANGE, 29)
_PEAK = 0.5  # right end of the histogram's axis; N(0, 1) peaks at 0.4


def histogram(zscore) -> np.ndarray:
    """Probability density of z-scores in the strip's bins, (n_bins,).

    Pixels beyond the range count in the total, so that the area shows what is missing.

    >>> float(histogram(np.zeros(10)).max().round(2))
    2.5
    """
    finite = np.asarray(zscore)[np.isfinite(zscore)]
    counts, _ = np.histogram(finite, _BINS)
    return counts / max(finite.size, 1) / np.diff(_BINS)


class ResidualStrip:
    """One model's residuals in view, linked in wavelength, and those of all pixels."""

    def __init__(
        self,
        painter: Painter,
        pixels: PixelSource,
        index: int,
        title: str,
        token: str,
        x_range: Range1d,
        borders: tuple[int, int],
        side_width: int,
        tools,
    ):
        left, right = borders
        self._token, self._index = token, index
        y_range = Range1d(-ZSCORE_RANGE, ZSCORE_RANGE)
        self.figure = painter.figure(
            height=HEIGHT,
            x_range=x_range,
            y_range=y_range,
            borders=(2, right, 2, left),
            y_title="z-score",
            tools=tools,
            name=f"residuals-{index}",
        )
        self._draw_guides(painter)
        self._draw_residuals(painter, pixels, index)
        self._write(painter, title)
        self._histogram = ColumnDataSource(
            {"bottom": _BINS[:-1], "top": _BINS[1:], "density": np.zeros(28)},
            name=f"density-{index}",
        )
        self.side = self._side(painter, y_range, side_width, f"histogram-{index}")
        self.show_unit(0.0)

    def _draw_guides(self, painter):
        fig = self.figure
        without(fig, *fig.xaxis, *fig.ygrid)
        fig.yaxis.axis_line_color = None
        fig.yaxis.major_tick_line_color = None
        band = fig.hstrip(
            y0=[-1], y1=[1], fill_alpha=0.75, line_color=None, level="underlay"
        )
        zero = fig.hspan(y=[0], level="underlay")
        guides = fig.hspan(y=[-3, 3], line_dash=[2, 3])
        painter.glyph(band, fill_color="masked_ground")
        painter.glyph(zero, line_color="axis")
        painter.glyph(guides, line_color="masked_ink")

    def _draw_residuals(self, painter, pixels, index):
        fig, source = self.figure, pixels.shown
        area = fig.varea_step(
            "x", 0, f"area_{index}", source=source, step_mode="center", alpha=0.25
        )
        line = fig.step("x", f"line_{index}", source=source, mode="center", width=1.1)
        dots = fig.scatter("x", f"beyond_{index}", source=source, size=5)
        picked = fig.vspan("x", source=pixels.picked, line_dash=[2, 3])
        painter.glyph(area, fill_color=self._token)
        painter.glyph(line, line_color=self._token)
        painter.glyph(dots, fill_color=self._token, line_color=self._token)
        painter.glyph(picked, line_color="picked")

    def _write(self, painter, title):
        """Name and reason stand still while wavelengths move below them."""
        fig = self.figure
        fig.extra_x_ranges = {"share": Range1d(0, 1)}
        fig.extra_x_scales = {"share": LinearScale()}
        self._reason = ColumnDataSource({"text": [""]}, name=f"reason-{self._index}")
        look = {
            "x_range_name": "share",
            "text_font": value(FONT),
            "text_font_size": "12px",
            "text_baseline": "middle",
            "background_fill_alpha": 0.85,
        }
        name = fig.text([0.007], [4.1], [f" {title} "], text_font_style="bold", **look)
        reason = fig.text(0.012, 0.0, "text", source=self._reason, **look)
        painter.glyph(name, text_color=self._token, background_fill_color="surface")
        painter.glyph(reason, text_color="ink2", background_fill_color="surface")

    def _side(self, painter, y_range, width, name):
        fig = painter.figure(
            width=width,
            height=HEIGHT,
            x_range=Range1d(0, _PEAK),
            y_range=y_range,
            borders=(2, 10, 2, 4),
            name=name,
        )
        without(fig, *fig.axis, *fig.ygrid)
        bars = fig.quad(
            left=0,
            right="density",
            bottom="bottom",
            top="top",
            source=self._histogram,
            fill_alpha=0.4,
            line_color=None,
        )
        painter.glyph(bars, fill_color=self._token)
        z = np.linspace(-ZSCORE_RANGE, ZSCORE_RANGE, 90)
        curve = fig.line(np.exp(-z * z / 2) / np.sqrt(2 * np.pi), z, line_width=1.2)
        painter.glyph(curve, line_color="ink2")
        return fig

    def set_star(self, zscore, reason: str | None) -> None:
        """Show another star; zscore (n_pixels,) or None, and then the reason why."""
        density = np.zeros(28) if zscore is None else histogram(zscore)
        self._histogram.data.update(density=density)
        text = f" {reason} " if reason else ""
        if self._reason.data["text"] != [text]:
            self._reason.data = {"text": [text]}

    def show_unit(self, unit: float) -> None:
        """Write the axis for z-scores (0) or for a flux difference of ``unit`` at 3."""
        if unit:
            decimals = max(int(np.ceil(-np.log10(unit) - 1e-9)), 0)
            texts = [number(v, decimals) for v in (-unit, 0, unit)]
        else:
            texts = [number(v) for v in (-3, 0, 3)]
        set_ticks(self.figure.yaxis[0], [-3, 0, 3], texts)
        self.figure.yaxis.axis_label = "Δ flux" if unit else "z-score"

    def show(self, shown: bool) -> None:
        """Show or hide strip and histogram."""
        self.figure.visible = shown
        self.side.visible = shown


def difference_unit(sigma) -> float:
    """The round flux difference nearest above three typical sigma.

    >>> difference_unit(np.array([0.011, 0.012, np.inf]))
    0.05
    """
    finite = np.asarray(sigma)[np.isfinite(sigma)]
    if not finite.size:
        return 0.1
    raw = 3.0 * float(np.median(finite))
    power = 10.0 ** np.floor(np.log10(raw))
    return float(
        np.round(next(m * power for m in (1, 2, 5, 10) if m * power >= raw), 9)
    )
