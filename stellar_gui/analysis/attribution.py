"""Which element does a line belong to that the synthetic domain lacks?

O'Briain et al. (2021, section 3.3): where the transfer puts back a line, its flux
changes with the element of the line, and the emulator's does not. The element with the
largest |d flux_T - d flux_G| is the answer, beside three yardsticks: "always iron", as
most lines are iron's; true physics, which blends lead astray, too; and, of the answer
of the physics itself, 1. Plain arrays; knows nothing of models.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stellar_gui.labels import describe, relative_to_iron

_TOP = 3
_SIGMA = 1.96  # of a 95 per cent interval


class Rate(NamedTuple):
    """A share of lines, with its Wilson interval of 95 per cent."""

    value: float
    low: float
    high: float


class Attribution(NamedTuple):
    """How often lines were attributed rightly, of n_lines."""

    n_lines: int
    own: Rate  # the answer is the line's own element
    own_top3: Rate  # it is among the first three answers
    physics: Rate  # the answer is that of the true physics; ceiling 1
    own_weighted: float  # as ``own``, deep lines counting more
    ceiling: Rate  # the true physics' answer is the line's own element
    iron_own: float  # baselines: "always iron", against ``own`` and ``physics``
    iron_physics: float
    not_iron: Rate  # as ``own``, of the lines of other elements alone

    def lines(self) -> list[str]:
        """Return the rates as lines of text, each beside its yardsticks."""
        rows = [
            ("own element", self.own, self.iron_own, self.ceiling.value),
            ("own element, top 3", self.own_top3, None, None),
            ("true physics' element", self.physics, self.iron_physics, 1.0),
            ("own element, not iron", self.not_iron, 0.0, None),
        ]
        header = f"{self.n_lines} lines".ljust(24)
        texts = [f"{header}{'rate':>6}{'95 %':>13}{'always Fe':>11}{'ceiling':>9}"]
        for title, rate, iron, ceiling in rows:
            interval = f"{rate.low:.2f}-{rate.high:.2f}"
            beside = [
                " " * width if x is None else f"{x:>{width}.2f}"
                for x, width in ((iron, 11), (ceiling, 9))
            ]
            texts.append(
                f"{title:<24}{rate.value:>6.2f}{interval:>13}{''.join(beside)}".rstrip()
            )
        return [*texts, f"{'own, by depth':<24}{self.own_weighted:>6.2f}"]


def attribute(
    recovered, true, elements: Sequence[str], own: Sequence[str], depth
) -> Attribution:
    """Judge the elements that derivatives name for lines.

    recovered, true (n_lines, n_elements): change of d flux / d [X/H] at each line, of
    the transfer and of the true physics, against the emulator that lacks the line; see
    `line_derivatives`. elements: of the columns, "Fe" among them; own, depth (n_lines,)
    the element and the depth of each line. Raises ValueError for no line, and for an
    element that has no column.
    """
    recovered, true = np.abs(recovered), np.abs(true)
    elements, own = np.asarray(elements), np.asarray(own)
    depth = np.asarray(depth, float)
    unknown = sorted({*own, "Fe"} - {*elements})
    if unknown or not len(own):
        raise ValueError(
            f"there are {len(own)} lines, and no derivative by {', '.join(unknown)}; "
            f"expected one line or more of {', '.join(elements)}, iron among them"
        )
    order = np.argsort(-recovered, axis=1, kind="stable")
    answer, physics = elements[order[:, 0]], elements[true.argmax(axis=1)]
    right, other = answer == own, own != "Fe"
    return Attribution(
        n_lines=len(own),
        own=wilson(right),
        own_top3=wilson((elements[order[:, :_TOP]] == own[:, None]).any(axis=1)),
        physics=wilson(answer == physics),
        own_weighted=float((right * depth).sum() / depth.sum()),
        ceiling=wilson(physics == own),
        iron_own=float((own == "Fe").mean()),
        iron_physics=float((physics == "Fe").mean()),
        not_iron=wilson(right[other]),
    )


def wilson(right) -> Rate:
    """Return the share of True with Wilson's interval (1927); NaN, 0, 1 of none.

    >>> tuple(round(x, 3) for x in wilson([True] * 8 + [False] * 2))
    (0.8, 0.49, 0.943)
    """
    n = len(right)
    if not n:
        return Rate(np.nan, 0.0, 1.0)
    share, weight = float(np.mean(right)), _SIGMA**2 / n
    centre = (share + weight / 2) / (1 + weight)
    half = _SIGMA * np.sqrt(share * (1 - share) / n + weight / (4 * n)) / (1 + weight)
    return Rate(share, float(max(centre - half, 0.0)), float(min(centre + half, 1.0)))


def abundance_columns(label_names: Sequence[str]) -> tuple[list[int], list[str]]:
    """Return the columns of labels that are [X/H], and their elements.

    >>> abundance_columns(("teff", "fe_h", "mg_h"))
    ([1, 2], ['Fe', 'Mg'])
    """
    found = [
        (column, describe(name).element)
        for column, name in enumerate(label_names)
        if name.endswith("_h") and describe(name).element
    ]
    return [column for column, _ in found], [element for _, element in found]


def line_derivatives(change, pixels, label_names: Sequence[str]) -> np.ndarray:
    """Return the mean change of derivatives over stars at lines, (n_lines, n_elements).

    change (n_stars, n_pixels, n_labels): d flux_T / d labels - d flux_G / d labels;
    pixels (n_lines,): of the line centres. Of the [X/H] labels only.
    """
    columns, _ = abundance_columns(label_names)
    return np.asarray(change, float)[:, :, columns].mean(axis=0)[np.asarray(pixels)]


def derivative_errors(jacobian, true, label_names: Sequence[str]) -> dict[str, float]:
    """Return |J - J_true| / |J_true| of each label, norms over pixels and stars.

    (n_stars, n_pixels, n_labels) each, per physical unit. Abundances count as [X/Fe]
    where iron is a label: its own derivative then moves all metals. "x_fe" is the
    median of all [X/Fe]. Labels of unknown truth (NaN) are left out.
    """
    jacobian, true = np.asarray(jacobian, float), np.asarray(true, float)
    known = np.isfinite(true).all(axis=(0, 1))
    names = [name for name, here in zip(label_names, known, strict=True) if here]
    change, shown = relative_to_iron(names)
    # labels change by `change`, so derivatives by its inverse
    back = np.linalg.inv(change)
    jacobian, true = jacobian[..., known] @ back, true[..., known] @ back
    norm = lambda array: np.sqrt(np.square(array).sum(axis=(0, 1)))  # noqa: E731
    ratio = norm(jacobian - true) / norm(true)
    found = dict(zip(shown, map(float, ratio), strict=True))
    single = [value for name, value in found.items() if name.endswith("_fe")]
    return {**found, "x_fe": float(np.median(single))} if single else found
