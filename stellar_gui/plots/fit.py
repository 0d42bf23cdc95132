"""The fit: observed steps with their sigma band, models below, line names above."""

import numpy as np
from bokeh.core.properties import value
from bokeh.models import ColumnDataSource, HoverTool, LinearScale, Range1d

from stellar_gui.plots.line_names import Named, spread
from stellar_gui.plots.pieces import Pieces
from stellar_gui.plots.pixels import PixelSource
from stellar_gui.plots.style import FONT, Painter, number, set_ticks

NAME_SEPARATION = 40  # px at least between the middles of two line names
NAME_ROOM = 52  # px for each name, which limits how many there are
NAME_MARGIN = 18  # px that half a name takes at the borders
_NAMES_SHARE = 0.225  # of the plot's height, for the names and their leaders
_FREE_SHARE = 0.03  # the same without names
_PICKED_SHARE = 0.9  # of the plot's height, up to which a picked pixel is marked
_ABOVE_LEVEL = 0.04  # of the continuum, that stays below the leaders
_HATCHED_PIXELS = 3  # a shorter run of bad pixels is shaded, not hatched


class FitPlot:
    """Figure of one window of the spectrum; its x range moves it."""

    def __init__(
        self,
        painter: Painter,
        pixels: PixelSource,
        tokens: list[tuple[str, str]],
        x_range: Range1d,
        borders: tuple[int, int],
        tools,
    ):
        left, right = borders
        self._named = True
        self._floor = (0.2, 1.0)  # lowest flux shown, continuum level
        self.y_range = Range1d(0.18, 1.29)
        self.figure = painter.figure(
            x_range=x_range,
            y_range=self.y_range,
            borders=(4, right, 4, left),
            y_title="normalised flux",
            tools=tools,
            sizing_mode="stretch_both",
            min_height=120,
            name="fit",
        )
        fig = self.figure
        fig.extra_y_ranges = {"share": Range1d(0, 1)}
        fig.extra_y_scales = {"share": LinearScale()}
        fig.yaxis.axis_line_color = None
        fig.yaxis.major_tick_line_color = None
        fig.xaxis.axis_line_color = None
        self._draw_masked(painter)
        self._level = ColumnDataSource({"y": [1.0]}, name="continuum")
        level = fig.hspan("y", source=self._level, line_dash=[4, 4], level="underlay")
        painter.glyph(level, line_color="axis")
        self._models = self._draw_spectra(painter, pixels.shown, tokens)
        self._draw_names(painter)
        self._draw_picked(painter, pixels)

    def _draw_masked(self, painter):
        """Two sources, so that a star needs one hatch pattern, not one for each run."""
        hatch = {
            "hatch_pattern": "right_diagonal_line",
            "hatch_alpha": 0.5,
            "hatch_weight": 0.6,
            "hatch_scale": 8,
        }
        self._masked, self._masks = [], []
        for name, look in (("masked", {}), ("masked-runs", hatch)):
            source = ColumnDataSource({"left": [], "right": []}, name=name)
            mask = self.figure.quad(
                "left",
                "right",
                source=source,
                bottom=0,
                top=1 - _NAMES_SHARE,
                y_range_name="share",
                line_color=None,
                level="underlay",
                **look,
            )
            painter.glyph(mask, fill_color="masked_ground")
            if look:
                painter.glyph(mask, hatch_color="masked_ink")
            self._masked.append(source)
            self._masks.append(mask.glyph)

    def _draw_spectra(self, painter, source, tokens):
        fig = self.figure
        band = fig.varea_step(
            "x", "low", "high", source=source, step_mode="center", alpha=0.55
        )
        painter.glyph(band, fill_color="sigma_band")
        lines = []
        for i, (token, dash) in enumerate(tokens):
            line = fig.line(
                "x",
                f"model_{i}",
                source=source,
                line_width=2.2,
                line_dash=dash,
                alpha=0.95,
                name=f"model-{i}",
            )
            lines.append(painter.glyph(line, line_color=token))
        observed = fig.step("x", "flux", source=source, mode="center", line_width=1)
        painter.glyph(observed, line_color="observed")
        return lines

    def _draw_names(self, painter):
        fig = self.figure
        self._names = ColumnDataSource(
            {"x": [], "text": [], "also": [], "wavelength": []}, name="line-names"
        )
        self._leaders = ColumnDataSource({"xs": [], "ys": []})
        names = fig.text(
            "x",
            0.965,
            "text",
            source=self._names,
            y_range_name="share",
            text_align="center",
            text_baseline="middle",
            text_font=value(FONT),
            text_font_size="11px",
        )
        leaders = fig.multi_line(
            "xs", "ys", source=self._leaders, y_range_name="share", line_width=1
        )
        painter.glyph(names, text_color="ink2")
        painter.glyph(leaders, line_color="masked_ink")
        hover = HoverTool(
            renderers=[names],
            tooltips="<b>@text</b> @wavelength Å<br>blended with @also",
            attachment="below",
        )
        fig.add_tools(hover)

    def _draw_picked(self, painter, pixels):
        fig = self.figure
        self._picked = ColumnDataSource({"x": [], "text": [], "side": [], "off": []})
        line = fig.segment(
            "x",
            0,
            "x",
            _PICKED_SHARE,
            source=pixels.picked,
            y_range_name="share",
            line_dash=[2, 3],
        )
        text = fig.text(
            "x",
            0.035,
            "text",
            source=self._picked,
            y_range_name="share",
            text_align="side",
            x_offset="off",
            text_baseline="middle",
            text_font=value(FONT),
            text_font_size="11px",
        )
        painter.glyph(line, line_color="picked")
        painter.glyph(text, text_color="picked")

    def set_flux_range(self, low: float, level: float, *, normalised: bool) -> None:
        """Show flux from ``low`` to a little above the continuum ``level``.

        Both are rounded by the caller so that the axis keeps still between stars.
        """
        self._floor = (low, level)
        share = _NAMES_SHARE if self._named else _FREE_SHARE
        top = low + (level * (1 + _ABOVE_LEVEL) - low) / (1 - share)
        self.y_range.update(start=float(low), end=float(top))
        step = _tick_step(level - low)
        ticks = np.arange(np.ceil(low / step - 1e-9), level / step + 1e-9) * step
        decimals = max(int(-np.floor(np.log10(step) + 1e-9)), 0)
        set_ticks(self.figure.yaxis[0], ticks, [number(t, decimals) for t in ticks])
        if self._level.data["y"] != [float(level)]:
            self._level.data = {"y": [float(level)]}
        self.figure.yaxis.axis_label = "normalised flux" if normalised else "flux"

    def set_masked(self, pieces: Pieces, good) -> None:
        """Shade the bad pixels, hatch longer runs of them; good (n_pixels,) bool."""
        first, last = _bad_runs(pieces, good)
        half = np.nanmedian(np.diff(pieces.x)) / 2 if len(pieces.x) > 1 else 0.5
        long = last - first + 1 >= _HATCHED_PIXELS
        for source, which in zip(self._masked, (~long, long), strict=True):
            source.data = {
                "left": pieces.x[first[which]] - half,
                "right": pieces.x[last[which]] + half,
            }

    def set_names(self, pieces: Pieces, named: Named, px_per_angstrom: float) -> None:
        """Write line names above the window in view, with their leaders."""
        x = pieces.to_plot(named.wavelength)
        margin = NAME_MARGIN / px_per_angstrom
        x_range = self.figure.x_range
        placed = spread(
            x,
            NAME_SEPARATION / px_per_angstrom,
            x_range.start + margin,
            x_range.end - margin,
        )
        self._names.data = {
            "x": placed,
            "text": named.text,
            "also": named.also,
            "wavelength": [number(w, 2) for w in named.wavelength],
        }
        self._leaders.data = {
            "xs": [[p, line, line] for p, line in zip(placed, x, strict=True)],
            "ys": [[0.93, 0.875, 1.015 - _NAMES_SHARE]] * len(x),
        }

    def make_room(self, shown: bool) -> None:
        """Keep room for line names above the spectrum, or give it to the spectrum."""
        if shown != self._named:
            self._named = shown
            for mask in self._masks:
                mask.top = 1 - (_NAMES_SHARE if shown else _FREE_SHARE)
            low, level = self._floor
            normalised = self.figure.yaxis[0].axis_label == "normalised flux"
            self.set_flux_range(low, level, normalised=normalised)

    def show_model(self, index: int, shown: bool) -> None:
        """Show or hide a model's curve."""
        self._models[index].visible = shown

    def pick(self, x: float | None, text: str = "") -> None:
        """Write ``text`` beside the pixel at a plotted coordinate, or nothing."""
        if x is None:
            self._picked.data = {"x": [], "text": [], "side": [], "off": []}
            return
        x_range = self.figure.x_range
        right = x > (x_range.start + x_range.end) / 2
        self._picked.data = {
            "x": [x],
            "text": [text],
            "side": ["right" if right else "left"],
            "off": [-6 if right else 6],
        }


def _tick_step(span):
    raw = span / 5.0
    power = 10.0 ** np.floor(np.log10(raw))
    return float(next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999))


def _bad_runs(pieces, good):
    """First and last plotted index of each run of bad pixels."""
    bad = np.append(~np.asarray(good, dtype=bool), False)[pieces.pixels]
    edges = np.diff(np.concatenate([[0], bad.astype(np.int8), [0]]))
    return np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) - 1
