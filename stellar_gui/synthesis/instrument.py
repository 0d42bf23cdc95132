"""What a spectrograph does to a finely sampled spectrum: line spread and pixels.

All widths are velocities, and those of Gaussians are full widths at half maximum, as
the resolution is: FWHM = c / R. Grids are pieces, each uniform in ln wavelength.
"""

import itertools
import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .constants import LIGHT_SPEED_KMS

FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))
_REACH = 6.0  # sigma at which the line spread function is cut


class Grid(NamedTuple):
    wavelength: np.ndarray  # (n_points,), Angstrom
    pieces: tuple[tuple[int, int], ...]  # (start, stop) of each piece
    step: float  # in ln wavelength


def pixel_grid(windows, resolution: float, pixels_per_fwhm: float) -> Grid:
    """Pixels of each window [a, b): lambda = a exp(j / (resolution pixels_per_fwhm)).

    >>> grid = pixel_grid([(6000.0, 6010.0)], 25000, 2.7)
    >>> len(grid.wavelength), grid.pieces
    (112, ((0, 112),))
    """
    density = resolution * pixels_per_fwhm
    counts = [int(math.log(b / a) * density) for a, b in windows]
    return _grid([a for a, _ in windows], counts, 1 / density)


def fine_grid(windows, resolution: float, margin: float) -> Grid:
    """A grid for synthesis, ``margin`` km/s wider than each window on both sides."""
    margin = margin / LIGHT_SPEED_KMS
    lengths = [math.log(b / a) + 2 * margin for a, b in windows]
    counts = [math.ceil(length * resolution) + 1 for length in lengths]
    return _grid([a * math.exp(-margin) for a, _ in windows], counts, 1 / resolution)


def _grid(starts, counts, step: float) -> Grid:
    wavelength = np.concatenate(
        [a * np.exp(np.arange(n) * step) for a, n in zip(starts, counts, strict=True)]
    )
    edges = np.cumsum([0, *counts]).tolist()
    return Grid(wavelength, tuple(itertools.pairwise(edges)), step)


class Instrument:
    """Samples spectra on ``fine`` with a line spread function at pixel centres.

    widest: the largest FWHM, km/s, that will be asked for; the fine grid must reach
    `reach` (widest) beyond the pixels.
    """

    def __init__(self, fine: Grid, pixels: Grid, widest: float):
        self.widest = widest
        index, outside = [], []
        half = math.ceil(reach(widest) / LIGHT_SPEED_KMS / fine.step)
        for (begin, end), (start, stop) in zip(fine.pieces, pixels.pieces, strict=True):
            ln_pixel = np.log(pixels.wavelength[start:stop])
            first = math.log(fine.wavelength[begin])
            nearest = begin + np.round((ln_pixel - first) / fine.step).astype(int)
            around = nearest[:, None] + np.arange(-half, half + 1)
            index.append(np.clip(around, begin, end - 1))
            outside.append((around < begin) | (around >= end))
        index, outside = np.concatenate(index), np.concatenate(outside)
        offset = np.log(fine.wavelength[index] / pixels.wavelength[:, None])
        self._index = torch.as_tensor(index)  # (n_pixels, n_around)
        self._offset = torch.as_tensor(offset * LIGHT_SPEED_KMS)
        self._inside = torch.as_tensor(~outside)

    def __call__(self, flux: Tensor, fwhm: Tensor, skew=0.0) -> Tensor:
        """(n_stars, n_points) -> (n_stars, n_pixels), differentiable in all arguments.

        fwhm, km/s, and skew (skewness of the weights around a pixel, by their first
        Edgeworth term; a narrow line shows its mirror image) broadcast to (n_stars,
        n_pixels). Raises ValueError if a width is not positive
        or exceeds the widest that the instrument was made for.
        """
        fwhm = torch.as_tensor(fwhm, dtype=torch.float64)
        if (fwhm <= 0).any() or (fwhm > self.widest * (1 + 1e-9)).any():
            raise ValueError(
                f"the line spread function is {float(fwhm.min()):.3g} to "
                f"{float(fwhm.max()):.3g} km/s wide, expected a FWHM above 0 and at "
                f"most {self.widest:.3g} km/s"
            )
        skew = torch.as_tensor(skew, dtype=torch.float64)
        shape = (len(flux), len(self._index))
        fwhm, skew = fwhm.expand(shape), skew.expand(shape)
        stars = zip(flux.double(), fwhm, skew, strict=True)
        return torch.stack([self._one(*star) for star in stars])

    def _one(self, flux: Tensor, fwhm: Tensor, skew: Tensor) -> Tensor:
        u = self._offset * (FWHM_PER_SIGMA / fwhm)[:, None]
        weight = torch.exp(-0.5 * u**2) * self._inside
        if skew.requires_grad or skew.any():
            weight = weight * (1 + skew[:, None] / 6 * (u**3 - 3 * u))
        return (flux[self._index] * weight).sum(-1) / weight.sum(-1)


def reach(fwhm: float) -> float:
    """Distance in km/s beyond which a Gaussian of that FWHM counts as zero."""
    return _REACH * fwhm / FWHM_PER_SIGMA


def macroturbulence_kernel(zeta: float, step: float) -> np.ndarray:
    """Radial-tangential macroturbulence on a grid of ``step`` km/s, odd length, sum 1.

    Equal areas and velocities zeta, km/s, without limb darkening (Gray, The Observation
    and Analysis of Stellar Photospheres, chapter 17), integrated over the disk.
    """
    velocity = _velocities(3 * zeta, step)
    mu = (np.arange(200) + 0.5) / 200
    kernel = np.zeros_like(velocity)
    for along in (mu, np.sqrt(1 - mu**2)):  # radial, tangential motions
        width = np.maximum(zeta * along, 0.3 * step)
        gauss = np.exp(-((velocity[:, None] / width) ** 2)) / width
        kernel += (gauss * mu).sum(-1)
    return kernel / kernel.sum()


def rotation_kernel(vsini: float, step: float, limb_darkening=0.6) -> np.ndarray:
    """Rotation of a rigid sphere with linear limb darkening, odd length, sum 1.

    vsini and step, km/s (Gray, The Observation and Analysis of Stellar Photospheres,
    chapter 18).
    """
    velocity = _velocities(vsini, step)
    fine = (
        velocity[:, None] + step * (np.arange(50) + 0.5 - 25) / 50
    )  # mean over a step
    inside = (1 - (fine / max(vsini, 1e-9)) ** 2).clip(min=0)
    profile = 2 * (1 - limb_darkening) * np.sqrt(inside)
    kernel = (profile + 0.5 * math.pi * limb_darkening * inside).mean(-1)
    return kernel / kernel.sum()


def _velocities(largest: float, step: float) -> np.ndarray:
    half = max(1, math.ceil(largest / step))
    return np.arange(-half, half + 1) * step


def convolve(flux: Tensor, kernel, grid: Grid) -> Tensor:
    """Convolve each piece of flux (n_stars, n_points) with a kernel of odd length.

    The last values at both ends are repeated beyond a piece.
    """
    kernel = torch.as_tensor(np.array(kernel), dtype=flux.dtype).flip(0)[None, None]
    half = kernel.shape[-1] // 2
    parts = []
    for begin, end in grid.pieces:
        piece = torch.nn.functional.pad(
            flux[:, None, begin:end], (half, half), mode="replicate"
        )
        parts.append(torch.nn.functional.conv1d(piece, kernel)[:, 0])
    return torch.cat(parts, 1)
