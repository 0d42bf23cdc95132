"""Line opacity: strength, damping and Doppler width of each line; their sum on a grid.

Damping as in Turbospectrum: radiative, van der Waals by Anstee, Barklem & O'Mara where
known (else gamma_6), Stark. The sum is split once, by distance: near its centre a line
needs the Voigt function at every depth; beyond, H(a, v) is a short series in 1/v^2
whose terms are products of a factor per grid point and a factor per depth, so that all
wings together are three sparse matrix products.
"""

import itertools
import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from .constants import (
    ATOMIC_MASS_UNIT,
    BOLTZMANN,
    ELECTRON_CHARGE_SQUARED,
    ELECTRON_MASS,
    ELECTRON_VOLT,
    LIGHT_SPEED,
    LIGHT_SPEED_KMS,
    PLANCK,
)
from .elements import ATOMIC_MASS
from .equation_of_state import Gas
from .lines import LineList
from .voigt import voigt

_BOHR_AREA = 2.8002852e-17  # cm^2
_HYDROGEN_MASS = 1.008  # u
_CORE_WIDTHS = 4.5  # Doppler widths at 7000 K and vmicro 2.5 km/s that count as core
_CHUNK = 30_000  # Voigt points at a time: the intermediate arrays stay in the cache


class LineStrengths(NamedTuple):
    """Each (n_stars, n_lines, n_depth)."""

    centre: Tensor  # opacity at the line's centre for H = 1, per cm
    damping: Tensor  # a of the Voigt function
    doppler: Tensor  # Doppler width, cm/s


def _abo_cross_section(lines: LineList) -> np.ndarray:
    """gamma_6 / N = this times v (v / 10^6 cm/s)^-alpha, cm^2."""
    alpha = lines.abo_alpha
    gamma = np.array([math.gamma(2 - x / 2) for x in alpha])
    return 2 * (4 / np.pi) ** (alpha / 2) * gamma * lines.abo_sigma * _BOHR_AREA


def _van_der_waals(lines: LineList, gas: Gas) -> Tensor:
    """gamma_6, 1/s, from neutral hydrogen, helium and H2."""
    temperature = gas.temperature.unsqueeze(1)
    partners = (
        gas.neutral_hydrogen + 0.41336 * gas.helium + 0.85 * gas.hydrogen_molecules
    ).unsqueeze(1)
    mass = ATOMIC_MASS[lines.z]
    reduced = _per_line(ATOMIC_MASS_UNIT / (1 / _HYDROGEN_MASS + 1 / mass))
    speed = torch.sqrt(8 * BOLTZMANN * temperature / (math.pi * reduced))
    alpha = _per_line(lines.abo_alpha)
    abo = _per_line(_abo_cross_section(lines)) * speed * (speed / 1e6) ** -alpha
    classical = _per_line(lines.gamma6) * (temperature / 1e4) ** 0.3
    return torch.where(_per_line(lines.abo_sigma) > 0, abo, classical) * partners


