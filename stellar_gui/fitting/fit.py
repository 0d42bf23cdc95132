"""Labels of stars by least squares, for any `SpectralModel`.

The steps: coarse velocity, several starts from a library, Levenberg-Marquardt on a
cheap Hessian, then on the exact one, and errors by a sandwich that knows the model's
own covariance: H^-1 J'W (1/ivar + E'E + tail) W J H^-1. The model's covariance is not
used as a weight: that would trust it more than a few hundred residual spectra can bear.
"""

import functools
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stellar_gui.fitting.forward import forward_of
from stellar_gui.fitting.least_squares import minimise
from stellar_gui.fitting.problem import Prior, SpectrumProblem, State
from stellar_gui.fitting.result import FitFlag
from stellar_gui.fitting.start import Library, at_rest
from stellar_gui.fitting.velocity import C_KMS, PixelLayout
from stellar_gui.models.base import SpectralModel
from stellar_gui.models.blocks import LabelScaling

MARGIN = 0.15  # of a label's training range that a fit may leave it by
_FREE_OF_PRIOR = {"teff", "logg", "fe_h", "m_h"}
_NEVER_NEGATIVE = {"vmicro", "vbroad"}
_WIDE_PIECE, _NARROW_PIECE = 300.0, 100.0  # km/s, reach of the velocity
_SAME_MINIMUM, _OTHER_MINIMUM = 4.0, 25.0  # in chi2, and in squared sigmas


class Fits(NamedTuple):
    """What `Fitter.fit` finds, on the model's own pixels."""

    labels: Tensor  # (n_stars, n_labels)
    covariance: Tensor
    velocity: Tensor  # (n_stars,), NaN where not fitted
    velocity_sigma: Tensor
    chi2: Tensor
    n_good: Tensor
    flags: Tensor
    model_flux: Tensor  # (n_stars, n_pixels), NaN outside
    model_sigma: Tensor  # (n_stars, n_pixels)


