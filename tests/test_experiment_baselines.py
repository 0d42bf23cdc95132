"""Baselines of the transfer, on made-up gaps that each of them can close."""

import numpy as np
import pytest
import torch

from stellar_gui.experiments.anchors import (
    anchor_offsets,
    assumed_labels,
    choose_anchors,
)
from stellar_gui.experiments.baselines import cannon
from stellar_gui.experiments.recalibrated import (
    Recalibrated,
    mean_shift,
    self_calibrated,
)
from stellar_gui.experiments.scatter import pixel_scatter, with_scatter
from stellar_gui.fitting import fit_labels
from stellar_gui.models import load_model
from stellar_gui.spectra import Spectra

N_STARS = 60
FIT = {"rv_range": 0.0, "starts": 1}


@pytest.fixture(scope="module")
def payne(sample_payne):
    return load_model(sample_payne)


@pytest.fixture(scope="module")
def labels(payne):
    """Labels of stars that show their lines, in the middle of the grid."""
    rng = np.random.default_rng(5)
    coordinates = torch.tensor(rng.uniform(-0.15, 0.15, (N_STARS, 25)))
    coordinates[:, payne.label_names.index("fe_h")] += 0.2
    return payne.scaling.to_labels(coordinates).numpy()


def _observed(payne, flux, labels, snr=150.0):
    rng = np.random.default_rng(6)
    flux = np.asarray(flux)
    return Spectra(
        payne.wavelength.numpy(),
        flux + rng.normal(size=flux.shape) / snr,
        np.full(flux.shape, snr**2),
        labels=labels,
        label_names=payne.label_names,
        medium=payne.medium,
        resolution=payne.resolution,
    )


@pytest.fixture(scope="module")
def gap(payne):
    """Give strength and offset (n_pixels,) of a made-up synthetic gap."""
    rng = np.random.default_rng(7)
    n = len(payne.wavelength)
    strength = torch.tensor(rng.normal(1.0, 0.1, n)).float()
    offset = torch.tensor(np.where(rng.random(n) < 0.05, -0.05, 0.0)).float()
    return strength, offset


@pytest.fixture(scope="module")
def observed(payne, labels, gap):
    with torch.no_grad():
        flux = Recalibrated(payne, *gap)(torch.tensor(labels))
    return _observed(payne, flux, labels)


def test_a_mean_shift_finds_lines_that_are_missing(payne, observed, gap):
    fit = fit_labels(payne, observed, **FIT)
    model = mean_shift(payne, observed, fit)
    missing = gap[1] < 0
    assert model.offset[missing].mean() == pytest.approx(-0.05, abs=0.01)
    assert model.offset[~missing].abs().median() < 0.005
    assert (model.strength == 1).all()


def test_self_calibration_finds_strengths_and_offsets(payne, observed, gap):
    model = self_calibrated(payne, observed, **FIT)
    with torch.no_grad():
        flux = payne(torch.tensor(observed.labels))
    deep = flux.std(0) > 0.03  # where the stars say something of a strength
    found, true = model.strength[deep], gap[0][deep]
    assert np.corrcoef(found, true)[0, 1] > 0.8
    before = fit_labels(payne, observed, **FIT).reduced_chi2.mean()
    after = fit_labels(model, observed, **FIT).reduced_chi2.mean()
    assert after < 1.1 < before


def test_a_calibrated_model_fits_as_its_folded_network(payne, labels, gap):
    model = Recalibrated(payne, *gap)
    coordinates = payne.scaling.to_coordinates(torch.tensor(labels[:3])).float()
    network = model.folded()
    with torch.no_grad():
        folded = network.output(network.hidden(coordinates).activation)
        np.testing.assert_allclose(folded, model(torch.tensor(labels[:3])), atol=1e-5)
        step = torch.zeros(25, dtype=torch.float64)
        step[0] = 1.0
        moved = model(torch.tensor(labels[:3]) + step) - model(torch.tensor(labels[:3]))
    jacobian = model.jacobian(torch.tensor(labels[:3]))
    np.testing.assert_allclose(jacobian[:, :, 0], moved, atol=2e-5)


def test_scatter_is_what_noise_leaves_over(payne, labels):
    rng = np.random.default_rng(8)
    with torch.no_grad():
        flux = payne(torch.tensor(labels)).numpy()
    wrong = np.zeros(flux.shape[1])
    wrong[::10] = 0.05
    spectra = _observed(payne, flux + rng.normal(size=flux.shape) * wrong, labels)
    fit = fit_labels(payne, spectra, **FIT)
    scatter = pixel_scatter(spectra, fit)
    assert np.median(scatter[::10]) == pytest.approx(0.05, rel=0.2)
    assert np.median(np.delete(scatter, np.s_[::10])) < 0.003
    weighted = fit_labels(with_scatter(payne, scatter), spectra, **FIT)
    error = lambda fit: np.abs(fit.labels - labels)[:, 0].mean()  # noqa: E731
    assert error(weighted) < error(fit)


def test_anchors_set_zero_points_and_nothing_else(payne, labels):
    """Spectra of stars 80 K hotter than their trusted labels say, and Mg-rich."""
    moved = np.zeros(25)
    moved[0], moved[payne.label_names.index("mg_h")] = 80.0, 0.1
    with torch.no_grad():
        flux = payne(torch.tensor(labels + moved))
    spectra = _observed(payne, flux, labels)
    rows = choose_anchors(spectra, 30, seed=3)
    anchors = spectra[rows]
    bad = anchors.labels.copy()
    bad[0] += 5.0  # a wrong anchor is no reason to give up
    fit = fit_labels(payne, spectra, **FIT)
    offsets = anchor_offsets(fit[rows], anchors.replace(labels=bad))
    away = np.abs(offsets.value - moved) / offsets.error
    assert np.median(away) < 1.5
    assert offsets.value[0] == pytest.approx(80.0, abs=10.0)
    found = offsets.removed_from(fit).labels - labels
    assert abs(found[:, 0].mean()) < 10.0
    assumed = assumed_labels(fit, payne, offsets)
    assert N_STARS - 3 <= len(assumed) <= N_STARS  # those whose fit converged
    np.testing.assert_allclose(assumed.mean(0)[0], labels[:, 0].mean(), atol=10.0)


def test_too_few_anchors_are_refused(payne, labels):
    with torch.no_grad():
        spectra = _observed(payne, payne(torch.tensor(labels)), labels)
    with pytest.raises(ValueError, match="3 anchors were asked for, expected 5 to 60"):
        choose_anchors(spectra, 3, seed=1)
    with pytest.raises(ValueError, match="have no labels"):
        choose_anchors(spectra.replace(labels=None, label_names=()), 30, seed=1)


def test_the_cannon_is_as_rich_as_its_stars_allow(payne, labels):
    with torch.no_grad():
        spectra = _observed(payne, payne(torch.tensor(labels)), labels)
    few = cannon(spectra, labels[:, :3], payne.label_names[:3])
    assert (few.model.order, len(few.model.training_labels)) == (2, N_STARS)
    many = cannon(spectra, labels[:, :15], payne.label_names[:15])
    assert many.model.order == 1
