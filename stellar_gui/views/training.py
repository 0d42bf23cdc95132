"""The Training page: form, losses with replay, diagnostics and runs.

Runs are processes of their own: this page starts them, reads what they write, and asks
things of them by files. Closing it, or the server, ends none of them.
"""

import dataclasses
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import ClassVar

import panel as pn

from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views.components import Banner, RunBar, RunStatus
from stellar_gui.views.diagnostics import DiagnosticsView
from stellar_gui.views.keys import HINTS
from stellar_gui.views.notify import notify
from stellar_gui.views.replay import ReplayView
from stellar_gui.views.run_bar import banner_state, bar_state
from stellar_gui.views.run_words import look
from stellar_gui.views.runs_list import RunsView
from stellar_gui.views.training_curves import CurvesView
from stellar_gui.views.training_form import FormView
from stellar_gui.views.training_scores import TransferScores
from stellar_gui.views.training_work import import_training, kept_steps, model_of_run
from stellar_gui.views.work import in_background

_LISTED_EVERY = 4  # ticks; the chosen run is looked at at each
_BODY = ":host { gap: 10px; padding: 12px; background: var(--page); overflow: hidden; }"
_FORM = ":host { flex: none !important; width: 278px !important; min-height: 0; }"
_RIGHT = ":host { flex: none !important; width: 330px !important; min-height: 0; }"
_CARD = """
:host {
  background: var(--surface); border: 1px solid var(--rule); border-radius: 8px;
  overflow: hidden; min-width: 0; min-height: 0; box-sizing: border-box;
}
"""
_BANNER = ":host { padding: 12px 12px 0; background: var(--page); flex: none; }"
_SHARES = (
    ":host { flex: 0 1 56% !important; min-height: 150px; }"
    ":host { margin-bottom: 10px !important; }",
    ":host { flex: 1 1 44% !important; min-height: 0; }",
)


