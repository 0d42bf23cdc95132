"""Linear response: exact where the model is linear, near the refit where it is not."""

import numpy as np
import pytest

from stellar_gui import fit_labels, load_model, paths, read_spectra
from stellar_gui.analysis.linear_response import (
    fits_velocity,
    label_precision,
    linear_shifts,
    refit,
)
from stellar_gui.analysis.perturbations import PERTURBATIONS, flux_change
from stellar_gui.analysis.sensitivity import sensitivity
from tests.line_model import LineModel, observed

LABELS = np.array([4900.0, -0.2, 0.1])
IVAR = np.full(560, 1e4)
FOUND = sensitivity(LineModel(), LABELS)


def test_a_change_of_labels_comes_back():
    moved = np.array([20.0, -0.02, 0.05])
    shifts = linear_shifts(FOUND, IVAR, FOUND.jacobian @ moved)
    np.testing.assert_allclose(shifts.shift, moved, rtol=1e-6)
    assert shifts.label_names == ("teff", "fe_h", "mg_h")


def test_shifts_are_those_of_weighted_least_squares():
    rng = np.random.default_rng(0)
    change, ivar = rng.normal(0, 0.01, 560), rng.uniform(1e3, 1e4, 560)
    root = np.sqrt(ivar)
    expected = np.linalg.lstsq(FOUND.jacobian * root[:, None], change * root)[0]
    np.testing.assert_allclose(linear_shifts(FOUND, ivar, change).shift, expected)


def test_bad_pixels_do_not_count():
    change = FOUND.jacobian @ [10.0, 0.0, 0.0]
    change[5] = 99.0
    ivar = np.where(np.arange(560) == 5, 0.0, IVAR)
    shift = linear_shifts(FOUND, ivar, change).shift
    np.testing.assert_allclose(shift, [10.0, 0.0, 0.0], atol=1e-6)


def test_a_fit_that_finds_the_velocity_is_not_moved_by_it():
    change = flux_change("velocity", 0.1, FOUND.wavelength, FOUND.flux)
    held = linear_shifts(FOUND, IVAR, change).shift
    free = linear_shifts(FOUND, IVAR, change, velocity=True).shift
    assert (np.abs(free) < 0.05 * np.abs(held) + 1e-4).all()
    assert np.abs(held[0]) > 0.1


def test_a_prior_holds_labels_back():
    change = FOUND.jacobian @ [0.0, 0.0, 0.1]
    strong = np.diag([0.0, 0.0, 1e9])
    shift = linear_shifts(FOUND, IVAR, change, precision=strong).shift
    assert abs(shift[2]) < 1e-3


def test_the_prior_of_fits_is_in_physical_units():
    """Teff, log g and iron have none; [Mg/H] keeps to the spread of its samples."""
    model = LineModel()
    precision = label_precision(model)
    assert precision[0, 0] == precision[1, 1] == 0
    low, high = model.label_ranges.numpy()[2]
    assert precision[2, 2] ** -0.5 == pytest.approx((high - low) / 12**0.5, rel=0.4)


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_linear_response_is_near_the_refit(name):
    """Within a tenth of what moves, or of a standard deviation where little does."""
    model = LineModel()
    star = observed(model, LABELS[None], snr=500.0).replace(resolution=25000.0)
    amount = 0.3 * PERTURBATIONS[name].amount
    free = fits_velocity(model, name)
    options = {} if free else {"rv_range": 0.0}
    fit = fit_labels(model, star, **options)
    found = sensitivity(model, fit.labels[0])
    change = flux_change(name, amount, star.wavelength, found.flux, star.resolution)
    linear = linear_shifts(
        found, star.ivar[0], change, precision=label_precision(model), velocity=free
    )
    again = refit(model, star, fit, name, amount)
    away = np.abs(linear.shift - again.shift)
    assert (away < 0.1 * np.abs(again.shift) + 0.1 * fit.sigma[0]).all()
    assert np.abs(again.shift / fit.sigma[0]).max() > 0.5


@pytest.mark.parametrize("kind", ["cannon", "payne", "cycle_starnet"])
def test_linear_response_is_near_the_refit_on_the_sample(kind):
    """Half a per cent of continuum: labels that move by a sigma agree to 20 %."""
    model = load_model(paths.sample_data() / "models" / f"{kind}.safetensors")
    survey = read_spectra(paths.sample_data() / "survey" / "observed.h5")
    rows = np.flatnonzero(survey.label("fe_h") > -1)[:4]
    precision, free = label_precision(model), fits_velocity(model, "continuum")
    linear, again = [], []
    for row in rows:
        star = survey[int(row)]
        fit = fit_labels(model, star)
        nuisance = None if fit.nuisance is None else fit.nuisance[0]
        found = sensitivity(model, fit.labels[0], nuisance)
        change = flux_change("continuum", 0.005, star.wavelength, found.flux)
        expected = linear_shifts(
            found, star.ivar[0], change, precision=precision, velocity=free
        )
        linear.append(expected.shift / fit.sigma[0])
        again.append(refit(model, star, fit, "continuum", 0.005).shift / fit.sigma[0])
    linear, again = np.concatenate(linear), np.concatenate(again)
    moved = np.abs(again) > 1
    assert moved.sum() >= 4
    assert np.median(np.abs(linear - again)[moved] / np.abs(again[moved])) < 0.2
