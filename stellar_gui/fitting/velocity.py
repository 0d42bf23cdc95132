"""Doppler shifts of model spectra, piece by piece, never across a gap.

A model is sampled near its critical step, so linear interpolation would blur lines by
up to a tenth of their depth. Cubic splines do not: their coefficients are found once
(Unser 1999, IEEE Signal Processing Magazine 16, 22), and a shift is four taps. On
logarithmic pixels all taps of a star are the same four numbers.

Spectra stand here in a padded layout: each piece has one coefficient more on its left
and two on its right, so that the taps of its own pixels are its own.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from stellar_gui.constants import C_KMS
from stellar_gui.spectra import wavelength_pieces

PAD_LEFT, PAD_RIGHT = 1, 2
_POLE = 3.0**0.5 - 2.0  # of the inverse of the cubic spline's (1, 4, 1) / 6
_REACH = 14  # |pole|**14 is 1e-8
_SPLINE = torch.tensor(  # of the cubic B-spline: taps by powers of the fraction
    [[1.0, -3, 3, -1], [4, 0, -6, 3], [1, 3, 3, -3], [0, 0, 0, 1]], dtype=torch.float64
).div(6)
_DEGREES = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
_EDGE = 2  # pixels: mirrored ends are wrong beside a cut line, by 0.27 a pixel


class Shift(NamedTuple):
    """The four taps of every star."""

    whole: Tensor  # (n_stars, 1 or n_padded) int64: pixels that the source is away
    taps: Tensor  # (n_stars, 4, 1 or n_padded)
    slopes: Tensor  # same shape: d taps / d velocity, per km/s


class PixelLayout:
    """The pixels of a model, in pieces with room for the taps between them.

    wavelength (n_pixels,) Angstrom. ``slots`` (n_pixels,) says where they stand among
    ``n_padded`` places. Raises ValueError if a piece is too short to be shifted.
    """

    def __init__(self, wavelength, device="cpu"):
        wavelength = np.asarray(wavelength, dtype=np.float64)
        self.n_pixels = len(wavelength)
        self.pieces = wavelength_pieces(wavelength)
        lengths = np.array([stop - start for start, stop in self.pieces])
        if lengths.min() <= PAD_RIGHT:
            raise ValueError(
                f"a piece of the wavelength grid has {lengths.min()} pixels, expected "
                f"more than {PAD_RIGHT}. Drop lone pixels from the grid."
            )
        room = PAD_LEFT + PAD_RIGHT
        offset = PAD_LEFT + room * np.arange(len(lengths))
        slots = np.arange(self.n_pixels) + np.repeat(offset, lengths)
        self.n_padded = self.n_pixels + room * len(lengths)
        self.slots = torch.from_numpy(slots).to(device)
        self._describe_grid(wavelength, slots, lengths, device)

    def _describe_grid(self, wavelength, slots, lengths, device):
        steps = [np.diff(np.log(wavelength[a:b])) for a, b in self.pieces]
        self.step = float(np.median(np.concatenate(steps)))  # in ln(wavelength)
        self.uniform = all(np.ptp(s) < 1e-4 * self.step for s in steps) and (
            np.ptp([s.mean() for s in steps]) < 1e-6 * self.step
        )
        first = slots[np.cumsum(lengths) - lengths]
        last = first + lengths - 1
        piece = np.repeat(np.arange(len(lengths)), lengths + PAD_LEFT + PAD_RIGHT)
        as_tensor = lambda a: torch.as_tensor(a, device=device)  # noqa: E731
        self._first, self._last = as_tensor(first[piece]), as_tensor(last[piece])
        self._place = torch.arange(self.n_padded, device=device)
        self.piece = as_tensor(piece)
        self._log_wavelength = [np.log(wavelength[a:b]) for a, b in self.pieces]

    def embed(self, array: Tensor, fill=0.0) -> Tensor:
        """(..., n_pixels) -> (..., n_padded), the padding filled with ``fill``."""
        padded = array.new_full((*array.shape[:-1], self.n_padded), fill)
        padded[..., self.slots] = array
        return padded

    def extract(self, padded: Tensor) -> Tensor:
        """(..., n_padded) -> (..., n_pixels), the inverse of `embed`."""
        return padded[..., self.slots]

    def coefficients(self, flux: Tensor) -> Tensor:
        """Spline coefficients of flux (n, n_pixels), (n, n_padded), mirrored ends."""
        order = torch.arange(-_REACH, _REACH + 1, device=flux.device).abs()
        kernel = (3.0**0.5 * _POLE ** order.double()).to(flux)[None, None]
        parts = []
        for start, stop in self.pieces:
            piece = flux[:, start:stop]
            index = _mirrored(
                stop - start, _REACH + PAD_LEFT, _REACH + PAD_RIGHT, flux.device
            )
            parts.append(functional.conv1d(piece[:, None, index], kernel)[:, 0])
        return torch.cat(parts, 1)

    def shift(self, velocity: Tensor, dtype=torch.float32) -> Shift:
        """Taps for velocities (n_stars,) km/s, float64, positive = receding."""
        offset, slope = self._offset(velocity)
        whole = torch.floor(offset + 1e-9)
        taps, slopes = _taps((offset - whole).clamp(min=0))
        slopes = slopes * slope[:, None]
        return Shift(whole.long(), taps.to(dtype), slopes.to(dtype))

    def inside(self, velocity: Tensor) -> Tensor:
        """Where a shifted spectrum exists, (n_stars, n_padded) bool."""
        offset, _ = self._offset(velocity)
        edge = torch.where(velocity == 0, 0, _EDGE)[:, None]
        low, high = self._first - self._place, self._last - self._place
        inside = (offset >= low + edge) & (offset <= high - edge)
        return inside & (low <= 0) & (high >= 0)

    def _offset(self, velocity):
        """Pixels that the source of each place is away, and their change per km/s."""
        beta = velocity / C_KMS
        moved, per_kms = torch.atanh(beta), 1.0 / (C_KMS * (1.0 - beta**2))
        if self.uniform:  # (n_stars, 1)
            return (-moved / self.step)[:, None], (-per_kms / self.step)[:, None]
        offset, local = self._offsets(moved)  # (n_stars, n_padded)
        return offset, -per_kms[:, None] / local

    def _offsets(self, moved):
        """Where the source of each place lies, in pixels from it, and the step there.

        moved (n_stars,) in ln(wavelength). For grids that are not logarithmic.
        """
        offset = np.zeros((len(moved), self.n_padded))
        local = np.full_like(offset, self.step)
        start = PAD_LEFT
        for grid in self._log_wavelength:
            n = len(grid)
            index = np.arange(n)
            source = grid - moved.cpu().numpy()[:, None]  # (n_stars, n)
            beyond = np.where(source < grid[0], source - grid[0], 0.0)
            beyond = np.where(source > grid[-1], source - grid[-1], beyond)
            at = np.interp(source, grid, index) + beyond / self.step
            offset[:, start : start + n] = at - index
            local[:, start : start + n] = np.interp(source, grid, np.gradient(grid))
            start += n + PAD_LEFT + PAD_RIGHT
        return torch.from_numpy(offset).to(moved), torch.from_numpy(local).to(moved)

    def apply(self, coefficients: Tensor, shift: Shift, onto=None) -> Tensor:
        """Shifted spectra of coefficients (n_stars, ..., n_padded), same shape.

        With ``onto``, an array of zeros, they are written there.
        """
        if onto is None:
            onto = torch.zeros_like(coefficients)
        self._write(coefficients, shift, [shift.taps], [onto])
        return onto

    def apply_both(self, coefficients: Tensor, shift: Shift) -> tuple[Tensor, Tensor]:
        """As `apply`: the shifted spectra and their derivative with velocity."""
        both = [torch.zeros_like(coefficients) for _ in range(2)]
        self._write(coefficients, shift, [shift.taps, shift.slopes], both)
        return both[0], both[1]

    def adjoint(self, weights: Tensor, shift: Shift) -> Tensor:
        """Transpose of `apply`: (n_stars, ..., n_padded) onto the coefficients."""
        onto = torch.zeros_like(weights)
        if shift.whole.shape[1] > 1:
            for k in range(4):
                index = _aligned(self._index(shift, k), weights).expand_as(weights)
                tap = _aligned(shift.taps[:, k], weights)
                onto.scatter_add_(-1, index, tap * weights)
            return onto
        onto_one = shift.taps[:, :, 0].flip(1)[:, None, None]
        for row, low, high, start, stop in self._rows(shift):
            values = weights[row, ..., low:high]
            if weights.ndim == 2:
                room = PAD_LEFT + PAD_RIGHT
                spread = torch.conv1d(values[None, None], onto_one[row], padding=room)
                onto[row, start:stop] = spread[0, 0]
                continue
            for k, value in enumerate(shift.taps[row, :, 0].tolist()):
                at = slice(start + k, start + k + high - low)
                onto[row, ..., at].add_(values, alpha=value)
        return onto

    def _write(self, coefficients, shift, weights, onto):
        """Write sums over the four neighbours of each source onto arrays.

        One array in ``onto`` for each of ``weights`` (n_stars, 4, 1 or n_padded).
        """
        if shift.whole.shape[1] > 1:
            for k in range(4):
                index = _aligned(self._index(shift, k), coefficients)
                near = torch.gather(coefficients, -1, index.expand_as(coefficients))
                for taps, total in zip(weights, onto, strict=True):
                    total.addcmul_(_aligned(taps[:, k], coefficients), near)
            return
        kernels = torch.stack([taps[:, :, 0] for taps in weights], 1)
        blend = _blend_one if coefficients.ndim == 2 else _blend_many
        for row, low, high, start, stop in self._rows(shift):
            into = [total[row, ..., low:high] for total in onto]
            blend(coefficients[row, ..., start:stop], kernels[row], into)

    def _rows(self, shift):
        """Each row, its places with all four neighbours, and where these begin and end.

        Row by row, because slices are views where a batch would be copied.
        """
        for row, k in enumerate(shift.whole[:, 0].tolist()):
            low = max(0, PAD_LEFT - k)
            high = min(self.n_padded, self.n_padded - PAD_RIGHT - k)
            if low < high:
                yield row, low, high, low + k - PAD_LEFT, high + k + PAD_RIGHT

    def _index(self, shift, tap):
        index = self._place + shift.whole + (tap - PAD_LEFT)
        return index.clamp(0, self.n_padded - 1)


def _mirrored(length, left, right, device):
    """Indices of a piece continued by reflection about its end pixels."""
    index = torch.arange(-left, length + right, device=device)
    period = 2 * (length - 1)
    index = index.remainder(period)
    return torch.where(index < length, index, period - index)


def _taps(fraction):
    """Cubic B-spline weights at -1, 0, 1, 2 and their derivative, (n, 4, m) each."""
    square = fraction * fraction
    powers = torch.stack(
        [torch.ones_like(fraction), fraction, square, square * fraction], 1
    )
    spline = _SPLINE.to(fraction)
    return spline @ powers, (spline[:, 1:] * _DEGREES.to(fraction)) @ powers[:, :3]


def _blend_one(near, kernels, into):
    """Weigh the neighbours of one spectrum (n + 3,) into arrays (n,)."""
    sums = torch.conv1d(near[None, None], kernels[:, None])[0]
    for values, total in zip(sums, into, strict=True):
        total.copy_(values)


def _blend_many(near, kernels, into):
    """As `_blend_one` for spectra (..., n + 3), where a convolution is slower."""
    n = near.shape[-1] - PAD_LEFT - PAD_RIGHT
    for taps, total in zip(kernels.tolist(), into, strict=True):
        for k, value in enumerate(taps):
            total.add_(near[..., k : k + n], alpha=value)


def _aligned(per_star, spectra):
    """(n_stars, m) -> (n_stars, 1, ..., m), to multiply (n_stars, ..., m) spectra."""
    middle = (1,) * (spectra.ndim - 2)
    return per_star.reshape(per_star.shape[0], *middle, per_star.shape[-1])