class TrainingPage(pn.viewable.Viewer):
    """All of the Training page, wired to one selection and one session."""

    def __init__(
        self,
        selection: Selection,
        session: Session,
        *,
        files: Iterable[Path] = (),
        adopted: Callable[[str], None] = lambda name: None,
        download: Callable[[str, str], None] = lambda name, text: None,
        show_text: Callable[[str, str], None] = lambda title, text: None,
        theme: str = "light",
        **params,
    ):
        """files: that the server was given; adopted: hears which model the session got;
        download and show_text: give the user a file, or a text to read."""
        super().__init__(**params)
        self._selection, self._session = selection, session
        self._adopted, self._download, self._show_text = adopted, download, show_text
        self.curves = CurvesView(theme)
        self.replay = ReplayView(
            selection, session, self.curves.figures.x_range, self._moved, theme
        )
        self.form = FormView(files, self._started, notify)
        self.runs = RunsView(selection)
        self.health, self._scores = DiagnosticsView(), TransferScores()
        self.bar = RunBar(
            state=bar_state(None, None, False),
            sizing_mode="stretch_width",
            height=44,
        )
        self.banner = Banner(visible=False, sizing_mode="stretch_width", height=62)
        self.status = RunStatus(
            state=self._status(), sizing_mode="stretch_width", height=28
        )
        self.bar.listen(self.run)
        self.banner.listen(self.run)
        self.health.list.listen(self.run)
        self._summaries, self._ticks = [], 0
        self._ready, self._dismissed = False, None
        self._adopting = False
        selection.param.watch(lambda event: self._chosen(), ["run", "page"])
        in_background(import_training, self._loaded)

    def _loaded(self, result):
        if isinstance(result, Exception):
            raise result
        self._ready = True
        with pn.io.hold():
            self.form.look()
            self._list()
            self._choose_first()
            self._look()

    # ---- what is going on

    @property
    def summary(self):
        """The run that is looked at; None if there is none."""
        names = self._selection.runs
        found = [s for s in self._summaries if names and s.name == names[0]]
        return found[0] if found else None

    def tick(self) -> None:
        """Twice a second: show what the runs have done since."""
        if not self._ready:
            return
        self._ticks += 1
        with pn.io.hold():
            if self._ticks % _LISTED_EVERY == 0 or self.summary is None:
                self._list()
            self._look()

    def _list(self):
        """Read which runs there are and where they stand."""
        from stellar_gui.training.runs import list_runs

        self._summaries = list_runs()
        self.runs.show(self._summaries)
        self.form.see_runs(self._summaries)

    def _choose_first(self):
        """Look at the newest run if the address names none, and tell of an unknown."""
        names = self._selection.runs
        known = {summary.name for summary in self._summaries}
        for name in names:
            if name not in known:
                notify("warning", f"there is no run {name!r}; the list has those here")
        kept = [name for name in names if name in known]
        newest = [summary.name for summary in self._summaries[:1]]
        if kept != list(names) or not names:
            self._selection.run = ",".join(kept or newest)

    def _chosen(self):
        if not self._ready or self._selection.page != "training":
            return
        with pn.io.hold():
            self._list()
            self._look()

    def _look(self):
        """Show the chosen runs as they are now."""
        summary = self._fresh()
        folder = None if summary is None else summary.path
        method = "" if summary is None else summary.method
        self.curves.show(folder, method)
        self.curves.compare(self._beside())
        self.curves.read()
        steps = kept_steps(summary)
        if summary is not None:
            self.curves.show_steps(summary.status.step, summary.status.total_steps)
            bad = look(summary.state).tone == "bad"
            self.curves.mark_end(summary.state if bad else "")
        self.replay.show(folder, method, steps)
        self.health.show(summary, self.curves.history, self._scores.lights(summary))
        self._show_bar(summary, steps)

    def _fresh(self):
        """The chosen run, its status read just now."""
        summary = self.summary
        if summary is None or summary.state == "unreadable":
            return summary
        from stellar_gui.training.run import Run

        try:
            status = Run(summary.path).status()
        except (OSError, ValueError):  # the folder is being removed
            return summary
        if status != summary.status:
            summary = dataclasses.replace(summary, status=status)
            places = {s.name: k for k, s in enumerate(self._summaries)}
            self._summaries[places[summary.name]] = summary
            self.runs.show(self._summaries)
        return summary

    def _beside(self):
        names = self._selection.runs[1:]
        return [
            (s.name, s.path, s.method)
            for name in names
            for s in self._summaries
            if s.name == name
        ]

    def _show_bar(self, summary, steps):
        state = bar_state(summary, self.replay.step, bool(steps))
        if state != self.bar.state:
            self.bar.state = state
        banner = banner_state(summary, steps)
        key = None if banner is None else (banner["title"], summary.name)
        if banner is not None and banner != self.banner.state:
            self.banner.state = banner
        self.banner.visible = banner is not None and key != self._dismissed
        status = self._status()
        if status != self.status.state:
            self.status.state = status

    def _status(self):
        return {
            "idle": "point at the losses to read them",
            "hints": HINTS["training"],
            "step": self.replay.step,
            "columns": self.curves.readout,
        }

    def _moved(self, step):
        """The replay stands at another checkpoint."""
        self.curves.mark(step)
        if self._ready:
            self._show_bar(self.summary, self.replay.steps)

    # ---- commands

    def run(self, command: str, value=None) -> None:
        """Do what a key or a button asks for; faults are for the caller to tell."""
        summary = self.summary
        if command in ("checkpoint_back", "checkpoint_on"):
            self.replay.move(command)
        elif summary is None:
            notify("info", "no run is chosen; pick one on the right")
        elif command in self._commands:
            self._commands[command](self, summary)
            self._list()
            self._look()

    def _pause(self, summary):
        from stellar_gui.training.control import write_control
        from stellar_gui.training.launch import resume
        from stellar_gui.training.run import Run

        if summary.state in ("running", "starting"):
            write_control(summary.path, "pause")
        elif summary.state == "finished":
            notify("info", f"run {summary.name} has finished; fork it to go on")
        else:
            in_background(partial(resume, Run(summary.path)), self._resumed)

    def _resumed(self, result):
        if isinstance(result, Exception):
            notify("error", f"the run does not go on: {result}")
        self._dismissed = None
        self._list()
        self._look()

    def _smaller_batch(self, summary):
        from stellar_gui.training.launch import retry_smaller
        from stellar_gui.training.run import Run

        notify("info", f"a new run goes on with batch {summary.status.fitting_batch} …")
        work = partial(retry_smaller, Run(summary.path))
        in_background(work, self._went_on)

    def _went_on(self, result):
        if isinstance(result, Exception):
            notify("error", f"no run was started: {result}")
        else:
            self._started(result.name)

    def _stop(self, summary):
        from stellar_gui.training.control import write_control

        if summary.status.active:
            write_control(summary.path, "stop")
            notify("info", f"run {summary.name} saves its state and stops")
        else:
            notify("info", f"run {summary.name} has {summary.state} already")

    def _fork(self, summary):
        if self.replay.step is not None:
            self.form.fork(summary, self.replay.step)

    def _dismiss(self, summary):
        self._dismissed = (self.banner.state["title"], summary.name)

    def _log(self, summary):
        from stellar_gui.training.run import Run

        self._show_text(f"Log of {summary.name}", Run(summary.path).log_tail(60))

    def _export(self, summary):
        from stellar_gui.training.metrics_table import metrics_text

        name = f"{summary.name}_metrics.ecsv"
        in_background(
            partial(metrics_text, summary.path), partial(self._exported, name)
        )

    def _exported(self, name, result):
        if isinstance(result, Exception):
            raise result
        self._download(name, result)

    def _use(self, summary):
        """Load the run's best model into the session, beside those it has."""
        if self._adopting:
            return
        self._adopting = True
        notify("info", f"loading the model of run {summary.name} …")
        in_background(
            partial(model_of_run, summary.path), partial(self._use_model, summary.name)
        )

    def _use_model(self, name, result):
        self._adopting = False
        if isinstance(result, Exception):
            notify("error", f"run {name} has no model to use: {result}")
            return
        title = self._session.adopt(result, name)
        self._adopted(title)
        step = result.provenance.get("run", {}).get("step")
        at = f" at step {step:,}" if step else ""
        notify("success", f"{title}, the model of run {name}{at}, is on the Star page")

    _commands: ClassVar[dict[str, Callable]] = {
        "run_pause": _pause,
        "resume": _pause,
        "smaller_batch": _smaller_batch,
        "run_stop": _stop,
        "run_fork": _fork,
        "run_use": _use,
        "run_export": _export,
        "dismiss": _dismiss,
        "log": _log,
        "score_again": lambda self, summary: self._scores.again(summary),
    }

    @property
    def commands(self) -> set[str]:
        """The commands that belong to this page."""
        return {*self._commands, "checkpoint_back", "checkpoint_on"}

    def _started(self, name):
        self._list()
        self._selection.choose(run=name)

    def escape(self) -> None:
        """Leave the comparison of runs."""
        if self.runs.comparing:
            self._selection.choose(run=",".join(self._selection.runs[:1]))
            self.runs.comparing = False
            self.runs.update()

    # ---- all

    def update(self) -> None:
        """Draw everything again."""
        if self._ready:
            self._list()
            self._look()

    def repaint(self, theme: str) -> None:
        """Draw in another theme; the rest follows the style sheet."""
        self.curves.repaint(theme)
        self.replay.repaint(theme)

    def __panel__(self):
        both = {"sizing_mode": "stretch_both", "margin": 0}
        middle = pn.Column(self.curves, self.replay, stylesheets=[_CARD], **both)
        right = pn.Column(
            pn.Column(self.health, stylesheets=[_SHARES[0]], **both),
            pn.Column(self.runs, stylesheets=[_SHARES[1]], **both),
            stylesheets=[_RIGHT],
            width=330,
            sizing_mode="stretch_height",
            margin=0,
        )
        form = pn.Column(
            self.form,
            stylesheets=[_FORM],
            width=278,
            sizing_mode="stretch_height",
            margin=0,
        )
        body = pn.Row(form, middle, right, stylesheets=[_BODY], **both)
        banner = pn.Column(
            self.banner,
            stylesheets=[_BANNER],
            sizing_mode="stretch_width",
            margin=0,
            visible=self.banner.param.visible,
        )
        return pn.Column(self.bar, banner, body, self.status, **both)
