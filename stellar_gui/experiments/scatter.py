"""The scatter of observed spectra around a model, per pixel, as a weight in fits.

Pixels that the model gets wrong count less: the s_lambda of Ness et al. (2015, ApJ 808,
16), measured on fits of the observed stars themselves.
"""

import dataclasses

import numpy as np
import torch

from stellar_gui.fitting import FitResult
from stellar_gui.models.base import SpectralModel
from stellar_gui.models.blocks import ErrorModel
from stellar_gui.spectra import Spectra

FEWEST = 20  # stars in a pixel, for a scatter of its own


def pixel_scatter(spectra: Spectra, fit: FitResult) -> np.ndarray:
    """Return what residuals scatter beyond their noise, (n_pixels,) flux.

    Moments weighted by ivar**2, the inverse of what the noise scatters squared
    residuals. 0 where noise explains all, and in pixels of fewer than 20 stars.
    """
    ivar = np.asarray(spectra.ivar, dtype=float)
    usable = (ivar > 0) & np.isfinite(fit.model_flux)
    residual = np.where(usable, np.asarray(spectra.flux) - fit.model_flux, 0.0)
    noise = np.where(usable, 1.0 / np.where(usable, ivar, 1.0), 0.0)
    weight = np.where(usable, ivar, 0.0) ** 2
    excess = (weight * (residual**2 - noise)).sum(0) / np.maximum(weight.sum(0), 1e-30)
    enough = usable.sum(0) >= FEWEST
    return np.sqrt(np.where(enough, excess.clip(min=0.0), 0.0))


def with_scatter(model: SpectralModel, scatter: np.ndarray) -> SpectralModel:
    """Return the model with scatter (n_pixels,) as a part of its own error.

    The error of a model made of an emulator is that of the emulator.
    """
    if hasattr(model, "emulator"):
        return dataclasses.replace(
            model, emulator=with_scatter(model.emulator, scatter)
        )
    more = torch.as_tensor(np.asarray(scatter), dtype=torch.float32) ** 2
    known = model.flux_covariance
    if known is None:
        known = ErrorModel(torch.zeros(1, len(more)), torch.zeros(len(more)))
    return dataclasses.replace(
        model, flux_covariance=known._replace(tail=known.tail + more.to(known.tail))
    )
