"""One spectrum of one star, as FITS images and tables give it, made into `Spectra`.

Says for both readers what holds where a file is silent: the medium is air, the flux is
normalised if its upper envelope lies near 1, and without an error column S/N is 100.
Each assumption is written to ``metadata["assumed"]``, so that it can be shown.
"""

import numpy as np
from astropy import units

from stellar_gui.io.clean import clean_ivar, continuum_level, looks_normalised
from stellar_gui.spectra import Spectra

DEFAULT_MEDIUM = "air"
DEFAULT_SNR = 100.0
_SHORTEST = 2000.0  # Angstrom; shorter ones without a unit may be nm or um
_NANOMETRES = 100.0  # numbers above may be nm

_UNIT_NAMES = {
    "angstroms": "Angstrom",
    "micron": "um",
    "microns": "um",
    "nanometers": "nm",
    "nanometer": "nm",
}


def make_spectrum(
    wavelength,
    flux,
    sigma=None,
    *,
    name: str,
    bad=None,
    medium: str | None = None,
    resolution: float | None = None,
    normalised: bool | None = None,
    snr: float | None = None,
    metadata=None,
) -> Spectra:
    """Return one star from columns of equal length (n_pixels,), sorted by wavelength.

    wavelength in Angstrom; sigma in the unit of the flux, None where the file has no
    errors; snr is then used; what is None is assumed. Flux far from 1, as in cgs units,
    is divided by ``metadata["flux_scale"]``, because 1/sigma**2 would overflow.

    Raises ValueError for columns of different length or fewer than two pixels.
    """
    wavelength, flux = np.asarray(wavelength, float), np.asarray(flux, float)
    _check_columns(name, wavelength, flux, sigma, bad)
    order = np.argsort(wavelength, kind="stable")
    wavelength, flux = wavelength[order], flux[order]
    bad = np.zeros(flux.shape, bool) if bad is None else np.asarray(bad)[order]
    sigma = None if sigma is None else np.asarray(sigma, float)[order]
    metadata = dict(metadata or {})
    assumed = list(metadata.get("assumed", ()))
    usable = np.isfinite(flux) & ~bad
    scale = _scale(flux[usable])
    flux = flux / scale
    if scale != 1:
        metadata["flux_scale"] = scale
    if normalised is None:
        normalised = looks_normalised(flux, usable) and scale == 1
        assumed.append(f"{'' if normalised else 'not '}normalised, by its level")
    if medium is None:
        medium = DEFAULT_MEDIUM
        assumed.append(f"wavelengths in {medium}")
    if sigma is None:
        snr = _assumed_snr(snr, assumed)
        level = 1.0 if normalised else continuum_level(flux, usable)
        sigma = np.full(flux.shape, abs(level) / snr)
    else:
        sigma = sigma / scale
    return Spectra(
        wavelength=wavelength,
        flux=flux[np.newaxis],
        ivar=clean_ivar(flux[np.newaxis], sigma[np.newaxis], bad[np.newaxis]),
        ids=[name],
        medium=medium,
        resolution=resolution,
        normalised=normalised,
        metadata={**metadata, "assumed": assumed},
    )


def to_angstrom(wavelength, unit, name: str) -> np.ndarray:
    """Wavelengths in Angstrom; without a unit they are taken to be so already.

    Raises ValueError for a unit that is none of length.

    >>> to_angstrom(np.array([500.0]), "nm", "file")
    array([5000.])
    """
    if not unit or not str(unit).strip():
        return np.asarray(wavelength, float)
    try:
        unit = units.Unit(_UNIT_NAMES.get(str(unit).strip().lower(), unit))
        return (np.asarray(wavelength, float) * unit).to_value(units.AA)
    except (ValueError, TypeError) as fault:
        raise ValueError(
            f"{name} gives wavelengths in {str(unit)!r}, expected a unit of length, "
            "as Angstrom, nm or um. Correct the header."
        ) from fault


def assumed_unit(wavelength, unit) -> list[str]:
    """What is assumed of short wavelengths (n_pixels,) without a unit, in words.

    >>> assumed_unit([643.0, 645.0], None)
    ['wavelengths of 643 to 645 in Å, not in nm, as no unit is given']
    """
    known = unit and str(unit).strip()
    if known or not np.size(wavelength) or not np.nanmax(wavelength) < _SHORTEST:
        return []
    low, high = np.nanmin(wavelength), np.nanmax(wavelength)
    other = "nm" if high > _NANOMETRES else "µm"
    ends = f"{low:.4g} to {high:.4g}"
    return [f"wavelengths of {ends} in Å, not in {other}, as no unit is given"]


def sigma_from_variance(variance) -> np.ndarray:
    """Square root; NaN where the variance is negative, so that the pixel is bad."""
    return np.sqrt(np.where(variance >= 0, variance, np.nan))


def sigma_from_ivar(ivar) -> np.ndarray:
    """1/sqrt(ivar); NaN where ivar is not above 0, so that the pixel is bad."""
    return np.where(ivar > 0, ivar, np.nan) ** -0.5


def _check_columns(name, wavelength, flux, sigma, bad):
    if flux.ndim != 1 or wavelength.shape != flux.shape or len(flux) < 2:
        raise ValueError(
            f"{name} has wavelength of shape {wavelength.shape} and flux of shape "
            f"{flux.shape}, expected two columns of one length, 2 pixels or more."
        )
    for what, column in (("error", sigma), ("mask", bad)):
        if column is not None and np.shape(column) != flux.shape:
            raise ValueError(
                f"{name} has {what} of shape {np.shape(column)}, expected {flux.shape} "
                "as the flux. Fetch or make the file again."
            )


def _scale(flux):
    """1, or a power of ten near the flux where float32 could not hold its ivar."""
    level = np.median(np.abs(flux)) if flux.size else 1.0
    if level == 0 or 1e-6 < level < 1e6:
        return 1.0
    return float(10.0 ** np.floor(np.log10(level)))


def _assumed_snr(snr, assumed):
    if snr is None:
        snr = DEFAULT_SNR
        assumed.append(f"S/N {snr:g}, as the file has no errors")
    if not snr > 0:
        raise ValueError(f"snr is {snr}, expected above 0")
    return snr
