"""Sufficient statistics of the Cannon: what a spectrum says, in n_terms numbers.

The Cannon's flux is linear in the terms v of the labels, so the chi2 of a star is
exactly c - 2 u.b + u'Cu with u = v without its constant, C = Theta' W Theta and
b = Theta' W (flux - theta_0). One matrix product per block of stars gives every C;
after that no fit looks at pixels again. Must not import views or plots.
"""

import weakref
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stellar_gui.models.cannon import Cannon
from stellar_gui.spectra import Spectra

_BLOCK = 64  # stars


class Quadratic(NamedTuple):
    """chi2(u) = constant - 2 u.linear + u' matrix u, for every star.

    constant (n_stars,), linear (n_stars, n), matrix (n_stars, n, n); n = n_terms - 1.
    """

    constant: Tensor
    linear: Tensor
    matrix: Tensor

    def __call__(self, u: Tensor) -> Tensor:
        """(n_stars, n) -> chi2 (n_stars,)."""
        pull = (self.matrix @ u[:, :, None])[:, :, 0] - 2 * self.linear
        return self.constant + (u * pull).sum(1)

    def of(self, stars: Tensor) -> "Quadratic":
        """The same for some stars, by index; a star may stand several times."""
        return Quadratic(*(part[stars] for part in self))


class Statistics(NamedTuple):
    """All that the labels of ``n_stars`` stars depend on, float64.

    chi2: the plain chi2. noise (n_stars, n_terms, n_terms): B, the expected excess of
    C from the noise of theta, sum over pixels of w Cov(theta); None for a model without
    it. n_good (n_stars,): good pixels that the model covers.
    """

    chi2: Quadratic
    noise: Tensor | None
    n_good: Tensor

    def corrected(self) -> Quadratic:
        """chi2 less v'Bv, what the noise of the coefficients adds to it on average."""
        b = self.noise
        return Quadratic(
            self.chi2.constant - b[:, 0, 0],
            self.chi2.linear + b[:, 0, 1:],
            self.chi2.matrix - b[:, 1:, 1:],
        )


class _Operands(NamedTuple):
    """The model, arranged for the products; zeros in pixels that are not modelled."""

    modelled: Tensor  # (n_pixels,) bool
    variance: Tensor  # (n_pixels,) scatter**2
    base: Tensor  # (n_pixels,) theta_0
    slopes: Tensor  # (n_pixels, n), the other coefficients
    pairs: Tensor  # (n_pixels, n_pairs + n_shapes): their products, noise amplitudes
    index: Tensor  # (n, n): the pair of each entry of C


_operands_of: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


def _operands(model: Cannon, dtype: torch.dtype, device) -> _Operands:
    """Return the model's operands, made once for each model, dtype and device."""
    made = _operands_of.setdefault(model, {})
    key = (dtype, str(device))
    if key not in made:
        made[key] = _make_operands(model, dtype, device)
    return made[key]


def _make_operands(model: Cannon, dtype: torch.dtype, device) -> _Operands:
    theta = torch.nan_to_num(model.theta.to(device, dtype), nan=0.0)
    slopes = theta[:, 1:].contiguous()
    n = slopes.shape[1]
    row, column = torch.triu_indices(n, n)
    index = torch.zeros(n, n, dtype=torch.int64)
    index[row, column] = index[column, row] = torch.arange(len(row))
    pairs = slopes[:, row] * slopes[:, column]
    if model.noise is not None:
        pairs = torch.cat([pairs, model.noise.amplitude.to(pairs)], dim=1)
    scatter = torch.nan_to_num(model.scatter.to(device, dtype), nan=0.0)
    modelled = model.modelled.to(device)
    return _Operands(
        modelled, scatter.square(), theta[:, 0].contiguous(), slopes, pairs, index
    )


def sufficient_statistics(
    model: Cannon,
    spectra: Spectra,
    pixels: tuple[np.ndarray, np.ndarray],
    *,
    dtype: torch.dtype = torch.float32,
    device: str | torch.device = "cpu",
) -> Statistics:
    """Return the statistics of all stars, read in blocks.

    pixels: the model's and the spectra's indices of the pixels that they share. dtype:
    of the products over pixels; float32 changes labels by some 0.002 sigma.
    """
    operands = _operands(model, dtype, device)
    blocks = [
        _block_statistics(operands, *_on_model_grid(spectra, rows, pixels, operands))
        for rows in np.array_split(np.arange(len(spectra)), -(-len(spectra) // _BLOCK))
    ]
    constant, linear, products, n_good = (
        torch.cat(parts).cpu() for parts in zip(*blocks, strict=True)
    )
    n_pairs = len(operands.slopes.T) * (len(operands.slopes.T) + 1) // 2
    products = products.double()
    matrix = products[:, operands.index.flatten()].unflatten(1, operands.index.shape)
    noise = None
    if model.noise is not None:
        shapes = model.noise.shapes.double()
        noise = torch.tensordot(products[:, n_pairs:], shapes, dims=1)
    return Statistics(Quadratic(constant, linear.double(), matrix), noise, n_good)


def _on_model_grid(spectra, rows, pixels, operands) -> tuple[Tensor, Tensor]:
    """Read some stars: flux, ivar (n, n_pixels) on the model's grid, ivar 0 outside."""
    on_model, on_spectra = pixels
    whole = len(on_model) == len(operands.base) == spectra.n_pixels
    read = []
    for array in (spectra.flux, spectra.ivar):
        lazy = hasattr(array, "read_rows")
        values = array.read_rows(rows) if lazy else array[rows[0] : rows[-1] + 1]
        values = torch.tensor(values, dtype=operands.base.dtype)
        if not whole:
            placed = values.new_zeros(len(rows), len(operands.base))
            placed[:, on_model] = values[:, on_spectra]
            values = placed
        read.append(values.to(operands.base.device))
    return tuple(read)


def _block_statistics(operands: _Operands, flux: Tensor, ivar: Tensor):
    """Return c, b, the products and the number of good pixels; changes its arrays."""
    good = (ivar > 0) & operands.modelled
    one = ivar.new_ones(())
    weight = ivar.div_(torch.addcmul(one, ivar, operands.variance))
    residual = flux.sub_(operands.base).masked_fill_(~good, 0.0)
    weighted = weight * residual
    constant = (weighted * residual).sum(1, dtype=torch.float64)
    return (
        constant,
        weighted @ operands.slopes,
        weight @ operands.pairs,
        torch.count_nonzero(good, dim=1),
    )
