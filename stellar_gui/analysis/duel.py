"""Duel: what several models and the reference say of one star, on the same pixels."""

import itertools
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from stellar_gui.analysis.label_table import LabelRow, Value, label_rows
from stellar_gui.analysis.pulls import label_pulls
from stellar_gui.analysis.residuals import residual_zscore
from stellar_gui.fitting.result import FitResult
from stellar_gui.labels import Label
from stellar_gui.spectra import Spectra

REFERENCE = "reference"


class Quality(NamedTuple):
    """How well a model explains the star, on the pixels that all models cover."""

    chi2: float  # of the photon noise alone, which is the same for all models
    reduced_chi2: float  # of that, by the model's own number of parameters
    own_chi2: float  # with the model's own errors added, as it was fitted
    n_pixels: int


class Difference(NamedTuple):
    """Two contenders of one label, by name; `REFERENCE` may be the first."""

    first: str
    second: str
    delta: float  # second - first
    pull: float  # delta / joint sigma; NaN where neither has a sigma


class DuelRow(NamedTuple):
    """One label: what each says of it, and by how much each two of them differ."""

    label: Label
    values: dict[str, Value]
    differences: tuple[Difference, ...]

    @property
    def worst(self) -> Difference | None:
        """The pair that disagrees most, in sigmas; None if none can be compared."""
        known = [d for d in self.differences if np.isfinite(d.pull)]
        return max(known, key=lambda d: abs(d.pull), default=None)


class Duel(NamedTuple):
    """A star's labels, those that disagree most first, and how well each model fits.

    quality by model name; pixels (n_pixels,) bool: good, and inside every model.
    """

    rows: list[DuelRow]
    quality: dict[str, Quality]
    pixels: np.ndarray


def duel(star: Spectra, fits: Mapping[str, FitResult], *, x_fe: bool = False) -> Duel:
    """Compare the fits of a container of one star, by model name, and its reference.

    x_fe: [X/H] as [X/Fe]. Fits of one spectrum share its noise, so that the joint sigma
    of two models is an upper bound, and their pull a lower one.
    """
    pixels = star.good[0].copy()
    for fit in fits.values():
        pixels &= np.isfinite(fit.model_flux[0])
    rows = [_row(row) for row in label_rows(star, fits, x_fe=x_fe)]
    return Duel(
        rows=sorted(rows, key=_disagreement, reverse=True),
        quality={name: _quality(star, fit, pixels) for name, fit in fits.items()},
        pixels=pixels,
    )


def _disagreement(row):
    return -1.0 if row.worst is None else abs(row.worst.pull)


def _row(row: LabelRow) -> DuelRow:
    values = {REFERENCE: row.reference} if np.isfinite(row.reference.value) else {}
    values |= row.fits
    differences = tuple(
        _difference(first, values[first], second, values[second])
        for first, second in itertools.combinations(values, 2)
    )
    return DuelRow(row.label, values, differences)


def _difference(first, a, second, b):
    pull = label_pulls(b.value, np.nan_to_num(b.sigma), a.value, np.nan_to_num(a.sigma))
    return Difference(first, second, b.value - a.value, float(pull))


def _quality(star, fit, pixels):
    n_pixels = int(pixels.sum())
    if not n_pixels:
        return Quality(np.nan, np.nan, np.nan, 0)
    own = np.broadcast_to(fit.model_sigma, fit.model_flux.shape)[:, pixels]
    observed = star.flux[:, pixels], star.ivar[:, pixels], fit.model_flux[:, pixels]
    chi2 = float(np.square(residual_zscore(*observed)).sum())
    freedom = n_pixels - fit.n_parameters
    return Quality(
        chi2=chi2,
        reduced_chi2=chi2 / freedom if freedom > 0 else np.nan,
        own_chi2=float(np.square(residual_zscore(*observed, own)).sum()),
        n_pixels=n_pixels,
    )
