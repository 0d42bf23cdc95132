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

from stellar_gui.fitting.cannon_statistics import (
    Quadratic,
    Statistics,
    sufficient_statistics,
)
from stellar_gui.fitting.result import FitFlag, FitResult
from stellar_gui.models.cannon import Cannon
from stellar_gui.models.polynomial import Polynomial
from stellar_gui.spectra import Spectra

MAX_ITERATIONS = 60
MARGIN = 0.25  # of the training range, how far beyond it a label may go
_SAME_GRID = 1e-9  # relative difference of wavelengths
_EQUAL_CHI2 = 4.0  # two minima that a 2 sigma difference does not tell apart


def infer_cannon(
    model: Cannon,
    spectra: Spectra,
    *,
    errors_in_variables: bool | None = None,
    n_starts: int = 4,
    dtype: torch.dtype = torch.float32,
    device: str | torch.device = "cpu",
) -> FitResult:
    """Fit the labels of all stars at once.

    ``errors_in_variables`` defaults to True if the model knows the noise of its
    coefficients; ``n_starts`` starting points; ``dtype`` of the sums over pixels.
    Flags: EDGE beyond the range of a training label, OUTSIDE_TRAINING where the
    leverage exceeds that of every training star, STARTS_DISAGREE if starts end in
    different minima whose chi2 differ by less than 4. Raises ValueError if no pixel is
    shared, or for a correction that the model does not allow.
    """
    if errors_in_variables is None:
        errors_in_variables = model.noise is not None
    if errors_in_variables and model.noise is None:
        raise ValueError(
            "the model was trained without the covariance of its coefficients, which "
            "the errors-in-variables correction needs. Train it again with "
            "errors_in_variables=True, or fit with errors_in_variables=False."
        )
    pixels = shared_pixels(model.wavelength.numpy(), spectra.wavelength)
    statistics = sufficient_statistics(
        model, spectra, pixels, dtype=dtype, device=device
    )
    scaled, flags = _multi_start(model, statistics.chi2, n_starts)
    if errors_in_variables:
        scaled, converged = minimise(
            statistics.corrected(), model.polynomial, scaled, *_bounds(model)
        )
        flags[~converged] |= FitFlag.NOT_CONVERGED
    covariance = _covariance(model.polynomial, statistics, scaled, errors_in_variables)
    return _result(model, spectra, pixels, statistics, scaled, covariance, flags)


def shared_pixels(model: np.ndarray, spectra: np.ndarray):
    """Return the indices, in both grids, of the pixels with the same wavelength.

    Raises ValueError if there is none.
    """
    nearest = np.searchsorted(model, spectra * (1 - _SAME_GRID))
    nearest = np.minimum(nearest, len(model) - 1)
    same = np.abs(model[nearest] - spectra) <= _SAME_GRID * spectra
    if not same.any():
        raise ValueError(
            f"no pixel of the spectra ({spectra[0]:.2f} to {spectra[-1]:.2f} Å) is on "
            f"the model's grid ({model[0]:.2f} to {model[-1]:.2f} Å). Put the spectra "
            "on the model's grid first, with preprocess.resample()."
        )
    return nearest[same], np.flatnonzero(same)


def _bounds(model: Cannon) -> tuple[Tensor, Tensor]:
    """Lowest and highest scaled labels that a fit may reach, (n_labels,) each."""
    low, high = model.scaled(model.label_ranges.T)
    return low - MARGIN * (high - low), high + MARGIN * (high - low)


def _starts(model: Cannon, n_starts: int) -> Tensor:
    """(n_starts, n_labels): the centre, then training stars far from each other."""
    candidates = model.scaled(model.training_labels)
    starts = candidates.new_zeros(1, candidates.shape[1])
    while len(starts) < n_starts:
        nearest = torch.cdist(candidates, starts).amin(1)
        starts = torch.cat([starts, candidates[nearest.argmax()][None]])
    return starts


