"""Labels from spectra with the Cannon, corrected for the noise of its coefficients.

The plain estimator (Ness et al. 2015) takes theta as exact. It is not: its noise adds
v'Bv to the expected chi2, B = sum_p w_p Cov(theta_p), which pulls every label towards
the centre of the training set and makes the errors too small. Subtracting it is the
errors-in-variables correction (Fuller 1987, Measurement Error Models); the covariance
is then the sandwich H^-1 (D'CD)(1 + h) H^-1 with H = D'(C - B)D and D = dv/dlabels.
Must not import views or plots.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stellar_gui.fitting.cannon_statistics import (
    Quadratic,
    Statistics,
    kept_with_model,
    sufficient_statistics,
)
from stellar_gui.fitting.least_squares import Minimum, minimise
from stellar_gui.fitting.result import FitFlag, FitResult
from stellar_gui.models.cannon import Cannon
from stellar_gui.models.polynomial import Polynomial
from stellar_gui.spectra import Spectra

MARGIN = 0.25  # of the training range, how far beyond it a label may go
_SAME_GRID = 1e-9  # relative difference of wavelengths
_CANDIDATES = 128
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
        problem = _TermsProblem(statistics.corrected(), model.polynomial)
        minimum = _minimise(model, problem, scaled)
        scaled = minimum.parameters
        flags[~minimum.converged] |= FitFlag.NOT_CONVERGED
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


def _multi_start(model: Cannon, chi2: Quadratic, n_starts: int):
    """Minimise from every start; returns the best labels, scaled, and flags."""
    starts = _starts(model, chi2, n_starts)  # (n_starts, n_stars, n_labels)
    shape = starts.shape[:2]
    problem = _TermsProblem(chi2, model.polynomial)
    minimum = _minimise(model, problem, starts.flatten(0, 1))
    found = minimum.parameters.unflatten(0, shape)
    value = minimum.state.cost.unflatten(0, shape)
    converged = minimum.converged.unflatten(0, shape)
    best, stars = value.argmin(0), torch.arange(shape[1])
    labels = found[best, stars]

    flags = np.zeros(shape[1], dtype=np.int64)
    flags[~converged[best, stars]] |= FitFlag.NOT_CONVERGED
    slopes = model.polynomial.derivatives(labels)[:, 1:]
    hessian = slopes.mT @ chi2.matrix @ slopes
    away = found - labels
    distance = torch.einsum("snk,nkl,snl->sn", away, hessian, away)
    rival = converged & (value - value.amin(0) < _EQUAL_CHI2) & (distance > 1)
    flags[rival.any(0)] |= FitFlag.STARTS_DISAGREE
    return labels, flags


def _starts(model: Cannon, chi2: Quadratic, n_starts: int) -> Tensor:
    """(n_starts, n_stars, n_labels): in each region of the labels the best candidate.

    Candidates are training stars, far from each other; the first ``n_starts`` of them
    found the regions. chi2 of all candidates is one matrix product.
    """
    candidates = _candidates(model, max(n_starts, _CANDIDATES))
    u = model.polynomial.terms(candidates)[:, 1:]
    pairs = (u[:, :, None] * u[:, None, :]).flatten(1)
    value = chi2.matrix.flatten(1) @ pairs.T - 2 * chi2.linear @ u.T
    region = torch.cdist(candidates, candidates[:n_starts]).argmin(1)
    best = [
        value.masked_fill(region != k, torch.inf).argmin(1) for k in range(n_starts)
    ]
    return candidates[torch.stack(best)]


@kept_with_model
def _candidates(model: Cannon, n: int) -> Tensor:
    """(<= n, n_labels): the centre 0, then training stars far from those before."""
    stars = model.scaled(model.training_labels)
    chosen, nearest = [torch.zeros_like(stars[0])], stars.norm(dim=1)
    for _ in range(min(n - 1, len(stars))):
        chosen.append(stars[nearest.argmax()])
        nearest = torch.minimum(nearest, (stars - chosen[-1]).norm(dim=1))
    return torch.stack(chosen)


class _State(NamedTuple):
    cost: Tensor  # (n,) chi2
    pull: Tensor  # (n, n_terms - 1) half the downhill gradient in the terms
    labels: Tensor  # (n, n_labels) scaled


class _TermsProblem:
    """chi2 of the sufficient statistics, as `least_squares.minimise` wants it.

    Row r is star r modulo the number of stars, so that one star may have many starts.
    """

    def __init__(self, chi2: Quadratic, polynomial: Polynomial):
        self.chi2 = chi2
        self.polynomial = polynomial

    def evaluate(self, parameters: Tensor, rows: Tensor) -> _State:
        chi2 = self.chi2.of(rows % len(self.chi2.constant))
        u = self.polynomial.terms(parameters)[:, 1:]
        pull = chi2.linear - (chi2.matrix @ u[:, :, None])[:, :, 0]
        return _State(
            chi2.constant - (u * (pull + chi2.linear)).sum(1), pull, parameters
        )

    def linearise(self, state: _State, rows: Tensor) -> tuple[Tensor, Tensor]:
        matrix = self.chi2.matrix[rows % len(self.chi2.constant)]
        slopes = self.polynomial.derivatives(state.labels)[:, 1:]
        gradient = (slopes.mT @ state.pull[:, :, None])[:, :, 0]
        return gradient, slopes.mT @ matrix @ slopes


def _minimise(model: Cannon, problem: _TermsProblem, start: Tensor) -> Minimum:
    low, high = model.scaled(model.label_ranges.T)
    margin = MARGIN * (high - low)
    return minimise(
        problem, start, low - margin, high + margin, iterations=60, tolerance=1e-6
    )


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
