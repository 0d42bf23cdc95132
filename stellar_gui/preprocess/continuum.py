"""Continuum normalisation: a Chebyshev polynomial through the continuum of each piece.

With given continuum pixels (Ness et al. 2015, ApJ 808, 16) the result depends linearly
on the flux, as data-driven models need it. Without, pixels in lines are clipped away
iteratively, which does not and is for looking.
"""

import numpy as np
from numpy.polynomial import chebyshev

from stellar_gui.spectra import Spectra
from stellar_gui.statistics import robust_std

_LOWER, _UPPER = 2.0, 3.0  # clipping, in sigma
_FLOOR = 0.01  # of the continuum, added to the noise: no polynomial does better
_FEWEST = 3  # pixels for each coefficient; below, clipping stops
_ITERATIONS = 20
_BLIND = 30
"""So many pixels in a row without data in any star separate two pieces."""


def normalise(spectra: Spectra, pixels=None, *, degree: int = 4) -> Spectra:
    """Return the spectra divided by their continuum.

    pixels: the continuum pixels, bool (n_pixels,) or indices; None finds them by
    sigma clipping, star by star. degree of the Chebyshev polynomial of each piece.
    ivar is multiplied by continuum**2; a piece whose continuum cannot be fitted, or is
    not above 0, gets ivar 0. ``metadata["normalisation"]`` says what was done.

    Raises ValueError if no continuum pixel is given or the degree is negative.
    """
    continuum = fit_continuum(spectra, pixels, degree=degree)
    usable = np.isfinite(continuum) & (continuum > 0)
    flux = np.asarray(spectra.flux, float)
    flux = np.divide(flux, continuum, out=np.full_like(flux, np.nan), where=usable)
    ivar = np.where(usable, spectra.ivar * np.nan_to_num(continuum) ** 2, 0.0)
    method = "sigma-clipped" if pixels is None else "given continuum pixels"
    return spectra.replace(
        flux=flux,
        ivar=ivar,
        normalised=True,
        metadata={
            **spectra.metadata,
            "normalisation": f"{method}, Chebyshev of degree {degree} for each piece",
        },
    )


def fit_continuum(spectra: Spectra, pixels=None, *, degree: int = 4) -> np.ndarray:
    """Return the continuum (n_stars, n_pixels), in the unit of the flux.

    Arguments as in `normalise`. NaN in pieces with too few good continuum pixels and
    between the pieces.
    """
    if degree < 0:
        raise ValueError(f"degree is {degree}, expected 0 or more")
    chosen = _chosen(pixels, spectra.n_pixels)
    flux, ivar = np.asarray(spectra.flux, float), np.asarray(spectra.ivar, float)
    continuum = np.full(flux.shape, np.nan)
    for start, stop in observed_pieces(spectra):
        piece = slice(start, stop)
        x = np.linspace(-1, 1, stop - start)
        for star in range(len(spectra)):
            weight = np.sqrt(ivar[star, piece])
            usable = chosen[piece] & (weight > 0)
            fit = _fit_clipped if pixels is None else _fit
            continuum[star, piece] = fit(x, flux[star, piece], weight, usable, degree)
    return continuum


def observed_pieces(spectra: Spectra) -> list[tuple[int, int]]:
    """(start, stop) pixels of the pieces that hold data: chips, orders, windows.

    Pieces of the grid, parted also where no star has a good pixel for 30 pixels in a
    row, as between the chips of APOGEE, whose grid has no gap.
    """
    seen = spectra.good.any(axis=0)
    pieces = []
    for start, stop in spectra.pieces():
        pixel = start + np.flatnonzero(seen[start:stop])
        if pixel.size:
            parts = np.split(pixel, np.flatnonzero(np.diff(pixel) > _BLIND) + 1)
            pieces += [(int(part[0]), int(part[-1]) + 1) for part in parts]
    return pieces


def _chosen(pixels, n_pixels):
    chosen = np.full(n_pixels, pixels is None)
    if pixels is None:
        return chosen
    pixels = np.asarray(pixels)
    if pixels.dtype == bool and pixels.shape != (n_pixels,):
        raise ValueError(
            f"pixels has shape {pixels.shape}, expected ({n_pixels},): one bool for "
            "each pixel of the spectra, or the indices of the continuum pixels."
        )
    chosen[pixels] = True
    if not chosen.any():
        raise ValueError(
            "no continuum pixel is given, expected some in every piece. Pass "
            "pixels=None to find them by sigma clipping."
        )
    return chosen


def _fit(x, flux, weight, usable, degree):
    """Weighted Chebyshev through the usable pixels, NaN if they are too few."""
    if usable.sum() <= degree:
        return np.full(len(x), np.nan)
    w = weight[usable] / weight[usable].max()
    basis = chebyshev.chebvander(x, degree)  # (n, degree + 1)
    solution, *_ = np.linalg.lstsq(
        basis[usable] * w[:, np.newaxis], flux[usable] * w, rcond=None
    )
    return basis @ solution


def _fit_clipped(x, flux, weight, usable, degree):
    """As `_fit`, through the pixels that lie neither below the fit nor far above.

    What lies below is judged by the noise of the pixel, so that a spectrum full of
    lines does not widen its own limits; what lies above by the scatter of the pixels
    kept so far, so that the continuum is not clipped while the fit still runs too low.
    """
    kept = usable
    noise = np.divide(1.0, weight, out=np.full(len(x), np.inf), where=weight > 0)
    continuum = _fit(x, flux, weight, kept, degree)
    for _ in range(_ITERATIONS):
        residual = flux - continuum
        sigma = np.hypot(noise, _FLOOR * np.abs(continuum))
        scatter = robust_std(residual[kept], centre=0.0) if kept.any() else 0.0
        inside = usable & (residual >= -_LOWER * sigma)
        inside &= residual <= _UPPER * np.maximum(scatter, sigma)
        if inside.sum() <= _FEWEST * (degree + 1) or np.array_equal(inside, kept):
            break
        kept = inside
        continuum = _fit(x, flux, weight, kept, degree)
    return continuum
