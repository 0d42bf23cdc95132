"""Inference with the Cannon: labels near the truth, errors that hold, honest flags."""

import dataclasses

import numpy as np
import pytest
import torch

from stellar_gui.fitting import FitFlag, fit_labels
from stellar_gui.fitting.cannon import infer_cannon
from stellar_gui.fitting.cannon_statistics import sufficient_statistics
from stellar_gui.models.cannon import Cannon
from stellar_gui.spectra import Spectra
from tests.cannon_mock import NAMES, WIDTH, mock, robust_std


@pytest.fixture(scope="module")
def cannon():
    return Cannon.train(mock(n_stars=300, star_seed=1).spectra, NAMES)


@pytest.fixture(scope="module")
def stars():
    return mock(n_stars=400, star_seed=2).spectra


@pytest.fixture(scope="module")
def fit(cannon, stars):
    return infer_cannon(cannon, stars)


@pytest.mark.parametrize("star", [400, -401])
def test_star_that_does_not_exist_is_named(fit, star):
    assert fit[-1].n_good == fit.n_good[-1:]
    with pytest.raises(IndexError, match="does not exist, expected 0 to 399"):
        fit[star]


def test_stars_whose_flux_is_not_normalised_are_named(cannon, stars):
    """One among many, which the median of all pixels would not show."""
    flux, ivar = stars.flux[:50].copy(), stars.ivar[:50].copy()
    flux[7] *= 1e4
    ivar[7] /= 1e8
    ivar[9] = 0.0  # a blind star has no level
    with pytest.raises(ValueError, match=r"flux is 8.*in 1 of 50 stars: star7-2\."):
        fit_labels(cannon, stars[:50].replace(flux=flux, ivar=ivar))


def test_changed_weights_are_fitted_as_they_are(stars):
    """What is kept with a model must not outlive its weights."""
    cannon = Cannon.train(mock(n_stars=300, star_seed=1).spectra, NAMES)
    before = infer_cannon(cannon, stars[:5])
    cannon.theta[:, 0] += 0.02
    fresh = infer_cannon(dataclasses.replace(cannon), stars[:5])
    after = infer_cannon(cannon, stars[:5])
    np.testing.assert_array_equal(after.labels, fresh.labels)
    assert (after.labels != before.labels).all()


def zscores(fit, spectra):
    return (fit.labels - spectra.labels) / fit.sigma


def test_labels_are_near_the_truth_and_errors_hold(fit, stars):
    zscore = zscores(fit, stars)
    assert np.all(np.abs(zscore.mean(0)) < 0.2)
    assert np.all((robust_std(zscore) > 0.85) & (robust_std(zscore) < 1.15))


def test_plain_estimator_is_too_sure_of_itself():
    """What the correction is for: few training stars, many pixels."""
    train = mock(n_stars=80, n_pixels=3000, star_seed=1).spectra
    test = mock(n_stars=300, n_pixels=3000, star_seed=2).spectra
    cannon = Cannon.train(train)
    plain = infer_cannon(cannon, test, errors_in_variables=False)
    assert np.all(robust_std(zscores(plain, test)) > 1.3)
    corrected = robust_std(zscores(infer_cannon(cannon, test), test))
    assert np.all((corrected > 0.8) & (corrected < 1.2))


def test_statistics_give_the_chi2_of_the_pixels(cannon, stars):
    """The quadratic form against brute force over pixels, far from the minimum too."""
    grid = np.arange(stars.n_pixels)
    few = stars[:6]
    statistics = sufficient_statistics(cannon, few, (grid, grid), dtype=torch.float64)
    labels = torch.tensor(few.labels) + torch.tensor([200.0, -0.4, 0.2])
    flux = cannon(labels).numpy()
    ivar = few.ivar.astype(float)
    weight = ivar / (1 + ivar * cannon.scatter.numpy().astype(float) ** 2)
    expected = (weight * (np.nan_to_num(few.flux) - flux) ** 2).sum(1)
    found = statistics.chi2(cannon.polynomial.terms(cannon.scaled(labels))[:, 1:])
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5)


