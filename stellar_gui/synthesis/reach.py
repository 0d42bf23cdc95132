"""How deep each line can get, and how far from its centre it matters.

Both are the largest over five stars that bound the domain. Lists of other origin need
them once; lines too weak to be seen anywhere can then be left out.
"""

import math

import numpy as np
import torch
from torch import Tensor

from stellar_gui.labels import SYNTHETIC_LABELS

from .atmosphere import Atmosphere, atmosphere_from_labels
from .line_opacity import LineStrengths, line_strengths
from .lines import LineList
from .opacity import continuum, opacity_5000
from .transfer import emergent_flux, planck

# teff, logg, vmicro; all at [X/H] = 0.4, where lines are strongest
BOUNDING_STARS = (
    (4050.0, 1.0, 2.0),
    (4400.0, 4.8, 1.0),
    (5000.0, 2.0, 2.0),
    (5777.0, 4.4, 1.3),
    (6500.0, 4.0, 2.0),
)
METALLICITY = 0.4  # [X/H] of all of them
_NEGLIGIBLE = 3e-4  # of the continuous opacity
_WIDEST = 600.0  # km/s
_OUTERMOST = -4.0  # lg tau5000 above which wings do not count
_VISIBLE_DEPTH = 1e-3
_LINES_AT_A_TIME = 4000


def _bounding_labels() -> Tensor:
    labels = torch.full((len(BOUNDING_STARS), len(SYNTHETIC_LABELS)), METALLICITY)
    labels[:, :4] = torch.tensor([(*star, 0.0) for star in BOUNDING_STARS])
    return labels


def _background(lines: LineList, gas) -> Tensor:
    """Continuous opacity at each line, (n_stars, n_lines, n_depth), per cm."""
    low, high = lines.wavelength.min() - 1, lines.wavelength.max() + 1
    knots = np.linspace(low, high, 2 + int((high - low) / 200))
    place = (lines.wavelength - low) / (knots[1] - knots[0])
    left = np.minimum(place.astype(int), len(knots) - 2)
    values = sum(continuum(gas, torch.as_tensor(knots)))
    weight = torch.as_tensor(place - left)[:, None]
    return torch.lerp(values[:, left], values[:, left + 1], weight)


def unblended_depths(lines: LineList, atmosphere: Atmosphere, vmicro: Tensor) -> Tensor:
    """Central depth of each line as if alone, (n_stars, n_lines), in 0 to 1."""
    return _depths(
        lines, atmosphere, line_strengths(lines, atmosphere.gas, vmicro), n_angles=2
    )


def _depths(lines, atmosphere: Atmosphere, strengths: LineStrengths, n_angles: int):
    gas = atmosphere.gas
    unit = opacity_5000(gas)[:, None]
    smooth = _background(lines, gas) / unit
    source = planck(torch.as_tensor(lines.wavelength), gas.temperature)
    ln_tau = atmosphere.lg_tau5000 * math.log(10)
    opacity = smooth + strengths.centre / unit
    line = emergent_flux(opacity, source, ln_tau, n_angles)
    return 1 - line / emergent_flux(smooth, source, ln_tau, n_angles)


def _half_windows(atmosphere: Atmosphere, strengths: LineStrengths) -> Tensor:
    """Offset beyond which the line's opacity is negligible, km/s, (n_lines,)."""
    deep = atmosphere.lg_tau5000 >= _OUTERMOST
    centre, damping, doppler = (x[..., deep] for x in strengths)
    ratio = centre / opacity_5000(atmosphere.gas)[:, None, deep] / _NEGLIGIBLE
    wing = torch.sqrt(ratio * damping / math.sqrt(math.pi))
    core = torch.sqrt(torch.log(ratio.clamp(min=1.01)))
    return (torch.maximum(wing, core) * doppler / 1e5).amax((0, 2)).clamp(max=_WIDEST)


def measure_reach(lines: LineList) -> LineList:
    """Fill in ``max_depth`` and ``half_window`` where they are NaN.

    Lines so filled that are shallower than 0.001 in every bounding star are left out.
    """
    unknown = np.isnan(lines.max_depth) | np.isnan(lines.half_window)
    if not unknown.any():
        return lines
    depth, half = lines.max_depth.copy(), lines.half_window.copy()
    for rows in np.array_split(
        np.flatnonzero(unknown), 1 + unknown.sum() // _LINES_AT_A_TIME
    ):
        depth[rows], half[rows] = _measure(lines.select(rows))
    measured = lines.replace(max_depth=depth, half_window=half)
    return measured.select(~unknown | (depth > _VISIBLE_DEPTH))


@torch.no_grad()
def _measure(lines: LineList) -> tuple[np.ndarray, np.ndarray]:
    depth, half = torch.zeros(len(lines)), torch.zeros(len(lines))
    for label in _bounding_labels():
        atmosphere = atmosphere_from_labels(label[None])
        strengths = line_strengths(lines, atmosphere.gas, label[2:3])
        depths = _depths(lines, atmosphere, strengths, n_angles=2)[0]
        depth = torch.maximum(depth, depths)
        half = torch.maximum(half, _half_windows(atmosphere, strengths))
    return depth.numpy(), half.numpy()
