"""The Survey page: all stars at once, where models fail, and who disagrees.

Density of residuals and residual stack, labels against their reference, and triage;
all of one sample of stars, whose fits are made in a process of its own.
"""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import panel as pn

from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views.components import EmptyState, SurveyBar, SurveyStatus
from stellar_gui.views.keys import HINTS
from stellar_gui.views.notify import notify
from stellar_gui.views.shown import watch_while_shown
from stellar_gui.views.survey_bar import bar_state, empty_state
from stellar_gui.views.survey_labels import SurveyLabels
from stellar_gui.views.survey_pixels import SurveyPixels
from stellar_gui.views.survey_source import (
    TRANSFERRED,
    Sample,
    SurveySource,
    samples_of,
)
from stellar_gui.views.survey_stack import SIDES
from stellar_gui.views.survey_triage import TriageView
from stellar_gui.views.work import in_background

_BODY = """
:host {
  gap: 10px; padding: 12px; background: var(--page); overflow: hidden;
  position: relative;
}
"""
_RIGHT = ":host { flex: none !important; width: 452px !important; }"
_CARD = """
:host {
  background: var(--surface); border: 1px solid var(--rule); border-radius: 8px;
  min-width: 0; min-height: 0; box-sizing: border-box;
}
"""
_SHARES = (
    ":host { flex: 1 1 53% !important; margin-bottom: 10px !important; }",
    ":host { flex: 1 1 47% !important; min-height: 0; }",
)
_EMPTY = """
:host { position: absolute !important; inset: 0; background: var(--page); z-index: 2; }
"""


