"""Agreement: labels of many stars against their reference, label by label."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from stellar_gui.analysis.pulls import PullSummary, label_pulls, summarise_pulls
from stellar_gui.labels import to_x_fe
from stellar_gui.spectra import Spectra
from stellar_gui.statistics import robust_std


class Labels(NamedTuple):
    """Labels of stars: names, values (n_stars, n_labels), covariance or None.

    covariance (n_stars, n_labels, n_labels), NaN where unknown.
    """

    names: tuple[str, ...]
    values: np.ndarray
    covariance: np.ndarray | None = None

    def in_x_fe(self) -> "Labels":
        """The same with [X/H] as [X/Fe]; unchanged where there is no [Fe/H]."""
        if "fe_h" not in self.names:
            return self
        values, covariance, names = to_x_fe(self.values, self.covariance, self.names)
        return Labels(names, values, covariance)

    def column(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Values and sigmas (n_stars,) of one label; NaN where unknown.

        [X/Fe] is found from [X/H] and [Fe/H], too. Raises KeyError for a label that
        neither has.
        """
        labels = self if name in self.names else self.in_x_fe()
        if name not in labels.names:
            raise KeyError(f"no label {name!r}, there are {', '.join(self.names)}")
        at = labels.names.index(name)
        values = np.asarray(labels.values[:, at], dtype=float)
        if labels.covariance is None:
            return values, np.full_like(values, np.nan)
        return values, np.sqrt(np.asarray(labels.covariance[:, at, at], dtype=float))


class Agreement(NamedTuple):
    """One label of all stars, inferred against reference, (n_stars,) each.

    NaN where there is none. bias: median of inferred - reference; scatter: robust std
    of it; mean, std: the plain ones, which outliers move; n: stars with both; pulls
    take the joint sigma, that of the fit alone where the reference has none.
    """

    name: str
    reference: np.ndarray
    reference_sigma: np.ndarray
    inferred: np.ndarray
    sigma: np.ndarray
    pulls: np.ndarray
    bias: float
    scatter: float
    mean: float
    std: float
    n: int
    pull_summary: PullSummary


class PullHistogram(NamedTuple):
    """How often pulls lie in bins, beside what honest errors would give."""

    edges: np.ndarray  # (n_bins + 1,)
    counts: np.ndarray  # (n_bins,)
    expected: np.ndarray  # (n_bins,) of as many pulls from a normal distribution
    beyond: int  # outside all bins
    summary: PullSummary


def fitted_labels(fits) -> Labels:
    """Return the labels of a `FitResult`, or of what has its fields."""
    return Labels(tuple(fits.label_names), fits.labels, fits.covariance)


def reference_labels(stars: Spectra) -> Labels | None:
    """Return the labels that came with the stars, their sigmas as a covariance.

    None if they have none. No correlations are known of them.
    """
    if stars.labels is None:
        return None
    covariance = None
    if stars.labels_sigma is not None:
        eye = np.eye(len(stars.label_names), dtype=bool)
        variance = np.square(stars.labels_sigma)[:, :, np.newaxis]
        covariance = np.where(eye, variance, 0.0)  # (n_stars, n_labels, n_labels)
    return Labels(stars.label_names, stars.labels, covariance)


def shared_labels(inferred: Labels, reference: Labels) -> tuple[str, ...]:
    """Return the labels that both have, in the order of the inferred ones."""
    return tuple(name for name in inferred.names if name in reference.names)


def agreement(inferred: Labels, reference: Labels, name: str) -> Agreement:
    """Compare one label of the same stars. Raises KeyError if either has no such one.

    >>> one, two = (Labels(("teff",), np.array([[5000.0 + d]])) for d in (0, 30))
    >>> agreement(two, one, "teff").bias
    30.0
    """
    value, sigma = inferred.column(name)
    given, given_sigma = reference.column(name)
    pulls = label_pulls(value, sigma, given, np.nan_to_num(given_sigma))
    difference = value - given
    known = difference[np.isfinite(difference)]
    some = bool(known.size)
    return Agreement(
        name=name,
        reference=given,
        reference_sigma=given_sigma,
        inferred=value,
        sigma=sigma,
        pulls=pulls,
        bias=float(np.median(known)) if some else np.nan,
        scatter=robust_std(known),
        mean=float(known.mean()) if some else np.nan,
        std=float(known.std()) if some else np.nan,
        n=int(known.size),
        pull_summary=summarise_pulls(pulls[:, np.newaxis])[0],
    )


def pull_histogram(pulls, n_bins: int = 28, reach: float = 5.6) -> PullHistogram:
    """Count pulls, of one label or of several together; NaN counts nowhere.

    >>> pull_histogram(np.array([0.1, -0.3, 9.0, np.nan]), n_bins=2).counts
    array([1, 1])
    """
    pulls = np.asarray(pulls, dtype=float).ravel()
    known = pulls[np.isfinite(pulls)]
    edges = np.linspace(-reach, reach, n_bins + 1)
    counts, _ = np.histogram(known, edges)
    return PullHistogram(
        edges=edges,
        counts=counts,
        expected=len(known) * np.diff(ndtr(edges)),
        beyond=len(known) - int(counts.sum()),
        summary=summarise_pulls(known[:, np.newaxis])[0],
    )


def plane(labels: Labels, axes: Sequence[str]) -> np.ndarray | None:
    """Return (n_stars, 2) of two labels, such as Teff and log g; None without one.

    >>> plane(Labels(("fe_h", "mg_h"), np.array([[-0.5, -0.2]])), ("fe_h", "mg_fe"))
    array([[-0.5,  0.3]])
    """
    try:
        return np.stack([labels.column(name)[0] for name in axes], axis=1)
    except KeyError:
        return None
