"""Is the process still the one that wrote this number? Against reuse of pids."""

import contextlib
import os
import subprocess
from pathlib import Path


def process_start(pid: int) -> str | None:
    """When a process started, as text to compare; None if it is gone or a zombie.

    Linux counts clock ticks since boot; elsewhere ``ps`` is asked. "" means that the
    process is there and nobody can say when it started.
    """
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            return None if fields[0] in "ZX" else fields[19]
        return None
    with contextlib.suppress(OSError):
        found = subprocess.run(
            ["ps", "-o", "stat=,lstart=", "-p", str(pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        state, _, start = found.stdout.strip().partition(" ")
        return start.strip() if start and not state.startswith("Z") else None
    return "" if _exists(pid) else None


def is_running(pid: int, start: str | None) -> bool:
    """Whether process ``pid`` lives and started when ``start`` says.

    >>> is_running(os.getpid(), process_start(os.getpid()))
    True
    >>> is_running(os.getpid(), "another time")
    False
    """
    now = process_start(pid)
    return now is not None and now == start


def _exists(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is there, and not ours
    return True
