"""Equation of state of a stellar photosphere: which particles there are, in LTE.

Saha ionisation of hydrogen and of the fifteen elements that give electrons, in three
stages; H2 and CO from the dissociation constants of Tsuji (1973, A&A 23, 411). One
unknown, ln n_e, solved by Newton's method; everything is differentiable, because a
last Newton step is taken with gradients (implicit function theorem).
"""

import math
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor

from .constants import (
    ATOMIC_MASS_UNIT,
    BOLTZMANN,
    ELECTRON_MASS,
    ELECTRON_VOLT,
    PLANCK,
)
from .elements import (
    ATOMIC_MASS,
    ATOMIC_NUMBER,
    HAS_STAGE,
    IONISATION_ENERGY,
    ln_partition_function,
)

CARBON, OXYGEN = 6, 8
_DONORS = np.array(
    [ATOMIC_NUMBER[x] for x in "He C N O Na Mg Al Si S K Ca Ti Cr Mn Fe Ni".split()]
)
# ln of 2 (2 pi m_e k / h^2)^1.5, the constant of the Saha equation
_LN_SAHA = math.log(2 * (2 * math.pi * ELECTRON_MASS * BOLTZMANN / PLANCK**2) ** 1.5)
# lg K(theta) of Tsuji (1973), dyn/cm2, theta = 5040 / T
_H2 = (12.7388, -5.12717, 0.125720, -0.0141494, 6.30214e-4)
_CO = (13.8200, -11.7953, 0.172167, -0.0228885, 1.13491e-3)


def saha(z, temperature: Tensor) -> tuple[Tensor, Tensor]:
    """n_e n_1/n_0 and n_e n_2/n_1 of elements z (n_species,), cm^-3.

    temperature (n_stars, n_depth), K -> two of (n_stars, n_species, n_depth).
    """
    z = np.atleast_1d(z)
    neutral, has_second = np.zeros_like(z), HAS_STAGE[z, 2]
    ln_u = [
        ln_partition_function(z, stage, temperature)
        for stage in (neutral, neutral + 1, np.where(has_second, 2, 1))
    ]
    first = torch.tensor(IONISATION_ENERGY[z, 1])[:, None]
    second = torch.tensor(np.where(has_second, IONISATION_ENERGY[z, 2], 99.0))[:, None]
    kt = (BOLTZMANN / ELECTRON_VOLT * temperature).unsqueeze(-2)
    ln_factor = _LN_SAHA + 1.5 * torch.log(temperature).unsqueeze(-2)
    return (
        torch.exp(ln_factor + ln_u[1] - ln_u[0] - first / kt),
        torch.exp((ln_factor + ln_u[2] - ln_u[1] - second / kt).clamp(min=-300)),
    )


def _dissociation(coefficients, temperature: Tensor) -> Tensor:
    """n_A n_B / n_AB, cm^-3."""
    theta, lg_k = 5040.0 / temperature, 0.0
    for coefficient in reversed(coefficients):
        lg_k = lg_k * theta + coefficient
    return 10**lg_k / (BOLTZMANN * temperature)


@dataclass(frozen=True)
class Gas:
    """Number densities (cm^-3) of a photosphere, each (n_stars, n_depth)."""

    temperature: Tensor  # K
    abundances: Tensor  # (n_stars, 93), N(X)/N(H)
    electrons: Tensor
    neutral_hydrogen: Tensor
    protons: Tensor
    hydrogen_molecules: Tensor
    hydrogen_nuclei: Tensor
    free_carbon: Tensor  # fraction of carbon not bound in CO
    free_oxygen: Tensor

    def stars(self, rows: slice) -> "Gas":
        """The gas of some of the stars."""
        return Gas(*(getattr(self, column.name)[rows] for column in fields(self)))

    def depths(self, index) -> "Gas":
        """The gas at some of the depths."""
        columns = {
            column.name: getattr(self, column.name)[:, index]
            for column in fields(self)
            if column.name != "abundances"
        }
        return replace(self, **columns)

    @property
    def density(self) -> Tensor:
        """g/cm3."""
        mass = ATOMIC_MASS_UNIT * (self.abundances * torch.tensor(ATOMIC_MASS)).sum(1)
        return self.hydrogen_nuclei * mass[:, None]

    @property
    def helium(self) -> Tensor:
        return self.hydrogen_nuclei * self.abundances[:, 2:3]

    def populations(self, z, stage) -> Tensor:
        """n / U of species (z, stage), each (n_species,).

        Returns (n_stars, n_species, n_depth), cm^-3.
        """
        first, second = saha(z, self.temperature)
        ne = self.electrons.unsqueeze(1)
        ratio1, ratio2 = first / ne, second / ne
        stage_column = torch.as_tensor(stage)[:, None]
        above_neutral = torch.where(stage_column == 1, ratio1, ratio1 * ratio2)
        fraction = torch.where(
            stage_column == 0, torch.ones_like(ratio1), above_neutral
        )
        fraction = fraction / (1 + ratio1 + ratio1 * ratio2)
        one = torch.ones_like(self.temperature)
        free = {CARBON: self.free_carbon, OXYGEN: self.free_oxygen}
        free = torch.stack([free.get(int(element), one) for element in z], 1)
        nuclei = self.hydrogen_nuclei.unsqueeze(1) * self.abundances[:, z].unsqueeze(-1)
        ln_u = ln_partition_function(z, stage, self.temperature)
        return nuclei * fraction * free * torch.exp(-ln_u)


