"""Jobs: a computation in a process of its own, whose folder holds all of it.

The server goes on meanwhile, and whoever opens the folder later finds the work where
it is. Several sessions, of several servers too, may wait for one job: it is stopped
when one of them asks for it and the last of them has stopped or left. What may be
trained for hours is a training run instead; see `training`.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stellar_gui.io.whole import write_text
from stellar_gui.marks import Mark, is_marked
from stellar_gui.training.process import is_running, process_start

_NICE = 10  # whoever looks at spectra goes first
_WINDOWS = ("DETACHED_PROCESS", "BELOW_NORMAL_PRIORITY_CLASS")
_FLAGS = sum(getattr(subprocess, name, 0) for name in _WINDOWS)
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_LOG_END = 2000  # characters of a log that are read
_WAITING, _WORKING = "waiting", "working"  # what a job's folder is needed for
_STARTING = threading.Lock()


class Stopped(Exception):
    """The job was asked to stop."""


@dataclass(frozen=True)
class Progress:
    """How far a job is: ``done`` of ``total``, and in words."""

    done: float = 0.0
    total: float = 1.0
    words: str = ""

    @property
    def share(self) -> float:
        return min(self.done / self.total, 1.0) if self.total > 0 else 0.0


class Job:
    """A job by its folder, for one of those who start it, wait for it or look at it."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self._mark: Mark | None = None

    def start(self, module: str, request: Mapping[str, Any]) -> None:
        """Run ``python -m module folder`` unless it runs already.

        request: what the job has to know, JSON-able; the module's ``main`` uses
        `working`. Raises OSError if the folder cannot be written.
        """
        with _STARTING:
            if self.state == "running":
                return
            self.folder.mkdir(parents=True, exist_ok=True)
            # without those of an earlier worker, or it would look as if this one failed
            for name in ("worker.json", "stop", "progress.json"):
                (self.folder / name).unlink(missing_ok=True)
            write_text(self.folder / "request.json", json.dumps(dict(request)))
            with (self.folder / "log.txt").open("wb") as log:
                worker = subprocess.Popen(
                    [sys.executable, "-m", module, str(self.folder.resolve())],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env={**dict.fromkeys(_THREAD_VARIABLES, "1"), **os.environ},
                    start_new_session=True,
                    creationflags=_FLAGS,
                )
            held = {"pid": worker.pid, "start": process_start(worker.pid)}
            write_text(self.folder / "worker.json", json.dumps(held))
        # waited for, or it would stay as a zombie until this process ends
        threading.Thread(target=worker.wait, daemon=True).start()

    def join(self) -> None:
        """Wait for the job, which runs or is started next, until `stop` or `leave`.

        It is not stopped meanwhile, whoever else has asked for that. A job that nobody
        has joined stops when anybody asks. Raises OSError if the folder cannot be
        written.
        """
        if self._mark is None:
            self._mark = Mark(self.folder, _WAITING)
        (self.folder / "stop").unlink(missing_ok=True)

    def leave(self) -> None:
        """Wait no more; without a word it goes on, so that it is there another time."""
        if self._mark is not None:
            self._mark.remove()
            self._mark = None

    def stop(self) -> None:
        """Wait no more, and have the job stop as soon as nobody else waits for it.

        What it has written stays.
        """
        self.leave()
        (self.folder / "stop").touch()

    @property
    def is_awaited(self) -> bool:
        """Whether anybody waits for the job."""
        return is_marked(self.folder, _WAITING)

    @property
    def state(self) -> str:
        """ "new", "running", "finished", "stopped" or "failed".

        Failed when the process is gone: by then its log says what it died of.
        """
        ended = self._read("progress.json").get("state", "running")
        worker = self._read("worker.json")
        if ended not in ("running", "failed") or not worker:
            return ended if worker else "new"
        if is_running(worker["pid"], worker["start"]):
            return "running"
        # it may have ended between the two looks
        ended = self._read("progress.json").get("state", "running")
        return "failed" if ended == "running" else ended

    @property
    def progress(self) -> Progress:
        told = self._read("progress.json")
        return Progress(**told["progress"]) if told else Progress()

    @property
    def error(self) -> str:
        """The last line of the log: what a failed job died of."""
        try:
            text = (self.folder / "log.txt").read_text("utf-8", "replace")
        except OSError:
            return ""
        lines = text[-_LOG_END:].strip().splitlines()
        return lines[-1].strip() if lines else "the process ended without a word"

    def _read(self, name) -> dict[str, Any]:
        try:
            return json.loads((self.folder / name).read_text("utf-8"))
        except (OSError, ValueError):
            return {}


class Work:
    """A job from inside: what is asked for, and where to say how far it is."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        self.request: dict[str, Any] = json.loads(
            (self.folder / "request.json").read_text("utf-8")
        )
        self._progress = Progress()

    def report(self, done: float, total: float, words: str = "") -> None:
        """Say how far the work is. Raises `Stopped` if it is not wanted any more.

        That is when somebody asked to stop and nobody waits.
        """
        self._progress = Progress(float(done), float(total), words)
        self.end("running")
        stop = (self.folder / "stop").exists()
        if stop and not is_marked(self.folder, _WAITING):
            raise Stopped

    def end(self, state: str) -> None:
        """Write the state with the last progress."""
        told = {"state": state, "progress": asdict(self._progress)}
        write_text(self.folder / "progress.json", json.dumps(told))


@contextlib.contextmanager
def working(folder: str | Path) -> Iterator[Work]:
    """Do a job's work inside: it is finished, stopped or failed when the block ends.

    An error goes on to whoever calls, and so into the log.
    """
    if hasattr(os, "nice"):
        os.nice(_NICE)
    work, mark = Work(folder), Mark(folder, _WORKING)
    work.end("running")
    try:
        yield work
    except Stopped:
        work.end("stopped")
    except BaseException:
        work.end("failed")
        raise
    else:
        work.end("finished")
    finally:
        mark.remove()