class Fitter:
    """What fits of one model share: its layout, library, bounds and error model."""

    def __init__(self, model: SpectralModel, device="cpu", seed=0):
        self.device = torch.device(device)
        self.layout = PixelLayout(model.wavelength.numpy(force=True), self.device)
        self.scaling = scaling_of(model)
        self.forward = forward_of(model, self.layout, self.scaling)
        self.label_names = tuple(model.label_names)
        spread = self._training_coordinates(model, seed)
        self._set_prior(model, spread)
        self.library = Library(
            self.forward, self.layout, spread, self.prior.mean[self.n_labels :], seed
        )
        self._set_error_model(getattr(model, "flux_covariance", None))

    @property
    def n_labels(self) -> int:
        return len(self.label_names)

    def reach(self) -> float:
        """How far velocities are searched, km/s: pieces must keep most pixels."""
        lengths = [stop - start for start, stop in self.layout.pieces]
        width = min(lengths) * self.layout.step * C_KMS
        return _WIDE_PIECE if width > 10 * _WIDE_PIECE else _NARROW_PIECE

    def fit(
        self, flux, ivar, *, rv_range, starts, basis=None, prior=True, iterations=40
    ) -> Fits:
        """Fit stars with flux, ivar (n_stars, n_pixels) on the model's pixels."""
        flux = self._embedded(np.where(ivar > 0, flux, 1.0))
        ivar = self._embedded(ivar)
        n_stars = len(flux)
        velocity = torch.zeros(n_stars, dtype=torch.float64, device=self.device)
        if rv_range > self._pixel():
            velocity = self.library.velocities(
                flux, self._weight(ivar, velocity), rv_range
            )
        weight = self._weight(ivar, velocity, reach=2 * self._pixel() * (rv_range > 0))
        first = self.library.nearest(
            *at_rest(self.layout, flux, weight, velocity), starts
        )
        problem = functools.partial(
            SpectrumProblem, self.forward, self.layout, flux, prior=self._prior(prior)
        )
        rough, disagree = self._rough(
            problem, weight, first, velocity, rv_range, iterations
        )
        if rv_range > 0:
            velocity = rough[:, self._n_model]
            weight = self._weight(ivar, velocity, reach=0.5 * self._pixel())
        return self._refine(
            problem,
            rough,
            ivar,
            weight,
            velocity,
            rv_range,
            basis,
            iterations,
            disagree,
        )

    def _rough(self, problem, weight, first, velocity, rv_range, iterations):
        """Minimise from every start, keep the best: (n_stars, m), and disagreement."""
        n_stars, starts, _ = first.shape
        many = lambda a: a.repeat_interleave(starts, 0)  # noqa: E731
        start = first.reshape(n_stars * starts, -1).double()
        flux = many(problem.args[2])
        problem = functools.partial(
            SpectrumProblem, *problem.args[:2], flux, **problem.keywords
        )
        fixed = many(velocity) if rv_range == 0 else None
        if fixed is None:
            start = torch.cat([start, many(velocity)[:, None]], 1)
        lower, upper = self._bounds(start, fixed is None, 2 * self._pixel())
        task = problem(
            weight=many(weight), velocity=fixed, exact=not self.forward.has_gram
        )
        found = minimise(task, start, lower, upper, iterations=iterations)
        cost = found.state.cost.reshape(n_stars, starts)
        found = found.parameters.reshape(n_stars, starts, -1)
        best = cost.argmin(1)
        return found[torch.arange(n_stars), best], (found, cost)

    def _refine(
        self,
        problem,
        start,
        ivar,
        weight,
        velocity,
        rv_range,
        basis,
        iterations,
        others,
    ):
        """Converge on the exact Hessian, continuum included, and tell the errors."""
        fixed = velocity if rv_range == 0 else None
        lower, upper = self._bounds(start, fixed is None, self._pixel())
        if basis is not None:
            zeros = start.new_zeros(len(start), len(basis))
            start = torch.cat([start, zeros], 1)
            lower = torch.cat([lower, zeros - 1.0], 1)
            upper = torch.cat([upper, zeros + 1.0], 1)
        task = problem(weight=weight, velocity=fixed, basis=basis)
        found = minimise(task, start, lower, upper, iterations=iterations)
        rows = torch.arange(len(start), device=self.device)
        covariance, hessian = self._sandwich(task, found.state, rows, ivar)
        n_good = (weight > 0).sum(1)
        flags = torch.where(found.converged, 0, int(FitFlag.NOT_CONVERGED))
        flags |= self._edge(found.parameters, lower, upper)
        flags |= self._disagreement(found.parameters, hessian, *others)
        return self._in_units(
            task, found, covariance, n_good, flags, weight, fixed is None
        )

    def _in_units(self, task, found, covariance, n_good, flags, weight, fitted):
        """Physical units; NaN wherever a star has no good pixel."""
        n, state = self.n_labels, found.state
        bad = n_good == 0
        nan = lambda a: torch.where(  # noqa: E731
            bad.reshape(-1, *[1] * (a.ndim - 1)), torch.nan, a.double()
        )
        change = self.scaling.labels_per_coordinate.to(covariance)
        at = self._n_model
        none = torch.full_like(state.cost, torch.nan)
        velocity = found.parameters[:, at] if fitted else none
        sigma = covariance[:, at, at].sqrt() if fitted else none
        chi2 = state.cost - task.prior_cost(found.parameters)
        rows = torch.arange(len(weight), device=self.device)
        shift = task.shift(found.parameters, rows)
        model = state.clean * task.continuum(found.parameters)
        model = torch.where(shift.inside, model, torch.nan)
        own = self.layout.apply(self._variance.expand(len(rows), -1), shift)
        return Fits(
            nan(self.scaling.to_labels(found.parameters[:, :n])),
            nan(change @ covariance[:, :n, :n] @ change.T),
            nan(velocity),
            nan(sigma),
            nan(chi2),
            n_good,
            torch.where(bad, int(FitFlag.ALL_BAD), flags),
            nan(self.layout.extract(model)).float(),
            self.layout.extract(own).clamp(min=0).sqrt(),
        )

    def _sandwich(self, task, state, rows, ivar):
        """Covariance of all parameters (n, m, m), and the Hessian; float64."""
        covariance, hessians = [], []
        for start in range(0, len(rows), 16):
            some = rows[start : start + 16]
            part = State(*(each[some] for each in state))
            jacobian = task.jacobian(part, some)
            pulled = jacobian * task.weight[some][:, None]
            hessian = (pulled @ jacobian.transpose(1, 2)).double()
            shift = task.shift(part.parameters, some)
            tail = self.layout.apply(self._tail.expand(len(some), -1), shift)
            noise = torch.where(ivar[some] > 0, 1.0 / ivar[some], 0.0) + tail.clamp(
                min=0
            )
            meat = ((pulled * noise[:, None]) @ pulled.transpose(1, 2)).double()
            if self._modes is not None:
                onto = self.layout.adjoint(pulled, shift) @ self._modes.T
                meat = meat + (onto @ onto.transpose(1, 2)).double()
            own = torch.zeros_like(hessian[0].diagonal())
            own[: self._n_model] = task.prior.precision
            bread = torch.linalg.inv(hessian + torch.diag(own + 1e-9))
            covariance.append(bread @ (meat + torch.diag(own)) @ bread)
            hessians.append(hessian)
        return torch.cat(covariance), torch.cat(hessians)

    def _edge(self, parameters, lower, upper):
        n = self.n_labels
        near = 1e-3 * (upper - lower)[:, :n]
        x = parameters[:, :n]
        at = (x - lower[:, :n] <= near) | (upper[:, :n] - x <= near)
        return torch.where(at.any(1), int(FitFlag.EDGE), 0)

    def _disagreement(self, parameters, hessian, others, cost):
        """Another start that ends as low in chi2, far away in the metric of the fit."""
        m = others.shape[2]
        away = others - parameters[:, None, :m]
        distance = torch.einsum("nsi,nij,nsj->ns", away, hessian[:, :m, :m], away)
        low = cost - cost.amin(1, keepdim=True) < _SAME_MINIMUM
        other = (low & (distance > _OTHER_MINIMUM)).any(1)
        return torch.where(other, int(FitFlag.STARTS_DISAGREE), 0)

    def _bounds(self, start, fitted, reach):
        lower, upper = (
            self._lower.expand(len(start), -1),
            self._upper.expand(len(start), -1),
        )
        if fitted:
            at = start[:, self._n_model, None]
            lower, upper = (
                torch.cat([lower, at - reach], 1),
                torch.cat([upper, at + reach], 1),
            )
        return lower, upper

    def _weight(self, ivar, velocity, reach=0.0):
        """1 / (1/ivar + the model's variance), 0 outside the shifted model."""
        shift = self.layout.shift(velocity)
        inside = shift.inside
        for sign in (-1, 1) if reach else ():
            inside = inside & self.layout.shift(velocity + sign * reach).inside
        own = self.layout.apply(self._variance.expand(len(ivar), -1), shift)
        return torch.where(inside, ivar / (1.0 + ivar * own.clamp(min=0)), 0.0)

    def _prior(self, wanted):
        if wanted:
            return self.prior
        labels = torch.arange(self._n_model, device=self.device) < self.n_labels
        return self.prior._replace(
            precision=torch.where(labels, 0.0, self.prior.precision)
        )

    def _pixel(self):
        return self.layout.step * C_KMS

    def _embedded(self, array):
        array = torch.as_tensor(array, dtype=torch.float32, device=self.device)
        return self.layout.embed(array)

    def _training_coordinates(self, model, seed):
        labels = getattr(model, "training_labels", None)
        if labels is not None:
            return self.scaling.to_coordinates(labels.double().to(self.device))
        rng = torch.Generator().manual_seed(seed)
        uniform = torch.rand(1000, self.n_labels, generator=rng, dtype=torch.float64)
        return uniform.to(self.device) - 0.5

    def _set_prior(self, model, spread):
        """Prior and bounds: the spread of the training labels, and a margin around."""
        middle = spread.median(0).values
        sigma = 1.4826 * (spread - middle).abs().median(0).values
        free = [name in _FREE_OF_PRIOR for name in self.label_names]
        precision = torch.where(
            torch.tensor(free, device=self.device), 0.0, sigma.clamp(min=1e-3) ** -2
        )
        self._lower = middle.new_full((self.n_labels,), -0.5 - MARGIN)
        self._upper = -self._lower
        for k, name in enumerate(self.label_names):
            if name in _NEVER_NEGATIVE:
                zero = (-self.scaling.centre / self.scaling.width)[k]
                self._lower[k] = max(float(zero), float(self._lower[k]))
        nuisance = getattr(model, "nuisance", None)
        if nuisance is not None:
            mean, own = nuisance.mean.to(middle), nuisance.sigma.to(middle)
            middle, precision = (
                torch.cat([middle, mean]),
                torch.cat([precision, own**-2]),
            )
            self._lower = torch.cat([self._lower, mean - 10 * own])
            self._upper = torch.cat([self._upper, mean + 10 * own])
        self.prior = Prior(middle, precision)
        self._n_model = len(middle)

    def _set_error_model(self, error):
        empty = torch.zeros(self.layout.n_padded, device=self.device)
        self._variance, self._tail, self._modes = empty, empty, None
        if error is not None:
            self._modes = self.layout.coefficients(error.modes.float())
            smooth = self.layout.coefficients(
                torch.stack([error.variance, error.tail]).float()
            )
            self._variance, self._tail = smooth


def scaling_of(model: SpectralModel) -> LabelScaling:
    """Return the label scaling of a model, its own or one that its labels span.

    Raises ValueError if the model says nothing of its labels' range.
    """
    own = getattr(model, "scaling", None)
    if isinstance(own, LabelScaling):
        return own
    labels = getattr(model, "training_labels", None)
    if labels is not None:
        return LabelScaling.from_labels(labels.numpy(force=True), model.label_names)
    ranges = getattr(model, "label_ranges", None)
    if ranges is None:
        raise ValueError(
            f"a model of class {type(model).__name__} has neither training_labels nor "
            "label_ranges, so a fit has no place to start. Give it label_ranges, "
            "(n_labels, 2) in physical units."
        )
    low, high = torch.as_tensor(ranges, dtype=torch.float64).T
    return LabelScaling(
        torch.eye(len(low), dtype=torch.float64), (low + high) / 2, high - low
    )


@functools.lru_cache(maxsize=4)
def fitter_of(model: SpectralModel, device: str = "cpu", seed: int = 0) -> Fitter:
    """Return the `Fitter` of a model, kept for the next star."""
    return Fitter(model, device, seed)