def _multi_start(model: Cannon, chi2: Quadratic, n_starts: int):
    """Minimise from every start; returns the best labels, scaled, and flags."""
    n_stars = len(chi2.constant)
    starts = _starts(model, n_starts)
    stars = torch.arange(n_stars).repeat(n_starts)
    found, converged = minimise(
        chi2.of(stars),
        model.polynomial,
        starts.repeat_interleave(n_stars, dim=0),
        *_bounds(model),
    )
    value = chi2.of(stars)(model.polynomial.terms(found)[:, 1:])
    value = value.unflatten(0, (n_starts, n_stars))
    found = found.unflatten(0, (n_starts, n_stars))  # (n_starts, n_stars, n_labels)
    converged = converged.unflatten(0, (n_starts, n_stars))
    best = value.argmin(0)
    labels = found[best, torch.arange(n_stars)]

    flags = np.zeros(n_stars, dtype=np.int64)
    flags[~converged[best, torch.arange(n_stars)]] |= FitFlag.NOT_CONVERGED
    slopes = model.polynomial.derivatives(labels)[:, 1:]
    hessian = slopes.mT @ chi2.matrix @ slopes
    away = found - labels
    distance = torch.einsum("snk,nkl,snl->sn", away, hessian, away)
    rival = converged & (value - value.amin(0) < _EQUAL_CHI2) & (distance > 1)
    flags[rival.any(0)] |= FitFlag.STARTS_DISAGREE
    return labels, flags


def minimise(
    chi2: Quadratic, polynomial: Polynomial, start: Tensor, low: Tensor, high: Tensor
) -> tuple[Tensor, Tensor]:
    """Levenberg-Marquardt in the terms, all stars together, within bounds.

    start (n_stars, n_labels) scaled; low, high (n_labels,). Returns the labels, scaled,
    and whether each star converged: an undamped step would gain less than 1e-6 in chi2.
    """
    labels = start.clone()
    value = chi2(polynomial.terms(labels)[:, 1:])
    damping = torch.full_like(value, 1e-3)
    converged = torch.zeros(len(labels), dtype=torch.bool)
    active = torch.arange(len(labels))
    for _ in range(MAX_ITERATIONS):
        now = labels[active]
        step, gain = _step(chi2.of(active), polynomial, now, damping[active], low, high)
        reached = torch.clamp(now + step, low, high)
        reached_value = chi2.of(active)(polynomial.terms(reached)[:, 1:])
        better = reached_value <= value[active]
        labels[active] = torch.where(better[:, None], reached, now)
        value[active] = torch.where(better, reached_value, value[active])
        done = (gain < 1e-6) & (damping[active] < 1.0)
        damping[active] *= torch.where(better, 0.1, 10.0)
        converged[active[done]] = True
        active = active[~done & (damping[active] < 1e8)]
        if not len(active):
            break
    return labels, converged


def _step(chi2: Quadratic, polynomial: Polynomial, labels, damping, low, high):
    """One damped Gauss-Newton step, and the chi2 it should gain; bounds hold labels."""
    u = polynomial.terms(labels)[:, 1:]
    slopes = polynomial.derivatives(labels)[:, 1:]  # (n_stars, n, n_labels)
    pull = chi2.linear - (chi2.matrix @ u[:, :, None])[:, :, 0]
    downhill = (slopes.mT @ pull[:, :, None])[:, :, 0]
    held = ((labels <= low) & (downhill < 0)) | ((labels >= high) & (downhill > 0))
    downhill = downhill.masked_fill(held, 0.0)
    hessian = slopes.mT @ chi2.matrix @ slopes
    hessian = hessian.masked_fill(held[:, :, None] | held[:, None, :], 0.0)
    diagonal = torch.diagonal(hessian, dim1=1, dim2=2).abs() + 1e-12
    damped = hessian + torch.diag_embed(diagonal * damping[:, None] + 1e-12)
    step, singular = torch.linalg.solve_ex(damped, downhill)
    step = step.masked_fill((singular > 0)[:, None], 0.0)
    # one scaled unit is one standard deviation of the training labels
    step = step / torch.clamp(step.abs().amax(1, keepdim=True), min=1.0)
    return step, (step * downhill).sum(1).abs()


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
    low, high = model.label_ranges.T
    edge = ((labels < low) | (labels > high)).any(1)
    flags[edge] |= FitFlag.EDGE
    flags[model.leverage(labels) > model.largest_leverage] |= FitFlag.OUTSIDE_TRAINING
    flags[~covariance.isfinite().all(2).all(1)] |= FitFlag.NOT_CONVERGED
    bad = statistics.n_good == 0
    flags[bad] = FitFlag.ALL_BAD
    for array in (labels, covariance, chi2):
        array[bad] = torch.nan

    on_model, on_spectra = pixels
    flux = model(labels.float())[:, on_model].numpy()
    scatter = model.scatter[on_model].numpy()
    if len(on_spectra) < spectra.n_pixels:
        flux = _placed(flux, on_spectra, spectra.n_pixels)
        scatter = _placed(scatter, on_spectra, spectra.n_pixels)
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
