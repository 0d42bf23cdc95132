"""Residual stack: stars below each other, sorted by a label, as one picture.

A vertical streak in all stars is a line that the model lacks; one that fades along the
order belongs to the label.
"""

import itertools
import warnings
from typing import NamedTuple

import numpy as np

from stellar_gui.analysis.columns import Columns

_BLOCK = 256  # stars gathered at a time
HOW = ("mean", "median")


class Stack(NamedTuple):
    """A picture of ``n_rows`` rows, and the stars in each.

    image (n_rows, n_columns) float32: residuals, NaN in gaps and without a value, the
    first row is of the smallest sort values; order (n_shown,): the stars, as indices,
    as sorted; bounds (n_rows + 1,): where each row begins and ends in ``order``; low,
    high (n_rows,): least and largest sort value in a row, NaN of stars without; columns
    as they were given.
    """

    image: np.ndarray
    order: np.ndarray
    bounds: np.ndarray
    low: np.ndarray
    high: np.ndarray
    columns: Columns

    @property
    def stars_per_row(self) -> tuple[int, int]:
        """Least and most stars in a row."""
        counts = np.diff(self.bounds)
        return int(counts.min(initial=len(self.order))), int(counts.max(initial=0))

    def stars_at(self, row: int) -> np.ndarray:
        """Return the stars in a row, those sorted first first; none outside."""
        if not 0 <= row < len(self.image):
            return self.order[:0]
        return self.order[self.bounds[row] : self.bounds[row + 1]]

    def row_of(self, star: int) -> int | None:
        """Return the row that shows a star; None if it is not shown."""
        place = np.flatnonzero(self.order == star)
        if not place.size:
            return None
        return int(np.searchsorted(self.bounds, place[0], "right")) - 1


def gather(values, columns: Columns) -> np.ndarray:
    """Return (n_stars, n_groups) float32: means of values over a column's pixels.

    values (n_stars, n_pixels); NaN does not count. This is the slow part: keep it while
    only the order changes.
    """
    gathered = np.empty((len(values), len(columns.groups)), dtype=np.float32)
    for start in range(0, len(values), _BLOCK):
        block = np.asarray(values[start : start + _BLOCK], dtype=np.float32)
        known = np.isfinite(block)
        count = columns.total(known.astype(np.float32))
        total = columns.total(np.where(known, block, np.float32(0.0)))
        gathered[start : start + _BLOCK] = total / np.where(count > 0, count, np.nan)
    return gathered


def stack_of(
    gathered: np.ndarray,
    columns: Columns,
    sort_values,
    *,
    n_rows: int,
    how: str = "mean",
    shown=None,
) -> Stack:
    """Return the residual stack of stars.

    gathered: from `gather`; sort_values (n_stars,): such as a label, stars without come
    last; n_rows: at most; rows have equally many stars, or one more; how: "mean" or
    "median" of the stars in a row; shown (n_stars,) bool: stars to show, None for those
    with any value. Raises ValueError for another ``how`` or no row.
    """
    if how not in HOW or n_rows < 1:
        raise ValueError(
            f"{n_rows} rows by their {how!r} were asked for, expected 1 or more by "
            f"{' or '.join(HOW)}"
        )
    values = np.asarray(sort_values, dtype=float)
    if shown is None:
        shown = np.isfinite(gathered).any(axis=1)
    order = np.flatnonzero(shown)
    order = order[np.argsort(values[order], kind="stable")]  # NaN last
    n_rows = min(n_rows, len(order))
    bounds = np.linspace(0, len(order), n_rows + 1).round().astype(int)
    first, last = order[bounds[:-1]], order[bounds[1:] - 1]
    return Stack(
        image=columns.spread(_rows(gathered[order], bounds, how)),
        order=order,
        bounds=bounds,
        low=values[first],
        high=values[last],
        columns=columns,
    )


def _rows(values, bounds, how):
    """(n_rows, n_groups) of sorted values (n_shown, n_groups)."""
    if len(values) == len(bounds) - 1:  # one star a row
        return values
    if how == "mean":
        known = np.isfinite(values)
        total = np.add.reduceat(np.where(known, values, np.float32(0.0)), bounds[:-1])
        count = np.add.reduceat(known, bounds[:-1], dtype=np.float32)
        return total / np.where(count > 0, count, np.nan)
    with warnings.catch_warnings():  # a row of nothing is NaN, which is what it is
        warnings.simplefilter("ignore", RuntimeWarning)
        rows = [
            np.nanmedian(values[a:b], axis=0) for a, b in itertools.pairwise(bounds)
        ]
    return np.stack(rows)
