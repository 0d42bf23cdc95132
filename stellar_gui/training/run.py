"""Run: one training run on disk, and nothing that is not on disk.

A run is a folder: ``config.json`` (what was asked for, by which code), ``data.json``
(fingerprint of the data, ids of the stars it trains on and those it validates on),
``status.json`` (state, step, process), ``control.json`` (what is asked of it while it
runs), ``metrics.jsonl`` (a line for each logged step), ``checkpoint.pt`` (all that a
bit-exact resume needs), ``checkpoints/`` (earlier ones), ``best.pt`` (the same, at the
best validation score) and ``log.txt``. Each file is written whole or not at all, and no
other process is needed to understand it.
"""

import contextlib
import dataclasses
import datetime
import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stellar_gui import paths
from stellar_gui.io.whole import write_text
from stellar_gui.spectra import Spectra
from stellar_gui.training.claim import Owner, claimed, identity, lives, recent
from stellar_gui.training.fingerprint import data_fingerprint, file_fingerprint
from stellar_gui.training.history import read_rows
from stellar_gui.training.kept import Kept

ACTIVE = ("starting", "running", "paused")
_TAIL = 8192  # bytes of the log that its end is looked for in
_HALF_WRITTEN = (
    ".checkpoint.pt.*.part",
    ".best.pt.*.part",
    ".metrics.jsonl.*.part",
    "checkpoints/.*.part",
)
_NO_DATA = {"fingerprint": None, "training_ids": [], "validation_ids": [], "files": {}}


