"""How far labels move if the spectrum changes a little: at once, by linear response.

A change of the spectrum moves the labels of a fit by
(J' C^-1 J + P)^-1 J' C^-1 (change of flux),
C the noise of the star and of the model, P the priors of the fit. `refit` confirms it
by fitting the changed spectrum.
"""

from typing import NamedTuple

import numpy as np

from stellar_gui.analysis.perturbations import flux_change, velocity_column
from stellar_gui.analysis.sensitivity import Sensitivity
from stellar_gui.fitting import FitResult, fit_labels
from stellar_gui.fitting.domain import domain_of
from stellar_gui.models.base import SpectralModel
from stellar_gui.preprocess import doppler_shift
from stellar_gui.spectra import Spectra

_RIDGE = 1e-12  # of the largest: a direction that nothing shows does not move


class Shifts(NamedTuple):
    """By how much labels move, (n_labels,) in physical units."""

    label_names: tuple[str, ...]
    shift: np.ndarray


def linear_shifts(
    sensitivity: Sensitivity,
    ivar,
    change,
    *,
    precision=None,
    velocity: bool = False,
) -> Shifts:
    """Return how labels answer to a change of the spectrum, to first order.

    sensitivity: at the labels of the fit; ivar (n_pixels,) of the star; change
    (n_pixels,) of its flux, as `perturbations.flux_change` gives it; precision
    (n_labels, n_labels): of the fit's prior, see `label_precision`; velocity: whether
    the fit finds the radial velocity too. A millisecond at 25 labels.
    """
    columns = [sensitivity.jacobian, sensitivity.nuisance]
    if velocity:
        slope = velocity_column(sensitivity.wavelength, sensitivity.flux)
        columns.append(slope[:, None])
    design = np.concatenate(columns, axis=1)
    change, ivar = np.asarray(change, float), np.asarray(ivar, float)
    usable = np.isfinite(design).all(axis=1) & np.isfinite(change)
    weight = np.where(usable, ivar / (1.0 + ivar * sensitivity.variance), 0.0)
    weight, design = np.nan_to_num(weight), np.nan_to_num(design)
    weighted = design * weight[:, None]
    matrix = weighted.T @ design + _prior(sensitivity, precision, design.shape[1])
    scale = np.sqrt(np.diagonal(matrix))
    scale = np.where(scale > 0, scale, 1.0)
    even = matrix / np.outer(scale, scale) + _RIDGE * np.eye(len(scale))
    right = weighted.T @ np.nan_to_num(change) / scale
    shift = np.linalg.solve(even, right) / scale
    return Shifts(sensitivity.label_names, shift[: len(sensitivity.label_names)])


def _prior(sensitivity, precision, n_columns):
    """(n_columns, n_columns) of labels, the model's nuisance, and what has no prior."""
    n, k = len(sensitivity.label_names), len(sensitivity.nuisance_sigma)
    matrix = np.zeros((n_columns, n_columns))
    if precision is not None:
        matrix[:n, :n] = precision
    own = np.arange(n, n + k)
    matrix[own, own] = sensitivity.nuisance_sigma**-2.0
    return matrix


def label_precision(model: SpectralModel) -> np.ndarray:
    """Return the precision of the prior that fits put on labels, (n_labels, n_labels).

    Physical units; zero for a model with an inference of its own, which has none.
    """
    n = len(model.label_names)
    if not by_least_squares(model):
        return np.zeros((n, n))
    domain = domain_of(model, "cpu")
    # the prior is one of scaled coordinates
    scaling = domain.scaling
    to_scaled = (
        scaling.matrix.numpy(force=True) / scaling.width.numpy(force=True)[:, None]
    )
    precision = domain.prior.precision[:n].numpy(force=True)
    return to_scaled.T @ (precision[:, None] * to_scaled)


def by_least_squares(model: SpectralModel) -> bool:
    """Whether `fit_labels` fits a model by least squares, its velocity included."""
    return model.kind != "cannon" and not hasattr(model, "infer")


def fits_velocity(model: SpectralModel, name: str) -> bool:
    """Whether the fits that a what-if speaks of find the velocity themselves.

    Not where the question is what a wrong velocity does: it would be found, and labels
    would not move.
    """
    return name != "velocity" and by_least_squares(model)


def refit(
    model: SpectralModel, star: Spectra, fit: FitResult, name: str, amount: float
) -> Shifts:
    """Return how labels move when the changed spectrum is really fitted.

    star: a container of one, which fit belongs to; name, amount: as `flux_change` takes
    them. What changes is added to the observed flux as the fitted spectrum would change
    by it, so that the noise stays the same. Where the velocity is what is wrong, the
    star is brought to rest first and the fit does not look for it. Fits twice, with and
    without the change.
    """
    options = {}
    if by_least_squares(model) and not fits_velocity(model, name):
        options = {"rv_range": 0.0}
        star = doppler_shift(star, -np.nan_to_num(fit.rv))
    before = fit_labels(model, star, **options)
    change = flux_change(
        name, amount, star.wavelength, before.model_flux[0], star.resolution
    )
    changed = star.replace(flux=np.asarray(star.flux) + np.nan_to_num(change))
    after = fit_labels(model, changed, **options)
    return Shifts(before.label_names, after.labels[0] - before.labels[0])
