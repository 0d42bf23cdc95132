"""From what files hold to flux and ivar: bad pixels get ivar 0, for every reader."""

import numpy as np

_HUGE = 100.0
"""A sigma above this many times the spectrum's median says: nothing is known here."""


def clean_ivar(flux, sigma, bad=None) -> np.ndarray:
    """Return ivar = 1/sigma**2, 0 where a pixel is bad. All (..., n_pixels).

    Bad is what ``bad`` says, flux that is not finite, sigma that is not finite, not
    above 0, or more than 100 times its median over the spectrum. float64.

    >>> clean_ivar(np.ones((1, 4)), np.array([[0.1, 0.0, np.nan, 1e10]])).round(3)
    array([[100.,   0.,   0.,   0.]])
    """
    flux, sigma = np.asarray(flux, float), np.asarray(sigma, float)
    good = np.isfinite(flux) & np.isfinite(sigma) & (sigma > 0)
    if bad is not None:
        good &= ~np.asarray(bad)
    ivar = np.zeros_like(sigma)
    for row in np.ndindex(sigma.shape[:-1]):
        kept = good[row]
        if kept.any():
            kept &= sigma[row] <= _HUGE * np.median(sigma[row][kept])
            ivar[row][kept] = sigma[row][kept] ** -2.0
    return ivar


def looks_normalised(flux, ivar) -> bool:
    """Whether the flux of the good pixels has its continuum near 1.

    The upper envelope is judged, because lines pull the median down in cool stars: the
    90th percentile must lie between 0.8 and 1.3. True without any good pixel.
    """
    level = continuum_level(flux, ivar)
    return bool(np.isnan(level) or 0.8 <= level <= 1.3)


def continuum_level(flux, ivar) -> float:
    """90th percentile of the flux in good pixels, NaN without one."""
    good = np.asarray(flux)[np.asarray(ivar) > 0]
    return float(np.percentile(good, 90)) if good.size else np.nan