def test_chi2_is_that_of_the_shown_residuals(fit, stars):
    variance = 1 / np.where(stars.good, stars.ivar, 1.0) + fit.model_sigma**2
    residual = np.where(stars.good, stars.flux - fit.model_flux, 0.0)
    np.testing.assert_allclose(fit.chi2, (residual**2 / variance).sum(1), rtol=1e-4)
    np.testing.assert_array_equal(fit.n_good, stars.good.sum(1))
    assert np.median(fit.reduced_chi2) == pytest.approx(1.0, abs=0.05)


def test_one_altered_pixel_changes_chi2(cannon, stars, fit):
    flux = stars.flux.copy()
    pixel = np.flatnonzero(stars.good[0])[0]
    flux[0, pixel] += 0.1
    altered = infer_cannon(cannon, stars.replace(flux=flux)[:2])
    assert altered.chi2[0] > fit.chi2[0] + 10
    assert altered.chi2[1] == pytest.approx(fit.chi2[1])


def test_single_and_double_precision_agree(cannon, stars, fit):
    double = infer_cannon(cannon, stars, dtype=torch.float64)
    assert np.abs((fit.labels - double.labels) / fit.sigma).max() < 0.01


def test_a_star_alone_and_among_others_is_the_same(cannon, stars, fit):
    alone = infer_cannon(cannon, stars[37])
    np.testing.assert_allclose(alone.labels[0], fit.labels[37], rtol=1e-5)
    np.testing.assert_allclose(alone.covariance[0], fit.covariance[37], rtol=1e-3)


def test_covariance_is_in_physical_units(cannon, stars, fit):
    """Without noise of the coefficients it is the inverse Fisher matrix."""
    plain = infer_cannon(cannon, stars[:3], errors_in_variables=False)
    jacobian = cannon.jacobian(torch.from_numpy(plain.labels)).numpy()
    ivar = stars.ivar[:3].astype(float)
    weight = ivar / (1 + ivar * cannon.scatter.numpy().astype(float) ** 2)
    fisher = np.einsum("npk,np,npl->nkl", jacobian, weight, jacobian)
    np.testing.assert_allclose(plain.covariance, np.linalg.inv(fisher), rtol=1e-3)


def test_junk_in_bad_pixels_changes_nothing(cannon, stars, fit):
    junk = stars.replace(flux=np.where(stars.good, stars.flux, -1e30))
    np.testing.assert_array_equal(infer_cannon(cannon, junk).labels, fit.labels)


def test_star_without_good_pixel_says_so(cannon, stars):
    ivar = stars.ivar[:3].copy()
    ivar[1] = 0.0
    fit = infer_cannon(cannon, stars[:3].replace(ivar=ivar))
    assert fit.flags[1] == FitFlag.ALL_BAD
    assert fit.n_good[1] == 0
    for part in (fit.labels, fit.covariance, fit.chi2, fit.model_flux):
        assert np.isnan(part[1]).all()
        assert np.isfinite(part[[0, 2]]).all()


def test_star_with_fewer_pixels_than_labels_is_not_converged(cannon, stars):
    ivar = np.zeros_like(stars.ivar[:1])
    ivar[0, 10:12] = 1e4
    fit = infer_cannon(cannon, stars[:1].replace(ivar=ivar, flux=np.ones_like(ivar)))
    assert FitFlag.NOT_CONVERGED in FitFlag(int(fit.flags[0]))


def test_star_beyond_the_training_labels_is_flagged(cannon):
    inside = mock(n_stars=2, star_seed=3).spectra
    labels = cannon.training_labels.median(0).values[None] + torch.tensor(
        [[0.0, 0.0, 0.0], [1300.0, 0.0, 0.0]]
    )
    flux = cannon(labels).numpy()
    fit = infer_cannon(cannon, inside.replace(flux=flux, ivar=np.full(flux.shape, 1e4)))
    beyond = FitFlag(int(fit.flags[1]))
    assert fit.flags[0] == 0
    assert FitFlag.EDGE in beyond
    assert FitFlag.OUTSIDE_TRAINING in beyond


