"""How the state of a run is said everywhere: word, colour, icon, numbers, times."""

from typing import NamedTuple

from stellar_gui.plots.style import MINUS, NOTHING, number
from stellar_gui.training.options import METHOD_TITLES


class Look(NamedTuple):
    """The tone of a state ("" is neutral) and its icon."""

    tone: str
    picture: str


_LOOKS = {
    "starting": Look("idle", "clock"),
    "running": Look("", "play"),
    "paused": Look("idle", "pause"),
    "finished": Look("ok", "ok"),
    "stopped": Look("idle", "stop"),
    "failed": Look("bad", "bad"),
    "crashed": Look("bad", "bad"),
    "unreadable": Look("bad", "bad"),
}


def look(state: str) -> Look:
    """The look of a state."""
    return _LOOKS.get(state, Look("idle", "dots"))


def method_title(method: str) -> str:
    """The name of a method as a reader knows it."""
    return METHOD_TITLES.get(method, method or "unknown")


def count(value: float) -> str:
    """A whole number with thin spaces."""
    return number(value, 0)


def score(value: float | None) -> str:
    """A score in two or three figures; a dash if there is none.

    >>> score(0.00224), score(2.84e-5), score(None), score(-6.1)
    ('0.0022', '2.8e−5', '—', '−6.10')
    """
    if value is None:
        return NOTHING
    if 0 < abs(value) < 5e-4:
        digits, _, power = f"{value:.1e}".replace("-", MINUS).partition("e")
        return f"{digits}e{power[0]}{power[1:].lstrip('0')}"
    return number(value, 4 if abs(value) < 0.1 else 2)


def duration(seconds: float | None) -> str:
    """A time in two units at most.

    >>> [duration(s) for s in (0.4, 48, 185, 3900, 200_000)]
    ['1 s', '48 s', '3 min', '1 h 05 min', '2 d 7 h']
    """
    if seconds is None:
        return NOTHING
    seconds = max(round(seconds), 1)
    if seconds < 90:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        text = f"{minutes} min"
    elif minutes < 48 * 60:
        text = f"{minutes // 60} h {minutes % 60:02d} min"
    else:
        text = f"{minutes // 1440} d {minutes % 1440 // 60} h"
    return text


def per_step(rate: float) -> str:
    """The time a step takes, of steps per second; empty if that is not known.

    >>> per_step(15.2), per_step(0.2), per_step(0)
    ('66 ms per step', '5.0 s per step', '')
    """
    if not rate:
        return ""
    milliseconds = 1000 / rate
    if milliseconds < 1:
        return f"{number(1000 * milliseconds)} µs per step"
    if milliseconds < 1000:
        return f"{number(milliseconds, int(milliseconds < 10))} ms per step"
    return f"{number(milliseconds / 1000, 1)} s per step"
