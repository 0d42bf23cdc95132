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


class State(NamedTuple):
    """What an evaluation leaves for the linearisation, all with n rows."""

    cost: Tensor  # (n,) float64
    parameters: Tensor  # (n, m)
    weighted: Tensor  # (n, n_padded): weight * (flux - model)
    clean: Tensor  # (n, n_padded): the shifted model without the continuum
    slope: Tensor  # (n, n_padded): d clean / d velocity


class Prior(NamedTuple):
    """Gaussian, on the parameters of the model; precision 0 where there is none."""

    mean: Tensor  # (n_model_parameters,)
    precision: Tensor


@dataclass
class SpectrumProblem:
    """A `least_squares.Problem` on padded spectra.

    flux, weight (n_rows, n_padded) float32, weight 0 where a pixel must not count;
    basis (n_basis, n_padded) of the continuum or None; velocity: the fixed velocity of
    each row, or None to fit it; exact: use the full Jacobian, not the Gram matrix.
    """

    forward: object
    layout: PixelLayout
    flux: Tensor
    weight: Tensor
    prior: Prior
    basis: Tensor | None = None
    velocity: Tensor | None = None
    exact: bool = True

    def __post_init__(self):
        self.n_model = self.forward.n_labels + self.forward.n_nuisance
        if not self.exact:
            mean = self.weight.mean(0, dtype=torch.float64)
            self._level = self.weight.mean(1, dtype=torch.float64) / mean.mean()
            self._gram = self.forward.gram(mean.to(self.weight))

    def evaluate(self, parameters: Tensor, rows: Tensor) -> State:
        """Model spectra and their cost, chi2 plus the prior's share."""
        coefficients, _ = self.forward.coefficients(parameters[:, : self.n_model])
        shift = self.shift(parameters, rows)
        clean, slope = self.layout.apply_both(coefficients, shift)
        residual = self.flux[rows] - clean * self.continuum(parameters)
        weighted = self.weight[rows] * residual
        cost = (weighted * residual).sum(1, dtype=torch.float64)
        cost = cost + self.prior_cost(parameters)
        return State(cost, parameters, weighted, clean, slope)

    def prior_cost(self, parameters: Tensor) -> Tensor:
        """(n,) the prior's share of the cost."""
        off = parameters[:, : self.n_model] - self.prior.mean
        return (off**2 * self.prior.precision).sum(1)

    def linearise(self, state: State, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Gradient and Gauss-Newton Hessian; see `least_squares.Problem`."""
        parts = []
        for start in range(0, len(rows), _JACOBIAN_ROWS if self.exact else len(rows)):
            stop = start + (_JACOBIAN_ROWS if self.exact else len(rows))
            some = State(*(part[start:stop] for part in state))
            inner = self._by_jacobian if self.exact else self._by_gram
            parts.append(inner(some, rows[start:stop]))
        gradient, hessian = (torch.cat(each) for each in zip(*parts, strict=True))
        n = self.n_model
        off = state.parameters[:, :n] - self.prior.mean
        gradient[:, :n] -= off * self.prior.precision
        torch.diagonal(hessian, dim1=1, dim2=2)[:, :n] += self.prior.precision
        return gradient, hessian

    def shift(self, parameters: Tensor, rows: Tensor) -> Shift:
        """The Doppler shift of each row."""
        fitted = self.velocity is None
        velocity = parameters[:, self.n_model] if fitted else self.velocity[rows]
        return self.layout.shift(velocity)

    def jacobian(self, state: State, rows: Tensor) -> Tensor:
        """d model spectrum / d parameters, (n, m, n_padded), float32."""
        coordinates = state.parameters[:, : self.n_model]
        _, kept = self.forward.coefficients(coordinates)
        jacobian = self.layout.apply(
            self.forward.jacobian(coordinates, kept), self.shift(state.parameters, rows)
        )
        columns = [jacobian]
        if self.velocity is None:
            columns.append(state.slope[:, None])
        if self.basis is not None:
            continuum = self.continuum(state.parameters)[:, None]
            columns = [column * continuum for column in columns]
            columns.append(state.clean[:, None] * self.basis)
        return torch.cat(columns, 1)

    def continuum(self, parameters: Tensor) -> Tensor | float:
        """What multiplies the model, (n, n_padded)."""
        if self.basis is None:
            return 1.0
        n_basis = len(self.basis)
        return 1.0 + parameters[:, -n_basis:].to(self.basis) @ self.basis

    def _by_jacobian(self, state, rows):
        jacobian = self.jacobian(state, rows)
        gradient = (jacobian @ state.weighted[:, :, None])[:, :, 0]
        hessian = (jacobian * self.weight[rows][:, None]) @ jacobian.transpose(1, 2)
        return gradient.double(), hessian.double()

    def _by_gram(self, state, rows):
        """Back-propagated gradient; the Hessian by one Gram matrix for all rows.

        Labels and velocity only. The Gram matrix takes the mean weights of all rows,
        unshifted, scaled by each row's mean weight.
        """
        shift = self.shift(state.parameters, rows)
        _, kept = self.forward.coefficients(state.parameters[:, : self.n_model])
        inner = self.forward.inner_jacobian(kept)  # (n, n_labels, n_hidden)
        n = len(rows)
        onto = [self.layout.adjoint(state.weighted, shift)]
        if self.velocity is None:
            pulled = self.weight[rows] * state.slope
            onto.append(self.layout.adjoint(pulled, shift))
        back = self.forward.to_hidden(torch.cat(onto))
        gradient = (inner @ back[:n, :, None])[:, :, 0].double()
        bent = (inner.reshape(-1, inner.shape[-1]) @ self._gram).reshape(inner.shape)
        hessian = (bent @ inner.transpose(1, 2)).double()
        hessian = hessian * self._level[rows][:, None, None]
        if self.velocity is not None:
            return gradient, hessian
        along = lambda a: (a * state.slope).sum(1, dtype=torch.float64)[:, None]  # noqa: E731
        cross = (inner @ back[n:, :, None]).double()
        corner = along(pulled)[:, :, None]
        gradient = torch.cat([gradient, along(state.weighted)], 1)
        top = torch.cat([hessian, cross], 2)
        return gradient, torch.cat(
            [top, torch.cat([cross.transpose(1, 2), corner], 2)], 1
        )
