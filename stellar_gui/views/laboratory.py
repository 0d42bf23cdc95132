"""The missing-line laboratory: hide lines, train, and see what is found of them.

A trial is a process of its own, and so is its training, which the Training page has as
any other run. Here it is started, stopped, and looked at.
"""

from collections.abc import Callable
from functools import partial

import panel as pn

from stellar_gui.experiments.trial import (
    SHARES,
    Trial,
    known_trials,
    read_findings,
    reference_file,
)
from stellar_gui.jobs import Job
from stellar_gui.selection import Selection
from stellar_gui.training.run import Run
from stellar_gui.views.components import LaboratoryPanel
from stellar_gui.views.laboratory_state import (
    choices_state,
    estimate,
    progress_state,
    result_state,
)
from stellar_gui.views.notify import notify
from stellar_gui.views.work import in_background

_MODULE = "stellar_gui.experiments.laboratory_job"
_SHIPPED = (
    "This trial ships with the sample, as an example; it was trained as it would be "
    "here."
)
_HALF_WINDOW = 6.0  # Angstrom around a candidate that is looked at


class LaboratoryView(pn.viewable.Viewer):
    """Choices, progress and findings of one trial at a time.

    ``download(name, text)`` gives the user a file; ``on_close`` hears that the panel is
    to go. `tick` looks at what is going on.
    """

    def __init__(
        self,
        selection: Selection,
        *,
        download: Callable[[str, str], None] = lambda name, text: None,
        on_close: Callable[[], None] = lambda: None,
        **params,
    ):
        super().__init__(**params)
        self._selection, self._download = selection, download
        self._on_close = on_close
        self._share, self._seed, self._problem = SHARES[1], "1", ""
        self._trial = Trial()
        self._shown: tuple | None = None
        self._trials: list[Trial] = []
        self._pace: float | None = None  # seconds per step of a trial here
        self._run_name = ""  # of the training that is at work
        self._findings: dict | None = None
        self.panel = LaboratoryPanel(
            state={}, visible=False, sizing_mode="stretch_both", margin=12
        )
        self.panel.listen(self.run)

    def open(self, shown: bool) -> None:
        """Show or hide the panel."""
        self.panel.visible = shown
        self._shown = None
        self.tick()

    def tick(self) -> None:
        """Show what has changed since; a closed panel is left alone."""
        if not self.panel.visible:
            return
        job = Job(self._trial.job)
        file = self._trial.folder / "findings.json"
        stamp = file.stat().st_mtime_ns if file.is_file() else None
        state, progress, run = job.state, job.progress, self._run()
        status = None if run is None else run.status()
        now = (self._trial, state, progress, stamp, self._problem, self._seed)
        if now == self._shown:
            return
        before, self._shown = self._shown, now
        if before is None or (before[0], before[3]) != (self._trial, stamp):
            self._findings, self._trials = read_findings(self._trial), known_trials()
            self._pace = self._pace_here()
        self._run_name = "" if run is None else run.name
        self.panel.state = self._state(job, state, progress, status)

    def _run(self):
        """The training that is at work, or the trial's own."""
        for trial in (self._trial.reference, self._trial):
            if (trial.folder / "config.json").is_file():
                run = Run(trial.folder)
                if trial == self._trial or run.status().active:
                    return run
        return None

    def _pace_here(self):
        """Seconds per step of the newest trial that was trained here, if any."""
        for trial in self._trials:
            if (trial.folder / "config.json").is_file():
                status = Run(trial.folder).status()
                if status.step and trial.stars == self._trial.stars:
                    return status.elapsed / status.step
        return None

    def _state(self, job, state, progress, status):
        active = status is not None and status.active
        rate = status.rate if active else 0.0
        left = (progress.total - progress.done) / rate if rate else None
        error = job.error if state == "failed" else ""
        known = reference_file(self._trial) is not None
        return {
            **choices_state(
                self._share, self._seed, self._problem, self._trials, self._trial
            ),
            "estimate": estimate(self._trial, known, self._pace),
            "start": self._start(state, active),
            "stops": state == "running",
            "run": self._run_name,
            "progress": progress_state(state, progress, left, error),
            "result": result_state(self._findings),
            "origin": _SHIPPED if self._ships() else "",
        }

    def _start(self, state, trains):
        if self._problem:
            return {"text": "Start", "reason": self._problem}
        if state == "running":
            return {"text": "Running", "reason": "the trial is at work"}
        done = self._findings is not None and self._findings["reference"] is not None
        if done and not self._ships():
            return {"text": "Start", "reason": "this trial is done: choose another"}
        if trains:
            return {"text": "Follow", "reason": ""}
        if state in ("new", "finished"):
            return {"text": "Train it here" if done else "Start", "reason": ""}
        return {"text": "Go on", "reason": ""}

    def _ships(self):
        """Whether what is shown was not made on this machine."""
        own = self._trial.folder / "findings.json"
        return self._findings is not None and not own.is_file()

    # ---- what the panel asks for

    def run(self, command: str, value=None) -> None:
        """Do what the panel asks for."""
        commands = {
            "close": self._on_close,
            "share": partial(self._choose, share=value),
            "seed": partial(self._choose, seed=value),
            "trial": partial(self._choose_trial, value),
            "start": self._begin,
            "stop": lambda: Job(self._trial.job).stop(),
            "training": self._show_training,
            "line": partial(self._look_at, value),
            "export": self._export,
            "export_confusion": self._export_confusion,
        }
        if command in commands:
            commands[command]()
            self.tick()

    def _choose(self, share=None, seed=None):
        if share is not None:
            self._share = float(share)
        if seed is not None:
            self._seed = str(seed).strip()
        try:
            self._trial = Trial(share=self._share, seed=int(self._seed))
            self._problem = ""
        except ValueError:
            self._problem = f"seed is {self._seed!r}, expected a whole number from 0 on"

    def _choose_trial(self, name):
        for trial in known_trials():
            if trial.name == name:
                self._share, self._seed = trial.share, str(trial.seed)
                self._trial, self._problem = trial, ""

    def _begin(self):
        if self._problem:
            return
        try:
            Job(self._trial.job).start(_MODULE, self._trial.request)
        except OSError as fault:
            notify("error", f"the trial cannot be started: {fault}")

    def _show_training(self):
        self._selection.choose(page="training", run=self._run_name)

    def _look_at(self, wavelength):
        """Pick a candidate, and make room for the pages that show it."""
        at = float(wavelength)
        self._selection.choose(pixel=at, window=(at - _HALF_WINDOW, at + _HALF_WINDOW))
        self._on_close()

    def _export(self):
        if self._findings is not None:
            name = f"{self._trial.name}-candidates.ecsv"
            in_background(partial(_stub, self._findings), partial(self._save, name))

    def _export_confusion(self):
        if self._findings is not None:
            name = f"{self._trial.name}-confusion.ecsv"
            in_background(
                partial(_confusion, self._findings), partial(self._save, name)
            )

    def _save(self, name, text):
        if isinstance(text, Exception):
            raise text
        self._download(name, text)

    def __panel__(self):
        return self.panel


def _stub(findings):
    from stellar_gui.experiments.line_stub import stub_text  # astropy: half a second

    return stub_text(findings)


def _confusion(findings):
    from stellar_gui.experiments.line_stub import confusion_text

    return confusion_text(findings)
