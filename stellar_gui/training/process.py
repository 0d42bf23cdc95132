"""Is the process still the one that wrote this number? Against reuse of pids."""

import psutil

_SLACK = 2.0  # s; the time of boot is told in whole seconds, and corrected


def process_start(pid: int) -> float | None:
    """When a process started, in seconds; None if it is gone or a zombie.

    Counted from the boot on Linux, so that a clock that is set leaves it alone. Raises
    psutil.AccessDenied for a process that this user may not ask about.

    >>> import os
    >>> is_running(os.getpid(), process_start(os.getpid()))
    True
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        since = psutil.boot_time() if psutil.LINUX else 0.0
        return round(process.create_time() - since, 2)
    except (psutil.NoSuchProcess, ValueError):  # ValueError: no pid is negative
        return None


def is_running(pid: int, start: float | None) -> bool:
    """Whether process ``pid`` lives and started when ``start`` says.

    >>> import os
    >>> is_running(os.getpid(), -100.0), is_running(os.getpid(), None)
    (False, False)
    """
    try:
        now = process_start(pid)
    except psutil.AccessDenied:  # of another user; it lives, at least
        return True
    known = now is not None and isinstance(start, int | float)
    return known and abs(now - start) < _SLACK
