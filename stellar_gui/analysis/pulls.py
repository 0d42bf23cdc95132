"""Pulls: how far labels lie from the truth, in their own standard deviations.

Of honest errors, pulls have mean 0 and standard deviation 1.
"""

from typing import NamedTuple

import numpy as np

from stellar_gui.statistics import robust_std


class PullSummary(NamedTuple):
    """What the pulls of one label say together."""

    mean: float
    std: float
    robust_std: float  # 1.4826 * median absolute deviation
    n: int


def label_pulls(labels, sigma, reference, reference_sigma=0.0) -> np.ndarray:
    """Return (labels - reference) / sqrt(sigma**2 + reference_sigma**2).

    All (n_stars, n_labels), or what fits to it; dimensionless. NaN where the joint
    sigma is not above 0 or a number is missing.

    >>> label_pulls(4800.0, 30.0, 4700.0, 40.0)
    array(2.)
    """
    labels, reference = np.asarray(labels, float), np.asarray(reference, float)
    variance = np.square(sigma) + np.square(reference_sigma)
    variance = np.where(np.greater(variance, 0), variance, np.nan)
    return np.asarray((labels - reference) / np.sqrt(variance))


def summarise_pulls(pulls) -> list[PullSummary]:
    """Sum up the finite pulls of each label, (n_stars, n_labels); NaN without any.

    >>> summarise_pulls(np.array([[-1.0], [0.0], [1.0], [np.nan]]))[0].n
    3
    """
    return [_summary(column) for column in np.asarray(pulls, float).T]


def _summary(column):
    finite = column[np.isfinite(column)]
    if not finite.size:
        return PullSummary(np.nan, np.nan, np.nan, 0)
    return PullSummary(
        float(finite.mean()), float(finite.std()), robust_std(finite), finite.size
    )
