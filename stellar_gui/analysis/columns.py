"""Columns: the pixels of a spectrum on the columns of a picture.

A picture that is narrower than the spectrum gathers pixels in each column; one that is
wider repeats them. Gaps of the plotted axis stay empty.
"""

from typing import NamedTuple

import numpy as np


class Columns(NamedTuple):
    """``n_columns`` equal columns between two plotted coordinates.

    groups: (n_groups, 2) first pixel and one after the last of each set of pixels that
    are shown together; column_group (n_columns,): index into groups, -1 in a gap.
    """

    low: float
    high: float
    groups: np.ndarray
    column_group: np.ndarray

    def __len__(self) -> int:
        return len(self.column_group)

    @property
    def n_pixels(self) -> int:
        """How many pixels are shown."""
        return int((self.groups[:, 1] - self.groups[:, 0]).sum())

    @property
    def pixels(self) -> np.ndarray:
        """(n_columns,) index of the middle pixel of each column, -1 in a gap."""
        middle = (self.groups[:, 0] + self.groups[:, 1] - 1) // 2
        return self.spread(middle, blank=-1).astype(int)

    def total(self, values) -> np.ndarray:
        """Sum values (..., n_pixels) over the pixels of each group, (..., n_groups)."""
        values = np.asarray(values)
        if not len(self.groups):
            return np.zeros((*values.shape[:-1], 0))
        bounds = np.minimum(self.groups.ravel(), values.shape[-1])
        # one more pixel of nothing, for a group that ends with the last
        padded = np.concatenate([values, np.zeros_like(values[..., :1])], axis=-1)
        return np.add.reduceat(padded, bounds, axis=-1)[..., ::2]

    def spread(self, values, blank=np.nan) -> np.ndarray:
        """Put values (..., n_groups) on columns (..., n_columns), blank in gaps."""
        if not len(self.groups):
            return np.full((*np.shape(values)[:-1], len(self)), blank)
        spread = np.asarray(values)[..., self.column_group]
        return np.where(self.column_group >= 0, spread, blank)

    def pixels_at(self, x: float) -> range:
        """Return the pixels shown at a plotted coordinate; none in a gap or outside."""
        column = int(np.floor((x - self.low) / (self.high - self.low) * len(self)))
        if not 0 <= column < len(self) or self.column_group[column] < 0:
            return range(0)
        return range(*self.groups[self.column_group[column]].tolist())


def columns_of(x, low: float, high: float, n_columns: int) -> Columns:
    """Put pixels on ``n_columns`` columns between the coordinates low and high.

    x (n_pixels,): plotted coordinates of pixel centres, increasing, NaN for pixels that
    are not shown, such as `Pieces.to_plot(wavelength)`. A column without a pixel centre
    repeats the nearest pixel, unless that is farther than the pixels are apart there.
    Raises ValueError for an empty range or no column.

    >>> columns_of(np.array([0.5, 1.5, 2.5, 3.5]), 0.0, 4.0, 2).groups.tolist()
    [[0, 2], [2, 4]]
    """
    if n_columns < 1 or not high > low:
        raise ValueError(
            f"{n_columns} columns from {low:g} to {high:g} were asked for, expected 1 "
            "or more and an increasing range"
        )
    x = np.asarray(x, dtype=float)
    known = np.flatnonzero(np.isfinite(x))
    edges = np.linspace(low, high, n_columns + 1)
    at = np.searchsorted(x[known], edges)  # (n_columns + 1,)
    first, stop = at[:-1].copy(), at[1:].copy()
    empty = first == stop
    if empty.any() and len(known):
        near = _nearest(x[known], (edges[:-1] + edges[1:])[empty] / 2)
        first[empty] = near
        stop[empty] = np.where(near >= 0, near + 1, near)
    full = stop > first
    pairs = np.stack([first, stop], axis=1)[full]
    groups, place = np.unique(pairs, axis=0, return_inverse=True)
    column_group = np.full(n_columns, -1)
    column_group[full] = place.ravel()
    pixels = np.stack([known[groups[:, 0]], known[groups[:, 1] - 1] + 1], axis=1)
    return Columns(float(low), float(high), pixels, column_group)


def _nearest(x, centres):
    """Index of the nearest of ``x`` to each centre, -1 where it is too far."""
    right = np.clip(np.searchsorted(x, centres), 1, max(len(x) - 1, 1))
    left = right - 1
    right = np.minimum(right, len(x) - 1)
    near = np.where(centres - x[left] <= x[right] - centres, left, right)
    steps = np.diff(x) if len(x) > 1 else np.ones(1)
    # the smaller one, because beside a gap the other is the gap
    apart = np.minimum(np.append(steps, np.inf), np.insert(steps, 0, np.inf))[: len(x)]
    return np.where(np.abs(x[near] - centres) <= 0.51 * apart[near], near, -1)
