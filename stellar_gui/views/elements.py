"""The Elements page: where each element speaks, what a line is, what can be known."""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import numpy as np
import panel as pn

from stellar_gui.analysis.residuals import loudest_pixels, residual_zscore
from stellar_gui.labels import check_label_names
from stellar_gui.plots.derivatives import MOST_CURVES
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views.components import ElementsBar, ElementsStatus
from stellar_gui.views.element_map import ElementMapView
from stellar_gui.views.element_star import ElementStar, in_order, row_title
from stellar_gui.views.elements_bar import bar_state, status_state
from stellar_gui.views.limits import LimitsView
from stellar_gui.views.line_answer import LineAnswerView
from stellar_gui.views.notify import notify
from stellar_gui.views.work import in_background

_BODY = ":host { gap: 10px; padding: 12px; background: var(--page); overflow: hidden; }"
_RIGHT = """
:host { flex: none !important; width: 356px !important; min-height: 0; }
@media (max-width: 1300px) { :host { width: 330px !important; } }
"""
_CARD = """
:host {
  background: var(--surface); border: 1px solid var(--rule); border-radius: 8px;
  overflow: hidden; min-width: 0; min-height: 0; box-sizing: border-box;
}
"""
_ANSWER = """
:host { flex: 0 1 352px !important; min-height: 0; margin-bottom: 10px !important; }
"""
_LIMITS = ":host { flex: 1 1 300px !important; min-height: 0; }"


