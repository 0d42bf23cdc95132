"""The least-squares problem of a spectrum: labels, velocity, continuum, priors.

Parameters of a row, in this order: label coordinates (see `LabelScaling`) and nuisance
parameters of the model, the velocity in km/s if it is fitted, and the continuum's
coefficients. A row is a star at one of its starts.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from stellar_gui.fitting.velocity import PixelLayout, Shift

_JACOBIAN_ROWS = 16  # a few Jacobians at a time stay in the processor's cache
_HESSIAN_LASTS = 4  # steps on an exact gradient before a Jacobian is computed anew


class State(NamedTuple):
    """What an evaluation leaves for the linearisation, all with n rows."""

    cost: Tensor  # (n,) float64
    star: Tensor  # (n,) which star each row fits
    parameters: Tensor  # (n, m)
    weighted: Tensor  # (n, n_padded): weight * (flux - model)
    clean: Tensor  # (n, n_padded): the shifted model without the continuum
    slope: Tensor  # (n, n_padded): d clean / d velocity

    def rows(self, rows: Tensor) -> "State":
        """The state of some rows."""
        return State(*(field[rows] for field in self))


class Gradient(NamedTuple):
    """A back-propagated gradient, and what it took on the way."""

    value: Tensor  # (n, m) float64
    inner: Tensor  # (n, n_labels, n_hidden): d last hidden layer / d coordinates
    shift: Shift


class Prior(NamedTuple):
    """Gaussian, on the parameters of the model; precision 0 where there is none."""

    mean: Tensor  # (n_model_parameters,)
    precision: Tensor


@dataclass
class SpectrumProblem:
    """A `least_squares.Problem` on padded spectra.

    flux, weight (n_stars, n_padded) float32, weight 0 where a pixel must not count;
    star (n_rows,) says whose start a row is; basis (n_basis, n_padded) of the continuum
    or None; velocity (n_stars,): held there, or None to fit it; exact: take the Hessian
    from full Jacobians, of which one serves a star for some steps, not from the Gram
    matrix; errors: a `covariance.Sandwich` that keeps what the last Jacobian of each
    star says of its errors, or None.
    """

    forward: object
    layout: PixelLayout
    flux: Tensor
    weight: Tensor
    star: Tensor
    prior: Prior
    basis: Tensor | None = None
    velocity: Tensor | None = None
    exact: bool = True
    errors: object | None = None

    def __post_init__(self):
        self.n_model = self.forward.n_labels + self.forward.n_nuisance
        self._kept = None  # Hessian of each star, and the steps taken since
        if not self.exact:
            mean = self.weight.mean(0, dtype=torch.float64)
            self._level = self.weight.mean(1, dtype=torch.float64) / mean.mean()
            self._gram = self.forward.gram(mean.to(self.weight))

    def evaluate(self, parameters: Tensor, rows: Tensor) -> State:
        """Model spectra and their cost, chi2 plus the prior's share."""
        star = self.star[rows]
        coefficients, _ = self.forward.coefficients(parameters[:, : self.n_model])
        clean, slope = self.layout.apply_both(
            coefficients, self._shift(parameters, star)
        )
        residual = self.flux[star] - clean * self.continuum(parameters)
        weighted = self.weight[star] * residual
        cost = (weighted * residual).sum(1, dtype=torch.float64)
        cost = cost + self.prior_cost(parameters)
        return State(cost, star, parameters, weighted, clean, slope)

    def linearise(self, state: State) -> tuple[Tensor, Tensor]:
        """Gradient and Gauss-Newton Hessian; see `least_squares.Problem`."""
        gradient, hessian = self._exact(state) if self.exact else self._by_gram(state)
        n = self.n_model
        off = state.parameters[:, :n] - self.prior.mean
        gradient[:, :n] -= off * self.prior.precision
        torch.diagonal(hessian, dim1=1, dim2=2)[:, :n] += self.prior.precision
        return gradient, hessian

    def prior_cost(self, parameters: Tensor) -> Tensor:
        """(n,) the prior's share of the cost."""
        off = parameters[:, : self.n_model] - self.prior.mean
        return (off**2 * self.prior.precision).sum(1)

    def continuum(self, parameters: Tensor) -> Tensor | float:
        """What multiplies the model, (n, n_padded)."""
        if self.basis is None:
            return 1.0
        own = parameters[:, -len(self.basis) :].to(self.basis)
        return 1.0 + own @ self.basis

    def shift(self, state: State) -> Shift:
        """The Doppler shift of each row."""
        return self._shift(state.parameters, state.star)

    def jacobian(self, state: State) -> Tensor:
        """d model spectrum / d parameters, (n, m, n_padded), float32."""
        coordinates = state.parameters[:, : self.n_model]
        _, kept = self.forward.coefficients(coordinates, output=False)
        inner = self.forward.jacobian(coordinates, kept)
        shape = (len(inner), state.parameters.shape[1], self.layout.n_padded)
        jacobian = inner.new_zeros(shape)
        self.layout.apply(inner, self.shift(state), onto=jacobian[:, : self.n_model])
        if self.velocity is None:
            jacobian[:, self.n_model] = state.slope
        if self.basis is not None:
            jacobian *= self.continuum(state.parameters)[:, None]
            jacobian[:, -len(self.basis) :] = state.clean[:, None] * self.basis
        return jacobian

    def _shift(self, parameters, star):
        fitted = self.velocity is None
        return self.layout.shift(
            parameters[:, self.n_model] if fitted else self.velocity[star]
        )

    def _exact(self, state):
        """Exact gradients, and Hessians at most a few steps old.

        Without back-propagation the Jacobian gives both, and no row waits for another.
        """
        everything = torch.arange(len(state.cost), device=state.cost.device)
        if not self.forward.has_gram:
            return self._by_jacobians(state, everything)
        if self._kept is None:
            m = state.parameters.shape[1]
            none = state.parameters.new_zeros(len(self.flux), m, m)
            self._kept = none, torch.full_like(none[:, 0, 0], torch.inf)
        (kept, age), star = self._kept, state.star
        stale = age[star] >= _HESSIAN_LASTS
        age[star] = torch.where(stale, 0.0, age[star] + 1)
        new, old = everything[stale], everything[~stale]
        gradient = torch.empty_like(state.parameters)
        if len(new):
            gradient[new], kept[star[new]] = self._by_jacobians(state, new)
        if len(old):
            gradient[old] = self._gradient(state.rows(old)).value
        return gradient, kept[star]

    def _by_jacobians(self, state, rows):
        parts = [
            self._by_jacobian(state.rows(some)) for some in rows.split(_JACOBIAN_ROWS)
        ]
        gradient, hessian = (torch.cat(each) for each in zip(*parts, strict=True))
        return gradient, hessian

    def _by_jacobian(self, state):
        jacobian = self.jacobian(state)
        gradient = (jacobian @ state.weighted[:, :, None])[:, :, 0]
        pulled = jacobian * self.weight[state.star][:, None]
        hessian = (pulled @ jacobian.transpose(1, 2)).double()
        if self.errors is not None:
            self.errors.keep(state, pulled, hessian, self.shift(state))
        return gradient.double(), hessian

    def _by_gram(self, state):
        """Back-propagated gradient; the Hessian by one Gram matrix for all rows.

        Labels and velocity only. The Gram matrix takes the mean weights of all stars,
        unshifted, scaled by each star's mean weight.
        """
        gradient, inner, shift = self._gradient(state)
        bent = (inner.reshape(-1, inner.shape[-1]) @ self._gram).reshape(inner.shape)
        hessian = (bent @ inner.transpose(1, 2)).double()
        hessian = hessian * self._level[state.star][:, None, None]
        if self.velocity is not None:
            return gradient, hessian
        pulled = self.weight[state.star] * state.slope
        back = self.forward.to_hidden(self.layout.adjoint(pulled, shift))
        cross = (inner @ back[:, :, None]).double()
        corner = (pulled * state.slope).sum(1, dtype=torch.float64)[:, None, None]
        below = torch.cat([cross.transpose(1, 2), corner], 2)
        return gradient, torch.cat([torch.cat([hessian, cross], 2), below], 1)

    def _gradient(self, state):
        """Half the downhill gradient of chi2 by back-propagation, for any continuum."""
        shift = self.shift(state)
        _, kept = self.forward.coefficients(
            state.parameters[:, : self.n_model], output=False
        )
        inner = self.forward.inner_jacobian(kept)  # (n, n_labels, n_hidden)
        weighted = state.weighted * self.continuum(state.parameters)
        back = self.forward.to_hidden(self.layout.adjoint(weighted, shift))
        parts = [(inner @ back[:, :, None])[:, :, 0].double()]
        if self.velocity is None:
            parts.append((weighted * state.slope).sum(1, True, dtype=torch.float64))
        if self.basis is not None:
            parts.append(((state.weighted * state.clean) @ self.basis.T).double())
        return Gradient(torch.cat(parts, 1), inner, shift)
