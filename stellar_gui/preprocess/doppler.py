"""Doppler shifts: positive velocity = receding = redder, relativistic."""

import numpy as np

from stellar_gui.constants import C_KMS
from stellar_gui.preprocess.resample import resample
from stellar_gui.spectra import Spectra


def doppler_factor(velocity):
    """Return observed over emitted wavelength for radial velocities in km/s.

    sqrt((1 + v/c) / (1 - v/c)). Raises ValueError for speeds of light or more.

    >>> float(round(doppler_factor(30.0), 8))
    1.00010007
    """
    beta = np.asarray(velocity, dtype=float) / C_KMS
    if not (np.abs(beta) < 1).all():
        raise ValueError(
            f"velocity is {velocity} km/s, expected below the speed of light "
            f"({C_KMS:.0f} km/s). Is it in m/s?"
        )
    return np.sqrt((1 + beta) / (1 - beta))


def doppler_shift(spectra: Spectra, velocity) -> Spectra:
    """Return the spectra as seen when their source recedes with ``velocity``, km/s.

    A number moves the wavelength grid and leaves the flux alone; ``-rv`` brings a star
    of velocity ``rv`` to rest. An array (n_stars,) gives each star its own velocity and
    resamples all onto the grid as it was, pixels without data getting ivar 0. In air
    the same factor is used; the change of refraction is below 0.01 km/s.

    Raises ValueError for an array of another length, and speeds of light or more.
    """
    velocity = np.asarray(velocity, dtype=float)
    factor = doppler_factor(velocity)
    if velocity.ndim == 0:
        return spectra.replace(wavelength=spectra.wavelength * factor)
    if velocity.shape != (len(spectra),):
        raise ValueError(
            f"velocity has shape {velocity.shape}, expected one number or "
            f"({len(spectra)},): one for each star."
        )
    flux = np.empty((len(spectra), spectra.n_pixels))
    ivar = np.empty_like(flux)
    for star, moved in enumerate(factor):
        one = spectra[star].replace(wavelength=spectra.wavelength * moved)
        one = resample(one, spectra.wavelength)
        flux[star], ivar[star] = one.flux[0], one.ivar[0]
    return spectra.replace(flux=flux, ivar=ivar)
