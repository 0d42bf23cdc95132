"""A model's flux and derivatives as a star's own pixels see them, at its velocity."""

import dataclasses

import numpy as np
import torch

from stellar_gui.analysis.sensitivity import Sensitivity
from stellar_gui.fitting.checks import match_pixels
from stellar_gui.fitting.velocity import PixelLayout
from stellar_gui.spectra import Spectra


def as_seen(sensitivity: Sensitivity, star: Spectra, rv: float = 0.0) -> Sensitivity:
    """Return a sensitivity on the pixels of a star that recedes with ``rv``, km/s.

    Shifted with the splines of the fits, piece by piece. NaN in pixels that the model
    says nothing of, which are all where the media differ. An rv that is not finite
    counts as none.
    """
    n, k = len(sensitivity.label_names), len(sensitivity.nuisance_names)
    curves = np.column_stack(
        [
            sensitivity.flux,
            sensitivity.variance,
            sensitivity.jacobian,
            sensitivity.nuisance,
        ]
    ).T
    if np.isfinite(rv) and rv != 0:
        curves = _shifted(sensitivity.wavelength, curves, float(rv))
    own = match_pixels(np.asarray(star.wavelength), sensitivity.wavelength)
    if star.medium != sensitivity.medium:
        own = np.full(star.n_pixels, -1)
    curves = np.where(own >= 0, curves[:, own], np.nan)
    return dataclasses.replace(
        sensitivity,
        wavelength=np.asarray(star.wavelength, dtype=float),
        medium=star.medium,
        flux=curves[0],
        variance=np.nan_to_num(curves[1]),
        jacobian=curves[2 : 2 + n].T,
        nuisance=curves[2 + n : 2 + n + k].T,
    )


def _shifted(wavelength, curves, rv):
    """Curves (n_curves, n_pixels) at a velocity; NaN at the ends of pieces."""
    layout = PixelLayout(wavelength)
    speed = torch.full((len(curves),), rv, dtype=torch.float64)
    coefficients = layout.coefficients(torch.tensor(np.nan_to_num(curves)))
    moved = layout.apply(coefficients, layout.shift(speed, coefficients.dtype))
    inside = layout.extract(layout.inside(speed)).numpy()
    return np.where(inside, layout.extract(moved).numpy(), np.nan)
