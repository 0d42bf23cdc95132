"""Continuous opacity of cool stars.

H- bound-free and free-free (John 1988, A&A 193, 189), H I bound-free and free-free with
Gaunt factors of Menzel & Pekeris (1935; Gray, The Observation and Analysis of Stellar
Photospheres), H2+ (the fit of Kurucz 1970, SAO Special Report 309), Rayleigh scattering
by H, H2 and He, Thomson scattering. Missing: He- and bound-free of metals, 2 % at 5000
Angstrom where the continuum forms; below, H I is up to 15 % too strong.
"""

import torch
from torch import Tensor

from .constants import BOLTZMANN, ELECTRON_VOLT, LIGHT_SPEED, PLANCK
from .equation_of_state import Gas

_BOUND_FREE = (152.519, 49.534, -118.858, 92.536, -34.194, 4.982)
_FREE_FREE = (  # powers 2, 0, -1, -2, -3, -4 of the wavelength in micron
    (2483.346, 285.827, -2054.291, 2827.776, -1341.537, 208.952),
    (-3449.889, -1158.382, 8746.523, -11485.632, 5303.609, -812.939),
    (2200.040, 2427.719, -13651.105, 16755.524, -7510.494, 1132.738),
    (-696.271, -1841.400, 8624.970, -10051.530, 4400.067, -655.020),
    (88.283, 444.517, -1863.864, 2095.288, -901.788, 132.985),
)
# of ln(frequency / Hz) and of frequency / 10^15 Hz
_H2_PLUS_CROSS_SECTION = (-3023.3, 377.97, -18.2496, 0.39207, -3.1672e-3)
_H2_PLUS_ENERGY = (-7.342e-3, -2.409, 1.028, -0.4230, 0.1224, -0.01351)
_DETACHMENT = 1.6419  # micron, threshold of H-
_RYDBERG = 1.0967758e-3  # per Angstrom
_HYDROGEN_IONISATION = 13.598 * ELECTRON_VOLT


def continuum(gas: Gas, wavelength: Tensor) -> tuple[Tensor, Tensor]:
    """Absorption and scattering per cm, each (n_stars, n_wavelengths, n_depth).

    wavelength (n_wavelengths,), Angstrom, above 3645. Absorption includes stimulated
    emission.
    """
    wavelength = torch.as_tensor(wavelength, dtype=torch.float64)[:, None]
    temperature = gas.temperature.unsqueeze(1)
    frequency = LIGHT_SPEED / (wavelength * 1e-8)
    stimulated = 1 - torch.exp(-PLANCK * frequency / (BOLTZMANN * temperature))
    neutral = gas.neutral_hydrogen.unsqueeze(1)
    electron_pressure = (gas.electrons * BOLTZMANN * gas.temperature).unsqueeze(1)
    h_minus = _h_minus_bound_free(wavelength, temperature) * stimulated
    h_minus = h_minus + _h_minus_free_free(wavelength, temperature)
    charges = (gas.electrons * gas.protons).unsqueeze(1)
    protons = gas.protons.unsqueeze(1)
    hydrogen = _hydrogen_bound_free(wavelength, temperature)
    hydrogen = hydrogen + _hydrogen_ion_molecule(wavelength, temperature) * protons
    absorption = (
        h_minus * electron_pressure * neutral
        + hydrogen * stimulated * neutral
        + _hydrogen_free_free(wavelength, temperature) * stimulated * charges
    )
    return absorption, _scattering(gas, wavelength)


def opacity_5000(gas: Gas) -> Tensor:
    """Absorption and scattering at 5000 Angstrom, per cm, (n_stars, n_depth)."""
    absorption, scattering = continuum(gas, torch.tensor([5000.0]))
    return (absorption + scattering)[:, 0]


