"""Labels from spectra with the Cannon, corrected for the noise of its coefficients.

The plain estimator (Ness et al. 2015) takes theta as exact. It is not: its noise adds
v'Bv to the expected chi2, B = sum_p w_p Cov(theta_p), which pulls every label towards
the centre of the training set and makes the errors too small. Subtracting it is the
errors-in-variables correction (Fuller 1987, Measurement Error Models); the covariance
is then the sandwich H^-1 (D'CD)(1 + h) H^-1 with H = D'(C - B)D and D = dv/dlabels.
Must not import views or plots.
"""

import numpy as np
import torch
from torch import Tensor

from stellar_gui.fitting.cannon_search import best_of_starts, polish
from stellar_gui.fitting.cannon_statistics import Statistics, sufficient_statistics
from stellar_gui.fitting.checks import check_fittable
from stellar_gui.fitting.result import FitFlag, FitResult
from stellar_gui.models.cannon import Cannon
from stellar_gui.models.polynomial import Polynomial
from stellar_gui.spectra import Spectra


def infer_cannon(
    model: Cannon,
    spectra: Spectra,
    *,
    errors_in_variables: bool | None = None,
    n_starts: int = 3,
    dtype: torch.dtype | None = None,
    device: str | torch.device = "cpu",
) -> FitResult:
    """Fit the labels of all stars at once.

    ``errors_in_variables`` defaults to True if the model knows the noise of its
    coefficients; ``n_starts`` starting points; ``dtype`` of the sums over pixels, if
    not given float32, which is enough up to second order, and float64 beyond.
    Flags: EDGE beyond the range of a training label, OUTSIDE_TRAINING where the
    leverage exceeds that of every training star, STARTS_DISAGREE if starts end in
    different minima whose chi2 differ by less than 4. Raises ValueError for spectra
    that do not fit the model, and for a correction that it does not allow.
    """
    if errors_in_variables is None:
        errors_in_variables = model.noise is not None
    if errors_in_variables and model.noise is None:
        raise ValueError(
            "the model was trained without the covariance of its coefficients, which "
            "the errors-in-variables correction needs. Train it again with "
            "errors_in_variables=True, or fit with errors_in_variables=False."
        )
    if dtype is None:
        # chi2 is a difference of large sums: far from the centre of the training set
        # cubic terms are so large that float32 rounds it to hundreds
        dtype = torch.float32 if model.polynomial.order <= 2 else torch.float64
    index = check_fittable(model, spectra)
    pixels = np.flatnonzero(index >= 0), index[index >= 0]
    statistics = sufficient_statistics(
        model, spectra, pixels, dtype=dtype, device=device
    )
    scaled, rivals = best_of_starts(model, statistics.chi2, n_starts)
    chi2 = statistics.corrected() if errors_in_variables else statistics.chi2
    scaled, _, converged = polish(model, chi2, scaled)
    flags = np.zeros(len(spectra), dtype=np.int64)
    flags[rivals.numpy()] |= FitFlag.STARTS_DISAGREE
    flags[(~converged).numpy()] |= FitFlag.NOT_CONVERGED
    covariance = _covariance(model.polynomial, statistics, scaled, errors_in_variables)
    return _result(model, spectra, pixels, statistics, scaled, covariance, flags)


def _covariance(
    polynomial: Polynomial, statistics: Statistics, labels: Tensor, corrected: bool
) -> Tensor:
    """(n_stars, n_labels, n_labels) of the scaled labels; NaN where undetermined."""
    slopes = polynomial.derivatives(labels)[:, 1:]
    spread = slopes.mT @ statistics.chi2.matrix @ slopes  # D'CD
    if not corrected:
        return _inverse(spread)
    terms = polynomial.terms(labels)
    excess = torch.einsum("nt,nts,ns->n", terms, statistics.noise, terms)
    share = excess / statistics.n_good  # h: noise of theta per noise of the flux
    inverse = _inverse(slopes.mT @ statistics.corrected().matrix @ slopes)
    return inverse @ (spread * (1 + share)[:, None, None]) @ inverse


def _inverse(hessian: Tensor) -> Tensor:
    factor, failed = torch.linalg.cholesky_ex(hessian)
    factor[failed > 0] = torch.nan
    identity = torch.eye(hessian.shape[1], dtype=hessian.dtype)
    return torch.cholesky_solve(identity.expand_as(hessian), factor)


def _result(model, spectra, pixels, statistics, scaled, covariance, flags) -> FitResult:
    """Collect the fit in physical units on the spectra's grid."""
    chi2 = statistics.chi2(model.polynomial.terms(scaled)[:, 1:])
    labels = scaled * model.scale + model.pivot
    covariance = covariance * model.scale[:, None] * model.scale
    if model.error_scale is not None:
        covariance = covariance * model.error_scale[:, None] * model.error_scale
    low, high = model.label_ranges.T
    edge = ((labels < low) | (labels > high)).any(1)
    flags[edge.numpy()] |= FitFlag.EDGE
    outside = model.leverage(labels) > model.largest_leverage
    flags[outside.numpy()] |= FitFlag.OUTSIDE_TRAINING
    unsolved = ~covariance.isfinite().all(2).all(1)
    flags[unsolved.numpy()] |= FitFlag.NOT_CONVERGED
    bad = statistics.n_good == 0
    flags[bad.numpy()] = FitFlag.ALL_BAD  # a tensor of one element is an index here
    for array in (labels, covariance, chi2):
        array[bad] = torch.nan

    on_model, on_spectra = pixels
    flux, scatter = model(labels.float()).numpy(), model.scatter.numpy()
    if not len(on_model) == flux.shape[1] == spectra.n_pixels:
        flux, scatter = (
            _placed(values[..., on_model], on_spectra, spectra.n_pixels)
            for values in (flux, scatter)
        )
    unknown = np.full(len(spectra), np.nan)
    return FitResult(
        label_names=model.label_names,
        labels=labels.numpy(),
        covariance=covariance.numpy(),
        chi2=chi2.numpy(),
        n_good=statistics.n_good.numpy(),
        flags=flags,
        model_flux=flux,
        model_sigma=scatter,
        rv=unknown,
        rv_sigma=unknown.copy(),
    )


def _placed(values: np.ndarray, where: np.ndarray, n_pixels: int) -> np.ndarray:
    """Spread the last axis over ``n_pixels``, NaN elsewhere."""
    placed = np.full((*values.shape[:-1], n_pixels), np.nan, dtype=values.dtype)
    placed[..., where] = values
    return placed
