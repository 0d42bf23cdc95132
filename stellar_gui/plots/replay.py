"""Replay of a run: the track of its kept checkpoints, a star's spectrum, the latents.

The track shares the axis of steps with the losses above it. Arrays come in, Bokeh
figures go out; no Panel here.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from bokeh.core.properties import value
from bokeh.events import Pan, Tap
from bokeh.layouts import row
from bokeh.models import ColumnDataSource, Label, LinearScale, Range1d

from stellar_gui.plots.loss_axes import nice_ticks
from stellar_gui.plots.loss_panel import BORDERS
from stellar_gui.plots.style import FONT, Painter, number, set_ticks, without

TRACK_HEIGHT = 28
SPECTRUM_HEIGHT = 168
_MAP_WIDTH = 210
_DOMAIN_TOKENS = {"obs": "observed_domain", "synth": "synthetic_domain"}
_NAME_PLACES = (0.12, 0.32, 0.72)  # of the width: observed, model, physics
_MARGIN, _LEAST_MARGIN = 0.06, 1e-6  # around the latents: of their range; at least
_MAX_LINES = 2  # the model, and the emulator behind it


class ReplayLine(NamedTuple):
    """One curve over the observed flux: its name, (n_pixels,) flux and its look."""

    name: str
    flux: np.ndarray
    token: str
    dash: str = "solid"


class Track:
    """The kept checkpoints along the steps, with a handle; ``figure``."""

    def __init__(
        self, painter: Painter, x_range: Range1d, moved: Callable[[float], None]
    ):
        """moved: called with the step that the handle was dragged or put to."""
        self.figure = painter.figure(
            height=TRACK_HEIGHT,
            x_range=x_range,
            borders=(0, BORDERS[1], 0, BORDERS[0]),
            name="replay-track",
        )
        fig = self.figure
        without(fig, *fig.xaxis, *fig.yaxis, *fig.ygrid)
        self._rest = ColumnDataSource({"left": [], "right": []})
        self._done = ColumnDataSource({"left": [], "right": []})
        self._ticks = ColumnDataSource({"step": []}, name="checkpoints")
        self._handle = ColumnDataSource({"step": []}, name="replay-handle")
        for source, token in ((self._rest, "border"), (self._done, "control")):
            bar = fig.segment(
                "left", 0.5, "right", 0.5, source=source, line_width=3, line_cap="round"
            )
            painter.glyph(bar, line_color=token)
        ticks = fig.segment(
            "step", 0.28, "step", 0.72, source=self._ticks, line_width=1.5
        )
        painter.glyph(ticks, line_color="ink2")
        handle = fig.scatter("step", 0.5, source=self._handle, size=13, line_width=0)
        painter.glyph(handle, fill_color="control", line_color="control")
        for event in (Tap, Pan):
            fig.on_event(event, lambda event: moved(event.x))

    def show(self, steps: Sequence[int], step: int | None) -> None:
        """Draw checkpoints at these steps, the handle at one of them."""
        self._ticks.data = {"step": np.asarray(steps, dtype=float)}
        last = [float(steps[-1])] if len(steps) else []
        at = [] if step is None else [float(step)]
        self._rest.data = {"left": [0.0] * len(last), "right": last}
        self._done.data = {"left": [0.0] * len(at), "right": at}
        self._handle.data = {"step": at}


class ReplayPlot:
    """A star as the model saw it at a checkpoint, and the latents; ``layout``."""

    def __init__(self, painter: Painter):
        self._painter = painter
        self._spectrum = self._spectrum_figure()
        self._map = self._map_figure()
        self.layout = row(
            self._spectrum,
            self._map,
            sizing_mode="stretch_width",
            height=SPECTRUM_HEIGHT,
            spacing=0,
            name="replay",
        )

    def _spectrum_figure(self):
        painter = self._painter
        fig = painter.figure(
            height=SPECTRUM_HEIGHT,
            x_range=Range1d(0, 1),
            y_range=Range1d(0.3, 1.1),
            borders=(4, BORDERS[1], 36, BORDERS[0]),
            y_title="flux",
            name="replay-spectrum",
        )
        fig.yaxis.axis_line_color = None
        fig.yaxis.major_tick_line_color = None
        self._observed = ColumnDataSource({"wavelength": [], "flux": []})
        self._curves = ColumnDataSource(
            {"wavelength": [], "line_0": [], "line_1": []}, name="replay-curves"
        )
        self._lines = [
            fig.line(
                "wavelength",
                f"line_{k}",
                source=self._curves,
                line_width=(2.0, 1.3)[k],
                visible=False,
            )
            for k in reversed(range(_MAX_LINES))
        ][::-1]
        observed = fig.step(
            "wavelength", "flux", source=self._observed, mode="center", line_width=1
        )
        painter.glyph(observed, line_color="observed")
        self._names = ColumnDataSource({"x": [], "text": [], "color": []})
        for axis in fig.axis:
            set_ticks(axis, [], [])
        fig.extra_y_ranges = {"share": Range1d(0, 1)}
        fig.extra_y_scales = {"share": LinearScale()}
        fig.text(
            "x",
            0.02,
            "text",
            source=self._names,
            text_color="color",
            y_range_name="share",
            text_font=value(FONT),
            text_font_size="11px",
            text_font_style="bold",
            text_baseline="bottom",
        )
        self._tokens: list[str] = []
        self._words = Label(
            x=0.5,
            y=0.5,
            x_units="data",
            text_align="center",
            text_font=FONT,
            text_font_size="12px",
        )
        painter.paint(self._words, text_color="ink3")
        fig.add_layout(self._words)
        return fig

    def _map_figure(self):
        painter = self._painter
        fig = painter.figure(
            width=_MAP_WIDTH,
            height=SPECTRUM_HEIGHT,
            borders=(4, 10, 36, 16),
            x_title="z_shared, first components",
            name="replay-latents",
            visible=False,
        )
        without(fig, *fig.ygrid)
        for axis in fig.axis:
            axis.update(major_tick_line_color=None, minor_tick_line_color=None)
            set_ticks(axis, [], [])
        self._latents = {}
        for domain, token in _DOMAIN_TOKENS.items():
            source = ColumnDataSource({"x": [], "y": []}, name=f"latents-{domain}")
            dots = fig.scatter(
                "x", "y", source=source, size=3.4, alpha=0.6, line_color=None
            )
            painter.glyph(dots, fill_color=token)
            self._latents[domain] = source
        return fig

    def clear(self, words: str = "") -> None:
        """Draw nothing but words."""
        fig = self._spectrum
        fig.x_range.update(start=0, end=1)
        fig.y_range.update(start=0, end=1)
        for axis in fig.axis:
            set_ticks(axis, [], [])
            axis.axis_label = ""
        self._words.update(x=0.5, y=0.5, text=words, visible=True)
        self._observed.data = {"wavelength": [], "flux": []}
        self.set_lines(np.empty(0), [])
        self.set_latents(None)

    def say(self, words: str) -> None:
        """Write words where models would be drawn."""
        self.set_lines(np.empty(0), [])
        x_range, y_range = self._spectrum.x_range, self._spectrum.y_range
        self._words.update(
            text=words,
            x=(x_range.start + x_range.end) / 2,
            y=y_range.start + 0.05 * (y_range.end - y_range.start),
            visible=True,
        )

    def set_star(self, wavelength, flux, medium: str) -> None:
        """Draw the observed flux (n_pixels,), NaN where bad, of one window."""
        self._observed.data = {"wavelength": wavelength, "flux": flux}
        fig = self._spectrum
        low, high = float(wavelength[0]), float(wavelength[-1])
        fig.x_range.update(start=low, end=high)
        ticks = nice_ticks(low, high, 5)
        decimals = 0 if np.allclose(ticks, ticks.round()) else 1
        texts = [number(tick, decimals) for tick in ticks]
        set_ticks(fig.xaxis[0], ticks, texts)
        fig.yaxis.axis_label = "flux"
        self._words.visible = False
        fig.xaxis.axis_label = f"wavelength / Å ({medium})"
        good = flux[np.isfinite(flux)]
        deepest = float(good.min()) if good.size else 0.3
        low = min(np.floor((deepest - 0.08) * 10) / 10, 0.8)
        fig.y_range.update(start=low - 0.14 * (1.1 - low), end=1.1)
        ticks = nice_ticks(low, 1.0, 3)
        set_ticks(fig.yaxis[0], ticks, [number(tick, 1) for tick in ticks])

    def set_lines(self, wavelength, lines: Sequence[ReplayLine]) -> None:
        """Draw models over the star, at wavelength (n_pixels,)."""
        lines = lines[:_MAX_LINES]
        columns = {"wavelength": wavelength}
        for k, renderer in enumerate(self._lines):
            renderer.visible = k < len(lines)
            columns[f"line_{k}"] = np.full(len(wavelength), np.nan)
            if k < len(lines):
                columns[f"line_{k}"] = lines[k].flux
                self._painter.forget([renderer.glyph])
                self._painter.glyph(renderer, line_color=lines[k].token)
                renderer.glyph.line_dash = lines[k].dash
        self._curves.data = columns
        self._name(lines)

    def _name(self, lines):
        start, end = self._spectrum.x_range.start, self._spectrum.x_range.end
        names = [("observed", "observed"), *((c.name, c.token) for c in lines)]
        if not lines:
            names = []
        self._tokens = [token for _, token in names]
        places = [start + share * (end - start) for share in _NAME_PLACES[: len(names)]]
        self._names.data = {
            "x": places,
            "text": [name for name, _ in names],
            "color": self._colors(),
        }

    def _colors(self):
        return [getattr(self._painter.tokens, token) for token in self._tokens]

    def set_latents(self, latents: dict[str, np.ndarray] | None) -> None:
        """Draw (n, 2) points of each domain; None: the model has no latents."""
        self._map.visible = latents is not None
        if latents is None:
            return
        for domain, source in self._latents.items():
            points = latents[domain]
            source.data = {"x": points[:, 0], "y": points[:, 1]}
        both = np.concatenate(list(latents.values()))
        low, high = both.min(0), both.max(0)
        margin = np.maximum(_MARGIN * (high - low), _LEAST_MARGIN)
        ranges = (self._map.x_range, self._map.y_range)
        for found, start, end in zip(ranges, low - margin, high + margin, strict=True):
            found.update(start=float(start), end=float(end))

    def repaint(self) -> None:
        """Colour what the painter does not know: the names of the lines."""
        if self._tokens:
            self._names.data = {**self._names.data, "color": self._colors()}
