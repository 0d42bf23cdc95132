"""Sufficient statistics of the Cannon: what a spectrum says, in n_terms numbers.

The Cannon's flux is linear in the terms v of the labels, so the chi2 of a star is
exactly c - 2 u.b + u'Cu with u = v without its constant, C = Theta' W Theta and
b = Theta' W (flux - theta_0). One matrix product per block of stars gives every C;
after that no fit looks at pixels again. Must not import views or plots.
"""

import functools
import weakref
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stellar_gui.fitting.checks import check_level
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

    modelled: Tensor  # (n_pixels,) 1, or 0 where the model says nothing
    variance: Tensor  # (n_pixels,) scatter**2
    base: Tensor  # (n_pixels,) theta_0
    slopes: Tensor  # (n_pixels, n), the other coefficients
    pairs: Tensor  # (n_pixels, n_pairs + n_shapes): their products, noise amplitudes
    index: Tensor  # (n, n): the pair of each entry of C


def kept_with_model(make):
    """Decorator: compute ``make(model, *rest)`` once, keep it while the model lives.

    It is computed again when a tensor of the model has been edited in place.
    """
    kept: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()

    @functools.wraps(make)
    def get(model, *rest):
        versions = [tensor._version for tensor in model.to_tensors().values()]
        of, made = kept.get(model, (None, {}))
        if of != versions:
            made = {}
            kept[model] = versions, made
        if rest not in made:
            made[rest] = make(model, *rest)
        return made[rest]

    return get


@kept_with_model
def _operands(model: Cannon, dtype: torch.dtype, device) -> _Operands:
    """Arrange the model for the products over pixels."""
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
    modelled = model.modelled.to(device, dtype)
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
    of the products over pixels; float32 changes labels of a quadratic model by some
    0.002 sigma. Raises ValueError if the flux of a star lies far from 1.
    """
    operands = _operands(model, dtype, device)
    shape = (min(_BLOCK, len(spectra)), len(operands.base))
    flux, ivar = np.zeros((2, *shape), dtype=operands.base.cpu().numpy().dtype)
    blocks = []
    for start in range(0, len(spectra), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(spectra)))
        _read(spectra.flux, rows, pixels, flux)
        _read(spectra.ivar, rows, pixels, ivar)
        here = slice(len(rows))
        check_level(flux[here], ivar[here] > 0, spectra.ids[rows])
        block = (torch.from_numpy(a[here]).to(device) for a in (flux, ivar))
        blocks.append(_block_statistics(operands, *block))
    parts = (torch.cat(parts).cpu() for parts in zip(*blocks, strict=True))
    return _unpacked(model, operands.index, *parts)


def _read(array, rows: np.ndarray, pixels, out: np.ndarray):
    """Read some stars into ``out`` (n, n_pixels), which lies on the model's grid."""
    lazy = hasattr(array, "read_rows")
    values = array.read_rows(rows) if lazy else array[rows[0] : rows[-1] + 1]
    on_model, on_spectra = pixels
    if len(on_model) == out.shape[1] == values.shape[1]:
        out[: len(rows)] = values
    else:
        out[:] = 0.0  # no weight where the spectra have no pixel
        out[: len(rows), on_model] = values[:, on_spectra]


def _block_statistics(operands: _Operands, flux: Tensor, ivar: Tensor):
    """Return c, b, the products and the number of good pixels; works in its arrays."""
    ivar.mul_(operands.modelled)
    weight = torch.addcmul(ivar.new_ones(()), ivar, operands.variance).reciprocal_()
    weight.mul_(ivar)  # 1 / (1/ivar + scatter**2)
    # flux is anything where ivar is 0, NaN too, which a weight of 0 would not remove
    residual = flux.sub_(operands.base).nan_to_num_(0.0, 0.0, 0.0)
    weighted = torch.mul(weight, residual, out=ivar)
    return (
        torch.linalg.vecdot(weighted, residual).double(),
        weighted @ operands.slopes,
        weight @ operands.pairs,
        torch.count_nonzero(weight, dim=1),
    )


def _unpacked(model: Cannon, index: Tensor, constant, linear, products, n_good):
    """Return the statistics from the products of all stars, in double precision."""
    n = len(index)
    n_pairs = n * (n + 1) // 2
    matrix = products[:, index.flatten()].double().unflatten(1, index.shape)
    noise = None
    if model.noise is not None:
        amplitude = products[:, n_pairs:].double()
        noise = torch.tensordot(amplitude, model.noise.shapes.double(), dims=1)
    return Statistics(Quadratic(constant, linear.double(), matrix), noise, n_good)
