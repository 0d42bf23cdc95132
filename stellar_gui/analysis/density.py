"""Density: how residuals of many stars are distributed in every pixel.

Counted once, so that any zoom and any width of a picture is a sum over counts (figure 3
of O'Briain et al. 2021, ApJ 906, 130). Half precision has 65,536 values: each is looked
up in a table instead of computed, and all values together are one exact histogram.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stellar_gui.analysis.columns import Columns

ZSCORE_RANGE = (-5.6, 5.6)
DIFFERENCE_RANGE = (-0.08, 0.08)
N_BINS = 112
_BLOCK = 128  # pixels counted at a time: their counts stay in fast memory
_MAD_TO_STD = 1.4826  # of a Gaussian: standard deviation / median absolute deviation
_HALF = np.arange(2**16, dtype=np.uint16).view(np.float16)  # every half-precision value
_NUMBER = np.nan_to_num(_HALF.astype(np.float32), posinf=0.0, neginf=0.0)


class Overall(NamedTuple):
    """All values together, those beyond the bins included; NaN without any."""

    mean: float
    std: float
    robust_std: float  # 1.4826 * median absolute deviation
    n_values: int
    n_stars: int  # stars with any value
    n_pixels: int  # pixels with any value


@dataclass(frozen=True, eq=False)
class Density:
    """Counts (n_pixels, n_bins + 2) of values in bins; the first and last are beyond.

    edges (n_bins + 1,); mean, std (n_pixels,) over the stars, NaN without any; n_stars
    (n_pixels,): stars with a value; overall: all of them together.
    """

    counts: np.ndarray
    edges: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    n_stars: np.ndarray
    overall: Overall

    def image(self, columns: Columns) -> np.ndarray:
        """Return (n_bins, n_columns) share of a column's values in each bin.

        Lowest bin first; NaN in gaps and where no star has a value. What lies beyond
        the bins counts among the values, and is told by `beyond`.
        """
        return columns.spread(self._shares(columns)[1:-1])

    def beyond(self, columns: Columns) -> np.ndarray:
        """Return (2, n_columns) shares of values below and above all bins."""
        return columns.spread(self._shares(columns)[[0, -1]])

    def line(self, name: str, columns: Columns) -> np.ndarray:
        """Return (n_columns,) of all values in a column: their "mean" or "std"."""
        total = columns.total(self.n_stars)
        sums = np.nan_to_num(self.mean) * self.n_stars
        squares = np.nan_to_num(self.std**2 + self.mean**2) * self.n_stars
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = columns.total(sums) / total
            std = np.sqrt(np.maximum(columns.total(squares) / total - mean**2, 0))
        return columns.spread({"mean": mean, "std": std}[name])

    def quantile(self, share: float, columns: Columns) -> np.ndarray:
        """Return (n_columns,) the value that ``share`` of a column's values lie below.

        Interpolated inside a bin; NaN where it lies beyond the bins. The median of a
        column is that of 0.5, and half of 0.84 less 0.16 its robust std.
        """
        below = np.cumsum(self._shares(columns), axis=0)[:-1]  # up to each edge
        at = (below <= share).sum(axis=0) - 1  # the bin's lower edge
        inside = (at >= 0) & (at < len(below) - 1)
        low = np.where(inside, at, 0)
        group = np.arange(below.shape[1])
        first, last = below[low, group], below[low + 1, group]
        part = (share - first) / np.where(last > first, last - first, np.nan)
        values = self.edges[low] + part * (self.edges[low + 1] - self.edges[low])
        return columns.spread(np.where(inside, values, np.nan))

    def _shares(self, columns):
        counts = columns.total(self.counts.T)  # (n_bins + 2, n_groups)
        total = counts.sum(axis=0)
        return counts / np.where(total > 0, total, np.nan)


def density_of(values, limits: tuple[float, float], n_bins: int = N_BINS) -> Density:
    """Count values (n_stars, n_pixels) in equal bins between limits.

    values: z-scores, or differences of flux; NaN counts nowhere. They are taken in half
    precision, four digits. Raises ValueError for limits that do not increase.
    """
    if not limits[1] > limits[0]:
        raise ValueError(f"limits are {limits}, expected increasing numbers")
    codes = np.asarray(values).astype(np.float16, copy=False).view(np.uint16)
    n_stars, n_pixels = codes.shape
    edges = np.linspace(*limits, n_bins + 1)
    table = _bin_table(edges)
    counts = np.zeros((n_pixels, n_bins + 3), dtype=np.int64)
    mean, square = np.zeros(n_pixels), np.zeros(n_pixels)
    occurs = np.zeros(len(_HALF), dtype=np.int64)
    seen = np.zeros(n_stars, dtype=bool)
    for start in range(0, n_pixels, _BLOCK):
        here = slice(start, start + _BLOCK)
        code = np.ascontiguousarray(codes[:, here])  # (n_stars, n_block)
        place = table[code]
        seen |= (place <= n_bins + 1).any(axis=1)
        counts[here] = _count(place, n_bins + 3)
        occurs += np.bincount(code.ravel(), minlength=len(occurs))
        number = _NUMBER[code]
        mean[here] = number.sum(axis=0)
        square[here] = np.einsum("ij,ij->j", number, number)
    counts = counts[:, :-1]
    per_pixel = counts.sum(axis=1)
    divisor = np.where(per_pixel > 0, per_pixel, np.nan)
    mean, square = mean / divisor, square / divisor
    return Density(
        counts=counts,
        edges=edges,
        mean=mean,
        std=np.sqrt(np.maximum(square - mean**2, 0.0)),
        n_stars=per_pixel,
        overall=_overall(occurs, int(seen.sum()), int((per_pixel > 0).sum())),
    )


def _bin_table(edges):
    """Bin of every half-precision value, (65536,): 0 and n + 1 beyond, n + 2 NaN."""
    n_bins = len(edges) - 1
    value = _HALF.astype(float)
    table = np.searchsorted(edges, value, "right")
    table[value == edges[-1]] = n_bins  # the last bin has both its edges
    return np.where(np.isnan(value), n_bins + 2, table).astype(np.intp)


def _count(place, width):
    """How often each bin occurs in each pixel, (n_pixels, width).

    place (n_stars, n_pixels): the bin of each value.
    """
    n_pixels = place.shape[1]
    place = place + width * np.arange(n_pixels)
    return np.bincount(place.ravel(), minlength=n_pixels * width).reshape(-1, width)


def _overall(occurs, n_stars, n_pixels):
    """Statistics of all values from how often each half-precision number occurs."""
    known = np.flatnonzero((occurs > 0) & np.isfinite(_HALF))
    value, count = _HALF[known].astype(float), occurs[known]
    n_values = int(count.sum())
    if not n_values:
        return Overall(np.nan, np.nan, np.nan, 0, 0, 0)
    mean = float(value @ count / n_values)
    middle = _median(value, count)
    return Overall(
        mean=mean,
        std=float(np.sqrt(np.square(value - mean) @ count / n_values)),
        robust_std=_MAD_TO_STD * _median(np.abs(value - middle), count),
        n_values=n_values,
        n_stars=n_stars,
        n_pixels=n_pixels,
    )


def _median(value, count):
    """Median of values that occur so often."""
    order = np.argsort(value)
    cumulative = np.cumsum(count[order])
    half = cumulative[-1] / 2  # between two values where both are the middle
    low = np.searchsorted(cumulative, half, "left")
    high = np.searchsorted(cumulative, half, "right")
    return float(value[order[[low, high]]].mean())
