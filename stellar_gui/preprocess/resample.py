"""Resampling onto another grid: flux is conserved and its variance carried along.

Carnall (2017, arXiv:1705.05165), as implemented in specutils, which takes about half a
second for a star of 8000 pixels: resample a survey once and keep it. Neighbouring
pixels of the result share noise; ivar is right for each, not for sums over them.
"""

import numpy as np

from stellar_gui.spectra import Spectra


def resample(spectra: Spectra, wavelength) -> Spectra:
    """Return the spectra on the grid ``wavelength`` (n_new,), Angstrom, same medium.

    Nothing is carried across gaps of either grid (`Spectra.pieces`). A new pixel that
    touches a bad pixel, a gap or the end of the spectra has ivar 0; one without any
    data has flux NaN.

    Raises ValueError if the grid does not increase or shares no range with the spectra.
    """
    wavelength = np.array(wavelength, dtype=float)
    if np.array_equal(wavelength, spectra.wavelength):
        return spectra
    flux = np.full((len(spectra), len(wavelength)), np.nan)
    ivar = np.zeros_like(flux)
    # an empty star on the new grid: checks the grid, and knows its pieces
    target = spectra.replace(wavelength=wavelength, flux=flux, ivar=ivar)
    _check_overlap(spectra.wavelength, wavelength)
    filled, variance = _filled(np.asarray(spectra.flux), np.asarray(spectra.ivar))
    for start, stop in target.pieces():
        for first, last in spectra.pieces():
            source = _overlap(spectra.wavelength, first, last, wavelength[start:stop])
            if source is None:
                continue
            f, v = _resample_piece(
                spectra.wavelength[source],
                filled[:, source],
                variance[:, source],
                wavelength[start:stop],
            )
            known = np.isfinite(f)
            flux[:, start:stop][known] = f[known]
            ivar[:, start:stop][known] = np.nan_to_num(v[known])
    return target.replace(flux=flux, ivar=ivar)


def _check_overlap(old, new):
    if new[-1] < old[0] or new[0] > old[-1]:
        raise ValueError(
            f"the new grid covers {new[0]:.1f} to {new[-1]:.1f} Å, the spectra "
            f"{old[0]:.1f} to {old[-1]:.1f} Å: they share no pixel. Is one of them in "
            "another unit, or at another velocity?"
        )


def _filled(flux, ivar):
    """Flux with bad pixels bridged, so that nothing is NaN, and variance, inf there."""
    filled = np.array(flux, dtype=float)
    pixel = np.arange(flux.shape[1])
    for star, good in enumerate(ivar > 0):
        bridged = np.interp(pixel, pixel[good], filled[star, good]) if good.any() else 0
        filled[star] = np.where(good, filled[star], bridged)
    variance = np.full(flux.shape, np.inf)
    np.divide(1.0, ivar, out=variance, where=ivar > 0)
    return filled, variance


def _overlap(wavelength, first, last, target):
    """Pixels of the piece first:last that the target can need, or None."""
    inside = wavelength[first:last]
    low, high = np.searchsorted(inside, [target[0], target[-1]])
    if last - first < 2 or len(target) < 2 or low == len(inside) or high == 0:
        return None
    margin = 2 + int(np.ceil(np.diff(target).max() / np.diff(inside).min()))
    return slice(max(first + low - margin, first), min(first + high + margin, last))


def _resample_piece(wavelength, flux, variance, target):
    """Flux and ivar (n_stars, n_target) on the target grid, NaN outside the piece."""
    # specutils takes two seconds to import, and few sessions need it
    from astropy import units
    from astropy.nddata import VarianceUncertainty
    from specutils import Spectrum
    from specutils.manipulation import FluxConservingResampler

    spectrum = Spectrum(
        flux=flux * units.one,
        spectral_axis=wavelength * units.AA,
        uncertainty=VarianceUncertainty(variance),
    )
    result = FluxConservingResampler()(spectrum, target * units.AA)
    return result.flux.value, result.uncertainty.array
