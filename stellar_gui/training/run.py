"""Run: one training run on disk, and the loop that fills it.

A run is a folder: ``config.json`` (what was asked for), ``data.json`` (fingerprint of
the data, ids of the stars it trains on and those it validates on), ``status.json``
(state, step, process), ``metrics.jsonl`` (a line for each logged step),
``checkpoint.pt`` (all that a bit-exact resume needs), ``best.pt`` (the same, at the
best validation score) and ``log.txt``. Each file is written whole or not at all, and
no other process is needed to understand it.
"""

import contextlib
import dataclasses
import datetime
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stellar_gui.io.whole import write_text
from stellar_gui.spectra import Spectra
from stellar_gui.training.checkpoint import load_checkpoint, save_checkpoint
from stellar_gui.training.process import is_running, process_start

ACTIVE = ("starting", "running")
_FINGERPRINT_STARS = 64


@dataclass(frozen=True)
class Status:
    """Where a run stands. ``state`` is one of starting, running, finished, stopped
    (as asked), failed (``message`` says why) and crashed (its process is gone)."""

    state: str = "starting"
    step: int = 0
    total_steps: int = 0
    best_score: float | None = None
    best_step: int | None = None
    elapsed: float = 0.0  # seconds of training, over all resumes
    message: str = ""
    pid: int = 0
    process_start: str | None = None

    @property
    def active(self) -> bool:
        return self.state in ACTIVE


class Run:
    """The folder of one training run; holds nothing that is not on disk."""

    def __init__(self, path: str | Path):
        """Open a run. Raises FileNotFoundError if the folder holds none."""
        self.path = Path(path)
        if not (self.path / "config.json").exists():
            raise FileNotFoundError(
                f"{self.path} is no training run: it has no config.json. Start one "
                "first, or check the path."
            )

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

        config: what JSON can hold. Raises FileExistsError if there is a run already.
        """
        path = Path(path)
        if (path / "config.json").exists():
            raise FileExistsError(
                f"{path} holds a training run already. Resume it, or choose another "
                "folder."
            )
        path.mkdir(parents=True, exist_ok=True)
        data = {
            "fingerprint": None if training is None else data_fingerprint(training),
            "training_ids": [] if training is None else training.ids.tolist(),
            "validation_ids": [] if validation is None else validation.ids.tolist(),
        }
        write_text(path / "data.json", json.dumps(data))
        write_text(path / "status.json", json.dumps(dataclasses.asdict(Status())))
        write_text(path / "config.json", json.dumps(dict(config), indent=2))
        run = cls(path)
        run.log("created")
        return run

    @property
    def config(self) -> dict[str, Any]:
        """What was asked for."""
        return json.loads((self.path / "config.json").read_text(encoding="utf-8"))

    @property
    def data(self) -> dict[str, Any]:
        """``fingerprint``, ``training_ids`` and ``validation_ids``."""
        return json.loads((self.path / "data.json").read_text(encoding="utf-8"))

    def check_data(self, training: Spectra) -> None:
        """Raise ValueError if these are not the data that the run trains on."""
        expected, got = self.data["fingerprint"], data_fingerprint(training)
        if expected is not None and got != expected:
            raise ValueError(
                f"the run {self.path.name} trained on other data (fingerprint "
                f"{expected[:12]}, got {got[:12]}). Resume it with the same "
                "spectra, or start a new run."
            )

    def status(self) -> Status:
        """Where the run stands now; "crashed" if its process has gone."""
        text = (self.path / "status.json").read_text(encoding="utf-8")
        status = Status(**json.loads(text))
        gone = status.pid and not is_running(status.pid, status.process_start)
        if status.active and gone:
            return dataclasses.replace(
                status,
                state="crashed",
                message=f"its process {status.pid} ended without a word; see log.txt",
            )
        return status

    def write_status(self, status: Status) -> None:
        """Write the status, with the number and start of this process."""
        pid = os.getpid()
        status = dataclasses.replace(status, pid=pid, process_start=process_start(pid))
        write_text(self.path / "status.json", json.dumps(dataclasses.asdict(status)))

    def metrics(self) -> list[dict[str, float]]:
        """The logged steps, in order, without a line that is still being written."""
        file = self.path / "metrics.jsonl"
        lines = file.read_text(encoding="utf-8").split("\n") if file.exists() else []
        return [json.loads(line) for line in lines[:-1]]

    def forget_metrics_after(self, step: int) -> None:
        """Drop the lines of steps that a resume from ``step`` will make again."""
        kept = [json.dumps(row) + "\n" for row in self.metrics() if row["step"] <= step]
        write_text(self.path / "metrics.jsonl", "".join(kept))

    def save(self, state: dict, *, best: bool = False) -> None:
        """Write the checkpoint, or the best one."""
        save_checkpoint(self.path / ("best.pt" if best else "checkpoint.pt"), state)

    def load(self, *, best: bool = False, device="cpu") -> dict:
        """Read the last checkpoint, or the best one. Raises as `load_checkpoint`."""
        name = "best.pt" if best else "checkpoint.pt"
        return load_checkpoint(self.path / name, device)

    def log(self, text: str) -> None:
        """Append a line with the time to log.txt."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        with (self.path / "log.txt").open("a", encoding="utf-8") as file:
            file.write(f"{now} {text}\n")

    @contextlib.contextmanager
    def claimed(self) -> Iterator[None]:
        """Hold the run for this process, so that it is not trained twice at a time.

        Raises RuntimeError if another living process holds it.
        """
        lock = self.path / "lock"
        owner = {"pid": os.getpid(), "process_start": process_start(os.getpid())}
        while True:
            try:
                with lock.open("x", encoding="utf-8") as file:
                    json.dump(owner, file)
                break
            except FileExistsError:
                self._drop_stale(lock)
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)

    def _drop_stale(self, lock):
        try:
            owner = json.loads(lock.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            owner = {}
        fresh = lock.exists() and time.time() - lock.stat().st_mtime < 10
        if is_running(owner.get("pid", -1), owner.get("process_start")) or (
            not owner and fresh
        ):
            raise RuntimeError(
                f"the run {self.path.name} is being trained already by process "
                f"{owner.get('pid', 'unknown')}. Wait for it, or stop it first."
            )
        lock.unlink(missing_ok=True)


def data_fingerprint(spectra: Spectra) -> str:
    """A hash of the data: the grid, ids, labels and the flux of up to 64 stars.

    Reads only those stars, so that a large survey file need not be read for it.
    """
    digest = hashlib.blake2b(digest_size=16)
    stars = np.linspace(0, len(spectra) - 1, min(len(spectra), _FINGERPRINT_STARS))
    sample = spectra[np.unique(stars.astype(int))]
    for array in (spectra.wavelength, spectra.labels, sample.flux, sample.ivar):
        if array is not None:
            digest.update(np.ascontiguousarray(array).tobytes())
    digest.update("\n".join([*spectra.ids, *spectra.label_names]).encode())
    return digest.hexdigest()
