"""Candidates for missing lines: where a transfer makes spectra darker, and by what.

The mean over stars of what the transfer adds to the emulator's spectra dips where the
emulator lacks a line; the derivative that dips with it names the element (O'Briain et
al. 2021, section 3.3). Errors are by bootstrap over stars: they know nothing of what
the training itself does from run to run, which only a run without missing lines can
tell; see `analysis.candidate_scores`. Plain arrays; knows nothing of models.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

APART = 3  # pixels; dips as close as that are one, as blended lines are one feature
_BOOTSTRAPS = 200


class Change(NamedTuple):
    """What the transfer adds to a spectrum, on average over stars, (n_pixels,) each."""

    mean: np.ndarray  # flux
    error: np.ndarray  # standard deviation of the mean over bootstraps of the stars


class Dips(NamedTuple):
    """Places where flux is taken away, (n_dips,) each, in the order of wavelength."""

    pixel: np.ndarray
    depth: np.ndarray  # flux, positive
    significance: np.ndarray  # depth over its bootstrap error

    def of(self, chosen) -> "Dips":
        """Some of the dips."""
        return Dips(*(part[chosen] for part in self))


class Threshold(NamedTuple):
    """What a dip must reach to be a candidate."""

    depth: float = 0.01  # flux
    significance: float = 5.0

    def passed(self, dips: Dips) -> np.ndarray:
        """(n_dips,) bool."""
        deep, clear = dips.depth >= self.depth, dips.significance >= self.significance
        return deep & clear


class Naming(NamedTuple):
    """To which element each dip is given, (n_dips,) each."""

    element: np.ndarray  # "Fe"
    support: np.ndarray  # share of bootstraps over stars that say the same
    second: np.ndarray  # the next element


def mean_change(differences, seed: int = 0) -> Change:
    """Average what is added to spectra, (n_stars, n_pixels), flux, over the stars.

    Raises ValueError for fewer than two stars.

    >>> change = mean_change(np.array([[0.0, -0.2], [0.0, -0.4]]))
    >>> change.mean.round(2).tolist(), change.error[0]
    ([0.0, -0.3], np.float64(0.0))
    """
    differences = np.asarray(differences, float)
    if len(differences) < 2:
        raise ValueError(
            f"there are {len(differences)} stars, expected two or more: the error of "
            "the mean is that of another draw of stars"
        )
    means = _weights(len(differences), seed) @ differences
    return Change(differences.mean(axis=0), means.std(axis=0))


def mean_difference(observed, synthetic, seed: int = 0) -> Change:
    """Mean observed minus mean synthetic flux: what needs no network.

    (n_stars, n_pixels) each, unpaired, normalised flux; bad pixels NaN.
    """
    parts = [np.asarray(flux, float) for flux in (observed, synthetic)]
    means = [np.nanmean(flux, axis=0) for flux in parts]
    spread = [np.nanvar(flux, axis=0) / np.isfinite(flux).sum(axis=0) for flux in parts]
    return Change(means[0] - means[1], np.sqrt(spread[0] + spread[1]))


def find_dips(change: Change) -> Dips:
    """Return every local minimum below zero; of those `APART` or closer the deepest.

    >>> flux = np.array([0.0, -0.1, -0.3, -0.1, 0.0, 0.1, 0.0, -0.05, 0.0])
    >>> find_dips(Change(flux, np.full(9, 0.01))).pixel.tolist()
    [2, 7]
    """
    mean, error = (np.asarray(part, float) for part in change)
    inner = (mean[1:-1] < mean[:-2]) & (mean[1:-1] <= mean[2:]) & (mean[1:-1] < 0)
    places = 1 + np.flatnonzero(inner)
    kept: list[int] = []
    for place in places[np.argsort(mean[places], kind="stable")]:
        if all(abs(place - other) > APART for other in kept):
            kept.append(int(place))
    pixel = np.array(sorted(kept), dtype=int)
    depth = -mean[pixel]
    return Dips(pixel, depth, depth / np.maximum(error[pixel], 1e-12))


def name_elements(changes, elements: Sequence[str], seed: int = 0) -> Naming:
    """Give each dip to the element whose derivative the transfer changes most there.

    changes (n_stars, n_dips, n_elements): d flux_T / d [X/H] - d flux_G / d [X/H], at
    the dips. Raises ValueError for fewer than two elements.
    """
    changes, names = np.asarray(changes, float), np.asarray(elements)
    if len(names) < 2 or changes.shape[2] != len(names):
        raise ValueError(
            f"the derivatives are by {changes.shape[2]} labels, the elements are "
            f"{', '.join(names)}; expected one for each of two or more elements"
        )
    order = np.argsort(-np.abs(changes.mean(axis=0)), axis=1, kind="stable")
    weights = _weights(len(changes), seed)
    means = np.tensordot(weights, changes, axes=1)  # (n_bootstraps, n_dips, n_elements)
    same = np.abs(means).argmax(axis=2) == order[:, 0]
    return Naming(names[order[:, 0]], same.mean(axis=0), names[order[:, 1]])


def _weights(n_stars, seed):
    """Share of each star in each bootstrap, (n_bootstraps, n_stars)."""
    rng = np.random.default_rng(seed)
    return (
        rng.multinomial(n_stars, np.full(n_stars, 1 / n_stars), _BOOTSTRAPS) / n_stars
    )
