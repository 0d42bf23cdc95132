"""Collector: keeps Python's garbage collector away from what lives until the end.

A full collection walks through every object, and the modules of a server are half a
million: each pause would be felt as a slow key press.
"""

import contextlib
import gc
from collections.abc import Iterator

_NEW_OBJECTS = 10_000  # before the youngest are looked through; Python's choice is 700


@contextlib.contextmanager
def paused() -> Iterator[None]:
    """Make objects that stay, as imports do, without looking through them meanwhile.

    >>> with paused():
    ...     gc.isenabled()
    False
    >>> gc.isenabled()
    True
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def settle() -> None:
    """Take what is there as what stays, and look through what is new less often.

    To be called before there is a session: what is there is never freed.
    """
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS, 10, 10)
