"""The Domains page: three linked maps of both domains, groups, and what differs.

The maps show what a transfer does: spectra apart, latents shared, spectra alike. Stars
are chosen by a click and groups by a lasso; the difference of two groups is explained.
"""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import panel as pn

from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views import domain_bar as bar
from stellar_gui.views.components import DomainBar, EmptyState, MapStatus
from stellar_gui.views.domain_colours import (
    Colouring,
    fact_titles,
    facts,
    options,
    scale_state,
)
from stellar_gui.views.domain_difference import DifferenceView
from stellar_gui.views.domain_maps import GROUPS, MapsView
from stellar_gui.views.domain_source import KIND, MapSource
from stellar_gui.views.domain_star import PickedPoint
from stellar_gui.views.keys import HINTS
from stellar_gui.views.notify import notify
from stellar_gui.views.shown import watch_while_shown
from stellar_gui.views.work import in_background

_BODY = ":host { padding: 12px; background: var(--page); overflow: hidden; }"
_MAPS = """
:host { flex: 54 1 0 !important; min-height: 0; }
:host { margin-bottom: 10px !important; }
"""
_BELOW = ":host { flex: 46 1 0 !important; min-height: 0; }"
_EMPTY = {
    "position": "absolute",
    "inset": "0",
    "width": "100%",
    "height": "100%",
    "background": "var(--page)",
    "z-index": "2",
}
_LASSOS = tuple(f"lasso_{name}" for name in GROUPS)
_NO_MODEL = (
    "Maps of the domains need a Cycle-StarNet, and none is loaded: open one that was "
    "trained for these spectra, or train one."
)


