"""How stars broaden their lines, and the one Gaussian that comes nearest to it.

The synthetic grid knows one width, ``vbroad``, the FWHM of a Gaussian. Real lines are
shaped by macroturbulence and rotation; their ``vbroad`` is defined here as that of the
Gaussian which, after the instrument, fits their profile best by least squares.
"""

import numpy as np
from scipy.optimize import minimize_scalar

from stellar_gui.synthesis.constants import LIGHT_SPEED_KMS
from stellar_gui.synthesis.instrument import (
    FWHM_PER_SIGMA,
    macroturbulence_kernel,
    rotation_kernel,
)

_STEP = 0.25  # km/s
_WIDEST = 12.0  # km/s


def equivalent_vbroad(vmacro, vsini, resolution: float = 25000.0) -> np.ndarray:
    """FWHM in km/s of the Gaussian nearest to macroturbulence and rotation, (n_stars,).

    Both profiles are seen through a Gaussian instrument of that resolution. vmacro and
    vsini (n_stars,), km/s.

    >>> equivalent_vbroad([3.0, 6.0], [1.0, 4.0]).round(1)
    array([3.7, 8.2])
    """
    stars = zip(np.atleast_1d(vmacro), np.atleast_1d(vsini), strict=True)
    return np.array([_nearest(*star, LIGHT_SPEED_KMS / resolution) for star in stars])


def _nearest(vmacro, vsini, instrument):
    velocity = np.arange(-240, 241) * _STEP
    seen = np.convolve(
        _gaussian(velocity, instrument),
        broadening_kernel(vmacro, vsini, 0.0, _STEP),
        "same",
    )
    misfit = lambda fwhm: np.sum(  # noqa: E731
        (_gaussian(velocity, np.hypot(instrument, fwhm)) - seen) ** 2
    )
    return minimize_scalar(misfit, bounds=(0.0, _WIDEST), method="bounded").x


def _gaussian(velocity, fwhm):
    profile = np.exp(-0.5 * (velocity * FWHM_PER_SIGMA / fwhm) ** 2)
    return profile / profile.sum()


def broadening_kernel(vmacro, vsini, rv, step, shift_only=False) -> np.ndarray:
    """Macroturbulence, rotation and a shift by ``rv`` as one kernel of odd length.

    All in km/s, ``step`` too; the sum is 1. A positive rv shifts to the red.
    """
    kernel = shift_kernel(rv, step)
    if shift_only:
        return kernel
    kernel = np.convolve(kernel, macroturbulence_kernel(vmacro, step))
    return np.convolve(kernel, rotation_kernel(vsini, step))


def shift_kernel(velocity: float, step: float) -> np.ndarray:
    """A shift by any velocity: cubic Lagrange interpolation as a kernel, odd length.

    >>> shift_kernel(0.5, step=1.0)
    array([ 0.    , -0.0625,  0.5625,  0.5625, -0.0625])
    """
    whole, part = divmod(velocity / step, 1.0)
    nodes = np.arange(-1, 3)
    weights = [
        np.prod([(part - other) / (node - other) for other in nodes if other != node])
        for node in nodes
    ]
    half = int(abs(whole)) + 2
    kernel = np.zeros(2 * half + 1)
    kernel[half + int(whole) + nodes] = weights
    return kernel
