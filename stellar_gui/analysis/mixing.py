"""Do two sets of points lie among each other? Neighbours say so, and no training.

Of each point, the share of its nearest neighbours that come from the other set: 0 when
the sets lie apart, 0.5 when nobody could tell them apart. Plain arrays; knows nothing
of stars.
"""

from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import cdist

_BOOTSTRAPS = 200
_AT_A_TIME = 500  # points whose distances to all others are in memory


class Mixing(NamedTuple):
    """The mean share of neighbours from the other set; 0.5 is mixed.

    error: its standard deviation over the draw of points, by bootstrap; shuffled: the
    same share after the names of the sets were dealt out at random, the control.
    """

    value: float
    error: float
    shuffled: float


def domain_mixing(
    synth,
    obs,
    *,
    n_components: int | None = None,
    n_neighbours: int = 20,
    seed: int = 0,
) -> Mixing:
    """Return how well synth (n_synth, n) and obs (n_obs, n) mix.

    Of the larger set as many points as the smaller has are drawn. n_components: reduce
    both together to so many principal components first, None to take them as they are.
    Raises ValueError for points of different length, points that are not finite, or
    fewer than ``n_neighbours`` + 1 of a set.

    >>> rng = np.random.default_rng(0)
    >>> apart = domain_mixing(rng.normal(0, 1, (50, 3)), rng.normal(99, 1, (50, 3)))
    >>> apart.value
    0.0
    """
    synth, obs = _checked(synth, obs, n_neighbours)
    rng = np.random.default_rng(seed)
    size = min(len(synth), len(obs))
    points = np.concatenate([_drawn(synth, size, rng), _drawn(obs, size, rng)])
    if n_components is not None:
        points = principal_components(points, n_components)
    is_obs = np.repeat([False, True], size)
    neighbours = _neighbours(points, n_neighbours)  # (2 size, n_neighbours)
    shares = _other_share(neighbours, is_obs)
    drawn = rng.integers(0, len(shares), (_BOOTSTRAPS, len(shares)))
    shuffled = _other_share(neighbours, rng.permutation(is_obs))
    return Mixing(
        float(shares.mean()),
        float(shares[drawn].mean(axis=1).std()),
        float(shuffled.mean()),
    )


def principal_components(points, n_components: int) -> np.ndarray:
    """Return points (n_points, n) in their leading principal components.

    (n_points, n_components), or fewer columns where the points have no more. The
    largest entry of each component is positive: the same on any machine.
    """
    points = np.asarray(points, dtype=float)
    centred = points - points.mean(axis=0)
    left, scale, _ = np.linalg.svd(centred, full_matrices=False)
    reduced = (left * scale)[:, :n_components]
    largest = np.abs(reduced).argmax(axis=0)
    return reduced * np.sign(reduced[largest, np.arange(reduced.shape[1])])


def _checked(synth, obs, n_neighbours):
    synth, obs = (np.asarray(a, dtype=float).reshape(len(a), -1) for a in (synth, obs))
    if synth.shape[1] != obs.shape[1]:
        raise ValueError(
            f"the points have {synth.shape[1]} and {obs.shape[1]} numbers, expected "
            "the same in both sets: one wavelength grid, or the latents of one model"
        )
    if min(len(synth), len(obs)) <= n_neighbours:
        raise ValueError(
            f"the sets have {len(synth)} and {len(obs)} points, expected more than "
            f"{n_neighbours} in each, or neighbours run out. Take more stars."
        )
    if not (np.isfinite(synth).all() and np.isfinite(obs).all()):
        raise ValueError(
            "some points are not finite, expected numbers everywhere. Fill bad pixels "
            "first, or leave those stars out."
        )
    return synth, obs


def _drawn(points, size, rng):
    if len(points) == size:
        return points
    return points[np.sort(rng.choice(len(points), size, replace=False))]


def _neighbours(points, n_neighbours):
    """Indices of the nearest other points, (n_points, n_neighbours)."""
    found = []
    for start in range(0, len(points), _AT_A_TIME):
        distance = cdist(points[start : start + _AT_A_TIME], points, "sqeuclidean")
        row = np.arange(len(distance))
        distance[row, start + row] = np.inf
        found.append(np.argpartition(distance, n_neighbours, axis=1)[:, :n_neighbours])
    return np.concatenate(found)


def _other_share(neighbours, is_obs):
    return (is_obs[neighbours] != is_obs[:, None]).mean(axis=1)
