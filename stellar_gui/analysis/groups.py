"""Two groups of stars: how their median spectra differ, and how sure that is.

The error of a median is that of the bootstrap with infinitely many draws, which has a
closed form (Maritz & Jarrett 1978, JASA 73, 194); of sums over pixels, whose medians go
up and down together, that of its linear form, in which each star pulls every median by
the sign of its deviation. Plain arrays; knows nothing of models.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.special import betainc

LEAST = 5  # stars; of fewer, a median has no error
MOST = 2000  # stars: of more, so many are drawn, and all is done within 0.1 s
_REACH = 4.5  # standard deviations of the rank of a bootstrapped median
_DIFFERENT = 3.0  # sigma


class Group:
    """The spectra of a group, flux (n_stars, n_pixels), and their median.

    good: same shape, bool, None for all; bad pixels count in no median. Of more than
    ``MOST`` stars so many are drawn by ``seed``; ``n_stars`` counts all. Raises
    ValueError for fewer than ``LEAST``.
    """

    def __init__(self, flux, good=None, seed: int = 0):
        self.n_stars = len(flux)
        if self.n_stars < LEAST:
            raise ValueError(
                f"the group has {self.n_stars} stars, expected {LEAST} or more: draw "
                "a larger one"
            )
        rows = np.arange(self.n_stars)
        if self.n_stars > MOST:
            rng = np.random.default_rng(seed)
            rows = np.sort(rng.choice(rows, MOST, replace=False))
        drawn = np.asarray(flux)[rows].astype(np.float32)
        if good is not None:
            drawn[~np.asarray(good)[rows]] = np.nan
        self._flux = np.ascontiguousarray(drawn.T)  # (n_pixels, n_drawn)

    @cached_property
    def _ordered(self):
        """Flux in order and the number of good ones, (n_pixels, n), (n_pixels,)."""
        ordered = np.sort(self._flux, axis=1)  # NaN last
        return ordered, ordered.shape[1] - np.isnan(ordered).sum(axis=1)

    @cached_property
    def median(self) -> np.ndarray:
        """(n_pixels,), NaN where no star has a good pixel."""
        ordered, count = self._ordered
        middle = np.maximum([(count - 1) // 2, count // 2], 0)
        return np.take_along_axis(ordered, middle.T, axis=1).mean(axis=1)

    @cached_property
    def error(self) -> np.ndarray:
        """Standard deviation of the median by bootstrap, (n_pixels,); NaN as it is."""
        ordered, count = self._ordered
        reach = int(np.ceil(_REACH * np.sqrt(count.max()) / 2)) + 1
        rank = count[:, None] // 2 + np.arange(-reach, reach + 1)
        different, which = np.unique(count, return_inverse=True)
        weight = _weights(different, reach)[which]  # (n_pixels, 2 reach + 1)
        inside = np.clip(rank, 0, ordered.shape[1] - 1)
        value = np.take_along_axis(ordered, inside, axis=1).astype(float)
        away = np.where(weight > 0, value - self.median[:, None], 0.0)
        mean = (weight * away).sum(axis=1)
        variance = (weight * away**2).sum(axis=1) - mean**2
        return np.where(count >= LEAST, np.sqrt(np.maximum(variance, 0)), np.nan)

    def covariance(self, matrix) -> np.ndarray:
        """Covariance (m, m) of matrix (m, n_pixels) @ median.

        The matrix is 0 where the error is NaN.
        """
        count = np.maximum(self._ordered[1], 1)
        n = self._flux.shape[1]
        # the mean pull of all stars has the error of the median
        pull = np.nan_to_num(self.error) * n / np.sqrt(count)
        scaled = (np.asarray(matrix) * pull).astype(np.float32)
        middle = self.median[:, None]
        above = (self._flux > middle).astype(np.float32)
        above -= self._flux < middle
        pulls = scaled @ above  # (m, n_drawn)
        pulls -= pulls.mean(axis=1, keepdims=True)
        return (pulls @ pulls.T).astype(float) / (n * (n - 1))


def _weights(counts, reach):
    """How often the median of n draws is the value of a rank, (len(counts), 2 reach+1).

    Ranks n // 2 - reach to n // 2 + reach; those that do not exist weigh 0.
    """
    n = np.maximum(counts, 1)[:, None].astype(float)
    edge = n // 2 + np.arange(-reach, reach + 2)
    below = betainc((n + 1) / 2, (n + 1) / 2, np.clip(edge / n, 0.0, 1.0))
    return np.diff(below, axis=1)


class Difference(NamedTuple):
    """Median of A minus median of B, (n_pixels,), and its 68 % band; NaN if unknown."""

    value: np.ndarray
    error: np.ndarray

    @property
    def band(self) -> tuple[np.ndarray, np.ndarray]:
        """Lower and upper edge, (n_pixels,) each."""
        return self.value - self.error, self.value + self.error


def difference(a: Group, b: Group) -> Difference:
    """Return by how much the median of one group exceeds that of another.

    The groups share no star, so that their errors add in quadrature.

    >>> a, b = (Group(np.full((9, 2), level)) for level in (1.0, 0.5))
    >>> difference(a, b).value
    array([0.5, 0.5], dtype=float32)
    """
    return Difference(a.median - b.median, np.hypot(a.error, b.error))


class Composition(NamedTuple):
    """How many stars of each domain two groups hold.

    like_domains: whether their shares of synthetic stars agree within 3 sigma; where
    they do not, part of a difference is one of domains, not of stars.
    """

    synth_a: int
    obs_a: int
    synth_b: int
    obs_b: int
    like_domains: bool
    sentence: str


def composition(domain_a, domain_b) -> Composition:
    """Compare the domains, "synth" or "obs", of the stars of two groups.

    >>> composition(["synth"] * 20, ["obs"] * 20).sentence
    'A is 100 % synthetic and B 0 %: the difference is one of domains, too.'
    """
    is_synth = [np.asarray(domain) == "synth" for domain in (domain_a, domain_b)]
    synth = [int(these.sum()) for these in is_synth]
    size = [len(these) for these in is_synth]
    share = [s / max(n, 1) for s, n in zip(synth, size, strict=True)]
    together = sum(synth) / max(sum(size), 1)
    noise = together * (1 - together) * sum(1 / max(n, 1) for n in size)
    like = abs(share[0] - share[1]) <= _DIFFERENT * np.sqrt(noise)
    said = f"A is {share[0]:.0%} synthetic and B {share[1]:.0%}".replace("%", " %")
    end = (
        "as many as chance allows."
        if like
        else "the difference is one of domains, too."
    )
    return Composition(
        synth[0],
        size[0] - synth[0],
        synth[1],
        size[1] - synth[1],
        bool(like),
        f"{said}: {end}",
    )
