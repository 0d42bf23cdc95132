"""Cannon: training finds the truth, the model is differentiable, bad input is told."""

import numpy as np
import pytest
import torch

from stellar_gui.io import read_spectra, write_spectra
from stellar_gui.models.base import SpectralModel
from stellar_gui.models.cannon import Cannon
from stellar_gui.models.coefficient_noise import CoefficientNoise
from stellar_gui.models.files import load_model, save_model
from stellar_gui.spectra import Spectra
from tests.cannon_mock import NAMES, mock, true_flux


@pytest.fixture(scope="module")
def survey():
    return mock(n_stars=400)


@pytest.fixture(scope="module")
def cannon(survey):
    return Cannon.train(survey.spectra, NAMES, order=2)


def test_it_is_a_spectral_model(cannon):
    assert isinstance(cannon, SpectralModel)
    assert cannon.kind == "cannon"
    assert cannon.label_names == NAMES
    assert cannon.label_units == ("K", "dex", "dex")
    assert cannon.term_names[:5] == ("1", "teff", "logg", "fe_h", "teff²")


def test_training_recovers_the_flux(survey, cannon):
    new = mock(n_stars=50, star_seed=9).spectra.labels
    found = cannon(torch.tensor(new)).numpy()
    error = found - true_flux(survey, new)
    # noise 0.012 a pixel, 10 terms from 400 stars: 0.012 * sqrt(10 / 400)
    assert error.std() < 1.5 * 0.012 * np.sqrt(10 / 400)


def test_training_from_a_file_equals_training_from_memory(survey, cannon, tmp_path):
    stored = read_spectra(write_spectra(tmp_path / "survey.h5", survey.spectra))
    again = Cannon.train(stored, NAMES)
    np.testing.assert_array_equal(again.theta, cannon.theta)
    np.testing.assert_array_equal(again.scatter, cannon.scatter)


def test_training_without_good_pixels_is_refused(survey):
    blind = survey.spectra.replace(ivar=np.zeros_like(survey.spectra.ivar))
    with pytest.raises(ValueError, match=r"no pixel is good in 20 .* 400 training"):
        Cannon.train(blind)


def test_label_names_as_one_text_are_refused(survey):
    with pytest.raises(ValueError, match=r"the text 'teff', expected a list"):
        Cannon.train(survey.spectra, "teff")


def test_labels_may_be_arrays_or_whole_numbers(survey, cannon):
    labels = survey.spectra.labels[:2]
    expected = cannon(torch.tensor(labels))
    np.testing.assert_array_equal(cannon(labels), expected)
    whole = [[5000, 3, 0]]
    expected = cannon(torch.tensor(whole).double())
    np.testing.assert_array_equal(cannon(torch.tensor(whole)), expected)
    for of_labels in (cannon.jacobian, cannon.flux_variance, cannon.leverage):
        exact = of_labels(torch.tensor(whole).double())
        np.testing.assert_array_equal(of_labels(whole), exact)


@pytest.mark.parametrize("of", ["__call__", "jacobian", "flux_variance", "leverage"])
def test_labels_of_another_number_are_refused_everywhere(cannon, of):
    with pytest.raises(ValueError, match=r"shape \(1, 2\), expected \(n_stars, 3\)"):
        getattr(cannon, of)([[5000.0, 3.0]])


def test_scatter_is_unbiased(survey, cannon):
    ratio = cannon.scatter.numpy() / survey.scatter
    assert np.median(ratio) == pytest.approx(1.0, abs=0.05)


def test_scatter_is_unbiased_with_few_stars():
    """Without the degrees-of-freedom correction it would be 13 % low."""
    few = mock(n_stars=42, n_pixels=1500, snr=400.0)
    ratio = Cannon.train(few.spectra).scatter.numpy() / few.scatter
    assert np.median(ratio) == pytest.approx(1.0, abs=0.05)


