"""Residual z-scores of a fit and the few numbers that sum them up."""

from typing import NamedTuple

import numpy as np

from stellar_gui.statistics import robust_std


def residual_zscore(flux, ivar, model_flux, scatter=0.0) -> np.ndarray:
    """Return (flux - model_flux) / sigma, sigma**2 = 1/ivar + scatter**2.

    Photon noise plus the model's own per-pixel scatter s_lambda (Ness et al. 2015).
    Arrays (n_stars, n_pixels), normalised flux; scatter (n_pixels,), the same shape, or
    scalar. Dimensionless; NaN where ``ivar == 0`` or the model says nothing. Raises
    ValueError if any ivar is negative.

    >>> residual_zscore(np.array([[1.2]]), np.array([[25.0]]), np.array([[1.0]]))
    array([[1.]])
    """
    flux, ivar = np.asarray(flux, dtype=float), np.asarray(ivar, dtype=float)
    if (ivar < 0).any():
        raise ValueError(
            f"ivar is negative in {int((ivar < 0).sum())} pixels, expected 0 or more. "
            "Set ivar to 0 where a pixel is bad."
        )
    good = ivar > 0
    variance = 1.0 / np.where(good, ivar, 1.0) + np.square(scatter)
    zscore = (flux - np.asarray(model_flux, dtype=float)) / np.sqrt(variance)
    return np.where(good, zscore, np.nan)


class ZscoreSummary(NamedTuple):
    """What the z-scores of one star say together; of a true model 0, 1, 1."""

    mean: float
    std: float
    robust_std: float  # 1.4826 * median absolute deviation
    n_good: int
    reduced_chi2: float  # NaN where no pixel is left beyond the parameters


def summarise_zscores(zscore, n_parameters: int = 0) -> ZscoreSummary:
    """Sum up the finite z-scores of one star, (n_pixels,); NaN if there are none.

    n_parameters: how many were fitted, for the reduced chi2.

    >>> summarise_zscores(np.array([-1.0, 0.0, 1.0, np.nan])).n_good
    3
    """
    finite = np.asarray(zscore, dtype=float)
    finite = finite[np.isfinite(finite)]
    if not finite.size:
        return ZscoreSummary(np.nan, np.nan, np.nan, 0, np.nan)
    freedom = finite.size - n_parameters
    return ZscoreSummary(
        mean=float(finite.mean()),
        std=float(finite.std()),
        robust_std=robust_std(finite),
        n_good=int(finite.size),
        reduced_chi2=float((finite**2).sum() / freedom) if freedom > 0 else np.nan,
    )


def loudest_pixels(zscore, least: float = 3.0, apart: int = 4) -> np.ndarray:
    """Return pixels whose |z| exceeds ``least``, the largest first, each feature once.

    zscore (n_pixels,), NaN where unknown; pixels nearer than ``apart`` to a louder one
    belong to it.

    >>> loudest_pixels(np.array([0.0, 5.0, 4.0, 0.0, 0.0, 0.0, -9.0])).tolist()
    [6, 1]
    """
    size = np.nan_to_num(np.abs(np.asarray(zscore, dtype=float)))
    kept: list[int] = []
    for pixel in np.argsort(-size, kind="stable"):
        if size[pixel] <= least:
            break
        if all(abs(int(pixel) - other) >= apart for other in kept):
            kept.append(int(pixel))
    return np.array(kept, dtype=int)
