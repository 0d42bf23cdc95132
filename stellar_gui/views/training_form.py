"""The form of a new run, or of a fork: what is asked for, and whether it can start."""

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import panel as pn

from stellar_gui.training.options import CHECKPOINT_EVERY, PRESETS
from stellar_gui.views import training_fields
from stellar_gui.views.components import TrainingForm
from stellar_gui.views.run_words import count, duration, method_title
from stellar_gui.views.training_data import (
    MODEL_SUFFIX,
    held,
    model_paths,
    spectra_paths,
)
from stellar_gui.views.training_request import Request
from stellar_gui.views.training_size import size_facts, size_of
from stellar_gui.views.work import in_background

_EMPTY = {
    "heard": 0,
    "title": "New run",
    "forks": False,
    "presets": [],
    "groups": [],
    "start": {"text": "Start new run", "reason": "Looking at what there is …"},
    "words": "",
    "measure": None,
    "facts": [],
}


class FormView(pn.viewable.Viewer):
    """Shows a `Request`, says what is wrong with it, and starts runs.

    Nothing here trains: a run is a process of its own, which ``stellar-gui train``
    would start in the same way.
    """

    def __init__(
        self,
        files: Iterable[Path],
        started: Callable[[str], None],
        notify: Callable[[str, str], None],
        **params,
    ):
        """files: that the server was given; started: hears the name of a new run."""
        super().__init__(**params)
        files = [Path(path) for path in files]
        self._started, self._notify = started, notify
        self._data = spectra_paths(p for p in files if p.suffix != MODEL_SUFFIX)
        self._models = model_paths(p for p in files if p.suffix == MODEL_SUFFIX)
        self._held: dict[Path, object] = {}
        self._devices: list | None = None
        self._published = None  # `training.cycle_settings`, when it is there
        self._size_of_cycle = None  # of `training.cycle_size`, with it
        self._paces: dict[tuple, object] = {}
        self._measuring, self._starting = False, False
        self._active: list = []
        self._heard = 0  # messages of the script, which asks what is answered already
        self._data_chosen = False  # by the user, not by what suits the method
        self.request = Request(self._models)
        self.form = TrainingForm(state=_EMPTY, sizing_mode="stretch_both")
        self.form.listen(self._hear)

    # ---- what there is to choose from

    def look(self) -> None:
        """Find out what the files hold and which devices there are."""
        self._choose_data()
        self.update()
        for path in self._data:
            in_background(partial(held, path), partial(self._came, path))
        in_background(_devices, self._devices_came)
        in_background(_cycle_settings, self._settings_came)

    def _came(self, path, result):
        self._held[path] = result
        if not self._data_chosen and self.request.parent is None:
            self.request.general["data"] = ""
        self._choose_data()
        self.update()

    def _settings_came(self, result):
        if isinstance(result, Exception):
            raise result
        self._published, self._size_of_cycle = result
        self.update()

    def _usual(self, values):
        return training_fields.usual_values(values, self._published)

    def _devices_came(self, result):
        if isinstance(result, Exception):
            self._notify("warning", f"the devices were not found: {result}")
            result = []
        self._devices = result
        self.update()

    def see_runs(self, summaries) -> None:
        """Hear which runs there are: an active one may keep a device busy."""
        active = [summary for summary in summaries if summary.status.active]
        if [s.name for s in active] != [s.name for s in self._active]:
            self._active = active
            self.update()

    def _choose_data(self):
        """Take the data that suit the method, unless some were chosen."""
        if not self.request.general["data"] and self._data:
            suiting = [path for path in self._data if self._suits(path)]
            self.request.general["data"] = str((suiting or self._data)[0])

    def _suits(self, path):
        """Whether a file holds what the method learns from, by its name if unread."""
        wanted = training_fields.PREFERRED[self.request.method]
        what = self._held.get(path)
        if what is None:
            return wanted in path.stem
        return getattr(what, "synthetic", None) == (wanted == "synthetic")

    # ---- commands

    def _hear(self, command, value):
        self._heard += 1
        with pn.io.hold():
            if command == "set":
                self.request.set(*value)
                self._data_chosen |= value[0] == "data"
                self._data_chosen &= value[0] != "method"
            elif command == "preset" and value in PRESETS[self.request.method]:
                self.request.choose_preset(value)
            elif command == "leave":
                self.request.choose_method(self.request.method)
            elif command == "start":
                self.start()
            elif command == "measure":
                self.measure()
            self._choose_data()
            self.update()

    def fork(self, summary, step: int) -> None:
        """Fill the form with the settings of a run, to fork it at a step."""
        self.request.fork(summary.name, step, summary.method, summary.config)
        self.update()

    def start(self) -> None:
        """Start what the form says, in a process of its own."""
        options, problems = self.request.checked()
        if self._reason(problems):
            return
        self._starting = True
        self.update()
        request = self.request
        if request.parent is not None:
            work = partial(_fork, request.parent, request.changes(options))
        else:
            work = partial(_launch, request.method, request.launched(), options)
        in_background(work, partial(self._launched, request.parent))

    def _launched(self, parent, result):
        self._starting = False
        if isinstance(result, Exception):
            self._notify("error", f"no run was started: {result}")
        else:
            if self.request.parent == parent:  # else another is being forked already
                self.request.parent = None
            self._started(result.name)
        self.update()

    def measure(self) -> None:
        """Time a few real steps, in a process of their own."""
        options, problems = self.request.checked()
        if self._reason(problems) or self._measuring:
            return
        self._measuring = True
        self.update()
        work = partial(_measure, self.request.method, self.request.launched(), options)
        key = self.request.pace_key(options)
        in_background(work, partial(self._measured, key))

    def _measured(self, key, result):
        self._measuring = False
        if isinstance(result, Exception):
            self._notify("error", f"the time was not measured: {result}")
        else:
            self._paces[key] = result
        self.update()

    # ---- whether it can start

    def _reason(self, problems):
        """Why a run cannot start; empty if it can."""
        method, data = self.request.method, self.request.general["data"]
        what = self._held.get(Path(data or "."))
        if self._starting:
            return "Starting …"
        if not data:
            return "There are no spectra to train on; start the server with a survey."
        if isinstance(what, Exception):
            return f"{Path(data).name} cannot be read: {what}"
        if what is not None and not what.labelled and method != "cycle-starnet":
            title = method_title(method)
            return f"{Path(data).name} has no labels, and {title} learns from them."
        if problems:
            return next(iter(problems.values()))
        return self._device_reason()

    def _device_reason(self):
        name = self.request.general["device"]
        for device in self._devices or []:
            reason = training_fields.why_not(device, self.request.method)
            if device.name == name and reason:
                return f"{device.title} cannot be used: {reason}"
        busy = [s.name for s in self._active if s.status.device == name != "cpu"]
        if busy:
            return f"{name} is busy with {busy[0]}: stop it, or choose another device."
        return ""

    # ---- what the form shows

    def update(self) -> None:
        """Draw the form again."""
        request = self.request
        options, problems = request.checked()
        reason = self._reason(problems)
        forks = request.parent is not None
        state = {
            "heard": self._heard,
            "title": _title(request.parent),
            "forks": forks,
            "presets": [] if forks else self._presets(),
            "groups": training_fields.groups(
                request,
                problems,
                self._data,
                self._held,
                self._models,
                self._devices,
                self._published,
            ),
            "start": {
                "text": "Start fork" if forks else "Start new run",
                "reason": reason,
            },
            "words": self._words(options),
            "measure": None if forks else {"off": bool(reason) or self._measuring},
            "facts": [
                *self._size_facts(options),
                ["checkpoints", _every(CHECKPOINT_EVERY[request.method])],
                ["training now", _runs(len(self._active))],
                ["runs survive", "reload, closing, restart"],
            ],
        }
        if state != self.form.state:
            self.form.state = state

    def _size_facts(self, options):
        method, general = self.request.method, self.request.general
        what = self._held.get(Path(general["data"] or "."))
        data = getattr(what, "size", None)  # an error has none
        size = size_of(method, options, data, self._size_of_cycle)
        name, usable = general["device"], training_fields.why_not
        gpus = [d for d in self._devices or [] if d.name != "cpu"]
        meant = [d for d in gpus if name in (d.name, "auto") and not usable(d, method)]
        return size_facts(size, next(iter(meant), None))

    def _presets(self):
        return [
            {
                "value": name,
                "text": name,
                "note": self._preset_time(name),
                "on": name == self.request.preset,
            }
            for name in PRESETS[self.request.method]
        ]

    def _preset_time(self, name):
        values = self.request.of_preset(name)
        steps = values.get("steps") or self._usual(values).get("steps")
        options = {n: v for n, v in values.items() if v is not None}
        pace = self._paces.get(self.request.pace_key(options))
        if pace is not None:
            return duration(_seconds(pace, steps))
        return f"{count(steps)} steps" if steps else ""

    def _words(self, options):
        if self._measuring:
            return "Making a few real steps to tell how long it will take …"
        pace = self._paces.get(self.request.pace_key(options))
        if pace is None:
            return (
                "" if self.request.parent is None else "It begins at that checkpoint."
            )
        steps = options.get("steps") or pace.total_steps
        time = duration(_seconds(pace, steps))
        return f"About {time} for {count(steps)} steps, as measured here."

    def __panel__(self):
        return self.form


def _title(parent):
    return "New run" if parent is None else f"Fork at {count(parent.step)}"


def _every(steps):
    return "every step" if steps == 1 else f"every {count(steps)} steps"


def _runs(n):
    return f"{n} run{'s' * (n != 1)}" if n else "no run"


def _seconds(pace, steps):
    """How long so many steps take, the first of them included."""
    return pace.first_step + pace.seconds_per_step * (steps or pace.total_steps)


def _devices():
    from stellar_gui.training.launch import find_devices

    return [SimpleNamespace(**device) for device in find_devices()]


def _cycle_settings():
    """Imported in the background: it brings torch, which takes seconds."""
    from stellar_gui.training import cycle_settings
    from stellar_gui.training.cycle_size import cycle_starnet_size

    return cycle_settings, cycle_starnet_size


def _launch(method, general, options):
    from stellar_gui.training.launch import launch

    return launch(method, **general, **options)


def _fork(parent, changes):
    from stellar_gui.training.launch import fork
    from stellar_gui.training.runs import find_run

    return fork(find_run(parent.name), parent.step, changes)


def _measure(method, general, options):
    from stellar_gui.training.launch import measure

    return measure(method, **general, **options)