class ElementsPage(pn.viewable.Viewer):
    """All of the Elements page, wired to one selection and one session."""

    def __init__(
        self,
        selection: Selection,
        session: Session,
        *,
        on_command: Callable[[str, object], None] = lambda command, value: None,
        laboratory: Callable[[], pn.viewable.Viewer] | None = None,
        theme: str = "light",
        **params,
    ):
        """on_command: takes what is not this page's, such as finding a star;
        laboratory: makes the view of the missing-line laboratory."""
        super().__init__(**params)
        self._selection, self._session = selection, session
        self._on_command, self._make_laboratory = on_command, laboratory
        self._stale = True
        self._residual: tuple[tuple, int] = ((), -1)  # of what, and which was shown
        self.star = ElementStar(session)
        self.main = ElementMapView(selection, self.star, theme)
        in_view = lambda: self.main.shown_window  # noqa: E731
        self.main.empty.listen(self.run)
        self.limits = LimitsView(selection, session, self.star, in_view)
        self.answer = LineAnswerView(
            selection, session, self.star, self.main, self.limits
        )
        self.laboratory: pn.viewable.Viewer | None = None
        self._place = pn.Column(visible=False, sizing_mode="stretch_both", margin=0)
        wide = {"sizing_mode": "stretch_width"}
        self.bar = ElementsBar(state=self._bar(), height=44, **wide)
        self.bar.listen(self.run)
        self.status = ElementsStatus(state=self._status(), height=28, **wide)
        self._body = self._lay_out()
        watched = "page star models window pixel elements derivatives given masked"
        selection.param.watch(self._changed, [*watched.split(), "counted"])
        self.update()

    # ---- what follows from a change

    def _changed(self, *events):
        names = {event.name for event in events}
        if self._selection.page != "elements":
            self._stale |= bool(names - {"page"})
            return
        if self._stale:
            names = {"star"}
        with pn.io.hold():
            if names & {"star", "models"}:
                self.update()
                return
            if names & {"derivatives", "given"}:
                self._show_derivatives()
            if "window" in names:
                self.main.show_window()  # and elements
                self.limits.show_window()
            elif "elements" in names:
                self.main.show_elements()
            if "pixel" in names:
                self.main.show_pixel()
            if names & {"masked", "counted"}:
                self.limits.show_counted()
            if names & {"pixel", "masked"}:
                self.answer.update()
            self._show_bars()

    def update(self) -> None:
        """Draw everything again, with the fits there are by now."""
        self._stale = False
        star_id = self._selection.star
        changed = star_id != self.star.star_id
        # asked first: what comes in while the page is drawn would be missed
        awaited = bool(star_id) and self._session.awaited(star_id)
        self.star.look(star_id)
        self._follow()
        self._draw(new_star=changed)
        if awaited:
            wanted = lambda: self._selection.star == star_id  # noqa: E731
            work = partial(self._session.settle, star_id, wanted)
            in_background(work, self._settled)

    def _settled(self, result):
        if isinstance(result, Exception):
            notify("error", str(result))
        if result == self._selection.star and self._selection.page == "elements":
            with pn.io.hold():
                self.star.look(result)
                self._draw(new_star=False)

    def _draw(self, *, new_star: bool):
        self._drop_unknown()
        with pn.io.immediate_dispatch():  # the cards beside can wait
            self.main.update()
        if new_star:
            self.limits.new_star()
        else:
            self.limits.update()
        self.answer.update()
        self._show_bars()

    def _show_bars(self):
        for part, state in ((self.bar, self._bar()), (self.status, self._status())):
            if part.state != state:
                part.state = state

    def _bar(self):
        models = self._session.models if self._session.loaded else {}
        shown = None if self._make_laboratory is None else self._in_laboratory
        models = models or dict.fromkeys(self._session.kinds)
        chosen = self._selection.elements
        return bar_state(self.star, self.main, models, chosen, shown)

    def _status(self):
        return status_state(self.star, self.main, self._selection.pixel)

    # ---- commands

    def run(self, command: str, value=None) -> None:
        """Do what a key or a button asks for; pass on what belongs to all pages."""
        action = self._actions.get(command)
        if action is None:
            self._on_command(command, value)
            return
        with pn.io.hold():
            action(self, value)
            self._show_bars()

    @property
    def commands(self) -> set[str]:
        """The commands that belong to this page."""
        return set(self._actions)

    def _step_element(self, by):
        """Draw the next element of the map in place of the last one chosen."""
        known = self.main.known
        if not known:
            return
        names = in_order([f"{element.lower()}_h" for element in known])
        order = [row_title(name) for name in names]
        shown = self._selection.elements or self.main.elements[:1]
        last = shown[-1] if shown and shown[-1] in order else order[0]
        place = order.index(last)
        while True:
            place = (place + by) % len(order)
            if order[place] not in shown[:-1]:
                break
        self._selection.choose(elements=(*shown[:-1], order[place]))

    def _toggle_element(self, element):
        drawn = self.main.elements
        kept = tuple(name for name in drawn if name != element)
        if element in self.main.known and element not in drawn:
            kept = (*drawn, element)[-MOST_CURVES:]
        self._selection.choose(elements=kept)

    def _next_residual(self, value):
        """Pick the next strongest residual of the star's fit."""
        found = self._residuals()
        if not len(found):
            notify("info", "no residual of this fit exceeds 3 σ")
            return
        key = (self.star.star_id, self.star.model)
        last = self._residual[1] if self._residual[0] == key else -1
        place = (last + 1) % len(found)
        self._residual = (key, place)
        self.main.pick(float(np.asarray(self.star.spectra.wavelength)[found[place]]))

    def _residuals(self):
        """Pixels of the star's residuals, the strongest first."""
        fit = self.star.fit(self.star.model) if self.star.ready else None
        if fit is None:
            return []
        star = self.star.spectra
        sigma = fit.model_sigma
        return loudest_pixels(
            residual_zscore(star.flux, star.ivar, fit.model_flux, sigma)[0]
        )

    def _choose(self, **what):
        self.star.choose(**what)
        self._selection.choose(derivatives=self.star.address)
        self._draw(new_star=False)

    def _show_derivatives(self):
        """Follow an address, or what was undone; one's own choice is drawn already."""
        if self._follow():
            self._draw(new_star=False)

    def _follow(self):
        """Look at the model, the mode and the labels that are chosen now.

        Returns whether they are others than before.
        """
        wanted, given = self._selection.derivatives, dict(self._selection.given)
        others = self.star.address != wanted, (self.star.given or {}) != given
        self.star.take(wanted)
        if others[1]:
            self.star.give(given or None)
        return any(others)

    def _drop_unknown(self):
        """Let go of given labels, as of an address, that no loaded model has."""
        if self.star.given is None or not self.star.ready:
            return
        models = self._session.models.values()
        known = dict.fromkeys(name for own in models for name in own.label_names)
        kept = {n: v for n, v in self.star.given.items() if n in known}
        if kept == self.star.given:
            return
        try:
            check_label_names(tuple(self.star.given), tuple(known))
        except ValueError as error:
            notify("warning", f"{error} It is ignored.")
        self.star.give(kept or None)
        self._selection.choose(given=kept)

    def _give(self, labels):
        for refused in self._selection.choose(given=labels):
            notify("warning", refused)

    def _at(self, given):
        self._give(self.star.labels(self.star.model) if given else None)

    def _set_label(self, change):
        if self.star.given is not None:
            self._give(self.star.given | {change["name"]: float(change["value"])})

    # ---- laboratory

    @property
    def _in_laboratory(self):
        return self._place.visible

    def show_laboratory(self, shown: bool) -> None:
        """Show the missing-line laboratory in place of the cards, or leave it."""
        if shown and self.laboratory is None and self._make_laboratory is not None:
            self.laboratory = self._make_laboratory()
            self._place.append(self.laboratory)
        self._place.visible = shown and self.laboratory is not None
        self._body.visible = not self._place.visible

    _actions: ClassVar[dict[str, Callable]] = {
        "map_back": lambda self, value: self.main.next_view(-1),
        "map_on": lambda self, value: self.main.next_view(1),
        "map_reset": lambda self, value: self.main.reset(),
        "element_up": lambda self, value: self._step_element(-1),
        "element_down": lambda self, value: self._step_element(1),
        "next_residual": _next_residual,
        "next_explained": lambda self, value: self.main.next_explained(),
        "element": _toggle_element,
        "elements_auto": lambda self, value: self._selection.choose(elements=()),
        "model": lambda self, value: self._choose(model=value),
        "mode": lambda self, value: self._choose(mode=value),
        "given": _at,
        "label": _set_label,
        "export_derivatives": lambda self, value: self.main.save_numbers(),
        "laboratory": lambda self, value: self.show_laboratory(not self._in_laboratory),
    }

    def escape(self) -> None:
        """Let go of the picked pixel, then leave the laboratory."""
        if self._selection.pixel is not None:
            self._selection.pixel = None
        elif self._in_laboratory:
            self.show_laboratory(False)
            self._show_bars()

    # ---- all

    def tick(self) -> None:
        """Show what the background has done since."""
        tick = getattr(self.laboratory, "tick", None)
        if tick is not None and self._in_laboratory:
            tick()

    def repaint(self, theme: str) -> None:
        """Draw in another theme; the rest follows the style sheet."""
        self.main.repaint(theme)
        repaint = getattr(self.laboratory, "repaint", None)
        if repaint is not None:
            repaint(theme)

    def _lay_out(self):
        both = {"sizing_mode": "stretch_both", "margin": 0}
        right = pn.Column(
            pn.Column(self.answer, stylesheets=[_ANSWER], **both),
            pn.Column(self.limits, stylesheets=[_LIMITS], **both),
            stylesheets=[_RIGHT],
            width=356,
            sizing_mode="stretch_height",
            margin=0,
        )
        main = pn.Column(self.main, stylesheets=[_CARD], **both)
        return pn.Row(main, right, stylesheets=[_BODY], **both)

    def __panel__(self):
        both = {"sizing_mode": "stretch_both", "margin": 0}
        return pn.Column(self.bar, self._body, self._place, self.status, **both)
