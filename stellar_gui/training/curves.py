"""Which of the numbers that a run logs are its losses, and what each is called.

`training.history` reads them, `plots.losses` draws them.
"""

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from stellar_gui.training.history import VALIDATION


class Curve(NamedTuple):
    """One loss: its name, the keys it is logged and validated under, what it is of."""

    name: str
    logged: str | None
    scored: str | None = None
    domain: str | None = None  # "synth" or "obs", where a loss belongs to one
    second: bool = False  # of two losses of one domain: the cycle, the generator
    critic: bool = False  # of the contest of generators and critics
    root: bool = False  # a mean square: its root is what is shown


class Curves(NamedTuple):
    """The losses of a method, and what their vertical axes say."""

    curves: tuple[Curve, ...]
    title: str
    critic_title: str = ""


def _domains(name, **options):
    return [
        Curve(f"{name}_{d}", f"{name}_{d}", f"{VALIDATION}{name}_{d}", d, **options)
        for d in ("obs", "synth")
    ]


_METHODS = {
    "payne": Curves(
        (
            Curve("rms", "loss", "validation_rms", root=True),
            Curve("median", None, "validation_score"),
            Curve("99 %", None, "validation_p99"),
        ),
        "flux error",
    ),
    "cannon": Curves(
        (
            Curve("noise ratio", "noise_ratio"),
            Curve("χ²/ν", None, "validation_chi2"),
        ),
        "noise ratio, χ²/ν",
    ),
    "cycle-starnet": Curves(
        (
            *_domains("cyc", second=True),
            *_domains("rec"),
            *_domains("adv", second=True, critic=True),
            *_domains("critic", critic=True),
        ),
        "reconstruction loss",
        "adversarial loss",
    ),
}


def curves_of(method: str) -> Curves:
    """The losses of a method; one that is not known has its ``loss`` alone.

    >>> [curve.name for curve in curves_of("payne").curves]
    ['rms', 'median', '99 %']
    """
    unknown = Curves((Curve("loss", "loss", f"{VALIDATION}score"),), "loss")
    return _METHODS.get(method, unknown)


def main_curve(method: str) -> Curve:
    """The loss by which runs of a method are compared."""
    curves = curves_of(method).curves
    names = {curve.name: curve for curve in curves}
    return names.get("rec_obs") or names.get("χ²/ν") or curves[0]


def column(rows: Iterable[Mapping[str, float]], key: str | None, *, root=False):
    """The values (n,) that rows have under a key, NaN where they have none.

    >>> column([{"loss": 4.0}, {}], "loss", root=True).tolist()
    [2.0, nan]
    """
    values = np.array([row.get(key, math.nan) for row in rows], dtype=float)
    return np.sqrt(values) if root else values


def logged(curves: Iterable[Curve], rows) -> dict[str, np.ndarray]:
    """``step`` and the logged values of each curve by its name, (n,) each."""
    columns = {"step": column(rows, "step")}
    for curve in curves:
        if curve.logged:
            columns[curve.name] = column(rows, curve.logged, root=curve.root)
    return columns


def scored(curves: Iterable[Curve], scores) -> dict[str, np.ndarray]:
    """``step`` and the validated values of each curve by its name, (n,) each."""
    columns = {"step": column(scores, "step")}
    for curve in curves:
        if curve.scored:
            columns[curve.name] = column(scores, curve.scored)
    return columns
