"""Calibration: errors measured on held-out stars, and the correction that helps."""

import dataclasses

import numpy as np
import pytest

from stellar_gui.fitting.calibration import calibrated, error_scale
from stellar_gui.fitting.cannon import infer_cannon
from stellar_gui.models.cannon import Cannon
from stellar_gui.models.files import load_model, save_model
from tests.cannon_mock import NAMES, WIDTH, mock, robust_std


def with_common_noise(star_seed, n_stars=300):
    """Residuals that go together: labels unknown to the model move the same lines."""
    survey = mock(n_stars=n_stars, star_seed=star_seed)
    pattern = survey.theta[:, 1:4].numpy().T
    strength = np.random.default_rng(100 + star_seed).normal(0, 0.05, (n_stars, 3))
    flux = survey.spectra.flux + strength @ pattern
    return survey.spectra.replace(flux=flux)


@pytest.fixture(scope="module")
def cannon():
    return Cannon.train(with_common_noise(1), NAMES)


def zscores(model, spectra):
    fit = infer_cannon(model, spectra)
    return robust_std((fit.labels - spectra.labels) / fit.sigma)


def test_residuals_that_go_together_make_formal_errors_too_small(cannon):
    test = with_common_noise(3)
    assert np.all(zscores(cannon, test) > 1.3)
    spread = zscores(calibrated(cannon, with_common_noise(2)), test)
    assert np.all((spread > 0.8) & (spread < 1.25))


def test_errors_of_the_catalogue_are_taken_off(cannon):
    """Noisier reference labels that say so: the same calibration."""
    held_out = with_common_noise(2, n_stars=2000)
    exact = calibrated(cannon, held_out).error_scale.numpy()
    sigma = np.tile(0.06 * WIDTH, (2000, 1))
    noise = np.random.default_rng(5).normal(size=(2000, 3)) * sigma
    noisy = held_out.replace(labels=held_out.labels + noise, labels_sigma=sigma)
    found = calibrated(cannon, noisy).error_scale.numpy()
    np.testing.assert_allclose(found, exact, rtol=0.15)
    silent = noisy.replace(labels_sigma=None)
    assert np.all(calibrated(cannon, silent).error_scale.numpy() > 1.2 * found)


def test_errors_that_hold_are_left_nearly_alone():
    cannon = Cannon.train(mock(n_stars=300).spectra)
    scale = calibrated(cannon, mock(n_stars=300, star_seed=2).spectra).error_scale
    assert np.all(scale.numpy() >= 1.0)
    assert np.all(scale.numpy() < 1.15)


def test_calibrating_twice_changes_nothing(cannon):
    held_out = with_common_noise(2)
    once = calibrated(cannon, held_out)
    twice = calibrated(once, held_out)
    np.testing.assert_array_equal(once.error_scale, twice.error_scale)
    assert once.notes == twice.notes


def test_too_few_stars_calibrate_nothing(cannon):
    assert calibrated(cannon, with_common_noise(2, n_stars=29)) is cannon


def test_correction_that_costs_more_than_it_brings_is_left_out():
    """Hardly any information on the labels, and much noise in the coefficients."""
    train, held_out = (
        mock(n_stars=60 + 300 * k, n_pixels=12, star_seed=k, snr=15.0).spectra
        for k in (0, 1)
    )
    cannon = Cannon.train(train)
    kept = calibrated(cannon, held_out)
    assert kept.noise is None
    assert "correction is left out" in kept.notes[-1]
    fit, plain = (infer_cannon(model, held_out) for model in (cannon, kept))
    scatter, kept_scatter = (
        robust_std(f.labels - held_out.labels) for f in (fit, plain)
    )
    assert np.mean(np.log(kept_scatter / scatter)) < 0


def test_scale_multiplies_errors_and_keeps_correlations(cannon):
    spectra = with_common_noise(2)[:5]
    scaled = calibrated(cannon, with_common_noise(2))
    bare = dataclasses.replace(scaled, error_scale=None)
    fit, formal = (infer_cannon(model, spectra) for model in (scaled, bare))
    factor = scaled.error_scale.numpy()
    np.testing.assert_allclose(fit.sigma, factor * formal.sigma)
    expected = formal.covariance * factor[:, None] * factor
    np.testing.assert_allclose(fit.covariance, expected)


def test_scale_is_kept_in_the_model_file(cannon, tmp_path):
    scaled = calibrated(cannon, with_common_noise(2))
    again = load_model(save_model(scaled, tmp_path / "cannon.safetensors"))
    np.testing.assert_array_equal(again.error_scale, scaled.error_scale)


def test_stars_that_could_not_be_fitted_do_not_count(cannon):
    spectra = with_common_noise(2)
    ivar = spectra.ivar.copy()
    ivar[:20] = 0.0
    blind = spectra.replace(ivar=ivar)
    fit = infer_cannon(cannon, blind)
    expected = error_scale(infer_cannon(cannon, spectra[20:]), spectra[20:])
    np.testing.assert_allclose(error_scale(fit, blind), expected, rtol=1e-3)
