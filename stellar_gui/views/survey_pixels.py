"""The main card of the Survey page: density of residuals above, residual stack below.

Images are made for the window and the width of the figures, in the background where all
pixels have to be read; another order of the stars is made at once.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import panel as pn
from bokeh.events import DoubleTap, RangesUpdate, Tap
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, CustomJS, Range1d

from stellar_gui.plots.pieces import Pieces
from stellar_gui.plots.pixels import read_js
from stellar_gui.plots.pointer import send_pointer
from stellar_gui.plots.residual_stack import StackPlot
from stellar_gui.plots.style import Painter, inner_width, model_style
from stellar_gui.plots.survey_density import DensityPlot, Picture
from stellar_gui.selection import Selection
from stellar_gui.views.components import FigureTitle
from stellar_gui.views.notify import guarded
from stellar_gui.views.shown import watch_while_shown
from stellar_gui.views.survey_source import SurveySource
from stellar_gui.views.survey_stack import SIDES, StackView
from stellar_gui.views.survey_words import (
    counts,
    density_sentence,
    density_table,
    model_title,
    overall_words,
)
from stellar_gui.views.work import in_background

if TYPE_CHECKING:
    from stellar_gui.analysis.columns import Columns
    from stellar_gui.surveys.pixels import Pixels

_MOST_COLUMNS = 1600
_COARSE = 16  # px: figures that differ by less get the same picture
_GUIDES = {"zscore": (-3.0, 0.0, 3.0), "difference": (-0.05, 0.0, 0.05)}
_TITLES = {
    "zscore": "Density of z-scores",
    "difference": "Density of flux differences",
}
_NAMES = {"zscore": "z-score", "difference": "Δ flux"}
_CARD = """
:host {
  background: var(--surface); border: 1px solid var(--rule); border-radius: 8px;
  overflow: hidden; min-width: 0; box-sizing: border-box;
}
"""
_SHARES = (
    ":host { flex: 1 1 38% !important; min-height: 0; }",
    ":host { flex: 1 1 62% !important; min-height: 0; }",
)


class Drawing(NamedTuple):
    """All pictures of one window; pixels and gathered rows by side."""

    columns: "Columns"
    pixels: "dict[str, Pixels]"
    gathered: np.ndarray  # (n_stars, n_groups) of the side that is stacked


class SurveyPixels(pn.viewable.Viewer):
    """Densities of two models and the stack of one, in one window of wavelengths."""

    def __init__(
        self,
        selection: Selection,
        source: SurveySource,
        names: Callable[[], dict[str, str]],
        theme: str = "light",
        **params,
    ):
        """names: by side, the model that is drawn there."""
        super().__init__(**params)
        self._selection, self._source, self._names = selection, source, names
        self._painter = Painter(theme)
        self._pieces: Pieces | None = None
        self._drawing: Drawing | None = None
        self._wanted, self._drawn_for = 0, None
        self.which = "zscore"
        self.window = Range1d(0, 1, min_interval=1.0)
        self.picked = ColumnDataSource({"x": []}, name="survey-picked")
        self.pixels = ColumnDataSource(_no_pixels(), name="survey-pixels")
        self.densities = {
            side: DensityPlot(
                self._painter, self.window, self.picked, f"density-{side}"
            )
            for side in SIDES
        }
        plot = StackPlot(self._painter, self.window, self.picked)
        self.stack = StackView(selection, source, names, plot, self.draw)
        self._listen()
        self.title = FigureTitle(sizing_mode="stretch_width", height=36)
        self.title.state = self._title_state()
        self.title.listen(self.hear)
        mark = lambda names: self.show_pixel()  # noqa: E731
        watch_while_shown(selection, "survey", mark, ["pixel"])

    def _listen(self):
        self._settled = ColumnDataSource({"start": [], "end": []})
        self._settled.on_change("data", guarded(self._window_moved))
        settle = CustomJS(
            # the readout finds the medians by name: they have to be on the page
            args={
                "settled": self._settled,
                "x_range": self.window,
                "medians": self.pixels,
            },
            code=read_js("settle_window.js"),
        )
        for fig in self.figures:
            fig.js_on_event(RangesUpdate, settle)
            fig.on_event(DoubleTap, guarded(lambda event: self.reset()))
        for density in self.densities.values():
            density.figure.on_event(Tap, guarded(self._tapped))
        stack = self.stack.plot.figure
        stack.on_event(Tap, guarded(self._stack_tapped))
        stack.on_change("inner_width", guarded(lambda attr, old, new: self.draw()))
        send_pointer(self.figures)

    @property
    def figures(self) -> list:
        """Densities and stack, from the top."""
        return [*(d.figure for d in self.densities.values()), self.stack.plot.figure]

    # ---- drawing

    def update(self) -> None:
        """Draw what is known of the sample by now."""
        if self._source.facts is None:
            self._drawing = None
            for density in self.densities.values():
                density.set_picture(None)
            self.stack.show(None, self.which)
            self.pixels.data = _no_pixels()
            self.title.state = self._title_state()
            return
        self._set_grid()
        self._drawn_for = None
        self.draw()

    def _set_grid(self):
        fits = next(iter(self._source.facts.fits.values()))
        if self._pieces is not None and self._grid is self._source.sample:
            return
        self._grid = self._source.sample
        self._pieces = Pieces.of(fits.wavelength, _covered(self._source))
        self.window.bounds = (0, self._pieces.end)
        self.window.update(start=0, end=self._pieces.end)
        for density in self.densities.values():
            density.set_pieces(self._pieces)
        medium = self._source.sample.spectra.medium
        self.stack.plot.set_pieces(self._pieces, medium)

    def draw(self) -> None:
        """Make the pictures of the window anew, if it has changed since."""
        facts = self._source.facts
        if facts is None or self._pieces is None:
            return
        n_columns = min(inner_width(self.stack.plot.figure), _MOST_COLUMNS)
        n_columns -= n_columns % _COARSE
        window = (float(self.window.start), float(self.window.end))
        names = {s: n for s, n in self._names().items() if n in facts.fits}
        key = (window, n_columns, self.which, self.stack.side, tuple(names.items()))
        if key == self._drawn_for:
            return
        self._drawn_for = key
        self._wanted += 1
        x = self._pieces.to_plot(next(iter(facts.fits.values())).wavelength)
        fits = {side: facts.fits[name] for side, name in names.items()}
        work = partial(
            _made, fits, self.which, self.stack.side, x, window, max(n_columns, 64)
        )
        in_background(work, partial(self._show, self._wanted))

    def _show(self, wanted, result):
        if isinstance(result, Exception):
            raise result
        if wanted != self._wanted or self._source.facts is None:
            return
        self._drawing = result
        with pn.io.hold():
            for side in SIDES:
                self._show_density(side)
            self.stack.show(result, self.which)
            self._send_medians()
            self.show_pixel()
            self.title.state = self._title_state()

    def _show_density(self, side):
        plot, drawing = self.densities[side], self._drawing
        name = self._names().get(side)
        plot.figure.visible = name is not None
        if side not in drawing.pixels:
            return
        pixels, columns = drawing.pixels[side], drawing.columns
        density = pixels.density
        reach = (float(density.edges[0]), float(density.edges[-1]))
        below, above = density.beyond(columns)
        kind = self._source.kind(name)
        plot.set_title(model_title(name, kind), model_style(kind).token)
        plot.set_words(overall_words(density.overall, self.which))
        plot.set_axis(reach, _NAMES[self.which], _GUIDES[self.which])
        plot.set_picture(
            Picture(
                columns.low,
                columns.high,
                density.image(columns),
                below,
                above,
                density.line("mean", columns),
                density.line("std", columns),
                reach,
            )
            if density.overall.n_values
            else None
        )

    def _send_medians(self):
        """What the readout needs, for the browser: medians of every pixel."""
        pieces, columns = self._pieces, {}
        for side in SIDES:
            pixels = self._drawing.pixels.get(side)
            median = np.full(pieces.pixels.max() + 1, np.nan)
            n_stars = median
            if pixels is not None:
                median, n_stars = pixels.median, pixels.density.n_stars
            columns[f"median_{side}"] = pieces.arrange(median)
            columns[f"n_{side}"] = pieces.arrange(n_stars)
        self.pixels.data = {"x": pieces.x, "wavelength": pieces.wavelength, **columns}

    # ---- what is selected

    def show_pixel(self) -> None:
        """Mark the picked pixel."""
        pixel = self._selection.pixel
        if self._pieces is None:
            return
        x = np.nan if pixel is None else float(self._pieces.to_plot(pixel))
        self.picked.data = {"x": [x] if np.isfinite(x) else []}

    # ---- words

    def _title_state(self):
        drawn = self._drawing
        counted = {} if drawn is None else drawn.pixels
        names = self._names()
        return {
            "title": _TITLES[self.which],
            "card": "survey_density",
            "sub": self._sub(),
            "choices": [
                {
                    "command": "which",
                    "label": "Residuals as",
                    "value": self.which,
                    "options": [["zscore", "z"], ["difference", "Δ flux"]],
                }
            ],
            "file": "survey_density",
            "figures": [d.figure.name for d in self.densities.values()]
            if counted
            else [],
            "sentence": density_sentence(counted, names, self.which),
            "table": density_table(counted, names, self.which, self._wavelength),
        }

    @property
    def _wavelength(self):
        sample = self._source.sample
        return None if sample is None else sample.spectra.wavelength

    def _sub(self):
        drawn = self._drawing
        if drawn is None or not drawn.pixels or self._source.sample is None:
            return ""
        overall = next(iter(drawn.pixels.values())).density.overall
        more = "brighter" if self._painter.theme == "dark" else "darker"
        return f"{counts(overall, len(self._source.sample))} · {more}: more stars"

    # ---- what a user does

    def hear(self, command: str, value) -> None:
        """Do what a title asks for."""
        with pn.io.hold():
            if command == "which" and value in _NAMES:
                self.which = value
                self.draw()
            elif command == "numbers":
                self.save_numbers()

    def save_numbers(self) -> None:
        """Have the browser save mean, standard deviation and median of every pixel."""
        if self._drawing is not None:
            # astropy's tables take half a second to import
            from stellar_gui.surveys.numbers import pixels_table
            from stellar_gui.surveys.table import table_text

            names, spectra = self._names(), self._source.sample.spectra
            counted = {names[s]: p for s, p in self._drawing.pixels.items()}
            table = pixels_table(spectra.wavelength, spectra.medium, counted)
            self.title.save("survey_pixels.ecsv", table_text(table))

    def reset(self) -> None:
        """Look at all pieces again."""
        if self._pieces is not None:
            self.window.update(start=0, end=self._pieces.end)
            self.draw()

    def _window_moved(self, attr, old, new):
        if new["start"]:
            self.draw()

    def _wavelength_at(self, x):
        pieces = self._pieces
        away = np.where(pieces.pixels < 0, np.inf, np.abs(pieces.x - x))
        return float(pieces.wavelength[np.argmin(away)])

    def _tapped(self, event):
        if self._pieces is not None and event.x is not None:
            self.pick(self._wavelength_at(event.x))

    def _stack_tapped(self, event):
        star = self.stack.star_at(event.x, event.y)
        if star is not None:
            self.pick(self._wavelength_at(event.x), star)

    def pick(self, wavelength: float, star: str | None = None) -> None:
        """Pick a pixel, and the star of a row; the Star page shows it in its window."""
        low, high = self._pieces.next_view((wavelength, wavelength), 0)
        changes = {"pixel": wavelength, "window": (round(low, 2), round(high, 2))}
        if star is not None:
            changes["star"] = star
        with pn.io.hold():
            self._selection.choose(**changes)

    # ---- all

    def repaint(self, theme: str) -> None:
        """Draw in another theme, in place."""
        with pn.io.hold():
            self._painter.repaint(theme)
            for plot in self.densities.values():
                plot.repaint()
            self.stack.repaint()
            self.title.state = self._title_state()

    def __panel__(self):
        both = {"sizing_mode": "stretch_both", "margin": 0}
        figures = [density.figure for density in self.densities.values()]
        layout = column(*figures, sizing_mode="stretch_both", spacing=0)
        return pn.Column(
            self.title,
            pn.pane.Bokeh(layout, stylesheets=[_SHARES[0]], **both),
            self.stack.title,
            pn.pane.Bokeh(self.stack.plot.figure, stylesheets=[_SHARES[1]], **both),
            stylesheets=[_CARD],
            **both,
        )


def _made(fits, which, stacked, x, window, n_columns):
    """The pictures of a window; fits by side, x (n_pixels,) plotted coordinates."""
    from stellar_gui.analysis.columns import columns_of
    from stellar_gui.analysis.stack import gather
    from stellar_gui.surveys.pixels import pixels_of

    columns = columns_of(x, *window, n_columns)
    pixels = {side: pixels_of(f, which) for side, f in fits.items() if f.done.any()}
    shown = pixels.get(stacked) or next(iter(pixels.values()), None)
    values = np.zeros((0, len(x))) if shown is None else shown.values
    return Drawing(columns, pixels, gather(values, columns))


def _covered(source):
    """Pixels with data in any of a few stars of the sample."""
    sample = source.sample
    few = np.linspace(0, len(sample) - 1, min(len(sample), 16)).astype(int)
    stars = sample.spectra[sample.rows[np.unique(few)]]
    return (np.asarray(stars.ivar) > 0).any(axis=0)


def _no_pixels():
    sides = [f"{what}_{side}" for what in ("median", "n") for side in SIDES]
    return {name: [] for name in ("x", "wavelength", *sides)}
