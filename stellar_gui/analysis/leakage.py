"""Do labels hide in ``z_split``? Cross-validated regression says how much of each.

``z_split`` should hold what only observations know. A transfer that smuggles labels
through it looks perfect on a star with its own ``z_split`` and fails with another's.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stellar_gui.analysis.mixing import principal_components

_FOLDS = 5
_FEWEST = 2.5  # stars for each term of the regression
_COMPONENTS = 10  # of z_split: the products of hundreds would fit anything
_RIDGE = 1e-6  # of the largest eigenvalue: a dead dimension may not divide by zero


class Leakage(NamedTuple):
    """R² of each label as ``z_split`` predicts it: 0 knows nothing, 1 everything."""

    label_names: tuple[str, ...]
    r2: np.ndarray  # (n_labels,); NaN for a label that does not vary

    @property
    def mean(self) -> float:
        return float(np.nanmean(self.r2))

    @property
    def largest(self) -> tuple[str, float]:
        """The label that leaks most, and its R²."""
        worst = int(np.nanargmax(self.r2))
        return self.label_names[worst], float(self.r2[worst])


def label_leakage(
    z_split, labels, label_names: Sequence[str], seed: int = 0
) -> Leakage:
    """Return the `Leakage` of labels (n_stars, n_labels) into z_split (n_stars, ...).

    Least squares on the latents (their ten leading components if there are more), their
    squares and products, five-fold cross-validated: each star is predicted from the
    others, so that R² of noise is about 0. Negative values, worse than the mean, count
    as 0. Raises ValueError for too few stars.
    """
    z_split = np.asarray(z_split, dtype=float).reshape(len(z_split), -1)
    labels = np.asarray(labels, dtype=float)
    terms = _terms(z_split)
    fewest = int(_FEWEST * terms.shape[1])
    if len(terms) < fewest:
        raise ValueError(
            f"there are {len(terms)} stars for a regression of {terms.shape[1]} terms, "
            f"expected {fewest} or more. Take more stars."
        )
    predicted = _predicted(terms, labels, np.random.default_rng(seed))
    residual = np.square(labels - predicted).sum(axis=0)
    spread = np.square(labels - labels.mean(axis=0)).sum(axis=0)
    known = spread > 0
    r2 = 1.0 - residual / np.where(known, spread, 1.0)
    return Leakage(tuple(label_names), np.where(known, r2.clip(0.0), np.nan))


def _terms(z_split):
    """1, z, and all products of two: (n_stars, n_terms)."""
    if z_split.shape[1] > _COMPONENTS:
        z_split = principal_components(z_split, _COMPONENTS)
    spread = z_split.std(axis=0)
    z = (z_split - z_split.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    first, second = np.triu_indices(z.shape[1])
    return np.concatenate([np.ones((len(z), 1)), z, z[:, first] * z[:, second]], axis=1)


def _predicted(terms, labels, rng):
    predicted = np.empty_like(labels)
    for held_out in np.array_split(rng.permutation(len(terms)), _FOLDS):
        seen = np.ones(len(terms), dtype=bool)
        seen[held_out] = False
        known, mean = terms[seen], labels[seen].mean(axis=0)
        normal = known.T @ known
        normal += _RIDGE * np.linalg.eigvalsh(normal)[-1] * np.eye(len(normal))
        weights = np.linalg.solve(normal, known.T @ (labels[seen] - mean))
        predicted[held_out] = terms[held_out] @ weights + mean
    return predicted
