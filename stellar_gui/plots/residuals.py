"""A strip of residual z-scores under the fit, and its histogram turned sideways."""

import numpy as np
from bokeh.models import ColumnDataSource, Label, Range1d, Span

from stellar_gui.plots.pixels import PixelSource
from stellar_gui.plots.style import FONT, Painter, number, set_ticks

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
        self._token = token
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
        self._draw_residuals(painter, pixels.shown, index)
        self.picked = vertical_line(painter, self.figure)
        self._write(painter, title)
        self._histogram = ColumnDataSource(
            {"bottom": _BINS[:-1], "top": _BINS[1:], "density": np.zeros(28)},
            name=f"density-{index}",
        )
        self.side = self._side(painter, y_range, side_width, f"histogram-{index}")
        self.show_unit(0.0)

    def _draw_guides(self, painter):
        fig = self.figure
        fig.ygrid.visible = False
        fig.xaxis.visible = False
        fig.yaxis.axis_line_color = None
        fig.yaxis.major_tick_line_color = None
        band = fig.hstrip(y0=[-1], y1=[1], fill_alpha=0.75, line_color=None)
        band.level = "underlay"
        painter.glyph(band, fill_color="masked_ground")
        for height in (-3, 3):
            guide = Span(location=height, dimension="width", line_dash=[2, 3])
            fig.add_layout(painter.paint(guide, line_color="masked_ink"))
        zero = Span(location=0, dimension="width", level="underlay")
        fig.add_layout(painter.paint(zero, line_color="axis"))

    def _draw_residuals(self, painter, source, index):
        fig = self.figure
        area = fig.varea_step(
            "x", 0, f"area_{index}", source=source, step_mode="center", alpha=0.25
        )
        line = fig.step("x", f"line_{index}", source=source, mode="center", width=1.1)
        dots = fig.scatter("x", f"beyond_{index}", source=source, size=5)
        painter.glyph(area, fill_color=self._token)
        painter.glyph(line, line_color=self._token)
        painter.glyph(dots, fill_color=self._token, line_color=self._token)

    def _write(self, painter, title):
        name = Label(
            x=6,
            y=HEIGHT - 22,
            x_units="screen",
            y_units="screen",
            text=f" {title} ",
            text_font=FONT,
            text_font_size="12px",
            text_font_style="bold",
            background_fill_alpha=0.85,
        )
        painter.paint(name, text_color=self._token, background_fill_color="surface")
        self._reason = Label(
            x=10,
            y=HEIGHT // 2 - 14,
            x_units="screen",
            y_units="screen",
            text="",
            text_font=FONT,
            text_font_size="12px",
            background_fill_alpha=0.9,
            visible=False,
        )
        painter.paint(self._reason, text_color="ink2", background_fill_color="surface")
        self.figure.add_layout(name)
        self.figure.add_layout(self._reason)

    def _side(self, painter, y_range, width, name):
        fig = painter.figure(
            width=width,
            height=HEIGHT,
            x_range=Range1d(0, _PEAK),
            y_range=y_range,
            borders=(2, 10, 2, 4),
            name=name,
        )
        fig.axis.visible = False
        fig.grid.visible = False
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
        self._reason.update(text=f" {reason} " if reason else "", visible=bool(reason))

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


def vertical_line(painter: Painter, fig) -> Span:
    """A hidden line at the picked pixel; set ``location`` and ``visible``."""
    line = Span(location=0, dimension="height", line_dash=[2, 3], visible=False)
    fig.add_layout(painter.paint(line, line_color="picked"))
    return line
