"""What a transfer adds, and which element it adds it for.

Figure 4 of O'Briain et al. (2021): below each other, in the window of the page, the
synthetic spectrum, the transferred one, their difference with the features that an
element explains in its colour, and the difference of the derivatives by these elements.
No Panel here.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from bokeh.core.properties import value
from bokeh.events import DoubleTap, Tap
from bokeh.layouts import column
from bokeh.models import (
    ColumnDataSource,
    LinearScale,
    PanTool,
    Range1d,
    WheelZoomTool,
)

from stellar_gui.plots.derivatives import MOST_CURVES, Curve, dashes_of, flux_ticks
from stellar_gui.plots.element_map import BORDERS, mark_picked
from stellar_gui.plots.pieces import CutTicks, Pieces
from stellar_gui.plots.pointer import send_pointer
from stellar_gui.plots.style import FONT, Painter, set_ticks, zoom_by_wheel
from stellar_gui.plots.windowed import Windowed

_PANELS = ("synthetic", "transferred", "difference", "derivatives")
_TITLES = {
    "synthetic": "synthetic",
    "transferred": "transferred, with the observed spectrum",
    "difference": "transferred − synthetic",
    "derivatives": "∂f/∂[X/H], transferred − synthetic",
}
_Y_TITLES = {"synthetic": "flux", "transferred": "flux", "difference": "Δ flux"}
_AXIS = 40  # px for the wavelengths of the last panel
_LEAST_SPAN = 1e-4  # of flux


class FourPanels:
    """The four figures in a column, ``layout``; ``window`` is their plotted range.

    ``least`` has for "difference" and "derivatives" the size from which on a value
    counts; both are marked there, and never drawn as if less filled the plot.
    """

    def __init__(
        self,
        painter: Painter,
        window: Range1d,
        picked: ColumnDataSource,
        least: Mapping[str, float],
    ):
        self._painter, self._window, self._least = painter, window, dict(least)
        self._titles: dict[str, ColumnDataSource] = {}
        self._pieces: Pieces | None = None
        self._shown: dict[str, list[np.ndarray]] = {}
        self._pixels = Windowed(self._empty(), window, "four-panels")
        self.source = self._pixels.all
        self.figures = {name: self._figure(name, picked) for name in _PANELS}
        self._draw()
        self._pixels.follow(self.figures[_PANELS[-1]])
        self._ticks = CutTicks()
        for name, fig in self.figures.items():
            self._ticks.attach(fig.xaxis[0], labelled=name == _PANELS[-1])
        send_pointer(self.figures.values())
        self.layout = column(
            *self.figures.values(), sizing_mode="stretch_both", spacing=0
        )

    @property
    def names(self) -> list[str]:
        """Names of the figures, as the browser finds them."""
        return [fig.name for fig in self.figures.values()]

    def _figure(self, name, picked):
        painter, last = self._painter, name == _PANELS[-1]
        fig = painter.figure(
            x_range=self._window,
            y_range=Range1d(0, 1),
            borders=(4, BORDERS[1], _AXIS if last else 4, BORDERS[0]),
            x_title="wavelength / Å" if last else None,
            y_title=_Y_TITLES.get(name, "per 0.1 dex"),
            tools=[
                PanTool(dimensions="width"),
                WheelZoomTool(dimensions="width", zoom_on_axis=False),
            ],
            sizing_mode="stretch_both",
            min_height=80,
            name=f"panel-{name}",
        )
        zoom_by_wheel(fig)
        fig.yaxis.axis_line_color = None
        fig.yaxis.major_tick_line_color = None
        if not last:
            fig.xaxis.axis_line_color = None
        fig.extra_x_ranges = {"share": Range1d(0, 1)}
        fig.extra_x_scales = {"share": LinearScale()}
        fig.extra_y_ranges = {"share": Range1d(0, 1)}
        fig.extra_y_scales = {"share": LinearScale()}
        title = fig.text(
            [0.006],
            [0.93],
            [f" {_TITLES[name]} "],
            x_range_name="share",
            y_range_name="share",
            text_font=value(FONT),
            text_font_size="11px",
            text_baseline="middle",
            background_fill_alpha=0.85,
        )
        painter.glyph(title, text_color="ink2", background_fill_color="surface")
        self._titles[name] = title.data_source
        mark_picked(fig, painter, picked)
        return fig

    def _draw(self):
        painter, source = self._painter, self._pixels.shown
        looks = [
            ("synthetic", "synthetic", "synthetic_domain", 1.4),
            ("transferred", "observed", "masked_ink", 1.0),
            ("transferred", "transferred", "observed_domain", 1.4),
            ("difference", "difference", "ink3", 1.0),
        ]
        for panel, name, token, width in looks:
            line = self.figures[panel].line("x", name, source=source, line_width=width)
            painter.glyph(line, line_color=token)
        for panel, least in self._least.items():
            fig = self.figures[panel]
            painter.glyph(fig.hspan(y=[0], level="underlay"), line_color="axis")
            guides = fig.hspan(y=[-least, least], level="underlay", line_dash=[2, 4])
            painter.glyph(guides, line_color="masked_ink")
        self._features = self._curve_lines("difference", "feature", 2.4)
        self._lines = self._curve_lines("derivatives", "line", 1.6)

    def _curve_lines(self, panel, name, width):
        lines = []
        for k in range(MOST_CURVES):
            line = self.figures[panel].line(
                "x",
                f"{name}_{k}",
                source=self._pixels.shown,
                line_width=width,
                visible=False,
            )
            line.update(nonselection_glyph=None, muted_glyph=None)
            lines.append(line)
        return lines

    def _empty(self):
        names = ["x", "synthetic", "transferred", "observed", "difference"]
        for k in range(MOST_CURVES):
            names += [f"feature_{k}", f"line_{k}"]
        return dict.fromkeys(names, np.empty(0, dtype=np.float32))

    # ---- what is shown

    def set_pieces(self, pieces: Pieces, medium: str) -> None:
        """Prepare for another wavelength grid; `set_spectra` must follow."""
        self._pieces = pieces
        self._ticks.set_pieces(pieces)
        self.figures[_PANELS[-1]].xaxis.axis_label = f"wavelength / Å ({medium})"

    def set_spectra(
        self,
        synthetic,
        transferred,
        observed,
        explained,
        curves: Sequence[Curve],
    ) -> None:
        """Draw the spectra (n_pixels,) of a star, and what ``curves`` say of it.

        explained (n_pixels,): place of the curve whose element explains the difference
        there, -1 for none; curves: differences of derivatives. `say` should follow.
        """
        arrange = self._pieces.arrange
        difference = np.asarray(transferred) - np.asarray(synthetic)
        columns = {
            "x": self._pieces.x,
            "synthetic": arrange(synthetic),
            "transferred": arrange(transferred),
            "observed": arrange(observed),
            "difference": arrange(difference),
        }
        dashes = dashes_of([curve.token for curve in curves])
        nothing = np.full(len(self._pieces.x), np.nan, dtype=np.float32)
        for k in range(MOST_CURVES):
            shown = k < len(curves)
            columns[f"feature_{k}"] = columns[f"line_{k}"] = nothing
            for line in (self._features[k], self._lines[k]):
                line.visible = shown
            if shown:
                own = _widened(np.asarray(explained) == k)
                columns[f"feature_{k}"] = arrange(np.where(own, difference, np.nan))
                columns[f"line_{k}"] = arrange(curves[k].values)
                self._lines[k].glyph.line_dash = dashes[k]
                for line in (self._features[k], self._lines[k]):
                    self._painter.forget([line.glyph])
                    self._painter.paint(line.glyph, line_color=curves[k].token)
        self.source.data = columns
        self._shown = {
            "synthetic": [columns["synthetic"]],
            "transferred": [columns["transferred"], columns["observed"]],
            "difference": [columns["difference"]],
            "derivatives": [columns[f"line_{k}"] for k in range(len(curves))],
        }
        self.fit()

    def say(self, words: Mapping[str, str]) -> None:
        """Write below which size nothing counts, and what does, into panels by name."""
        for name, title in self._titles.items():
            parts = [part for part in (_TITLES[name], words.get(name)) if part]
            text = [f" {': '.join(parts)} "]
            if title.data["text"] != text:
                title.data = {**title.data, "text": text}

    def clear(self) -> None:
        """Draw nothing."""
        self.say({})
        self._shown = {}
        self.source.data = self._empty()

    def on_tap(self, picked, reset) -> None:
        """Call ``picked(x)`` for a click and ``reset()`` for a double click."""
        for fig in self.figures.values():
            fig.on_event(Tap, lambda event: picked(event.x))
            fig.on_event(DoubleTap, lambda event: reset())

    def fit(self) -> None:
        """Choose the flux axes for what is in view."""
        if not self._shown:
            return
        x = self._pieces.x
        inside = (x >= self._window.start) & (x <= self._window.end)
        ranges = {
            name: _extent([curve[inside] for curve in curves])
            for name, curves in self._shown.items()
        }
        spectra = [ranges["synthetic"], ranges["transferred"]]
        both = min(low for low, _ in spectra), max(high for _, high in spectra)
        ranges |= {"synthetic": both, "transferred": both}
        for name, least in self._least.items():
            low, high = ranges[name]
            ranges[name] = min(low, -least), max(high, least)
        for name, (low, high) in ranges.items():
            span = max(high - low, _LEAST_SPAN)
            low, high = low - 0.06 * span, high + 0.24 * span
            self.figures[name].y_range.update(start=low, end=high)
            set_ticks(self.figures[name].yaxis[0], *flux_ticks(low, high))


def _extent(curves):
    """The least and the largest of curves in view."""
    values = np.concatenate(curves) if curves else np.zeros(1)
    values = values[np.isfinite(values)].astype(float)
    return (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)


def _widened(mask):
    """A mask with one pixel more on each side, so that colours join the line."""
    wide = mask.copy()
    wide[1:] |= mask[:-1]
    wide[:-1] |= mask[1:]
    return wide