@dataclass(frozen=True)
class Status:
    """Where a run stands. ``state`` is one of starting, running, paused, finished,
    stopped (as asked), failed (``message`` says why) and crashed (its process is gone).
    """

    state: str = "starting"
    step: int = 0
    total_steps: int = 0
    best_score: float | None = None
    best_step: int | None = None
    elapsed: float = 0.0  # seconds of training, over all resumes
    rate: float = 0.0  # steps per second, of late; 0 if unknown
    device: str = ""
    memory: int | None = None  # bytes in use on a GPU
    message: str = ""
    fitting_batch: int | None = None  # where a step needed too much memory
    pid: int = 0
    process_start: float | None = None
    host: str | None = None

    @property
    def active(self) -> bool:
        """Whether a process is at work on the run."""
        return self.state in ACTIVE

    @property
    def progress(self) -> float:
        """The share of the steps that is done, 0 to 1."""
        return self.step / self.total_steps if self.total_steps else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at the rate of late; None if that is unknown."""
        if self.state not in ("running", "paused") or not self.rate:
            return None
        return (self.total_steps - self.step) / self.rate


class Run:
    """The folder of one training run."""

    def __init__(self, path: str | Path):
        """Open a run. Raises FileNotFoundError if the folder holds none."""
        self.path = Path(path)
        if not (self.path / "config.json").exists():
            raise FileNotFoundError(
                f"{self.path} is no training run: it has no config.json. Start one "
                "first, or check the path."
            )
        self.kept = Kept(self.path)
        self._holder: int | None = None

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @classmethod
    def create(
        cls,
        path: str | Path,
        config: Mapping[str, Any],
        *,
        training: Spectra | None = None,
        validation: Spectra | None = None,
    ) -> "Run":
        """Make the folder of a new run and write down what it trains on.

        config: what JSON can hold. Without spectra the run is prepared only, and
        `write_data` completes it. Raises FileExistsError if there is a run already,
        RuntimeError if another process makes or trains it now.
        """
        path = Path(path)
        path.mkdir(parents=True, exist_ok=True)
        with claimed(path):  # so that of two who make it at a time, one does
            if (path / "config.json").exists():
                raise FileExistsError(
                    f"{path} holds a training run already. Resume it, or choose "
                    "another folder."
                )
            write_text(path / "status.json", json.dumps(dataclasses.asdict(Status())))
            write_text(path / "config.json", json.dumps(dict(config), indent=2))
        run = cls(path)
        if training is not None:
            run.write_data(training, validation)
        run.write_status(Status())
        run.log("created")
        return run

    @property
    def name(self) -> str:
        """The name of the folder."""
        return self.path.resolve().name

    @property
    def config(self) -> dict[str, Any]:
        """What was asked for."""
        return json.loads((self.path / "config.json").read_text(encoding="utf-8"))

    @property
    def data(self) -> dict[str, Any]:
        """``fingerprint``, ``training_ids``, ``validation_ids``, ``files``."""
        file = self.path / "data.json"
        if not file.exists():
            return dict(_NO_DATA)
        return _NO_DATA | json.loads(file.read_text(encoding="utf-8"))

    @property
    def prepared(self) -> bool:
        """Whether the run was asked for, and no process has begun it yet."""
        return not (self.path / "data.json").exists()

    @property
    def has_checkpoint(self) -> bool:
        """Whether there is a state to go on from, be it an earlier one."""
        return (self.path / "checkpoint.pt").exists() or bool(self.kept.steps())

    def write_data(
        self,
        training: Spectra,
        validation: Spectra | None,
        files: Mapping[str, str | Path] | None = None,
    ) -> None:
        """Write down what the run trains on; files: by the name of their setting."""
        data = {
            "fingerprint": data_fingerprint(training),
            "training_ids": training.ids.tolist(),
            "validation_ids": [] if validation is None else validation.ids.tolist(),
            "files": {k: file_fingerprint(v) for k, v in (files or {}).items()},
        }
        write_text(self.path / "data.json", json.dumps(data))

    def check_data(
        self, training: Spectra, files: Mapping[str, str | Path] | None = None
    ) -> None:
        """Raise ValueError if these are not the data that the run trains on."""
        expected, got = self.data["fingerprint"], data_fingerprint(training)
        if expected is not None and got != expected:
            raise ValueError(
                f"the run {self.name} trained on other data (fingerprint "
                f"{expected[:12]}, got {got[:12]}). Resume it with the same "
                "spectra, or start a new run."
            )
        for name, file in (files or {}).items():
            known = self.data["files"].get(name)
            if known is not None and known != file_fingerprint(file):
                raise ValueError(
                    f"the file {file} has changed since the run {self.name} began, "
                    f"which uses it as its {name}. Put the old file back, or start a "
                    "new run."
                )

    def status(self) -> Status:
        """Where the run stands now; "crashed" if its process has gone."""
        status = self.told_status()
        if not status.active or self._at_work(status):
            return status
        status = self.told_status()  # it may have said its last word meanwhile
        if not status.active:
            return status
        # while it starts, the number is that of the process that started it
        pid = f" {status.pid}" if status.pid and status.state != "starting" else ""
        return dataclasses.replace(
            status,
            state="crashed",
            message=f"its process{pid} ended without a word; see log.txt",
        )

    def told_status(self) -> Status:
        """What the process of the run has said last; it may have gone since."""
        text = (self.path / "status.json").read_text(encoding="utf-8")
        known = {field.name for field in dataclasses.fields(Status)}
        return Status(**{k: v for k, v in json.loads(text).items() if k in known})

    def _at_work(self, status):
        file = self.path / "status.json"
        if Owner(self.path).alive:
            return True
        if status.state == "starting":
            return not (self.path / "lock").exists() and recent(file)
        facts = {"pid": status.pid, "process_start": status.process_start}
        return lives(facts | ({"host": status.host} if status.host else {}), file)

    def write_status(self, status: Status) -> None:
        """Write the status, with the number and start of this process."""
        status = dataclasses.replace(status, **identity(os.getpid()))
        write_text(self.path / "status.json", json.dumps(dataclasses.asdict(status)))

    def metrics(self) -> list[dict[str, float]]:
        """The logged steps, in order, without a line that is still being written.

        Nor one that a crash of the machine has torn.
        """
        return read_rows(self._logged_lines())

    def _logged_lines(self):
        file = self.path / "metrics.jsonl"
        return file.read_bytes().split(b"\n")[:-1] if file.exists() else []

    def forget_after(self, step: int) -> int:
        """Drop what belongs to steps that a resume from ``step`` will make again.

        Returns how many damaged lines of the metrics went with it.
        """
        lines = self._logged_lines()
        rows = read_rows(lines)
        kept = [json.dumps(row) + "\n" for row in rows if row["step"] <= step]
        write_text(self.path / "metrics.jsonl", "".join(kept))
        self.kept.forget_after(step)
        return len(lines) - len(rows)

    def sweep(self) -> None:
        """Remove what a process that was killed has left half written.

        For the process that holds the run; what others write is left alone.
        """
        for pattern in _HALF_WRITTEN:
            for part in self.path.glob(pattern):
                part.unlink(missing_ok=True)

    def save(self, state: dict, *, best: bool = False) -> None:
        """Write the checkpoint, or the best one. Raises OSError if it cannot.

        The state says its ``step`` and may say its ``total_steps``.
        """
        # here, because runs are listed and asked by those who need no torch
        from stellar_gui.training.checkpoint import save_checkpoint

        if best:
            save_checkpoint(self.path / "best.pt", state)
            return
        save_checkpoint(self.path / "checkpoint.pt", state)
        self.kept.keep(state["step"], state.get("total_steps", 0))

    def load(self, which: str | int = "last", device="cpu") -> dict:
        """Read a checkpoint: "last", "best" or that of a step that is kept.

        Where a method has no best score, or no score yet, its best is the last.
        Raises as `load_checkpoint`; `load_newest` gets by with a damaged one.
        """
        from stellar_gui.training.checkpoint import load_checkpoint

        return load_checkpoint(self._file_of(which), device)

    def _file_of(self, which):
        if which == "best" and (self.path / "best.pt").exists():
            return self.path / "best.pt"
        if which in ("best", "last"):
            return self.path / "checkpoint.pt"
        return self.kept.file(which)

    def load_newest(self) -> tuple[dict, str]:
        """Read the newest checkpoint that can be read, and a note if one could not.

        Raises as `load_checkpoint` if there is none.
        """
        from stellar_gui.training.checkpoint import load_checkpoint

        try:
            return self.load(), ""
        except (FileNotFoundError, ValueError) as fault:
            first = fault
        for step in reversed(self.kept.steps()):
            with contextlib.suppress(FileNotFoundError, ValueError):
                state = load_checkpoint(self.kept.file(step))
                return state, f"{first} Went back to the checkpoint of step {step}."
        raise first

    def log(self, text: str) -> None:
        """Append a line with the time to log.txt."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        with (self.path / "log.txt").open("a", encoding="utf-8") as file:
            file.write(f"{now} {text}\n")

    def log_tail(self, lines: int = 20) -> str:
        """The end of log.txt."""
        try:
            with (self.path / "log.txt").open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(size - _TAIL, 0))
                text = file.read().decode("utf-8", errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    @contextlib.contextmanager
    def claimed(self) -> Iterator[None]:
        """Hold the run for this process, so that it is not trained twice at a time.

        What was asked of an earlier process is forgotten. A thread that holds it may
        ask again. Raises RuntimeError if another living process holds it.
        """
        if self._holder == threading.get_ident():
            yield
            return
        with claimed(self.path) as handed:
            if not handed:
                (self.path / "control.json").unlink(missing_ok=True)
            self._holder = threading.get_ident()
            try:
                yield
            finally:
                self._holder = None


def new_folder(method: str) -> Path:
    """Make a folder among the user's runs that was not there: cannon-001, ..."""
    parent, number = paths.runs(), 1
    parent.mkdir(parents=True, exist_ok=True)
    while True:
        folder = parent / f"{method}-{number:03d}"
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder
