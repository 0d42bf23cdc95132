"""Marks: files in a folder by which its users know of each other.

Jobs and folders of the cache are shared by the sessions of several servers and belong
to none of them. Each session leaves a mark while it needs one, and a mark counts while
its process lives: whoever was killed is in nobody's way.
"""

import contextlib
import os
import platform
import re
import secrets
import time
import weakref
from pathlib import Path

from stellar_gui.training.process import is_running, process_start

_END = ".mark"
_TRUSTED = 86_400.0  # s that a mark of another machine counts, which cannot be asked


class Mark:
    """A mark in a folder, until `remove`, or until this object or its process is gone.

    The folder is made if it is not there. Raises OSError if it cannot be written to.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mark = Mark(folder, "open")
    ...     before = is_marked(folder), is_marked(folder, "waiting")
    ...     mark.remove()
    ...     before, is_marked(folder)
    ((True, False), False)
    """

    def __init__(self, folder: str | Path, kind: str):
        """kind: a word for what the folder is needed for."""
        path = _made(Path(folder), kind)
        self._end = weakref.finalize(self, path.unlink, missing_ok=True)

    def remove(self) -> None:
        """Need the folder no more; saying so twice changes nothing."""
        self._end()


def is_marked(folder: str | Path, kind: str | None = None) -> bool:
    """Whether anybody who lives needs a folder, for a kind of need or for any."""
    return any(kind in (None, _kind(path)) and _counts(path) for path in _in(folder))


def _made(folder, kind):
    parts = kind, _machine(), os.getpid(), process_start(os.getpid())
    path = folder / f"{'~'.join(map(str, parts))}~{secrets.token_hex(4)}{_END}"
    while not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        # another process may be removing the folder: then it is made anew
        with contextlib.suppress(FileNotFoundError):
            path.touch()
    for other in _in(folder):
        if not _counts(other):
            other.unlink(missing_ok=True)
    return path


def _in(folder):
    try:
        names = os.listdir(folder)
    except FileNotFoundError:  # another process may have removed it
        return []
    return [Path(folder, name) for name in names if name.endswith(_END)]


def _kind(path):
    return path.name.partition("~")[0]


def _counts(path):
    try:
        _, machine, pid, start, _ = path.name.split("~")
        if machine == _machine():
            return is_running(int(pid), float(start))
        return time.time() - path.stat().st_mtime < _TRUSTED
    except (OSError, ValueError):  # it is gone, or no mark of ours
        return False


def _machine():
    return re.sub(r"\W", "-", platform.node())
