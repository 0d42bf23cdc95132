"""Lower resolution: convolution with a Gaussian whose width follows the wavelength."""

import numpy as np

from stellar_gui.spectra import Spectra

_FWHM = 2 * np.sqrt(2 * np.log(2))  # full width at half maximum, in sigma
_REACH = 5.0  # the kernel ends here, in sigma
_LARGEST_LOSS = 0.1
"""A pixel is bad that loses more of its kernel than this to bad pixels or an end."""


def degrade(spectra: Spectra, resolution: float) -> Spectra:
    """Return the spectra at a lower resolution R = wavelength / FWHM.

    The kernel's FWHM**2 is the difference of those of the two resolutions. Bad pixels
    take no part; a pixel is bad that was bad, or that loses more than a tenth of its
    kernel to them or to the end of its piece. Neighbours then share noise; ivar is that
    of each pixel alone.

    Raises ValueError if the spectra's own resolution is unknown or not higher.
    """
    if spectra.resolution is None:
        raise ValueError(
            f"the resolution of the spectra is unknown, so they cannot be brought to "
            f"R = {resolution:g}. Pass spectra.replace(resolution=...) first."
        )
    if not 0 < resolution < spectra.resolution:
        raise ValueError(
            f"resolution is {resolution:g}, expected above 0 and below that of the "
            f"spectra, {spectra.resolution:g}: detail cannot be put back."
        )
    fwhm = np.sqrt(resolution**-2.0 - spectra.resolution**-2.0)
    flux, ivar = np.array(spectra.flux, float), np.array(spectra.ivar, float)
    for start, stop in spectra.pieces():
        piece = slice(start, stop)
        wavelength = spectra.wavelength[piece]
        kernel = _kernel(wavelength, wavelength * fwhm / _FWHM)
        flux[:, piece], ivar[:, piece] = _convolve(
            kernel, flux[:, piece], ivar[:, piece]
        )
    return spectra.replace(flux=flux, ivar=ivar, resolution=float(resolution))


def _kernel(wavelength, sigma):
    """Sparse (n, n): share of pixel j in pixel i; a row inside the piece adds to 1."""
    n = len(wavelength)
    width = np.gradient(wavelength) if n > 1 else np.ones(1)
    first = np.searchsorted(wavelength, wavelength - _REACH * sigma)
    last = np.searchsorted(wavelength, wavelength + _REACH * sigma)
    row = np.repeat(np.arange(n), last - first)
    column = np.concatenate([np.arange(a, b) for a, b in zip(first, last, strict=True)])
    offset = (wavelength[column] - wavelength[row]) / sigma[row]
    share = np.exp(-0.5 * offset**2) * width[column]
    # a kernel narrower than a pixel is undersampled: then its own sum is the measure
    whole = np.maximum(sigma * np.sqrt(2 * np.pi), width)
    from scipy import sparse  # a third of a second that the application need not wait

    return sparse.csr_array((share / whole[row], (row, column)), shape=(n, n))


def _convolve(kernel, flux, ivar):
    good = ivar > 0
    weight = (kernel @ good.T.astype(float)).T  # (n_stars, n): what is left of 1
    variance = np.divide(1.0, ivar, out=np.zeros_like(ivar), where=good)
    smooth = (kernel @ np.where(good, flux, 0.0).T).T
    noise = ((kernel * kernel) @ variance.T).T
    kept = good & (weight > 1 - _LARGEST_LOSS)
    smooth = np.divide(smooth, weight, out=np.array(flux), where=weight > 0)
    ivar = np.divide(weight**2, noise, out=np.zeros_like(ivar), where=kept)
    return smooth, ivar