class SurveyPage(pn.viewable.Viewer):
    """All of the Survey page, wired to one selection and one session."""

    def __init__(
        self,
        selection: Selection,
        session: Session,
        *,
        download: Callable[[str, str], None] = lambda name, text: None,
        theme: str = "light",
        **params,
    ):
        """download: gives the user a file."""
        super().__init__(**params)
        self._selection, self._session = selection, session
        self._download = download
        self.source = SurveySource(session, self._changed)
        self._samples: dict[str, Sample] = {}
        self._reading = True  # the samples
        self._names = _first_models(session.kinds)
        self._done: list[str] = []  # what was done last, for undoing
        self._undoing, self._n_stars = False, 0
        self.pixels = SurveyPixels(selection, self.source, lambda: self._names, theme)
        self.labels = SurveyLabels(selection, session, self.source, theme)
        self.triage = TriageView(
            selection,
            self.source,
            self._open_star,
            decided=partial(self._done.append, "decision"),
        )
        self.bar = SurveyBar(sizing_mode="stretch_width", height=44)
        self.status = SurveyStatus(sizing_mode="stretch_width", height=28)
        self.empty = EmptyState(state={}, sizing_mode="stretch_both")
        self._nothing = pn.Column(
            self.empty, stylesheets=[_EMPTY], sizing_mode="stretch_both", margin=0
        )
        for part in (self.bar, self.empty):
            part.listen(self.run)
        self._show_bar()
        moved = ["star", "pixel", "window"]
        selection.param.watch(lambda *events: self._moved(), moved)
        say = lambda names: self._show_status()  # noqa: E731
        watch_while_shown(selection, "survey", say, ["star", "pixel"])
        look = lambda names: self._models_changed()  # noqa: E731
        watch_while_shown(selection, "survey", look, ["models"])
        in_background(_import_surveys, self._loaded)

    # ---- the sample

    def _loaded(self, result):
        if isinstance(result, Exception):
            raise result
        self._samples, self._reading = samples_of(self._session), False
        self._choose_sample(next(iter(self._samples), ""))
        self._show_bar()

    def _choose_sample(self, title):
        if title in self._samples:
            with pn.io.hold():
                self.source.choose(self._samples[title])
                self._changed()

    def _models_changed(self):
        """A model may have been loaded since: fit by it, too."""
        if self.source.surveys and set(self.source.surveys) != set(self._session.kinds):
            self._names = _first_models(self._session.kinds) | {
                s: n for s, n in self._names.items() if n in self._session.kinds
            }
            self._choose_sample(self.source.sample.title)

    def _changed(self):
        """More is known of the sample, or another is looked at."""
        with pn.io.hold():
            self.pixels.update()
            self.labels.update()
            self.triage.update()
            self._show_bar()

    def tick(self) -> None:
        """Now and then: show what was fitted and decided since."""
        known = samples_of(self._session) if self._grown() else self._samples
        if known.keys() != self._samples.keys():
            self._samples = known
            if self.source.sample is None:
                self._choose_sample(next(iter(known)))
        with pn.io.hold():
            self.source.look()
            self.triage.look()
            self._show_bar()

    def _grown(self):
        """Whether stars were opened since the samples were found."""
        n_stars = len(self._session.stars)
        grown = n_stars != self._n_stars
        self._n_stars = n_stars
        return grown

    # ---- bar, readout, empty state

    def _show_bar(self):
        state = bar_state(self.source, self._samples, self._names, self._choices())
        if state != self.bar.state:
            self.bar.state = state
        nothing = self.source.facts is None or self.source.progress[0] == 0
        if nothing:
            self.empty.state = empty_state(self.source, self._reading)
        self._nothing.visible = nothing
        self._show_status()

    def _choices(self):
        """By side, the models that can be drawn there."""
        kinds = self._session.kinds
        plain = [name for name, kind in kinds.items() if kind != TRANSFERRED]
        return {SIDES[0]: plain or list(kinds), SIDES[1]: list(kinds)}

    def _show_status(self):
        state = {
            "idle": "point at the residuals to read them; a click picks pixel and star",
            "hints": HINTS["survey"],
            "pixel": self._selection.pixel,
            "star": self._selection.star,
            "sides": [[side, side] for side in SIDES if side in self._names],
            "decimals": 1 if self.pixels.which == "zscore" else 4,
            "symbol": "z" if self.pixels.which == "zscore" else "Δ flux",
        }
        if state != self.status.state:
            self.status.state = state

    def _moved(self):
        if not self._undoing and self._selection.page == "survey":
            self._done.append("selection")

    def _open_star(self):
        self._selection.choose(page="star")

    # ---- commands

    def run(self, command: str, value=None) -> None:
        """Do what a key or a button asks for; faults are for the caller to tell."""
        with pn.io.hold():
            if command in self._commands:
                self._commands[command](self, value)
            else:
                self.triage.run(command, value)
            self._show_bar()

    def _fit_all(self, value):
        self.source.start()

    def _stop_fits(self, value):
        self.source.stop()

    def _take_sample(self, title):
        if self.source.sample is None or title != self.source.sample.title:
            self._choose_sample(title)

    def _take_model(self, value):
        side, name = value
        if name in self._choices().get(side, ()):
            self._names = {**self._names, side: name}
            self.pixels.update()

    def _list_failed(self, value):
        self.triage.filter_failed(not self.triage.only_failed)

    def _next_sort(self, value):
        self.pixels.stack.next_sort()

    def _undo(self, value):
        """Take back the last decision or move, whichever was later."""
        self._undoing = True
        try:
            if self._done and self._done.pop() == "decision":
                self.triage.undo()
            elif not self._selection.undo():
                notify("info", "nothing to undo")
        finally:
            self._undoing = False

    def _export(self, value):
        if self.source.facts is not None:
            name = f"survey_{self.source.sample.title.replace(' ', '_')}.ecsv"
            work = partial(_stars_text, self.source)
            in_background(work, partial(self._exported, name))

    def _exported(self, name, result):
        if isinstance(result, Exception):
            raise result
        self._download(name, result)

    _commands: ClassVar[dict[str, Callable]] = {
        "fit_all": _fit_all,
        "stop_fits": _stop_fits,
        "sample": _take_sample,
        "model": _take_model,
        "failed": _list_failed,
        "sort_next": _next_sort,
        "survey_undo": _undo,
        "export_survey": _export,
    }
    _triage_commands = ("triage_next", "triage_back", "accept", "flag", "note")

    @property
    def commands(self) -> set[str]:
        """The commands that belong to this page."""
        return {*self._commands, *self._triage_commands, "open_star"}

    def escape(self) -> None:
        """Let go of the picked pixel, then list all stars again."""
        if self._selection.pixel is not None:
            self._selection.pixel = None
        elif self.triage.only_failed:
            self.triage.filter_failed(False)

    # ---- all

    def update(self) -> None:
        """Draw everything again, as after a change of what is loaded."""
        self.tick()

    def repaint(self, theme: str) -> None:
        """Draw in another theme; the rest follows the style sheet."""
        self.pixels.repaint(theme)
        self.labels.repaint(theme)

    def __panel__(self):
        both = {"sizing_mode": "stretch_both", "margin": 0}
        right = pn.Column(
            pn.Column(self.labels, stylesheets=[_CARD, _SHARES[0]], **both),
            pn.Column(self.triage, stylesheets=[_SHARES[1]], **both),
            stylesheets=[_RIGHT],
            width=452,
            sizing_mode="stretch_height",
            margin=0,
        )
        body = pn.Row(self.pixels, right, self._nothing, stylesheets=[_BODY], **both)
        return pn.Column(self.bar, body, self.status, **both)


def _first_models(kinds) -> dict[str, str]:
    """By side, the model to begin with: a Payne above what a transfer makes of it.

    Without one or the other, two models that differ.
    """
    plain = [name for name, kind in kinds.items() if kind != TRANSFERRED]
    plain.sort(key=lambda name: kinds[name] != "payne")
    moved = [name for name, kind in kinds.items() if kind == TRANSFERRED]
    first = next(iter(plain or moved), None)
    rest = [name for name in (*moved, *plain) if name != first]
    names = [first, next(iter(rest), None)]
    return {s: n for s, n in zip(SIDES, names, strict=True) if n is not None}


def _stars_text(source):
    """All that is known of the stars of the sample, as the text of a table."""
    from stellar_gui.surveys.numbers import all_fits_table
    from stellar_gui.surveys.table import table_text

    facts = source.facts
    table = all_fits_table(
        {name: source.shown_fits(name) for name in facts.fits},
        source.triage,
        facts.anomalies,
        sample=source.sample.title,
        anomaly_by=facts.judge,
    )
    return table_text(table)


def _import_surveys():
    """Import what the page needs of `surveys` and `analysis`: torch takes seconds."""
    from stellar_gui import surveys  # noqa: F401
    from stellar_gui.analysis import agreement, anomaly, stack  # noqa: F401
    from stellar_gui.surveys import pixels  # noqa: F401
