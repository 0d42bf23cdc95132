"""Control: what those who watch a run ask of it, by a file in the run's folder.

A file and not a signal, so that it works on every system, from every machine that sees
the folder, and for a run that has not begun to listen yet. ``control.json`` holds what
is wanted, not a queue: saying it twice changes nothing.
"""

import contextlib
import json
import math
import secrets
from pathlib import Path

from stellar_gui.io.whole import write_text

_WANTED = {"pause": "pause", "resume": "run", "stop": "stop"}
COMMANDS = (*_WANTED, "learning_rate")


def write_control(
    path: str | Path, command: str, *, learning_rate: float | None = None
) -> None:
    """Ask the run in folder ``path`` for something; it looks before each step.

    command: "pause", "resume" and "stop" (after a checkpoint), or "learning_rate" with
    the rate of the next step. Raises ValueError for another command or rate.
    """
    wish = _read(Path(path) / "control.json")
    if command == "learning_rate":
        wish["learning_rate"] = checked_rate(learning_rate)
        wish["rate_token"] = secrets.token_hex(4)
    elif command in _WANTED:
        wish["wanted"] = _WANTED[command]
    else:
        raise ValueError(
            f"the command is {command!r}, expected one of {', '.join(COMMANDS)}"
        )
    write_text(Path(path) / "control.json", json.dumps(wish))


def checked_rate(rate) -> float:
    """Return a learning rate; ValueError if it is not a positive number.

    >>> checked_rate("3e-4")
    0.0003
    """
    try:
        number = float(rate)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 < number < math.inf:
        raise ValueError(
            f"the learning rate is {rate!r}, expected a positive number such as 1e-4"
        )
    return number


class Controls:
    """What is asked of a run, seen from its process. `poll` reads what is new."""

    def __init__(self, path: str | Path):
        """path: the folder of the run."""
        self._file = Path(path) / "control.json"
        self._seen, self._token = None, None
        self._rate: float | None = None
        self.wanted = "run"  # or "pause", "stop"

    def poll(self) -> None:
        """Look at the file, and read it if it was written since the last look."""
        try:
            stat = self._file.stat()
        except OSError:
            return
        if (stat.st_mtime_ns, stat.st_ino) == self._seen:
            return
        self._seen = (stat.st_mtime_ns, stat.st_ino)
        wish = _read(self._file)
        wanted = wish.get("wanted")
        self.wanted = wanted if wanted in _WANTED.values() else "run"
        if wish.get("rate_token") != self._token:
            self._token = wish.get("rate_token")
            with contextlib.suppress(ValueError):  # a damaged file asks for nothing
                self._rate = checked_rate(wish.get("learning_rate"))

    def take_learning_rate(self) -> float | None:
        """Return the learning rate that is asked for, once; None if none is."""
        rate, self._rate = self._rate, None
        return rate


def _read(file):
    try:
        wish = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return wish if isinstance(wish, dict) else {}
