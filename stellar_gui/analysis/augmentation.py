"""Synthetic spectra made more like observed ones, one imperfection at a time.

Fabbro et al. (2018, MNRAS 475, 2978) train on synthetic spectra with added noise,
rotation, velocity errors, and pixels that are masked or zero. Here each can be switched
by itself, to see how far it brings the domains together. Plain arrays; none is edited.
Imports torch, which takes seconds, only to rotate and to shift.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from stellar_gui.constants import C_KMS
from stellar_gui.spectra import wavelength_pieces

_MOST = {"rotation": 100.0, "radial_velocity": 100.0, "zeroed": 1.0}  # km/s, km/s, 1
_STEP_DIGITS = 4  # of km/s
_NARROW = 0.1  # of a pixel: narrower rotation is none


@dataclass(frozen=True)
class Augmentation:
    """What is done to synthetic spectra; with the defaults, nothing.

    snr: signal to noise of every pixel, None for no noise; rotation: v sin i of each
    star is drawn from 0 to this, km/s; radial_velocity: from minus to plus this, km/s;
    telluric: intervals (start, stop) in Å whose pixels are masked, set to 1 in both
    domains; zeroed: share of the pixels that is set to 0 in each star, as bad pixels of
    observed spectra then are, too. Raises ValueError for what cannot be.
    """

    snr: float | None = None
    rotation: float = 0.0
    radial_velocity: float = 0.0
    telluric: tuple[tuple[float, float], ...] = ()
    zeroed: float = 0.0

    def __post_init__(self):
        intervals = tuple((float(a), float(b)) for a, b in self.telluric)
        object.__setattr__(self, "telluric", intervals)
        if self.snr is not None and not self.snr > 0:
            raise ValueError(f"snr is {self.snr}, expected a number above 0 or None")
        for name, most in _MOST.items():
            value = getattr(self, name)
            if not 0 <= value <= most:
                raise ValueError(f"{name} is {value}, expected 0 to {most:g}")
        for start, stop in intervals:
            if not start < stop:
                raise ValueError(
                    f"the masked interval goes from {start:g} to {stop:g} Å, expected "
                    "the shorter wavelength first"
                )

    def to_plain(self) -> dict[str, Any]:
        """Return it in values that JSON has."""
        return {**dataclasses.asdict(self), "telluric": [*map(list, self.telluric)]}


def augmented(flux, wavelength, augmentation: Augmentation, seed: int = 0):
    """Return synthetic flux (n_stars, n_pixels) augmented, float32.

    In the order of nature: rotation, velocity, noise, then masked and zero pixels. What
    is switched on draws the same numbers whatever else is.
    """
    flux = np.array(flux, dtype=np.float32)
    rngs = [np.random.default_rng([seed, k]) for k in range(4)]
    n_stars = len(flux)
    vsini = rngs[0].uniform(0.0, 1.0, n_stars) * augmentation.rotation
    velocity = rngs[1].uniform(-1.0, 1.0, n_stars) * augmentation.radial_velocity
    if augmentation.rotation:
        flux = rotated(flux, wavelength, vsini)
    if augmentation.radial_velocity:
        flux = shifted(flux, wavelength, velocity)
    if augmentation.snr is not None:
        noise = rngs[2].standard_normal(flux.shape, dtype=np.float32)
        flux = flux + noise / np.float32(augmentation.snr)
    flux = masked(flux, wavelength, augmentation.telluric)
    if augmentation.zeroed:
        chosen = rngs[3].random(flux.shape, dtype=np.float32) < augmentation.zeroed
        flux = np.where(chosen, np.float32(0.0), flux)
    return flux


def beside(flux, good, wavelength, augmentation: Augmentation) -> np.ndarray:
    """Return observed flux (n_stars, n_pixels) as the augmented is compared with.

    Masked like it; bad pixels, where ``good`` is False, are zero if it has zero pixels.
    """
    flux = masked(np.array(flux, dtype=np.float32), wavelength, augmentation.telluric)
    return np.where(good, flux, np.float32(0.0)) if augmentation.zeroed else flux


def masked(flux, wavelength, intervals) -> np.ndarray:
    """Return flux (n_stars, n_pixels) with 1 in the intervals (start, stop), Å."""
    wavelength = np.asarray(wavelength)
    inside = np.zeros(len(wavelength), bool)
    for start, stop in intervals:
        inside |= (wavelength >= start) & (wavelength <= stop)
    return np.where(inside, flux.dtype.type(1.0), flux)


def rotated(flux, wavelength, vsini) -> np.ndarray:
    """Return flux (n_stars, n_pixels) of stars that rotate with vsini (n_stars,), km/s.

    Rigid, with linear limb darkening of 0.6; less than a tenth of a pixel is none.
    """
    from stellar_gui.synthesis.instrument import rotation_kernel

    def kernel(v, step):
        return rotation_kernel(v, step) if v > _NARROW * step else np.ones(1)

    return _convolved(flux, wavelength, vsini, kernel)


def shifted(flux, wavelength, velocity) -> np.ndarray:
    """Return flux (n_stars, n_pixels) of stars receding with velocity (n_stars,), km/s.

    By cubic interpolation, piece by piece; the end values go on beyond a piece.
    """
    from stellar_gui.synthesis.broadening import shift_kernel

    return _convolved(flux, wavelength, velocity, shift_kernel)


def _convolved(flux, wavelength, numbers, kernel: Callable[[float, float], np.ndarray]):
    """Convolve each star with kernel(number, km/s a pixel), each piece by itself."""
    parts, grid = [], np.log(np.asarray(wavelength, dtype=float))
    made = {}  # pieces mostly share a step, and kernels take time
    for start, stop in wavelength_pieces(wavelength):
        step = C_KMS * (grid[stop - 1] - grid[start]) / max(stop - 1 - start, 1)
        same = round(step, _STEP_DIGITS)
        if same not in made:
            made[same] = _stacked([kernel(number, same) for number in numbers])
        taps = made[same]
        half, length = taps.shape[1] // 2, stop - start
        padded = np.pad(flux[:, start:stop], ((0, 0), (half, half)), mode="edge")
        total = np.zeros((len(flux), length), np.float32)
        for k, tap in enumerate(taps.T):  # towards the blue, so that lines move right
            total += tap[:, None] * padded[:, 2 * half - k : 2 * half - k + length]
        parts.append(total)
    return np.concatenate(parts, axis=1)


def _stacked(kernels):
    """Kernels of odd lengths as one array (n_stars, longest), float32."""
    longest = max(len(kernel) for kernel in kernels)
    padded = [np.pad(kernel, (longest - len(kernel)) // 2) for kernel in kernels]
    return np.array(padded, dtype=np.float32)