def test_training_equals_weighted_least_squares_of_each_pixel(survey, cannon):
    """The blocked route against the textbook, pixel by pixel."""
    spectra = survey.spectra
    scaled = cannon.scaled(torch.tensor(spectra.labels))
    terms = cannon.polynomial.terms(scaled).numpy()
    for pixel in (0, 17, 299):
        good = spectra.ivar[:, pixel] > 0
        ivar = spectra.ivar[good, pixel].astype(float)
        root = 1 / np.sqrt(1 / ivar + float(cannon.scatter[pixel]) ** 2)
        design, target = root[:, None] * terms[good], root * spectra.flux[good, pixel]
        expected, *_ = np.linalg.lstsq(design, target, rcond=None)
        covariance = np.linalg.inv(design.T @ design)
        np.testing.assert_allclose(cannon.theta[pixel], expected, rtol=1e-4, atol=1e-6)
        kept = torch.tensordot(cannon.noise.amplitude[pixel], cannon.noise.shapes, 1)
        error = np.linalg.solve(covariance, kept.numpy() - covariance)
        assert np.abs(np.linalg.eigvals(error)).max() < 0.1


def test_few_shapes_hold_the_noise_of_all_coefficients(survey):
    regression, context = Cannon.regression(
        survey.spectra, NAMES, 2, dtype=torch.float64, device="cpu"
    )
    regression.step()
    exact = regression.covariances(torch.arange(survey.spectra.n_pixels))
    kept = CoefficientNoise.of(regression)
    total = torch.tensordot(kept.amplitude.sum(0), kept.shapes, 1).double()
    error = torch.linalg.solve(exact.sum(0), total - exact.sum(0))
    assert torch.linalg.eigvals(error).abs().max() < 0.01
    assert context["label_names"] == NAMES


@pytest.mark.parametrize("order", [1, 3])
def test_other_orders_train(order):
    truth = mock(n_stars=300, order=order, n_pixels=100)
    cannon = Cannon.train(truth.spectra, order=order)
    flux = cannon(torch.tensor(truth.spectra.labels)).numpy()
    good = truth.spectra.good
    assert np.std((flux - truth.spectra.flux)[good]) < 0.014


def test_jacobian_equals_finite_differences(cannon):
    labels = torch.tensor([[5100.0, 2.5, -0.3], [4700.0, 3.5, -0.9]]).double()
    for k, step in enumerate([1.0, 1e-3, 1e-3]):
        change = torch.zeros(3).double()
        change[k] = step
        expected = (cannon(labels + change) - cannon(labels - change)) / (2 * step)
        np.testing.assert_allclose(
            cannon.jacobian(labels)[:, :, k], expected, atol=1e-7
        )


def test_gradients_reach_the_labels(cannon):
    labels = torch.tensor([[5100.0, 2.5, -0.3]]).double().requires_grad_()
    cannon(labels).sum().backward()
    expected = cannon.jacobian(labels.detach()).sum(1)
    np.testing.assert_allclose(labels.grad, expected, rtol=1e-6)


def test_flux_variance_is_scatter_and_noise_of_the_coefficients(cannon):
    centre = cannon.training_labels.median(0).values[None]
    far = centre + torch.tensor([[900.0, 1.8, 0.9]])
    scatter = cannon.scatter.double() ** 2
    near, away = (cannon.flux_variance(x)[0] - scatter for x in (centre, far))
    assert (near > 0).all()
    assert (away > 5 * near).all()


def test_labels_of_bad_pixels_never_reach_the_model(survey, cannon):
    """Other junk in the bad pixels: the same model, to the last bit."""
    spectra = survey.spectra
    junk = spectra.replace(flux=np.where(spectra.good, spectra.flux, -1e30))
    again = Cannon.train(junk, NAMES)
    np.testing.assert_array_equal(again.theta, cannon.theta)
    np.testing.assert_array_equal(again.scatter, cannon.scatter)


def test_pixel_with_too_few_good_stars_is_not_modelled(survey):
    ivar = survey.spectra.ivar.copy()
    ivar[:, 5] = 0.0
    ivar[19:, 6] = 0.0  # 19 stars for 10 terms
    cannon = Cannon.train(survey.spectra.replace(ivar=ivar))
    flux = cannon(cannon.training_labels[:3])
    assert torch.nonzero(~cannon.modelled)[:, 0].tolist() == [5, 6]
    assert flux[:, 5:7].isnan().all()
    assert flux[:, [4, 7]].isfinite().all()
    assert cannon.scatter[5:7].isnan().all()


