"""Formal solution of the transfer equation in a plane-parallel LTE atmosphere."""

import numpy as np
import torch
from torch import Tensor

from .constants import BOLTZMANN, LIGHT_SPEED, PLANCK


def planck(wavelength: Tensor, temperature: Tensor) -> Tensor:
    """B_lambda, erg/cm2/s/cm/sr.

    wavelength (n_wavelengths,), Angstrom; temperature (n_stars, n_depth), K ->
    (n_stars, n_wavelengths, n_depth).
    """
    cm = torch.as_tensor(wavelength, dtype=torch.float64)[:, None] * 1e-8
    exponent = PLANCK * LIGHT_SPEED / (cm * BOLTZMANN * temperature.unsqueeze(1))
    return 2 * PLANCK * LIGHT_SPEED**2 / cm**5 / torch.expm1(exponent)


def emergent_flux(opacity: Tensor, source: Tensor, ln_tau: Tensor, n_angles: int = 3):
    """Astrophysical flux F (pi F is what leaves the surface), unit of ``source``.

    opacity: in units of the reference opacity that ``ln_tau`` (n_depth,) belongs to;
    opacity, source (..., n_depth) -> (...). The source function is linear in optical
    depth between points; with E_j = exp(-tau_j / mu) and that form, the intensity is
    S_1 + sum_j (S_j+1 - S_j) (E_j - E_j+1) mu / (tau_j+1 - tau_j), and the flux is
    2 sum_mu w mu I(mu) over Gauss angles.
    """
    integrand = opacity * torch.exp(ln_tau)
    step = 0.5 * (integrand[..., 1:] + integrand[..., :-1]) * torch.diff(ln_tau)
    # above the first point the opacity is taken proportional to depth
    tau = torch.cumsum(torch.cat([integrand[..., :1], step], -1), -1)
    d_source = torch.diff(source, dim=-1)
    nodes, weights = np.polynomial.legendre.leggauss(n_angles)
    flux = torch.zeros(())
    for mu, weight in zip((nodes + 1) / 2, weights / 2, strict=True):
        escape = torch.exp(-tau / mu)
        d_tau = (step / mu).clamp(min=1e-10)
        gain = d_source * (escape[..., :-1] - escape[..., 1:]) / d_tau
        below = escape[..., -1] * d_source[..., -1] / d_tau[..., -1]
        flux = flux + 2 * weight * mu * (source[..., 0] + gain.sum(-1) + below)
    return flux
