"""Axes of losses: round ticks, decades, ranges that keep still while losses fall."""

import math

import numpy as np

from stellar_gui.plots.style import number, set_ticks

_NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
_RAISED = str.maketrans("0123456789\u2212", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def nice_ticks(low: float, high: float, count: int = 5) -> np.ndarray:
    """Round values between low and high, about ``count`` of them.

    >>> nice_ticks(0, 41_200).tolist()
    [0.0, 10000.0, 20000.0, 30000.0, 40000.0]
    """
    raw = max(high - low, 1e-12) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in _NICE if m * power >= raw * 0.999)
    return np.arange(math.ceil(low / step - 1e-9), high / step + 1e-9) * step


def steady_range(values, *, log: bool) -> tuple[float, float]:
    """A range around values (n,), rounded so that it seldom changes.

    log: the values are logarithms to base ten.

    >>> low, high = steady_range([0.013, 0.78], log=False)
    >>> round(low, 6), round(high, 6)
    (-0.02, 0.82)
    """
    values = np.asarray(values, dtype=float)
    low, high = float(values.min()), float(values.max())
    margin = 0.04 * max(high - low, 0.2 if log else 1e-9)
    quantum = 0.1
    if not log:
        quantum = 10.0 ** math.floor(math.log10(max(high - low, 1e-9))) / 5
    low = math.floor((low - margin) / quantum) * quantum
    return low, math.ceil((high + margin) / quantum) * quantum


def set_height_ticks(axis, low: float, high: float, *, log: bool) -> None:
    """Give a vertical axis round ticks; log: positions are logarithms to base ten."""
    if not log:
        ticks = nice_ticks(low, high, 4)
        step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
        decimals = max(0, -math.floor(math.log10(step) + 1e-9))
        decimals += not math.isclose(step * 10**decimals % 1, 0, abs_tol=1e-6)
        set_ticks(axis, ticks, [number(tick, decimals) for tick in ticks])
        return
    powers = np.arange(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
    between = np.log10([2, 3, 4, 5, 6, 7, 8, 9])
    minor = [p + b for p in range(math.floor(low), math.ceil(high)) for b in between]
    minor = [m for m in minor if low <= m <= high]
    if len(powers) < 2:  # less than a decade: twos and fives have names too
        named = [p + math.log10(m) for p in range(-12, 12) for m in (1, 2, 5)]
        powers = np.array([t for t in named if low <= t <= high])
    set_ticks(axis, powers, [_plain(10.0**power) for power in powers], minor)


def _plain(x):
    """A power of ten, or twice or five times one, as a reader writes it."""
    if 1e-4 < x < 99_999:
        return number(x, max(0, -math.floor(math.log10(x) + 1e-9)))
    power = math.floor(math.log10(x) + 1e-9)
    digit = round(x / 10.0**power)
    written = str(power).replace("-", "\u2212").translate(_RAISED)
    return f"10{written}" if digit == 1 else f"{digit}·10{written}"