class DomainsPage(pn.viewable.Viewer):
    """All of the Domains page, wired to one selection and one session."""

    def __init__(
        self, selection: Selection, session: Session, theme: str = "light", **params
    ):
        super().__init__(**params)
        self._selection, self._session, self._theme = selection, session, theme
        self.on_command: Callable = lambda command, value=None: None
        self._settings = None  # those that maps were asked for with last
        self._drawn = None  # what was drawn last
        self._switches, self._after = bar.switches(), False
        self.source = MapSource(session, self._changed)
        self.maps = MapsView(selection, self._take_point, self._save_map, theme)
        self.colouring = Colouring(session, self.maps, self._show_bar)
        self.point = PickedPoint(
            selection, session, self.maps, self.source, self._show_status
        )
        self.difference = DifferenceView(selection, session, self.maps.rows, theme)
        self.bar = DomainBar(sizing_mode="stretch_width", height=44)
        self.bar.state = self._bar_state()
        self.status = MapStatus(sizing_mode="stretch_width", height=28)
        self.status.state = self._status_state()
        self.empty = EmptyState(state={}, visible=False, styles=_EMPTY)
        self.bar.listen(self.run)
        self.empty.listen(lambda command, value: self.on_command(command, value))
        watched = [*(f"group_{name}" for name in GROUPS), *_LASSOS]
        selection.param.watch(lambda *events: self._groups_changed(), watched)
        look = lambda names: self._look_for_model()  # noqa: E731
        watch_while_shown(selection, "domains", look, ["models"])
        in_background(partial(_load, session), self._loaded)

    # ---- the maps

    def _loaded(self, result):
        if isinstance(result, Exception):
            self._show_empty(f"There are no maps: {result}")
            return
        from stellar_gui.maps.settings import MapSettings

        self._settings = MapSettings()
        self._look_for_model()

    @property
    def model_name(self) -> str | None:
        """The transferred model that is mapped: the first shown, else the first."""
        kinds = self._session.kinds
        names = [name for name, kind in kinds.items() if kind == KIND]
        shown = [name for name in names if name in self._selection.models]
        return next(iter(shown or names), None)

    def _look_for_model(self):
        """Map by another model, if another is shown now."""
        if self._settings is None:
            return
        name = self.model_name
        if name is None or not self._session.ids:
            self._show_empty(_NO_MODEL)
        elif self.source.shown is None or self.source.shown.model_name != name:
            self._ask(self._settings)

    def _ask(self, settings):
        lassos = [getattr(self._selection, name) for name in _LASSOS]
        drawn = [lasso.map_id for lasso in lassos if lasso is not None]
        self.source.ask(self.model_name, settings, drawn)

    def _show_empty(self, text):
        self.source.waiting = False
        train = ["Train a Cycle-StarNet", "page", "training"]
        buttons = [train, ["Open a model", "open", None]]
        self.empty.state = {"text": text, "buttons": buttons}
        self.empty.visible = True
        self._show_bar()

    def _changed(self):
        """The source has something else to show."""
        with pn.io.hold():
            shown = self.source.shown
            if shown is None and self.source.problem:
                self._show_empty(f"There are no maps: {self.source.problem}")
            if shown is not None and shown is not self._drawn:
                self._draw(shown)
            self.maps.wait(self.source.waiting)
            self._show_bar()

    def _draw(self, shown):
        self.empty.visible = False
        self._drawn, self._after = shown, False
        self._settings = shown.request.settings
        columns = facts(self._session, shown.points)
        self.maps.show(shown.points, columns, bar.words_of(shown))
        self.difference.use(shown)
        self.colouring.apply()
        self.point.forget()

    def tick(self) -> None:
        """Now and then: see how far maps are that are being made."""
        if not self.source.look():
            return
        drawn = any(getattr(self._selection, name) is not None for name in _LASSOS)
        if self.source.ready and not drawn:
            self.source.take()
        self._show_bar()

    # ---- what a user does

    def run(self, command: str, value=None) -> None:
        """Do what a key or a button asks for; faults are for the caller to tell."""
        with pn.io.hold():
            self._commands[command](self, value)
            self._show_bar()

    def _take_point(self, row):
        self.point.take(row)

    def _groups_changed(self):
        with pn.io.hold():
            self._show_bar()
            self.difference.update()

    def _clear_groups(self, value=None):
        groups = {f"group_{name}": () for name in GROUPS}
        self._selection.choose(**groups, **dict.fromkeys(_LASSOS))

    def _compute(self, form):
        try:
            settings = bar.settings_from(form, self._settings)
        except ValueError as error:
            self.source.refusal = str(error)
            return
        self._let_go_of_lassos()
        self.source.stop()  # of other maps, which are wanted no more
        self._ask(settings)

    def _take_maps(self, value):
        self._let_go_of_lassos()
        self.source.take()

    def _let_go_of_lassos(self):
        """Keep the groups as stars: what was drawn on one map is nowhere in another."""
        self._selection.choose(**dict.fromkeys(_LASSOS))

    def _set_switch(self, value):
        for row in self._switches:
            if row.name == value["name"]:
                row.set(bool(value["on"]), value["value"])
        self._augmented(True)

    def _augmented(self, after):
        """Show the map of spectra after augmentation, or as it was before."""
        if self.source.shown is None:
            return
        self._after = bool(after)
        if not self._after:
            self.maps.show_raw(None)
            self.point.show()
            return
        chosen = bar.augmentation_of(self._switches)
        self.maps.wait_raw(True)
        self.source.augment(chosen, partial(self._augmentation_done, chosen))

    def _augmentation_done(self, chosen, result):
        if not self._after or chosen != bar.augmentation_of(self._switches):
            return
        self.maps.wait_raw(False)
        if isinstance(result, ValueError):
            notify("warning", str(result))
        elif isinstance(result, Exception):
            raise result
        else:
            with pn.io.hold():
                self.maps.show_raw(result)
                self.point.show()

    def _open_star(self, value):
        if self._selection.star:
            self._selection.choose(page="star")

    _commands: ClassVar[dict[str, Callable]] = {
        "mode": lambda self, value: self.maps.use(value),
        "lasso_a": lambda self, value: self.maps.use("a"),
        "lasso_b": lambda self, value: self.maps.use("b"),
        "pan": lambda self, value: self.maps.use("pan"),
        "clear_groups": _clear_groups,
        "colour": lambda self, value: self.colouring.choose(value),
        "domain": lambda self, value: self.colouring.toggle(value),
        "compute_maps": _compute,
        "stop_maps": lambda self, value: self.source.stop(),
        "start_maps": lambda self, value: self.source.take(),
        "take_maps": _take_maps,
        "augment": _set_switch,
        "augmented": lambda self, value: self._augmented(value),
        "open_star": _open_star,
    }

    @property
    def commands(self) -> set[str]:
        """The commands that belong to this page."""
        return set(self._commands)

    def escape(self) -> None:
        """Let go of a picked synthetic point, then of the groups."""
        if not self.point.let_go():
            self._clear_groups()

    def _save_map(self, space):
        from stellar_gui.analysis.map_table import map_text

        points, one = self.maps.points, self.maps.points.maps[space]
        groups = {}
        for name in GROUPS:
            groups[f"group_{name}"] = members = [False] * len(points.ids)
            for row in self.maps.rows(name):
                members[row] = True
        meta = {"space": space, "map": one.map_id, **one.settings.to_plain()}
        meta |= {"mixing": one.mixing._asdict(), "model": self.source.shown.model_name}
        text = map_text(one.ids, one.domain, one.points, groups, meta)
        self.maps.titles[space].save(f"domains_{space}.ecsv", text)

    # ---- bar and readout

    def _show_bar(self):
        state = self._bar_state()
        if state != self.bar.state:
            self.bar.state = state

    def _bar_state(self):
        shown = self.source.shown
        names = () if shown is None else shown.points.label_names
        rows = {name: self.maps.rows(name) for name in GROUPS}
        return {
            "legend": bar.legend_state(shown, self.colouring.hidden),
            "groups": bar.groups_state(rows),
            "colour": {
                "value": self.colouring.choice,
                "options": options(self._session, names, self._selection.models),
            },
            "scale": scale_state(self.colouring.shades, self._theme),
            "mode": self.maps.mode,
            "canClear": any(len(of) for of in rows.values()),
            "words": "" if shown is None else bar.words_of(shown),
            "job": bar.job_state(self.source),
            "form": bar.form_state(
                self.source, self._settings if self.model_name else None
            ),
            "augment": bar.augment_state(self._switches, self._after, shown is None),
            "figures": self.maps.names,
        }

    def _show_status(self):
        self.status.state = self._status_state()

    def _status_state(self):
        return {
            "picked": self.point.state,
            "idle": "point at a star to read it, click to pick it",
            "facts": fact_titles(),
            "figures": self.maps.names,
            "hints": HINTS["domains"],
        }

    # ---- all

    def update(self) -> None:
        """Draw everything again, as after a change of what is loaded."""
        self._look_for_model()
        self.point.show()

    def repaint(self, theme: str) -> None:
        """Draw in another theme; the rest follows the style sheet."""
        self._theme = theme
        self.maps.repaint(theme)
        self.difference.repaint(theme)
        self._show_bar()

    def __panel__(self):
        both = {"sizing_mode": "stretch_both", "margin": 0}
        body = pn.Column(
            pn.Column(self.maps, stylesheets=[_MAPS], **both),
            pn.Column(self.difference, stylesheets=[_BELOW], **both),
            stylesheets=[_BODY],
            **both,
        )
        covered = pn.Column(body, self.empty, styles={"position": "relative"}, **both)
        return pn.Column(self.bar, covered, self.status, **both)


def _load(session):
    """Load the models and import what the maps need, which takes seconds."""
    from stellar_gui.maps import points, request, store  # noqa: F401
    from stellar_gui.views import domain_compared  # noqa: F401

    return session.models
