"""Claim: a run is trained by one process at a time, held by a file named ``lock``.

The file names its owner, so that a lock whose owner has gone is no obstacle. Whoever
starts a worker claims the run first and hands the lock over to it; so a second start is
refused from the first moment on.
"""

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stellar_gui.io.whole import write_text
from stellar_gui.training.process import is_running, process_start

SILENT = 300.0  # s without a word, after which a process of another machine is gone
_FRESH = 10.0  # s
_HANDING = 5.0  # s that a starter may take to hand its lock over


class Owner:
    """Who holds the lock of the run in folder ``path``, read once; False if no one."""

    def __init__(self, path: Path):
        self._file = path / "lock"
        self._word = path / "status.json"
        try:
            text = self._file.read_text(encoding="utf-8")
        except OSError:
            text = None
        self._there = text is not None
        try:
            self._facts: dict[str, Any] = json.loads(text or "{}")
        except ValueError:
            self._facts = {}

    def __bool__(self):
        return self._there

    def __str__(self):
        pid, host = self._facts.get("pid", "unknown"), self._facts.get("host")
        return f"process {pid}" + ("" if host in (None, _here()) else f" on {host}")

    @property
    def waits_for_me(self) -> bool:
        """Whether the lock was made for this process, which has not taken it yet.

        Or for its parent: on Windows the python of a virtual environment starts
        another one, and whoever started it knows the first.
        """
        return any(self._is(pid, handed=True) for pid in (os.getpid(), os.getppid()))

    @property
    def is_me(self) -> bool:
        """Whether this process holds the lock."""
        return self._is(os.getpid(), handed=False)

    @property
    def started_me(self) -> bool:
        """Whether the lock is still that of the process which started this one."""
        return self._is(os.getppid(), handed=False)

    def _is(self, pid, *, handed):
        facts = self._facts
        own = facts.get("pid") == pid and facts.get("host") == _here()
        known = own and facts.get("handed", False) == handed
        return known and is_running(pid, facts.get("process_start"))

    @property
    def alive(self) -> bool:
        """Whether the owner still lives."""
        if not self:
            return False
        if not self._facts:
            return recent(self._file)
        return lives(self._facts, self._word)


def identity(pid: int, **more) -> dict[str, Any]:
    """What tells a process from every other one, of this machine and others."""
    return {
        "pid": pid,
        "process_start": process_start(pid),
        "host": _here(),
        **more,
    }


def lives(facts: dict[str, Any], word: Path) -> bool:
    """Whether the process of ``facts``, an `identity`, lives.

    One on another machine cannot be asked; ``word`` is a file it writes now and then.
    """
    if facts.get("host", _here()) != _here():
        return _age(word) < SILENT
    return is_running(facts.get("pid", -1), facts.get("process_start"))


@contextlib.contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Hold the run in folder ``path`` for this process.

    Yields whether the lock was handed over by whoever started this process. Raises
    RuntimeError if another living process holds it.
    """
    until = time.monotonic() + _HANDING
    while Owner(path).started_me and time.monotonic() < until:
        time.sleep(0.02)
    handed = Owner(path).waits_for_me
    if handed:
        hand_over(path, os.getpid(), handed=False)
    else:
        while not _made(path):
            _drop_stale(path)
    try:
        yield handed
    finally:
        if Owner(path).is_me:
            (path / "lock").unlink(missing_ok=True)


def hand_over(path: Path, pid: int, *, handed: bool = True) -> None:
    """Make process ``pid`` the owner of a lock that this process holds."""
    write_text(path / "lock", json.dumps(identity(pid, handed=handed)))


def _made(path):
    try:
        with (path / "lock").open("x", encoding="utf-8") as file:
            json.dump(identity(os.getpid(), handed=False), file)
    except FileExistsError:
        return False
    return True


def _drop_stale(path):
    """Remove the lock of a process that has gone; one process at a time may."""
    broom = path / "lock.broom"
    try:
        broom.touch(exist_ok=False)
    except FileExistsError:
        if not recent(broom):
            broom.unlink(missing_ok=True)
        time.sleep(0.01)
        return
    try:
        owner = Owner(path)
        if owner.alive:
            raise RuntimeError(
                f"the run {path.name} is being trained already by {owner}. Wait for "
                "it, or stop it first."
            )
        (path / "lock").unlink(missing_ok=True)
    finally:
        broom.unlink(missing_ok=True)


def recent(file: Path) -> bool:
    """Whether a file was written so lately that its maker may still be at it."""
    return _age(file) < _FRESH


def _age(file):
    try:
        return time.time() - file.stat().st_mtime
    except OSError:
        return float("inf")


def _here():
    return socket.gethostname()
