"""Weighted polynomial regression of all pixels at once, with intrinsic scatter.

The training step of The Cannon (Ness et al. 2015, ApJ 808, 16): every pixel has its
own coefficients theta and its own scatter s. The normal matrices of all pixels are one
matrix product, because the products of terms are few distinct monomials; no loop runs
over pixels or stars, only over blocks of pixels that fit the processor's cache.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from stellar_gui.models.polynomial import Polynomial

_BLOCK = 256  # pixels
GOOD_STARS_PER_TERM = 2  # a pixel with fewer is not modelled


@dataclass(frozen=True)
class Design:
    """Terms and their distinct products for the training stars, ready to multiply.

    terms (n_stars, n_terms); products (n_stars, n_monomials); index (n_terms, n_terms)
    of the product that each pair of terms makes.
    """

    terms: Tensor
    products: Tensor
    index: Tensor

    @classmethod
    def of(cls, polynomial: Polynomial, labels_scaled: Tensor) -> "Design":
        terms = polynomial.terms(labels_scaled)
        index, pairs = polynomial.products
        products = terms[:, pairs[:, 0]] * terms[:, pairs[:, 1]]
        return cls(terms, products, index.to(terms.device))

    @property
    def n_terms(self) -> int:
        return self.terms.shape[1]

    def normal_matrices(self, weight: Tensor) -> Tensor:
        """(n, n_stars) weights -> (n, n_terms, n_terms), sum over stars of w a a'."""
        distinct = weight @ self.products  # (n, n_monomials)
        pairs = distinct.index_select(1, self.index.flatten())
        return pairs.unflatten(1, self.index.shape)


class PixelRegression:
    """theta and scatter of every pixel, improved by each `step`.

    flux, ivar (n_stars, n_pixels), flux is ignored where ivar is 0; labels_scaled
    (n_stars, n_labels). The first step solves theta without scatter; each step ends by
    moving the scatter variance of the pixels that still change, by Fisher scoring of
    the profile likelihood with the degrees-of-freedom correction. Pixels without enough
    good stars, or whose good stars do not tell the terms apart, keep NaN. Raises
    ValueError if no pixel has enough.
    """

    def __init__(
        self,
        flux: Tensor,
        ivar: Tensor,
        labels_scaled: Tensor,
        polynomial: Polynomial,
        *,
        dtype: torch.dtype = torch.float64,
        tolerance: float = 1e-3,
    ):
        # (n_pixels, n_stars), copies: a pixel is one row
        self.flux = flux.T.clone(memory_format=torch.contiguous_format)
        self.ivar = ivar.T.clone(memory_format=torch.contiguous_format)
        self.flux.masked_fill_(self.ivar == 0, 0.0)
        self.dtype = dtype
        self.tolerance = tolerance
        self.design = Design.of(polynomial, labels_scaled.to(dtype))
        n_pixels, n_terms = flux.shape[1], self.design.n_terms
        self.n_good = torch.count_nonzero(self.ivar, dim=1).to(dtype)
        needed = GOOD_STARS_PER_TERM * n_terms
        enough = self.n_good >= needed
        if not enough.any():
            raise ValueError(
                f"no pixel is good in {needed} or more of the {len(flux)} training "
                f"stars, {GOOD_STARS_PER_TERM} for each of {n_terms} terms. Is ivar 0 "
                "nearly everywhere? Check how errors and masks were read."
            )
        new = lambda *shape: flux.new_full(shape, torch.nan, dtype=dtype)  # noqa: E731
        self.theta = new(n_pixels, n_terms)
        self.variance = new(n_pixels).masked_fill(enough, 0.0)
        self.noise_ratio = new(n_pixels)
        self.active = torch.nonzero(enough)[:, 0]

    def step(self) -> dict[str, float]:
        """Solve theta of the active pixels and move their scatter once.

        Returns the noise ratio, the median over all modelled pixels, and the number of
        pixels that the next step will work on. The ratio is what the scatter equation
        brings to 1: sum(w**2 residual**2) over the expectation of it, w the weights. It
        is no chi2 per degree of freedom, which has w in place of w**2.
        """
        blocks = self.active.split(_BLOCK)
        self.active = torch.cat([pixels[self._step_block(pixels)] for pixels in blocks])
        return {
            "noise_ratio": float(self.noise_ratio.nanmedian()),
            "pixels_left": float(len(self.active)),
        }

    def _step_block(self, pixels: Tensor) -> Tensor:
        """Step ``pixels``; returns which of them go on."""
        flux, weight = self._block(pixels)  # (n, n_stars)
        normal = self.design.normal_matrices(weight)
        factor, failed = torch.linalg.cholesky_ex(normal)
        target = (weight * flux) @ self.design.terms  # (n, n_terms)
        theta = torch.cholesky_solve(target[:, :, None], factor)[:, :, 0]
        theta[failed > 0] = torch.nan
        self.theta[pixels] = theta

        residual = torch.addmm(flux, theta, self.design.terms.T, alpha=-1.0)
        residual *= weight
        gain = torch.linalg.vector_norm(residual, dim=1).square()
        curvature = torch.linalg.vector_norm(weight, dim=1).square()
        total = weight.sum(1)
        freedom = 1.0 - self.design.n_terms / self.n_good[pixels]
        old = self.variance[pixels]
        new = (old + (gain - total * freedom) / curvature).clamp(min=0.0)
        self.variance[pixels] = new
        noise = torch.sqrt(self.n_good[pixels] / total)
        self.noise_ratio[pixels] = gain / (total * freedom)
        return (new.sqrt() - old.sqrt()).abs() > self.tolerance * noise

    def _block(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """flux and 1 / (1/ivar + s**2) of some pixels, (n, n_stars) each."""
        ivar = self.ivar.index_select(0, pixels).to(self.dtype)
        flux = self.flux.index_select(0, pixels).to(self.dtype)
        variance = self.variance[pixels, None]
        return flux, ivar.div_(torch.addcmul(variance.new_ones(()), ivar, variance))

    @property
    def modelled(self) -> Tensor:
        """(n_pixels,) bool: pixels whose coefficients are known."""
        return self.theta.isfinite().all(1)

    def covariances(self, pixels: Tensor) -> Tensor:
        """Covariance of theta of some pixels, (n, n_terms, n_terms)."""
        normal = self.design.normal_matrices(self._block(pixels)[1])
        return torch.cholesky_inverse(torch.linalg.cholesky(normal))
