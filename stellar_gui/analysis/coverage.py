"""Is a star like those a model was trained on? Distances to the training labels.

Two that complement each other: the Mahalanobis distance knows the correlations and
finds what lies far out; the nearest neighbour finds holes inside. A convex hull would
be sharper, and cannot be computed for more than about eight labels.
"""

from typing import NamedTuple

import numpy as np
from scipy.spatial import KDTree

INSIDE, EDGE, OUTSIDE = "inside", "edge", "outside"
_EDGE_QUANTILE = 0.95  # so many training stars are less odd than the star
_OUTSIDE_FACTOR = 1.5  # farther than this times the oddest training star


class Coverage(NamedTuple):
    """Distances of n_stars stars to the training labels, (n_stars,) each.

    Quantiles are over the training stars themselves, each against all others: 0.5 is
    as far as the median training star, 1 farther than all.
    """

    mahalanobis: np.ndarray  # from the mean, in sigma along each correlated direction
    mahalanobis_quantile: np.ndarray
    neighbour: np.ndarray  # to the nearest training star, in the same measure
    neighbour_quantile: np.ndarray
    verdict: np.ndarray  # "inside", "edge" or "outside"


def label_coverage(labels, training_labels) -> Coverage:
    """Return how far labels (n_stars, n_labels) lie from the training labels.

    training_labels (n_training, n_labels), the same order and units. A label that is
    constant in training counts as soon as it differs. A star with a label that is not
    finite is "outside", with NaN distances. Raises ValueError for fewer than two
    training stars or another number of labels.
    """
    labels = np.atleast_2d(np.asarray(labels, float))
    training = np.atleast_2d(np.asarray(training_labels, float))
    if labels.shape[1] != training.shape[1] or len(training) < 2:
        raise ValueError(
            f"labels has shape {labels.shape} and training_labels {training.shape}, "
            "expected the same labels in both and two training stars or more."
        )
    centre, whiten = _whitening(training)
    known = np.isfinite(labels).all(axis=1)
    stars = np.where(known[:, None], labels - centre, 0.0) @ whiten
    others = (training - centre) @ whiten
    tree = KDTree(others)
    near, _ = tree.query(stars)
    own = tree.query(others, k=2)[0][:, 1]  # [:, 0] is the star itself
    far, own_far = np.linalg.norm(stars, axis=1), np.linalg.norm(others, axis=1)
    far, near = (np.where(known, distance, np.nan) for distance in (far, near))
    far_quantile, near_quantile = _quantile(far, own_far), _quantile(near, own)
    return Coverage(
        mahalanobis=far,
        mahalanobis_quantile=far_quantile,
        neighbour=near,
        neighbour_quantile=near_quantile,
        verdict=np.select(
            [
                ~known
                | (far > _OUTSIDE_FACTOR * own_far.max())
                | (near > _OUTSIDE_FACTOR * own.max()),
                (far_quantile > _EDGE_QUANTILE) | (near_quantile > _EDGE_QUANTILE),
            ],
            [OUTSIDE, EDGE],
            INSIDE,
        ),
    )


def _whitening(training):
    """Mean and (n_labels, n_labels) matrix after which the covariance is one."""
    centre = training.mean(axis=0)
    scale = training.std(axis=0)
    scale = np.where(scale > 0, scale, 1e-6 * np.maximum(np.abs(centre), 1.0))
    scaled = (training - centre) / scale
    correlation = scaled.T @ scaled / len(training)
    values, vectors = np.linalg.eigh(correlation)
    values = np.maximum(values, 1e-12 * values.max())
    return centre, (vectors / np.sqrt(values)) / scale[:, None]


def _quantile(values, reference):
    """Share of the reference that lies below each value, NaN for NaN."""
    below = np.searchsorted(np.sort(reference), values) / len(reference)
    return np.where(np.isnan(values), np.nan, below)
