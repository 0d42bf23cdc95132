"""The noise of the Cannon's coefficients: the covariance of theta in every pixel.

Each pixel's covariance is the inverse of its normal matrix. All are nearly multiples of
one matrix, since all pixels see the same stars with other weights; a few shapes hold
them, so that inference and model files carry (n_pixels, n_shapes) numbers instead of
(n_pixels, n_terms, n_terms).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from stellar_gui.models.pixel_regression import PixelRegression

N_SHAPES = 8
_SAMPLE = 512  # pixels that the shapes are found from
_BLOCK = 512


@dataclass(frozen=True, eq=False)
class CoefficientNoise:
    """Covariance of theta in pixel p = sum over k of amplitude[p, k] * shapes[k].

    amplitude (n_pixels, n_shapes), 0 in pixels that are not modelled; shapes
    (n_shapes, n_terms, n_terms). In the scale of the model's own terms.
    """

    amplitude: Tensor
    shapes: Tensor

    @classmethod
    def of(cls, regression: PixelRegression) -> "CoefficientNoise":
        """Invert the normal matrices of all modelled pixels, and find their shapes."""
        pixels = torch.nonzero(regression.modelled)[:, 0]
        n_pixels, n_terms = regression.theta.shape
        whiten, colour = _whitening(regression.design.terms)
        chosen = pixels[:: max(1, len(pixels) // _SAMPLE)]
        white = whiten @ regression.covariances(chosen) @ whiten.T
        rows = torch.nn.functional.normalize(white.flatten(1))
        basis = torch.linalg.svd(rows, full_matrices=False).Vh[:N_SHAPES]
        amplitude = regression.theta.new_zeros(n_pixels, len(basis))
        for block in pixels.split(_BLOCK):
            white = whiten @ regression.covariances(block) @ whiten.T
            amplitude[block] = white.flatten(1) @ basis.T
        shapes = colour @ basis.unflatten(1, (n_terms, n_terms)) @ colour.T
        return cls(amplitude.float().cpu(), shapes.float().cpu())

    def of_flux(self, terms: Tensor) -> Tensor:
        """(n_stars, n_terms) -> (n_stars, n_pixels): variance of theta . terms."""
        shares = torch.einsum("nt,kts,ns->nk", terms, self.shapes.to(terms), terms)
        return shares @ self.amplitude.to(terms).T


def _whitening(terms: Tensor) -> tuple[Tensor, Tensor]:
    """Return W and its inverse, so that W cov W' is near a multiple of one."""
    scale = torch.linalg.qr(terms).R / len(terms) ** 0.5
    identity = torch.eye(len(scale), dtype=terms.dtype, device=terms.device)
    return scale, torch.linalg.solve_triangular(scale, identity, upper=True)
