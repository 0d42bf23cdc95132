"""Principal components of points, kept so that new points can follow."""

from typing import NamedTuple

import numpy as np
from scipy.sparse.linalg import svds


class Reduction(NamedTuple):
    """mean (n,) and unit vectors (n_components, n) of the leading components."""

    mean: np.ndarray
    components: np.ndarray

    def __call__(self, points) -> np.ndarray:
        """Points (n_points, n) -> (n_points, n_components), float32."""
        return (np.asarray(points, np.float32) - self.mean) @ self.components.T


def reduction_of(points, n_components: int | None = None) -> Reduction:
    """Find the leading components of points (n_points, n); None for all that vary.

    The largest entry of each is positive: the same on any machine.
    """
    centred = np.array(points, dtype=np.float64)  # one copy: thousands of spectra
    mean, most = centred.mean(axis=0), min(centred.shape) - 1
    centred -= mean
    if n_components is None or n_components >= most:
        _, scale, rows = np.linalg.svd(centred, full_matrices=False)
        rows = rows[:n_components]
    else:
        _, scale, rows = svds(centred, k=n_components, v0=np.ones(min(centred.shape)))
        rows = rows[np.argsort(-scale)]
    largest = rows[np.arange(len(rows)), np.abs(rows).argmax(axis=1)]
    rows = rows * np.sign(largest)[:, None]
    return Reduction(mean.astype(np.float32), rows.astype(np.float32))
