"""Preprocessing: pure functions ``Spectra -> Spectra``; the argument stays as it is.

The order that makes sense: velocity, medium, resolution, grid, continuum. This package
imports nothing above `spectra`.
"""

from stellar_gui.preprocess.continuum import fit_continuum, normalise, observed_pieces
from stellar_gui.preprocess.doppler import doppler_factor, doppler_shift
from stellar_gui.preprocess.match import match
from stellar_gui.preprocess.medium import FORMULAS, convert_wavelength, to_medium
from stellar_gui.preprocess.resample import resample
from stellar_gui.preprocess.resolution import degrade
from stellar_gui.preprocess.shipped_continuum import continuum_pixels

__all__ = [
    "FORMULAS",
    "continuum_pixels",
    "convert_wavelength",
    "degrade",
    "doppler_factor",
    "doppler_shift",
    "fit_continuum",
    "match",
    "normalise",
    "observed_pieces",
    "resample",
    "to_medium",
]
