"""Errors of a fit: photon noise and the model's own error, by a sandwich.

C = H^-1 J'W (1/ivar + modes'modes + tail) W J H^-1. The weights W know the model's
variance only pixel by pixel, so H^-1 alone would be too small by factors of 2 to 10 at
S/N 100 and 300. Using the full covariance as weights instead trusts it more than a few
hundred residual spectra can bear (errors again 2 too small), so it is not done.
"""

import torch
from torch import Tensor

from stellar_gui.fitting.problem import Prior, State
from stellar_gui.fitting.velocity import PixelLayout, Shift
from stellar_gui.models.blocks import ErrorModel


class ModelNoise:
    """An `ErrorModel` on padded pixels, moved with each star; or none at all."""

    def __init__(self, error: ErrorModel | None, layout: PixelLayout, device):
        self._layout = layout
        self.known = error is not None
        self._pixels = torch.zeros(2, layout.n_padded, device=device)
        if error is not None:
            both = torch.stack([error.variance, error.tail]).float().to(device)
            self._pixels = layout.coefficients(both)
            self._modes = layout.coefficients(error.modes.float().to(device))

    def variance(self, shift: Shift) -> Tensor:
        """(n_stars, n_padded) all of the model's variance."""
        return self._at(self._pixels[0], shift)

    def tail(self, shift: Shift) -> Tensor:
        """(n_stars, n_padded) what the modes leave over."""
        return self._at(self._pixels[1], shift)

    def seen_through(self, pulled: Tensor, shift: Shift) -> Tensor:
        """pulled (n, m, n_padded) onto the modes of each star, (n, m, n_modes)."""
        return self._layout.adjoint(pulled, shift) @ self._modes.T

    def _at(self, coefficients, shift):
        wide = coefficients.expand(len(shift.whole), -1)
        return self._layout.apply(wide, shift).clamp(min=0)


class Sandwich:
    """The covariance of every star, from the last Jacobian that its fit computed.

    ivar (n_stars, n_padded) of the photons alone. That Jacobian stands one small step
    before the minimum, which saves computing the largest array once more.
    """

    def __init__(
        self, ivar: Tensor, noise: ModelNoise, prior: Prior, n_parameters: int
    ):
        self._ivar, self._noise, self._prior = ivar, noise, prior
        size = (len(ivar), n_parameters, n_parameters)
        self.hessian = torch.zeros(size, dtype=torch.float64, device=ivar.device)
        self._meat = torch.zeros_like(self.hessian)

    def keep(self, state: State, pulled: Tensor, hessian: Tensor, shift: Shift):
        """Take note of weighted Jacobians (n, m, n_padded) of the stars of a state."""
        self.hessian[state.star] = hessian
        self._meat[state.star] = self._scatter(state, pulled, hessian, shift)

    def covariance(self) -> Tensor:
        """(n_stars, m, m) float64; the prior counts as one more measurement."""
        own = torch.zeros_like(self.hessian[0].diagonal())
        own[: len(self._prior.precision)] = self._prior.precision
        bread = torch.linalg.inv(self.hessian + torch.diag(own + 1e-9))
        return bread @ (self._meat + torch.diag(own)) @ bread

    def _scatter(self, state, pulled, hessian, shift):
        if not self._noise.known:
            return hessian  # the weights are the whole truth
        photons = self._ivar[state.star]
        variance = torch.where(photons > 0, 1.0 / photons, 0.0)
        variance = variance + self._noise.tail(shift)
        meat = (pulled * variance[:, None]) @ pulled.transpose(1, 2)
        onto = self._noise.seen_through(pulled, shift)
        return (meat + onto @ onto.transpose(1, 2)).double()
