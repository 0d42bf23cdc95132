"""Runs: the training runs of a folder, whoever started them, and how they differ."""

import contextlib
import difflib
import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stellar_gui import paths
from stellar_gui.training.config import GENERAL
from stellar_gui.training.options import OPTIONS, with_defaults
from stellar_gui.training.run import Run, Status


@dataclass(frozen=True)
class Summary:
    """A run at a glance. ``state`` is "unreadable" where a file of it is damaged."""

    name: str
    path: Path
    status: Status
    config: Mapping[str, Any]
    created: float  # s since 1970

    @property
    def state(self) -> str:
        """As `Status.state`."""
        return self.status.state

    @property
    def method(self) -> str:
        """ "cannon", "payne" or "cycle-starnet"; empty if unreadable."""
        return self.config.get("method", "")

    @property
    def parent(self) -> Mapping[str, Any] | None:
        """``run``, ``step`` and ``changes``, if this run is a fork."""
        return self.config.get("parent")


def summary(run: Run) -> Summary:
    """Return what there is to know of a run at a glance.

    A run that has ended is not read again until a file of it is written anew. Raises
    FileNotFoundError if its folder has been removed.
    """
    files = (run.path / "status.json", run.path / "config.json")
    try:
        told = _told(run.path, *(file.stat().st_mtime_ns for file in files))
        return told if not told.status.active else _summed_up(run, run.status())
    except (OSError, ValueError, TypeError) as fault:
        if not files[1].exists():
            raise FileNotFoundError(f"the run {run.name} has been removed") from None
        unreadable = Status("unreadable", message=str(fault))
        return Summary(run.name, run.path, unreadable, {}, files[1].stat().st_mtime)


@functools.lru_cache(maxsize=4096)
def _told(path, *written):
    """What the files of a run say, which were written at these times."""
    run = Run(path)
    return _summed_up(run, run.told_status())


def _summed_up(run, status):
    created = (run.path / "config.json").stat().st_mtime
    return Summary(run.name, run.path, status, run.config, created)


def list_runs(folder: str | Path | None = None) -> list[Summary]:
    """Return the runs in a folder, by default the user's, those made last first."""
    folder = paths.runs() if folder is None else Path(folder)
    summaries = []
    for file in folder.glob("*/config.json"):
        with contextlib.suppress(FileNotFoundError):  # removed while it was listed
            summaries.append(summary(Run(file.parent)))
    return sorted(summaries, key=lambda s: (-s.created, s.name))


def live_runs(folder: str | Path | None = None) -> list[str]:
    """Return the names of the runs in a folder that a process is at work on."""
    return [one.name for one in list_runs(folder) if one.status.active]


def find_run(name: str | Path, folder: str | Path | None = None) -> Run:
    """Return a run by its name in a folder, by default the user's, or by its path.

    Raises FileNotFoundError, with the name that may have been meant.
    """
    folder = paths.runs() if folder is None else Path(folder)
    for path in (folder / name, Path(name)):
        if (path / "config.json").exists():
            return Run(path)
    known = [summary.name for summary in list_runs(folder)]
    close = difflib.get_close_matches(str(name), known, 1)
    hint = f" Did you mean {close[0]}?" if close else ""
    raise FileNotFoundError(
        f"there is no run {name}, neither in {folder} nor at that path.{hint}"
    )


def settings(config: Mapping[str, Any]) -> dict[str, Any]:
    """All settings of a run by name, those not given at their defaults.

    >>> settings({"method": "cannon", "data": "a.h5", "options": {}})["order"]
    2
    """
    method, given = config["method"], config.get("options", {})
    own = with_defaults(method, given) if method in OPTIONS else given
    general = {name: config.get(name) for name in ("method", "data", *GENERAL)}
    return general | own


def compare(runs: Iterable[Run]) -> list[tuple[str, list[Any]]]:
    """Return the settings that differ between runs, each with its value in every run.

    None where a run has no such setting.
    """
    each = [settings(run.config) for run in runs]
    names = list(dict.fromkeys(name for one in each for name in one))
    table = [(name, [one.get(name) for one in each]) for name in names]
    return [row for row in table if len({json.dumps(v) for v in row[1]}) > 1]