def test_unusual_combination_of_usual_labels_is_outside_the_training():
    """Every label within its range, but no star like it: hidden extrapolation."""
    spectra = mock(n_stars=300).spectra
    labels = spectra.labels.copy()
    labels[:, 2] = -0.5 + 0.3 / 0.6 * (labels[:, 1] - 3.0) + 0.02 * labels[:, 2]
    truth = mock(n_stars=300)
    flux = np.where(spectra.good, spectra.flux, 1.0)
    cannon = Cannon.train(truth.spectra.replace(labels=labels, flux=flux))
    high, low = np.quantile(labels, [0.95, 0.05], axis=0)
    odd = torch.tensor([[5000.0, high[1], low[2]]])
    assert (odd >= cannon.label_ranges[:, 0]).all()
    assert (odd <= cannon.label_ranges[:, 1]).all()
    assert float(cannon.leverage(odd)) > cannon.largest_leverage


def test_two_equal_minima_are_reported():
    """Flux that depends on the square of a label cannot tell its sign."""
    x = np.random.default_rng(0).normal(size=150)
    depth = np.linspace(0.02, 0.05, 50)
    noise = np.random.default_rng(1).normal(0, 0.01, (150, 50))
    flux = np.tile(1 - np.outer(x**2, depth) + noise, (2, 1))
    spectra = Spectra(
        np.arange(6000.0, 6050.0),
        flux,
        np.full(flux.shape, 1e4),
        labels=5000 + 300 * np.concatenate([x, -x])[:, np.newaxis],
        label_names=("teff",),
    )
    cannon = Cannon.train(spectra)
    star = np.flatnonzero(np.abs(np.abs(x) - 1.0) < 0.3)
    flags = infer_cannon(cannon, spectra[star]).flags
    assert np.all(flags & FitFlag.STARTS_DISAGREE)


def test_part_of_the_pixels_gives_a_fit_on_those_pixels(cannon, stars):
    part = stars[:3].pixels(slice(50, 250))
    fit = infer_cannon(cannon, part)
    bad = stars.ivar[:3].copy()
    bad[:, :50] = bad[:, 250:] = 0.0
    expected = infer_cannon(cannon, stars[:3].replace(ivar=bad))
    assert fit.model_flux.shape == (3, 200)
    np.testing.assert_allclose(fit.labels, expected.labels, rtol=1e-5)


def test_pixels_without_a_model_have_no_flux_and_no_weight(stars):
    train = mock(n_stars=300, star_seed=1).spectra
    ivar = train.ivar.copy()
    ivar[:, 100:120] = 0.0
    cannon = Cannon.train(train.replace(ivar=ivar))
    fit = infer_cannon(cannon, stars[:2])
    assert np.isnan(fit.model_flux[:, 100:120]).all()
    good = stars.good[:2].copy()
    good[:, 100:120] = False
    np.testing.assert_array_equal(fit.n_good, good.sum(1))
    assert np.isfinite(fit.labels).all()


def test_fit_labels_uses_this_inference(cannon, stars, fit):
    np.testing.assert_array_equal(fit_labels(cannon, stars[:5]).labels, fit.labels[:5])


def test_correction_needs_a_model_that_knows_its_noise(cannon, stars):
    plain = dataclasses.replace(cannon, noise=None)
    with pytest.raises(ValueError, match="without the covariance of its coefficients"):
        infer_cannon(plain, stars, errors_in_variables=True)
    assert np.isfinite(infer_cannon(plain, stars[:2]).labels).all()


def test_scale_of_the_errors_is_that_of_the_noise(fit):
    """Sigma of some hundredths of a label's spread, as 300 pixels at S/N 85 allow."""
    share = np.median(fit.sigma, axis=0) / WIDTH
    assert np.all((share > 0.01) & (share < 0.1))