def line_strengths(lines: LineList, gas: Gas, vmicro: Tensor) -> LineStrengths:
    """What each line is at each depth; vmicro (n_stars,), km/s."""
    temperature = gas.temperature.unsqueeze(1)
    kt = BOLTZMANN * temperature
    cm = _per_line(lines.wavelength * 1e-8)
    mass = _per_line(ATOMIC_MASS[lines.z] * ATOMIC_MASS_UNIT)
    turbulence = (vmicro.double() * 1e5)[:, None, None]
    doppler = torch.sqrt(2 * kt / mass + turbulence**2)
    width = doppler / cm  # Hz
    species, of_line = np.unique(lines.z * 4 + lines.ion, return_inverse=True)
    populations = gas.populations(species // 4, species % 4 - 1)[:, of_line]
    gf = _per_line(10**lines.log_gf * lines.isotope_fraction)
    excitation = torch.exp(-_per_line(lines.e_low * ELECTRON_VOLT) / kt)
    stimulated = 1 - torch.exp(-PLANCK * LIGHT_SPEED / cm / kt)
    oscillator = math.pi * ELECTRON_CHARGE_SQUARED / (ELECTRON_MASS * LIGHT_SPEED)
    strength = oscillator * gf * populations * excitation * stimulated
    stark = _per_line(lines.stark) * (temperature / 1e4) ** _per_line(
        lines.stark_exponent
    )
    gamma = (
        _per_line(lines.gamma_rad)
        + _van_der_waals(lines, gas)
        + stark * gas.electrons.unsqueeze(1)
    )
    return LineStrengths(
        centre=strength / (math.sqrt(math.pi) * width),
        damping=gamma / (4 * math.pi * width),
        doppler=doppler,
    )


def _per_line(values: np.ndarray) -> Tensor:
    return torch.as_tensor(np.asarray(values, float))[:, None]


def change_strengths(strengths, lines: LineList, departure, line_offsets):
    """Multiply the opacity of lines by given factors, all else equal.

    departure: mapping from (Z, ion), ion 1 = neutral, to a factor (n_stars, n_depth): a
    crude stand-in for departures from LTE, because the source function stays Planck's.
    line_offsets (n_stars, n_lines), dex, or None.
    """
    centre = strengths.centre  # (n_stars, n_lines, n_depth)
    if line_offsets is not None:
        centre = centre * 10 ** line_offsets[..., None]
    for (z, ion), factor in departure.items():
        mask = torch.as_tensor((lines.z == z) & (lines.ion == ion))[:, None]
        centre = centre * torch.where(mask, factor[:, None], 1.0)
    return strengths._replace(centre=centre)


class _Core(NamedTuple):
    lines: Tensor  # (n,) indices
    points: Tensor  # (n, width) grid points
    offsets: Tensor  # (n, width) ln wavelength from the line's centre


class LineOpacity:
    """Sums lines on a fixed grid of pieces, each uniform in ln wavelength.

    ln_wavelength (n_points,); starts (n_pieces + 1,) where the pieces begin; step in ln
    wavelength, one for all.
    """

    def __init__(self, lines: LineList, ln_wavelength, starts, step: float, dtype):
        self.n_points, self.dtype = len(ln_wavelength), dtype
        rows = _visible_points(lines, ln_wavelength, starts, step)
        core = _core_half_width(lines) / LIGHT_SPEED_KMS
        self._cores = _core_blocks(*rows, core)
        self._wings = self._wing_matrices(*rows, core, len(lines))

    def _wing_matrices(self, line, point, offset, core, n_lines) -> list[Tensor]:
        """Sparse (n_points, n_lines) matrices of x^-2, x^-4, x^-6, x in km/s."""
        wing = np.abs(offset) > core[line]
        index = torch.as_tensor(np.stack([point[wing], line[wing]]))
        squared = (offset[wing] * LIGHT_SPEED_KMS) ** -2.0
        shape = (self.n_points, n_lines)
        return [
            torch.sparse_coo_tensor(
                index, torch.as_tensor(squared**power), shape, check_invariants=False
            )
            .to(self.dtype)
            .coalesce()
            for power in (1, 2, 3)
        ]

    def __call__(self, strengths: LineStrengths) -> Tensor:
        """(n_points, n_stars, n_depth), in the unit of ``strengths.centre``."""
        n_stars, n_lines, n_depth = strengths.centre.shape
        centre, damping, doppler = (
            x.transpose(0, 1).reshape(n_lines, n_stars * n_depth).to(self.dtype)
            for x in (strengths.centre, strengths.damping, strengths.doppler / 1e5)
        )
        total = self._wing_opacity(centre, damping, doppler)
        for core in self._cores:
            size = core.points.shape[1] * n_stars * n_depth
            for part in _split(core, max(1, _CHUNK // size)):
                offset = part.offsets.to(self.dtype)[:, :, None] * LIGHT_SPEED_KMS
                v = offset / doppler[part.lines][:, None]
                profile = voigt(
                    damping[part.lines][:, None].expand_as(v), v, near_only=True
                )
                profile = profile * centre[part.lines][:, None]
                total = total.index_add(
                    0, part.points.reshape(-1), profile.flatten(0, 1)
                )
        return total.reshape(-1, n_stars, n_depth)

    def _wing_opacity(self, centre, damping, doppler) -> Tensor:
        """a / (sqrt(pi) v^2) (1 + (3/2 - a^2) / v^2 + (15/4 - 5 a^2 + a^4) / v^4)."""
        # a > 1 occurs only where the photosphere is opaque; the series needs a << v
        a2 = damping.clamp(max=1.0) ** 2
        squared = doppler**2
        first = centre * damping * squared / math.sqrt(math.pi)
        second = first * squared * (1.5 - a2)
        third = first * squared**2 * (3.75 - 5 * a2 + a2**2)
        terms = zip(self._wings, (first, second, third), strict=True)
        return sum(torch.sparse.mm(matrix, factor) for matrix, factor in terms)


def _core_half_width(lines: LineList) -> np.ndarray:
    """Half width of the core of each line, km/s."""
    thermal = 2 * BOLTZMANN * 7000 / (ATOMIC_MASS[lines.z] * ATOMIC_MASS_UNIT)
    return _CORE_WIDTHS * np.sqrt(thermal * 1e-10 + 2.5**2)


def _visible_points(lines: LineList, ln_wavelength, starts, step: float):
    """All (line, grid point, ln offset) within a line's window."""
    half = np.maximum(np.ceil(lines.half_window / LIGHT_SPEED_KMS / step), 6).astype(
        int
    )
    ln_centre = np.log(lines.wavelength)
    found = []
    for begin, end in itertools.pairwise(starts):
        nearest = (
            np.round((ln_centre - ln_wavelength[begin]) / step).astype(int) + begin
        )
        low = np.clip(nearest - half, begin, end)
        count = np.clip(nearest + half + 1, begin, end) - low
        line = np.repeat(np.arange(len(lines)), count)
        before = np.repeat(np.cumsum(count) - count, count)
        point = np.repeat(low, count) + np.arange(len(line)) - before
        found.append((line, point, ln_wavelength[point] - ln_centre[line]))
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))


def _core_blocks(line, point, offset, core) -> list[_Core]:
    """Lines with equally many core points, as rectangles: no line is padded."""
    near = np.abs(offset) <= core[line]
    line, point, offset = line[near], point[near], offset[near]
    first = np.flatnonzero(
        np.diff(line, prepend=-1) | (np.diff(point, prepend=-9) != 1)
    )
    count = np.diff(first, append=len(line))
    blocks = []
    for width in np.unique(count):
        rows = first[count == width][:, None] + np.arange(width)
        columns = (line[rows[:, 0]], point[rows], offset[rows])
        blocks.append(_Core(*(torch.as_tensor(column) for column in columns)))
    return blocks


def _split(core: _Core, n_rows: int):
    for begin in range(0, len(core.lines), n_rows):
        yield _Core(*(part[begin : begin + n_rows] for part in core))
