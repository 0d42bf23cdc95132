"""Temperature and pressure structure, abundances, and how the T(tau) asset is made."""

import io
import pickle

import numpy as np
import pytest
import torch

from stellar_gui.labels import SYNTHETIC_LABELS
from stellar_gui.synthesis import distil
from stellar_gui.synthesis.atmosphere import (
    LG_TAU,
    atmosphere_from_labels,
    temperature,
    thermal_parameters,
)
from stellar_gui.synthesis.constants import BOLTZMANN
from stellar_gui.synthesis.elements import abundances_from_labels
from stellar_gui.synthesis.grid import sample_grid
from stellar_gui.synthesis.opacity import opacity_5000

from .turbospectrum import reference_star, star_labels


def test_temperature_follows_a_marcs_model():
    """C3K and MARCS differ by up to 35 K where the spectrum forms."""
    star = reference_star("marcs_4500_2.5")
    ours = temperature(thermal_parameters(star.labels))[0].numpy()
    lg_tau, theirs = star.structure["lg_tau5000"], star.structure["temperature"]
    forming = (LG_TAU > -4) & (LG_TAU < 1)
    difference = ours - np.interp(LG_TAU, lg_tau, theirs)
    assert np.abs(difference[forming]).max() < 50


def test_pressure_follows_a_marcs_model():
    star = reference_star("marcs_4500_2.5")
    gas = atmosphere_from_labels(star.labels, star.log_eps).gas
    electrons = (gas.electrons * BOLTZMANN * gas.temperature)[0].log10().numpy()
    lg_tau = star.structure["lg_tau5000"]
    theirs = np.interp(LG_TAU, lg_tau, star.structure["lg_electron_pressure"])
    forming = ((LG_TAU > -3) & (LG_TAU < 1)).numpy()
    assert np.abs(electrons - theirs)[forming].max() < 0.05


def test_hydrostatic_equilibrium_holds():
    """dP/dtau = g / kappa by differences, where radiation pressure is negligible."""
    gas = atmosphere_from_labels(star_labels(5000.0, 4.5, 0.0, 0.0, 1.0)).gas
    total = gas.hydrogen_nuclei * (1 + gas.abundances[:, 2:].sum(1, keepdim=True))
    particles = total + gas.electrons - gas.hydrogen_molecules
    pressure = (particles * BOLTZMANN * gas.temperature)[0].numpy()
    kappa = (opacity_5000(gas) / gas.density)[0].numpy()
    tau = 10 ** LG_TAU.numpy()
    slope = np.gradient(np.log(pressure), np.log(tau)) * pressure / tau
    ratio = slope * kappa / 10**4.5
    np.testing.assert_allclose(ratio[8:-4], 1, atol=0.03)


def test_domain_has_smooth_temperatures():
    labels = torch.as_tensor(sample_grid(256, seed=2))
    structure = temperature(thermal_parameters(labels))
    assert torch.isfinite(structure).all()
    # very metal-poor stars may rise outward by a few K, as the models' network does
    assert torch.diff(structure, dim=1).min() > -15


def test_structure_follows_iron_and_the_mean_alpha():
    labels = star_labels(5000.0, 3.0, -1.0, 0.4, 1.5)
    torch.testing.assert_close(
        thermal_parameters(labels), torch.tensor([[5000.0, 3.0, -1.0, 0.4]]).double()
    )
    rich = labels.clone()
    rich[:, SYNTHETIC_LABELS.index("eu_h")] = 2.0
    assert torch.equal(thermal_parameters(rich), thermal_parameters(labels))


def test_elements_without_label_follow_iron():
    poor = abundances_from_labels(star_labels(5000.0, 3.0, -1.0, 0.0, 1.5))
    solar = abundances_from_labels(star_labels(5000.0, 3.0, 0.0, 0.0, 1.5))
    ratio = (poor / solar)[0]
    zinc, helium = ratio[30], ratio[2]
    assert float(zinc) == pytest.approx(0.1)
    assert float(helium) == pytest.approx(1.0)


def test_distilled_polynomial_recovers_a_smooth_structure():
    rng = np.random.default_rng(0)
    parameters = distil.draw_parameters(2000, rng)
    x = (parameters[:, :1] - 5000) / 1000
    truth = parameters[:, :1] * np.exp(
        0.1 * x + 0.05 * distil.LG_TAU * (1 + 0.1 * x**2)
    )
    polynomial = distil.fit(parameters, truth, degree=4)
    np.testing.assert_allclose(distil.predict(polynomial, parameters), truth, rtol=1e-6)


def test_distilled_parameters_leave_out_the_hot_corner():
    parameters = distil.draw_parameters(500, np.random.default_rng(0))
    assert (parameters[:, 1] > 1 + (parameters[:, 0] - 5350) / 500).all()
    assert parameters[:, 2].min() < -3


def test_reader_of_networks_takes_arrays_only(tmp_path):
    path = tmp_path / "networks.pkl"
    path.write_bytes(pickle.dumps([io.BytesIO], protocol=2))
    with pytest.raises(pickle.UnpicklingError, match="not a numpy array"):
        distil.read_networks(path)