def _h_minus_bound_free(wavelength: Tensor, temperature: Tensor) -> Tensor:
    """cm^2 per neutral H atom and unit electron pressure, stimulated emission apart."""
    micron = wavelength * 1e-4
    x = (1 / micron - 1 / _DETACHMENT).clamp(min=0)
    series = sum(c * x ** (n / 2) for n, c in enumerate(_BOUND_FREE))
    cross_section = 1e-18 * micron**3 * x**1.5 * series
    saha = temperature**-2.5 * torch.exp(1.439e4 / (_DETACHMENT * temperature))
    return 0.750 * saha * cross_section


def _h_minus_free_free(wavelength: Tensor, temperature: Tensor) -> Tensor:
    """cm^2 per neutral H atom and unit electron pressure, above 3645 Angstrom."""
    micron = wavelength * 1e-4
    theta = 5040 / temperature
    powers = torch.cat([micron**power for power in (2, 0, -1, -2, -3, -4)], -1)
    factors = powers @ torch.tensor(_FREE_FREE, dtype=torch.float64).T  # (L, 5)
    return 1e-29 * sum(
        theta ** ((n + 3) / 2) * factors[:, n : n + 1] for n in range(len(_FREE_FREE))
    )


def _hydrogen_bound_free(wavelength: Tensor, temperature: Tensor) -> Tensor:
    """cm^2 per neutral H atom; levels 2 to 15."""
    frequency = LIGHT_SPEED / (wavelength * 1e-8)
    kt = BOLTZMANN * temperature
    total = torch.zeros(())
    for n in range(2, 16):
        lam_r = wavelength * _RYDBERG
        gaunt = 1 - 0.3456 / lam_r ** (1 / 3) * (lam_r / n**2 - 0.5)
        cross_section = 2.815e29 / (n**5 * frequency**3) * gaunt * (lam_r < n * n)
        excitation = _HYDROGEN_IONISATION * (1 - 1 / n**2)
        total = total + cross_section * n * n * torch.exp(-excitation / kt)
    return total


def _hydrogen_free_free(wavelength: Tensor, temperature: Tensor) -> Tensor:
    """cm^5 per proton and electron."""
    frequency = LIGHT_SPEED / (wavelength * 1e-8)
    thermal = BOLTZMANN * temperature / (PLANCK * frequency)
    gaunt = 1 + 0.3456 / (wavelength * _RYDBERG) ** (1 / 3) * (thermal + 0.5)
    return 3.692e8 * gaunt / (torch.sqrt(temperature) * frequency**3)


def _hydrogen_ion_molecule(wavelength: Tensor, temperature: Tensor) -> Tensor:
    """H2+, bound-free and free-free: cm^5 per neutral H atom and proton."""
    frequency = LIGHT_SPEED / (wavelength * 1e-8)
    ln_cross_section = _polynomial(_H2_PLUS_CROSS_SECTION, torch.log(frequency))
    energy = _polynomial(_H2_PLUS_ENERGY, frequency * 1e-15)  # eV
    kt = BOLTZMANN / ELECTRON_VOLT * temperature
    return torch.exp(ln_cross_section - energy / kt)


def _polynomial(coefficients, x: Tensor) -> Tensor:
    return sum(c * x**power for power, c in enumerate(coefficients))


def _scattering(gas: Gas, wavelength: Tensor) -> Tensor:
    """Thomson and Rayleigh scattering, per cm."""
    inverse2 = wavelength**-2
    inverse4 = inverse2**2
    hydrogen = inverse4 * (5.799e-13 + 1.422e-6 * inverse2 + 2.784 * inverse4)
    molecule = inverse4 * (8.14e-13 + 1.28e-6 * inverse2 + 1.61 * inverse4)
    helium = 5.484e-14 * inverse4 * (1 + 2.44e5 * inverse2) ** 2
    return (
        6.6524e-25 * gas.electrons.unsqueeze(1)
        + hydrogen * gas.neutral_hydrogen.unsqueeze(1)
        + molecule * gas.hydrogen_molecules.unsqueeze(1)
        + helium * gas.helium.unsqueeze(1)
    )
