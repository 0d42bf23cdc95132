"""Is the process still the one that wrote this number? Against reuse of pids."""

import subprocess
from pathlib import Path

_PROC = Path("/proc")


def process_start(pid: int) -> str | None:
    """When a process started, as text to compare; None if it is gone or a zombie.

    Linux counts clock ticks since boot; elsewhere ``ps`` is asked.

    >>> import os
    >>> process_start(os.getpid()) == process_start(os.getpid())
    True
    """
    if (_PROC / "self" / "stat").exists():
        return _start_in_proc(pid)
    return _start_by_ps(pid)


def is_running(pid: int, start: str | None) -> bool:
    """Whether process ``pid`` lives and started when ``start`` says.

    >>> import os
    >>> is_running(os.getpid(), process_start(os.getpid()))
    True
    >>> is_running(os.getpid(), "another time")
    False
    """
    now = process_start(pid)
    return now is not None and now == start


def _start_in_proc(pid):
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name before may hold anything
    return None if fields[0] in "ZX" else fields[19]


def _start_by_ps(pid):
    found = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    state, _, start = found.stdout.strip().partition(" ")
    return start.strip() if start and not state.startswith("Z") else None