class EquationOfState:
    """The gas at a given temperature and composition, for any pressure.

    temperature (n_stars, n_depth), K; abundances (n_stars, 93), N(X)/N(H).
    """

    def __init__(self, temperature: Tensor, abundances: Tensor):
        self.temperature, self.abundances = temperature, abundances
        self._kt = BOLTZMANN * temperature
        self._hydrogen = saha([1], temperature)[0][:, 0]
        self._first, self._second = saha(_DONORS, temperature)
        self._h2 = _dissociation(_H2, temperature)
        self._co = _dissociation(_CO, temperature)
        self._others = abundances[:, 2:].sum(1, keepdim=True)  # nuclei per H nucleus
        self._donors = abundances[:, _DONORS].unsqueeze(-1)

    def solve(self, pressure: Tensor, ln_ne: Tensor | None = None, iterations=12):
        """The `Gas` at gas pressure (n_stars, n_depth), dyn/cm2.

        ln_ne starts Newton's iteration; 3 iterations are enough from a near solution.
        """
        total = pressure / self._kt
        with torch.no_grad():
            ln_ne = torch.log(total * 1e-4) if ln_ne is None else ln_ne.clone()
            for _ in range(iterations):
                excess = self._charge_excess(ln_ne, total)
                shifted = self._charge_excess(ln_ne + 1e-4, total)
                slope = ((shifted - excess) / 1e-4).clamp(-3, -0.3)
                ln_ne = ln_ne + (-excess / slope).clamp(-2, 2)
                ln_ne = torch.minimum(ln_ne, torch.log(total * 0.499))
            shifted = self._charge_excess(ln_ne + 1e-5, total)
            slope = (shifted - self._charge_excess(ln_ne, total)) / 1e-5
        return self._gas(ln_ne - self._charge_excess(ln_ne, total) / slope, total)

    def with_electrons(self, pressure: Tensor, electron_pressure: Tensor) -> Gas:
        """The `Gas` at given gas and electron pressure, dyn/cm2, nothing solved."""
        return self._gas(torch.log(electron_pressure / self._kt), pressure / self._kt)

    def _hydrogen_densities(self, ne: Tensor, total: Tensor) -> tuple[Tensor, ...]:
        """H I, H II, H2 and all H nuclei, from the quadratic in n(H I)."""
        linear = (1 + self._others) * (1 + self._hydrogen / ne)
        nuclei = (total - ne).clamp(min=1e-30)
        root = torch.sqrt(linear**2 + 4 * (2 * self._others + 1) / self._h2 * nuclei)
        neutral = 2 * nuclei / (linear + root)
        molecules = neutral**2 / self._h2
        protons = neutral * self._hydrogen / ne
        return neutral, protons, molecules, neutral + protons + 2 * molecules

    def _charge_excess(self, ln_ne: Tensor, total: Tensor) -> Tensor:
        """ln of positive charges per electron: 0 where the gas is neutral."""
        ne = torch.exp(ln_ne)
        _, protons, _, nuclei = self._hydrogen_densities(ne, total)
        ratio1 = self._first / ne.unsqueeze(1)
        ratio12 = ratio1 * self._second / ne.unsqueeze(1)
        charge = (ratio1 + 2 * ratio12) / (1 + ratio1 + ratio12)
        return torch.log(protons + nuclei * (self._donors * charge).sum(1)) - ln_ne

    def _gas(self, ln_ne: Tensor, total: Tensor) -> Gas:
        ne = torch.exp(ln_ne)
        neutral, protons, molecules, nuclei = self._hydrogen_densities(ne, total)
        carbon = nuclei * self.abundances[:, CARBON : CARBON + 1]
        oxygen = nuclei * self.abundances[:, OXYGEN : OXYGEN + 1]
        # only neutral atoms associate, so ionisation raises the constant
        effective = self._co
        for z in (CARBON, OXYGEN):
            donor = int(np.flatnonzero(z == _DONORS)[0])
            effective = effective * (1 + self._first[:, donor] / ne)
        total_co = carbon + oxygen + effective
        root = torch.sqrt(total_co**2 - 4 * carbon * oxygen)
        per_pair = 2 / (total_co + root)  # n(CO) / (n(C) n(O))
        return Gas(
            temperature=self.temperature,
            abundances=self.abundances,
            electrons=ne,
            neutral_hydrogen=neutral,
            protons=protons,
            hydrogen_molecules=molecules,
            hydrogen_nuclei=nuclei,
            free_carbon=1 - per_pair * oxygen,
            free_oxygen=1 - per_pair * carbon,
        )
