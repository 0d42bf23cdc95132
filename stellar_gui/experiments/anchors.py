"""Zero points from a few anchor stars, and the label distribution that is assumed.

Unpaired spectra set no zero points. Fits of the observed stars give the distribution of
their labels but for constant offsets; some thirty stars with labels that one trusts
give those. Nothing here looks at more than these stars' labels.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stellar_gui.fitting import FitFlag, FitResult
from stellar_gui.models.base import SpectralModel
from stellar_gui.spectra import Spectra
from stellar_gui.statistics import robust_std

FEWEST = 5
_CLIP = 3.0  # robust standard deviations
_UNUSABLE = FitFlag.NOT_CONVERGED | FitFlag.ALL_BAD


class Offsets(NamedTuple):
    """Constants by which fitted labels exceed trusted ones, (n_labels,) each."""

    label_names: tuple[str, ...]
    value: np.ndarray
    error: np.ndarray  # standard deviation of the mean, the anchors' own errors in it
    n_anchors: int

    def removed_from(self, fit: FitResult) -> FitResult:
        """The fit with the offsets taken off its labels; its spectra stay."""
        return dataclasses.replace(fit, labels=fit.labels - self.value)

    def to_plain(self) -> dict:
        """Return it in values that JSON has."""
        names = self.label_names
        return {
            "n_anchors": self.n_anchors,
            "offset": dict(zip(names, self.value.tolist(), strict=True)),
            "error": dict(zip(names, self.error.tolist(), strict=True)),
        }


def choose_anchors(spectra: Spectra, count: int, seed: int) -> np.ndarray:
    """Return the rows of ``count`` stars to trust, drawn among all, (count,).

    Raises ValueError if the spectra have no labels or too few stars.
    """
    if spectra.labels is None:
        raise ValueError(
            "the observed spectra have no labels, so none of their stars can be an "
            "anchor. Run without anchors: zero points are then those of the emulator."
        )
    known = np.flatnonzero(np.isfinite(spectra.labels).all(axis=1))
    if not FEWEST <= count <= len(known):
        raise ValueError(
            f"{count} anchors were asked for, expected {FEWEST} to {len(known)}: the "
            "training stars with a value of every label"
        )
    rng = np.random.default_rng(seed)
    return np.sort(rng.choice(known, count, replace=False))


def anchor_offsets(fit: FitResult, anchors: Spectra) -> Offsets:
    """Return how far the fitted labels of anchor stars lie from their trusted ones.

    fit: of ``anchors``, whose labels are trusted within labels_sigma. The mean, without
    stars whose fit failed or that lie 3 robust standard deviations from the median in a
    label. Raises ValueError if fewer than 5 stars are left.
    """
    trusted = anchors.with_labels(fit.label_names).labels
    difference = np.where(_usable(fit)[:, None], fit.labels - trusted, np.nan)
    found = [_clipped_mean(column) for column in difference.T]
    fewest = min(n for _, _, n in found)
    if fewest < FEWEST:
        raise ValueError(
            f"{fewest} of {len(anchors)} anchor stars have a good fit and a trusted "
            f"value of every label, expected {FEWEST} or more. Take other anchors."
        )
    value, error, _ = (np.array(part) for part in zip(*found, strict=True))
    return Offsets(tuple(fit.label_names), value, error, len(anchors))


def _clipped_mean(values):
    """Mean, its standard deviation and the number of the values that count."""
    values = values[np.isfinite(values)]
    if len(values) < FEWEST:
        return np.nan, np.nan, len(values)
    spread = robust_std(values)
    kept = values[np.abs(values - np.median(values)) <= _CLIP * spread]
    return kept.mean(), kept.std(ddof=1) / len(kept) ** 0.5, len(kept)


def assumed_labels(
    fit: FitResult, model: SpectralModel, offsets: Offsets | None = None
) -> Tensor:
    """Return the labels (n, n_labels) that synthetic stars are drawn from, float64.

    Those of all fits that converged, as they are but for the offsets, and no jitter:
    their errors widen the distribution enough. Brought to the edge of the model's label
    space where they lie outside. Raises ValueError if no fit converged.
    """
    usable = _usable(fit)
    if not usable.any():
        raise ValueError(
            f"none of {len(fit)} fits of the observed stars converged, so there is no "
            "distribution of labels to assume. Is this the emulator of this survey?"
        )
    labels = fit.labels[usable]
    if offsets is not None:
        labels = labels - offsets.value
    coordinates = model.scaling.to_coordinates(torch.tensor(labels))
    return model.scaling.to_labels(coordinates.clamp(-0.5, 0.5))


def _usable(fit):
    bad = (np.asarray(fit.flags) & int(_UNUSABLE)) > 0
    return ~bad & np.isfinite(fit.labels).all(axis=1)