def test_pixel_whose_good_stars_are_all_alike_is_not_modelled(survey):
    spectra = survey.spectra
    labels = np.repeat(spectra.labels[:4], 100, axis=0)
    alike = np.zeros(400, dtype=bool)
    alike[:100] = True  # a hundred copies of one star
    labels[300:] = spectra.labels[:100]
    ivar = spectra.ivar.copy()
    ivar[~alike, 8] = 0.0
    cannon = Cannon.train(spectra.replace(labels=labels, ivar=ivar))
    assert not cannon.modelled[8]


def test_leverage_of_training_stars_averages_to_terms_per_star(cannon):
    leverage = cannon.leverage(cannon.training_labels)
    assert float(leverage.mean()) == pytest.approx(10 / 400)
    assert cannon.largest_leverage == float(leverage.max())


def test_model_file_gives_the_same_model(cannon, tmp_path):
    again = load_model(save_model(cannon, tmp_path / "cannon.safetensors"))
    labels = cannon.training_labels[:4]
    np.testing.assert_array_equal(again(labels), cannon(labels))
    variance = again.flux_variance(labels)
    np.testing.assert_array_equal(variance, cannon.flux_variance(labels))
    assert again.label_names == cannon.label_names
    assert again.notes == cannon.notes
    assert again.resolution == 20_000.0
    assert again.provenance["training_ids"][0] == "star0-1"


def test_plain_model_has_no_noise_and_stores_none(survey, tmp_path):
    plain = Cannon.train(survey.spectra, errors_in_variables=False)
    assert plain.noise is None
    assert load_model(save_model(plain, tmp_path / "plain.safetensors")).noise is None


def test_training_leaves_the_spectra_alone(survey):
    flux, ivar = survey.spectra.flux.copy(), survey.spectra.ivar.copy()
    Cannon.train(survey.spectra)
    np.testing.assert_array_equal(survey.spectra.flux, flux)
    np.testing.assert_array_equal(survey.spectra.ivar, ivar)


def test_correlated_labels_are_noted():
    spectra = mock().spectra
    labels = spectra.labels.copy()
    labels[:, 2] = labels[:, 1] + 0.05 * labels[:, 2]
    (note,) = Cannon.train(spectra.replace(labels=labels)).notes
    assert note.startswith("logg and fe_h are correlated in the training set (+1.00)")


def test_uncorrelated_labels_need_no_note(cannon):
    assert cannon.notes == ()


def test_more_terms_than_a_third_of_the_stars_are_refused():
    spectra = mock(n_stars=300, n_pixels=5).spectra
    labels = np.random.default_rng(0).normal(size=(300, 25))
    names = [f"label{k}" for k in range(25)]
    wide = spectra.replace(labels=labels, label_names=names, label_units=())
    with pytest.raises(
        ValueError, match=r"25 labels at order 2 are 351 terms.* 300 tr"
    ):
        Cannon.train(wide)


def refused(**changes):
    return mock(n_stars=60, n_pixels=10).spectra.replace(**changes)


def test_constant_label_is_refused():
    labels = refused().labels.copy()
    labels[:, 1] = 2.5
    with pytest.raises(ValueError, match=r"'logg' is 2\.5 for all 60 training stars"):
        Cannon.train(refused(labels=labels))


def test_missing_labels_are_refused_by_star():
    labels = refused().labels.copy()
    labels[[3, 7], 2] = np.nan
    with pytest.raises(ValueError, match=r"2 training .* of fe_h: star3-1, star7-1"):
        Cannon.train(refused(labels=labels))


def test_spectra_without_labels_are_refused():
    bare = Spectra([5000.0, 5001.0], np.ones((4, 2)), np.ones((4, 2)))
    with pytest.raises(ValueError, match="4 training spectra have no labels"):
        Cannon.train(bare)


def test_unknown_label_is_refused_with_a_hint():
    with pytest.raises(ValueError, match="Did you mean 'teff'"):
        Cannon.train(refused(), label_names=("tef",))


def test_flux_that_is_not_normalised_is_refused():
    with pytest.raises(ValueError, match=r"not continuum-normalised.*normalise"):
        Cannon.train(refused(normalised=False))


def test_labels_of_the_wrong_shape_are_refused(cannon):
    with pytest.raises(ValueError, match=r"shape \(3,\), expected \(n_stars, 3\)"):
        cannon(torch.zeros(3))
