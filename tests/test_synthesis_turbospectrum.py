"""The synthesiser against an independent code, Turbospectrum, on equal structures."""

import numpy as np
import pytest
import torch

from stellar_gui.synthesis import Synthesiser
from stellar_gui.synthesis.atmosphere import given_atmosphere
from stellar_gui.synthesis.constants import BOLTZMANN
from stellar_gui.synthesis.equation_of_state import EquationOfState
from stellar_gui.synthesis.opacity import continuum, opacity_5000

from .turbospectrum import STARS, reference_star, wavelength

COOL = ("k_giant", "k_dwarf", "marcs_4500_2.5")
FORMATION = 0.1  # lg tau5000: the continuum forms above


@pytest.fixture(scope="module")
def synthesiser():
    return Synthesiser()


def _gas(star):
    return given_atmosphere(star.structure, star.labels, star.log_eps).gas


def test_pixels_are_those_of_the_reference(synthesiser):
    np.testing.assert_allclose(synthesiser.wavelength, wavelength(), rtol=1e-12)


@pytest.mark.parametrize("name", STARS)
def test_flux_agrees_on_the_same_structure(synthesiser, name):
    star = reference_star(name)
    with torch.no_grad():
        flux = synthesiser.flux(
            star.labels, structure=star.structure, log_eps=star.log_eps
        )
    difference = flux[0].numpy() - star.flux
    assert np.sqrt(np.mean(difference**2)) <= 0.001
    assert np.abs(difference).max() <= 0.006


def test_whole_chain_agrees_with_a_marcs_model(synthesiser):
    """Other temperatures (C3K against MARCS, like 28 K in Teff) are in here too."""
    star = reference_star("marcs_4500_2.5")
    with torch.no_grad():
        flux = synthesiser.flux(star.labels, log_eps=star.log_eps)
    difference = flux[0].numpy() - star.flux
    assert np.sqrt(np.mean(difference**2)) <= 0.004


def test_electron_pressure_of_a_marcs_model():
    star = reference_star("marcs_4500_2.5")
    given = _gas(star)
    pressure = 10 ** torch.as_tensor(star.structure["lg_gas_pressure"])[None]
    solved = EquationOfState(given.temperature, given.abundances).solve(pressure)
    electron_pressure = solved.electrons * BOLTZMANN * solved.temperature
    error = (
        electron_pressure[0].log10().numpy() - star.structure["lg_electron_pressure"]
    )
    assert np.abs(error).max() <= 0.005


@pytest.mark.parametrize("name", STARS)
def test_density_agrees(name):
    star = reference_star(name)
    error = np.log10(_gas(star).density[0].numpy() / star.density)
    assert np.abs(error).max() <= 0.01


@pytest.mark.parametrize("name", STARS)
def test_opacity_agrees_where_the_continuum_forms(name):
    star = reference_star(name)
    gas = _gas(star)
    forming = star.structure["lg_tau5000"] < FORMATION
    ratio = opacity_5000(gas)[0].numpy() / gas.density[0].numpy() / star.kappa_5000
    assert np.abs(ratio - 1)[forming].max() <= (0.02 if name in COOL else 0.05)


@pytest.mark.parametrize("name", STARS)
def test_opacity_agrees_in_every_window(name):
    star = reference_star(name)
    gas = _gas(star)
    forming = star.structure["lg_tau5000"] < FORMATION
    opacity = sum(continuum(gas, torch.as_tensor(star.kappa_wavelength)))[0]
    ratio = (opacity / gas.density).numpy() / star.kappa
    assert np.abs(ratio - 1)[:, forming].max() <= 0.05
