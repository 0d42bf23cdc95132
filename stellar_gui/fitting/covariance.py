"""Errors of a fit: photon noise and the model's own error, by a sandwich.

C = H^-1 J'W (1/ivar + modes'modes + tail) W J H^-1. The weights W know the model's
variance only pixel by pixel, so H^-1 alone would be too small by factors of 2 to 10 at
S/N 100 and 300. Using the full covariance as weights instead trusts it more than a few
hundred residual spectra can bear (errors again 2 too small), so it is not done.
"""

import torch
from torch import Tensor

from stellar_gui.fitting.problem import SpectrumProblem, State
from stellar_gui.fitting.velocity import PixelLayout, Shift
from stellar_gui.models.blocks import ErrorModel

_ROWS = 16


class ModelNoise:
    """An `ErrorModel` on padded pixels, moved with each star; or none at all."""

    def __init__(self, error: ErrorModel | None, layout: PixelLayout, device):
        self._layout = layout
        self._modes = None
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

    def seen_through(self, pulled: Tensor, shift: Shift) -> Tensor | None:
        """pulled (n, m, n_padded) onto the modes of each star, (n, m, n_modes)."""
        if self._modes is None:
            return None
        return self._layout.adjoint(pulled, shift) @ self._modes.T

    def _at(self, coefficients, shift):
        wide = coefficients.expand(len(shift.whole), -1)
        return self._layout.apply(wide, shift).clamp(min=0)


def sandwich(
    task: SpectrumProblem, state: State, ivar: Tensor, noise: ModelNoise
) -> tuple[Tensor, Tensor]:
    """Covariance of the parameters of all rows, and the Hessian, (n, m, m) float64.

    ivar (n_stars, n_padded) of the photons alone. The prior counts as one more
    measurement of each parameter, with its own error.
    """
    both = [_of_part(task, part, ivar, noise) for part in state.parts(_ROWS)]
    covariance, hessian = (torch.cat(each) for each in zip(*both, strict=True))
    return covariance, hessian


def _of_part(task, part, ivar, noise):
    jacobian = task.jacobian(part)
    pulled = jacobian * task.weight[part.star][:, None]
    hessian = (pulled @ jacobian.transpose(1, 2)).double()
    shift = task.shift(part)
    photons = ivar[part.star]
    variance = torch.where(photons > 0, 1.0 / photons, 0.0) + noise.tail(shift)
    meat = ((pulled * variance[:, None]) @ pulled.transpose(1, 2)).double()
    onto = noise.seen_through(pulled, shift)
    if onto is not None:
        meat = meat + (onto @ onto.transpose(1, 2)).double()
    own = torch.zeros_like(hessian[0].diagonal())
    own[: task.n_model] = task.prior.precision
    bread = torch.linalg.inv(hessian + torch.diag(own + 1e-9))
    return bread @ (meat + torch.diag(own)) @ bread, hessian
