"""Pace: what a training will take on this machine, and a word if that is long."""

import time

from stellar_gui.training.trainer import Trainer

_SECONDS = 2.0  # to take steps for, in each phase
_MOST, _FEWEST = 200, 3
LONG = 12 * 3600.0  # seconds


def measure_pace(trainer: Trainer) -> dict[str, float]:
    """Take steps and return ``first_step`` and ``seconds`` of the whole training.

    The first step may prepare what later ones use. Steps that cost differently begin at
    ``phase_starts`` of the trainer, if it has them, where ``steps_done`` can be set to.
    Afterwards the trainer must not go on.
    """
    first = _timed(trainer.step)
    starts = [
        s for s in getattr(trainer, "phase_starts", (0,)) if s < trainer.total_steps
    ]
    ends = [*starts[1:], trainer.total_steps]
    rest = 0.0
    for begin, end in zip(starts, ends, strict=True):
        if begin:
            trainer.steps_done = begin
        rest += _seconds_per_step(trainer) * (end - begin)
    return {"first_step": first, "seconds": first + rest, "total_steps": ends[-1]}


def _seconds_per_step(trainer):
    """The median, which a pause of the machine does not move."""
    times, until = [], time.perf_counter() + _SECONDS
    while len(times) < _FEWEST or (time.perf_counter() < until and len(times) < _MOST):
        times.append(_timed(trainer.step))
    return sorted(times)[len(times) // 2]


def _timed(step):
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


def warning(seconds: float, device: str) -> str | None:
    """A sentence for the user if so many seconds are long, or None.

    >>> warning(200_000, "cpu").partition(" Choose")[0]
    'this training takes about 2.3 days on cpu.'
    """
    if seconds < LONG:
        return None
    days = seconds / 86400
    time = f"{days:.1f} days" if days >= 2 else f"{seconds / 3600:.0f} hours"
    other = (
        "the demo preset" if device.startswith("cuda") else "the demo preset or a GPU"
    )
    return (
        f"this training takes about {time} on {device}. Choose {other}, or let it run: "
        "it can be stopped and resumed at any time."
    )
