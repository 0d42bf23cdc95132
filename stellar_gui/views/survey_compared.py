"""Labels beside their reference, ready to be drawn. Arithmetic is elsewhere."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from stellar_gui.labels import describe
from stellar_gui.plots.one_to_one import Histogram, Plane
from stellar_gui.plots.style import number

if TYPE_CHECKING:
    from stellar_gui.analysis.agreement import Agreement, Labels

_FAR = 5.0  # scatters from the bias; stars beyond are ringed


def compared(
    inferred: "Labels", reference: "Labels | None", names
) -> "dict[str, Agreement]":
    """Compare labels that both have, and the reference of one star or more."""
    from stellar_gui.analysis.agreement import agreement

    found = {}
    for name in names if reference is not None else ():
        try:
            one = agreement(inferred, reference, name)
        except KeyError:  # one of them has no such label
            continue
        if np.isfinite(one.reference).any():
            found[name] = one
    return found


def lacking(labels: "Labels", names) -> list[str]:
    """Those of some names that labels can not give, [X/Fe] from [X/H] neither."""
    known = {*labels.names, *labels.in_x_fe().names}
    return [name for name in names if name not in known]


def planes(agreements: "Mapping[str, Agreement]") -> list[Plane]:
    """Inferred against reference, label by label."""
    found = []
    for name, one in agreements.items():
        about = describe(name)
        unit = f" / {about.unit}" if about.unit not in ("", "dex") else ""
        away = np.abs(one.inferred - one.reference - one.bias)
        with np.errstate(invalid="ignore"):
            ringed = away > _FAR * one.scatter
        words = [
            f"bias {number(one.bias, about.decimals, signed=True)}",
            f"scatter {number(one.scatter, about.decimals)}",
            f"n {number(one.n)}",
        ]
        title = f"{about.title}{unit}"
        found.append(Plane(title, one.reference, one.inferred, words, ringed))
    return found


def histograms(agreements: "Mapping[str, Agreement]") -> list[Histogram]:
    """Pulls, label by label."""
    from stellar_gui.analysis.agreement import pull_histogram

    found = []
    for name, one in agreements.items():
        counted = pull_histogram(one.pulls)
        summary = counted.summary
        words = [
            f"mean {number(summary.mean, 2, signed=True)}",
            f"std {number(summary.std, 2)}, robust {number(summary.robust_std, 2)}",
            f"n {number(summary.n)}, {number(counted.beyond)} outside",
        ]
        parts = counted.edges, counted.counts, counted.expected
        found.append(Histogram(describe(name).title, *parts, words))
    return found


def table_of(agreements: "Mapping[str, Agreement]") -> dict | None:
    """The figures in numbers, for those who cannot see them; None without any."""
    if not agreements:
        return None
    rows = []
    for name, one in agreements.items():
        digits, summary = describe(name).decimals + 1, one.pull_summary
        rows.append(
            [
                describe(name).title,
                number(one.bias, digits, signed=True),
                number(one.scatter, digits),
                number(one.n),
                number(summary.mean, 2, signed=True),
                number(summary.std, 2),
            ]
        )
    head = ["label", "bias", "scatter", "stars", "mean pull", "std of pulls"]
    return {"head": head, "rows": rows}
