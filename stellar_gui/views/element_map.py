"""The main card of the Elements page: spectrum, map of all elements, derivatives."""

import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource, CustomJS, Range1d

from stellar_gui.labels import describe
from stellar_gui.plots.derivatives import MOST_CURVES, DerivativePlot
from stellar_gui.plots.element_map import ElementMapPlot, MapRow
from stellar_gui.plots.pieces import Pieces
from stellar_gui.plots.pixels import read_js
from stellar_gui.plots.style import FAMILY_TOKENS, Painter
from stellar_gui.selection import Selection
from stellar_gui.views.components import CardNote, EmptyState, FigureTitle
from stellar_gui.views.element_panels import ElementPanels, named_curves
from stellar_gui.views.element_star import ElementStar, in_order, row_title
from stellar_gui.views.element_words import scale_text, title_state, words_of
from stellar_gui.views.notify import guarded, notify

FIRST_VIEW = 0.6  # place in the list of views that a star is first looked at in
_NOTE_HEIGHT = 34  # px
_AUTOMATIC = 5  # elements that are drawn where none is chosen


class ElementMapView(pn.viewable.Viewer):
    """Spectrum, map and derivatives in the selected window, or the four panels."""

    def __init__(
        self, selection: Selection, star: ElementStar, theme: str = "light", **params
    ):
        super().__init__(**params)
        self._selection, self._star = selection, star
        self._painter = Painter(theme)
        self._pieces: Pieces | None = None
        self._grid = None
        self._shown = None
        self._drawn = None  # star, derivatives and elements of the curves
        self._loud = None, None, ()  # of which derivatives and window, and which
        self._panels: ElementPanels | None = None
        self.view = "map"
        self.scales: list[tuple[str, float]] = []  # of the rows, by label name
        self.window = Range1d(0, 1, min_interval=1.0)
        self.map = ElementMapPlot(self._painter, self.window)
        self.lines = DerivativePlot(self._painter, self.window, self.map.picked)
        self.map.on_tap(guarded(self._tapped))
        self.lines.on_tap(guarded(self._tapped), guarded(self.reset))
        self.title = FigureTitle(state=self._state(), height=36)
        self.title.sizing_mode = "stretch_width"
        self.title.listen(self._hear)
        self._settled = ColumnDataSource({"start": [], "end": []})
        self._settled.on_change("data", guarded(self._window_moved))
        self._settle = CustomJS(
            args={"settled": self._settled, "x_range": self.window},
            code=read_js("settle_window.js"),
        )
        for fig in (*self.map.figures, self.lines.figure):
            self._watch(fig)
        self.map.map.on_change("inner_width", lambda attr, old, new: self._resized())
        both = {"sizing_mode": "stretch_both", "margin": 0}
        self._overview = _pane(self.map.overview, "stretch_width")
        self._with_map = pn.Column(
            _pane(self.map.map, "stretch_both"),
            _pane(self.lines.figure, "stretch_width"),
            **both,
        )
        self._with_panels = pn.Column(visible=False, **both)
        wide = {"sizing_mode": "stretch_width"}
        self.note = CardNote(state={}, visible=False, height=_NOTE_HEIGHT, **wide)
        self.empty = EmptyState(state={"icon": "open"}, visible=False, **both)

    def _watch(self, fig):
        from bokeh.events import RangesUpdate

        fig.js_on_event(RangesUpdate, self._settle)

    # ---- what is drawn

    @property
    def elements(self) -> tuple[str, ...]:
        """The elements whose derivatives are drawn: chosen, or loud in the window."""
        return () if self._shown is None else self._elements_in(self.shown_window)

    def _elements_in(self, window):
        known = self._shown.sensitivity.elements
        chosen = tuple(e for e in self._selection.elements if e in known)
        return chosen[:MOST_CURVES] or self._loudest(known, window)

    @property
    def known(self) -> tuple[str, ...]:
        """The elements whose derivatives can be drawn."""
        return () if self._shown is None else tuple(self._shown.sensitivity.elements)

    def _loudest(self, known, window):
        """The elements that say most in a window, in the order of the map."""
        low, high = window
        shown, asked, found = self._loud
        if shown is self._shown and asked == window:
            return found
        wavelength = self._shown.sensitivity.wavelength
        inside = (wavelength >= low) & (wavelength <= high)
        change = np.nan_to_num(np.abs(self._shown.sensitivity.per_step[inside]))
        loud = change.max(axis=0, initial=0.0)
        ranked = sorted(known, key=lambda e: -loud[known[e]])[:_AUTOMATIC]
        names = self._shown.sensitivity.label_names
        order = in_order([names[known[e]] for e in ranked])
        found = tuple(row_title(name) for name in order)
        self._loud = self._shown, window, found
        return found

    @property
    def shown_window(self) -> tuple[float, float]:
        """The window in view, Angstrom."""
        ends = self._pieces.to_wavelength([self.window.start, self.window.end])
        return float(ends[0]), float(ends[1])

    @property
    def pieces(self) -> Pieces | None:
        """The pieces of the grid that is drawn; None before a star is."""
        return self._pieces

    def update(self) -> None:
        """Draw the star, the model and the elements that are chosen now."""
        if not self._star.star_id:
            return
        self._shown = self._star.shown() if self._star.ready else None
        self._set_grid()
        self.map.set_flux(self._star.flux)
        self._show_parts()
        self._show_map()
        self.show_window()
        self.show_pixel()

    def _set_grid(self):
        star = self._star.spectra
        key = (star.medium, star.wavelength.tobytes())
        if key == self._grid:
            return
        self._grid = key
        self._pieces = Pieces.of(star.wavelength, star.ivar[0] > 0)
        self.window.bounds = (0, self._pieces.end)
        self.map.set_pieces(self._pieces)
        self.lines.set_pieces(self._pieces, star.medium)
        if self._panels is not None:
            self._panels.plot.set_pieces(self._pieces, star.medium)

    def _show_map(self):
        if self._shown is None:
            self.scales = []
            self.map.set_rows([])
            return
        from stellar_gui.analysis.element_map import element_map

        found = element_map(
            self._shown.sensitivity, in_order(self._shown.sensitivity.label_names)
        )
        self.scales = list(zip(found.rows, found.scale.tolist(), strict=True))
        self.map.set_rows(
            [
                MapRow(
                    row_title(name),
                    FAMILY_TOKENS[describe(name).family],
                    values,
                    scale_text(scale),
                )
                for name, values, scale in zip(
                    found.rows, found.values, found.scale, strict=True
                )
            ]
        )

    def show_window(self) -> None:
        """Show the selected window, or a first one, and what speaks in it."""
        if self._pieces is None:
            return
        window = self._selection.window
        plotted = None if window is None else self._pieces.to_window(*window)
        if plotted is None:
            views = self._pieces.views
            plotted = self._pieces.to_window(*views[int(FIRST_VIEW * len(views))])
        now = (self.window.start, self.window.end)
        if not np.allclose(plotted, now, rtol=0, atol=0.02):
            self.window.update(start=plotted[0], end=plotted[1])
        self.show_elements()

    def show_elements(self) -> None:
        """Draw the derivatives of the chosen elements."""
        if self._pieces is None:
            return
        curves, elements = [], self.elements
        if self._shown is not None:
            sensitivity = self._shown.sensitivity
            columns = [sensitivity.elements[element] for element in elements]
            curves = named_curves(elements, sensitivity.per_step[:, columns])
        drawn = (self._star.star_id, self._shown, elements)
        if self._drawn == drawn:
            self.lines.fit()
        else:
            self._drawn = drawn
            self.lines.set_curves(self._star.flux, curves, "∂f/∂[X/H] per 0.1 dex")
        self.map.mark(elements)
        self._show_panels()
        self._show_note()
        self.title.state = self._state()

    def _show_note(self):
        """Say at the foot of the map what must be said of the derivatives."""
        notes = () if self._shown is None else self._shown.notes
        if notes:
            self.note.state = {"text": "; ".join(notes)}
        self.note.visible = bool(notes) and self.view != "panels"

    def show_pixel(self) -> None:
        """Mark the picked pixel."""
        pixel = self._selection.pixel
        if self._pieces is None:
            return
        x = np.nan if pixel is None else float(self._pieces.to_plot(pixel))
        self.map.pick(x if np.isfinite(x) else None)

    def _resized(self):
        with pn.io.hold():
            self.map.thin_ticks()
            self.lines.fit()

    # ---- four panels

    def show_view(self, view: str) -> None:
        """Show the map with derivatives, or the four panels of a transfer."""
        if view == "panels" and self._panels is None:
            self._panels = ElementPanels(
                self._painter, self.window, self.map.picked, self._star
            )
            plot = self._panels.plot
            for fig in plot.figures.values():
                self._watch(fig)
            plot.on_tap(guarded(self._tapped), guarded(self.reset))
            if self._pieces is not None:
                plot.set_pieces(self._pieces, self._star.spectra.medium)
            self._with_panels.append(_pane(plot.layout, "stretch_both"))
        self.view = view
        self._show_parts()
        self.show_elements()

    def _show_parts(self):
        """Show the figures of the view, or why they would stay empty."""
        reason = self._star.missing if self._shown is None else ""
        if reason:
            self.empty.state = self._advice(reason)
        self.empty.visible = bool(reason)
        self._with_panels.visible = self.view == "panels" and not reason
        self._with_map.visible = self.view != "panels" and not reason

    def _advice(self, reason):
        """What is missing, and buttons that bring it."""
        buttons = [[f"Show {name}", "model", name] for name in self._star.instead[:1]]
        if not buttons:
            buttons = [["Open a model", "open", None]]
            buttons.append(["Train a model", "page", "training"])
        return {"icon": "open", "text": reason, "buttons": buttons}

    def _show_panels(self):
        if self.view != "panels" or self._pieces is None:
            return
        self._panels.show(self.elements, self.shown_window)

    def next_explained(self) -> None:
        """Look at the next piece in which an element explains what a transfer adds.

        The elements that explain it are drawn beside the chosen ones.
        """
        if self._pieces is None:
            return
        if self.view != "panels":
            self.show_view("panels")
        if self._panels.reason:
            notify("info", self._panels.reason)
            return
        at = self._panels.next_explained(self.shown_window[1])
        window = self._pieces.next_view((at, at), 0)
        drawn, changes = self._elements_in(window), {"window": _rounded(window)}
        absent = [e for e in self._panels.explaining(window) if e not in drawn]
        if absent:
            changes["elements"] = (*drawn, *absent)[-MOST_CURVES:]
        self._selection.choose(**changes)

    # ---- title

    def _state(self):
        window = self.shown_window if self._pieces is not None else None
        words = words_of(self.view, self._star, self._shown, self.elements, window)
        return title_state(self.view, f"{self._star.star_id}_elements") | {
            "figures": self._figure_names(),
            "actions": self._panels.actions if self.view == "panels" else [],
            **words,
        }

    def _figure_names(self):
        if self.view == "panels":
            return [self.map.overview.name, *self._panels.plot.names]
        return [*(fig.name for fig in self.map.figures), self.lines.figure.name]

    # ---- what a user does

    def _hear(self, command, value):
        with pn.io.hold():
            if command == "view":
                self.show_view(value)
            elif command == "numbers":
                self.save_numbers()
            elif command == "next_explained":
                self.next_explained()

    def save_numbers(self) -> None:
        """Have the browser save the numbers behind what is drawn."""
        if self._shown is None:
            return
        # astropy's tables take half a second to import
        from stellar_gui.analysis import element_tables as tables

        star = self._star.star_id
        if self.view == "panels" and self._star.transfer(()) is not None:
            table, word = self._panels.table(self.elements), "transfer"
        else:
            labels = self._star.labels(self._star.model) or {}
            shown = self._shown
            table = tables.derivatives_table(
                shown.sensitivity, star, shown.title, labels
            )
            word = "derivatives"
        self.title.save(f"{star}_{word}.ecsv", tables.as_text(table))

    def _tapped(self, x, row=None):
        if self._pieces is None or x is None:
            return
        pieces = self._pieces
        away = np.where(pieces.pixels < 0, np.inf, np.abs(pieces.x - x))
        self.pick(float(pieces.wavelength[np.argmin(away)]), row)

    def pick(self, wavelength: float, element: str | None = None) -> None:
        """Pick a pixel, see it in the window, and draw an element beside the others."""
        changes = {"pixel": wavelength}
        low, high = self.shown_window
        if not low <= wavelength <= high:
            view = self._pieces.next_view((wavelength, wavelength), 0)
            changes["window"] = _rounded(view)
        known = self._shown.sensitivity.elements if self._shown else {}
        if element in known and element not in self.elements:
            changes["elements"] = (*self.elements, element)[-MOST_CURVES:]
        self._selection.choose(**changes)

    def next_view(self, step: int) -> None:
        """Look at the next piece, or the next part of a wide one."""
        if self._pieces is not None:
            window = self._pieces.next_view(self.shown_window, step)
            self._selection.choose(window=_rounded(window))

    def reset(self) -> None:
        """Look at the whole piece again."""
        self.next_view(0)

    def _window_moved(self, attr, old, new):
        if new["start"]:
            self._selection.choose(window=_rounded(self.shown_window))

    def repaint(self, theme: str) -> None:
        """Draw in another theme, in place."""
        with pn.io.hold():
            self._painter.repaint(theme)
            if self._shown is not None:
                self.map.repaint()
                self.map.mark(self.elements)
                self.lines.repaint()

    def __panel__(self):
        both = {"sizing_mode": "stretch_both", "margin": 0}
        parts = (self._overview, self._with_map, self._with_panels, self.empty)
        return pn.Column(self.title, *parts, self.note, **both)


def _pane(figure, sizing_mode):
    return pn.pane.Bokeh(figure, sizing_mode=sizing_mode, margin=0)


def _rounded(window):
    """To what the address of the page keeps, so that a bookmark changes nothing."""
    return round(window[0], 2), round(window[1], 2)
