"""What a wrong velocity, continuum or line width does to a spectrum, in flux.

The changes that a user asks about ("what if the continuum were off by half a per
cent?") and the columns by which a fit, or a limit, is made blind to them.
"""

from typing import NamedTuple

import numpy as np
import torch

from stellar_gui.constants import C_KMS
from stellar_gui.fitting.velocity import PixelLayout
from stellar_gui.models.broadened import Broadening
from stellar_gui.spectra import wavelength_pieces

_SMALL = 0.05  # relative change of a line width that its derivative is taken with


class Perturbation(NamedTuple):
    """One thing that may be wrong with a spectrum, and by how much it usually is."""

    title: str
    unit: str  # that `shown` amounts carry
    amount: float  # as `flux_change` takes it
    shown: float  # the amount in the unit
    meaning: str


PERTURBATIONS = {
    "velocity": Perturbation(
        "radial velocity", "km/s", 1.0, 1.0, "the star recedes faster than assumed"
    ),
    "continuum": Perturbation(
        "continuum level", "%", 0.005, 0.5, "all flux is higher by this part"
    ),
    "tilt": Perturbation(
        "continuum tilt",
        "%",
        0.005,
        0.5,
        "in every piece the red end is higher, and the blue end lower, by this part",
    ),
    "lsf": Perturbation(
        "instrument's line width", "%", 0.05, 5.0, "lines are seen wider by this part"
    ),
}


def flux_change(
    name: str, amount: float, wavelength, flux, resolution: float | None = None
) -> np.ndarray:
    """Return what a perturbation adds to a spectrum, (n_pixels,).

    name: of `PERTURBATIONS`; amount: km/s, or a part of 1; wavelength (n_pixels,)
    Angstrom; flux (n_pixels,): of a noise-free model, NaN where it says nothing, which
    stays; resolution: wavelength / FWHM, for "lsf" alone. A narrower line spread is
    the wider one's opposite, as deconvolution has no other answer. Raises ValueError
    for another name and for "lsf" without a resolution.

    >>> flux_change("continuum", 0.005, [5000.0, 5001.0], [1.0, 0.5])
    array([0.005 , 0.0025])
    """
    wavelength, flux = np.asarray(wavelength, float), np.asarray(flux, float)
    if name == "velocity":
        return _moved(wavelength, flux, amount) - flux
    if name == "continuum":
        return amount * flux
    if name == "tilt":
        return amount * flux * _ramp(wavelength)
    if name == "lsf":
        return amount * _widening(wavelength, flux, resolution)
    raise ValueError(
        f"perturbation {name!r} is not known, expected one of "
        f"{', '.join(PERTURBATIONS)}"
    )


def velocity_column(wavelength, flux) -> np.ndarray:
    """Return d flux / d radial velocity, per km/s, (n_pixels,); flux as above."""
    layout, coefficients = _spline(wavelength, flux)
    still = layout.shift(torch.zeros(1, dtype=torch.float64), coefficients.dtype)
    slope = layout.extract(layout.apply_both(coefficients, still)[1])[0].numpy()
    return np.where(np.isfinite(flux), slope, np.nan)


def continuum_columns(wavelength, flux, degree: int) -> np.ndarray:
    """Return d flux / d coefficients of the continuum, (n_pixels, n_columns).

    Legendre polynomials up to ``degree`` in every piece, times the flux (n_pixels,).
    """
    wavelength, flux = np.asarray(wavelength, float), np.asarray(flux, float)
    columns = []
    for start, stop in wavelength_pieces(wavelength):
        piece = np.zeros((len(wavelength), degree + 1))
        x = np.linspace(-1, 1, stop - start)
        piece[start:stop] = np.polynomial.legendre.legvander(x, degree)
        columns.append(piece)
    return np.concatenate(columns, axis=1) * flux[:, None]


def _ramp(wavelength):
    """From -1 to 1 in every piece, (n_pixels,)."""
    parts = wavelength_pieces(wavelength)
    return np.concatenate([np.linspace(-1, 1, b - a) for a, b in parts])


def _spline(wavelength, flux):
    layout = PixelLayout(wavelength)
    whole = np.nan_to_num(np.asarray(flux, float), nan=1.0)
    return layout, layout.coefficients(torch.tensor(whole)[None])


def _moved(wavelength, flux, velocity):
    """The spectrum seen receding with ``velocity``; as it was at the ends of pieces."""
    layout, coefficients = _spline(wavelength, flux)
    speed = torch.tensor([float(velocity)], dtype=torch.float64)
    moved = layout.apply(coefficients, layout.shift(speed, coefficients.dtype))
    moved = layout.extract(moved)[0].numpy()
    inside = layout.extract(layout.inside(speed))[0].numpy()
    return np.where(inside & np.isfinite(flux), moved, flux)


def _widening(wavelength, flux, resolution):
    """d flux / d ln(FWHM of the instrument), (n_pixels,)."""
    if resolution is None:
        raise ValueError(
            "the resolution of these spectra is unknown, so nothing can be said of a "
            "wider line spread. Load spectra with a resolution, R = wavelength / FWHM."
        )
    width = C_KMS / resolution
    more = width * np.sqrt((1 + _SMALL) ** 2 - 1)  # in quadrature, km/s
    whole = torch.tensor(np.nan_to_num(flux, nan=1.0))[None, None]
    broaden = Broadening(torch.tensor(wavelength))
    wide = broaden(whole, torch.tensor([more], dtype=torch.float64))[0, 0].numpy()
    return (wide - flux) / _SMALL
