"""Fits of stars whose truth is known: labels, velocities, errors, flags, refusals."""

import numpy as np
import pytest
import torch

from stellar_gui import Spectra
from stellar_gui.fitting import FitFlag, fit_labels
from stellar_gui.fitting.domain import scaling_of
from stellar_gui.fitting.fit import fitter_of
from stellar_gui.models.blocks import ErrorModel
from stellar_gui.models.payne import untrained
from tests.line_model import LENGTHS, LineModel, log_grid, observed, random_labels

N = 40


@pytest.fixture(scope="module")
def model():
    return LineModel()


@pytest.fixture(scope="module")
def stars(model):
    return observed(model, random_labels(model, N))


@pytest.fixture(scope="module")
def result(model, stars):
    return fit_labels(model, stars, rv_range=0)


def robust_std(z):
    return 1.4826 * np.median(np.abs(z - np.median(z, 0)), 0)


def test_labels_come_back_within_their_errors(model, result):
    z = (result.labels - random_labels(model, N)) / result.sigma
    assert not (result.flags & FitFlag.NOT_CONVERGED).any()
    assert (robust_std(z) > 0.7).all()
    assert (robust_std(z) < 1.35).all()
    assert np.abs(np.median(z, 0)).max() < 0.5
    assert np.median(result.reduced_chi2) == pytest.approx(1.0, abs=0.05)
    assert np.isnan(result.rv).all()
    assert (result.n_good == sum(LENGTHS)).all()


def test_covariance_is_that_of_a_numerical_jacobian_in_physical_units(model, stars):
    free = fit_labels(model, stars[:1], rv_range=0, prior=False)
    step = torch.diag(torch.tensor([1.0, 1e-3, 1e-3], dtype=torch.float64))
    labels = torch.tensor(free.labels)
    columns = [(model(labels + h) - model(labels - h))[0] / (2 * h.sum()) for h in step]
    jacobian = torch.stack(columns).numpy()
    expected = np.linalg.inv(100.0**2 * jacobian @ jacobian.T)
    np.testing.assert_allclose(free.covariance[0], expected, rtol=0.03)


def test_a_models_own_jacobian_gives_the_same_fit(model, stars, result):
    class WithJacobian(LineModel):
        def jacobian(self, labels):
            each = torch.func.vmap(torch.func.jacrev(lambda one: self(one[None])[0]))
            return each(labels)

    again = fit_labels(WithJacobian(), stars[:5], rv_range=0)
    np.testing.assert_allclose(again.labels, result.labels[:5], atol=0.1, rtol=1e-4)


def test_velocities_are_found_with_honest_errors(model):
    rng = np.random.default_rng(8)
    velocity = rng.uniform(-95, 95, N)
    stars = observed(model, random_labels(model, N, part=0.6), velocity)
    result = fit_labels(model, stars)
    pull = (result.rv - velocity) / result.rv_sigma
    assert np.abs(result.rv - velocity).max() < 3.0
    assert 0.75 < robust_std(pull) < 1.35
    z = (result.labels - random_labels(model, N, part=0.6)) / result.sigma
    assert (robust_std(z) < 1.4).all()
    lost = sum(LENGTHS) - result.n_good
    assert (lost >= 2 * np.abs(velocity) / 4.45 - 2).all()
    np.testing.assert_array_equal(
        result.n_good <= np.isfinite(result.model_flux).sum(1), True
    )


def test_velocities_reach_as_far_as_the_pieces_allow(model):
    assert fitter_of(model).reach() == 100.0
    chips = log_grid((15168.0, 15881.0), (2900, 2400), step=np.log(10) * 6e-6)
    wide = LineModel(chips, n_lines=4)
    assert fitter_of(wide).reach() == 300.0


def test_a_linear_grid_is_fitted_too():
    grid = np.concatenate(
        [4800 + 0.075 * np.arange(250), 5680 + 0.085 * np.arange(290)]
    )
    model = LineModel(grid)
    velocity = np.linspace(-60, 60, 8)
    labels = random_labels(model, 8)
    result = fit_labels(model, observed(model, labels, velocity))
    assert np.abs(result.rv - velocity).max() < 3.0
    assert (np.abs(result.labels - labels) < 6 * result.sigma).all()


def test_junk_in_bad_pixels_changes_nothing(model, stars, result):
    flux, ivar = stars.flux[:4].copy(), stars.ivar[:4].copy()
    ivar[:, 100:150] = 0.0
    clean = fit_labels(model, stars[:4].replace(ivar=ivar), rv_range=0)
    flux[:, 100:150] = np.nan
    junk = fit_labels(model, stars[:4].replace(flux=flux, ivar=ivar), rv_range=0)
    np.testing.assert_array_equal(junk.labels, clean.labels)
    assert (junk.n_good == sum(LENGTHS) - 50).all()
    assert (junk.labels != result.labels[:4]).any()


def test_the_callers_arrays_stay_as_they_are(model, stars):
    flux, ivar = stars.flux.copy(), stars.ivar.copy()
    fit_labels(model, stars[:3])
    np.testing.assert_array_equal(stars.flux, flux)
    np.testing.assert_array_equal(stars.ivar, ivar)


def test_a_star_without_good_pixels_is_flagged_and_alone(model, stars, result):
    ivar = stars.ivar[:3].copy()
    ivar[1] = 0.0
    fitted = fit_labels(model, stars[:3].replace(ivar=ivar), rv_range=0)
    assert fitted.flags[1] == FitFlag.ALL_BAD
    assert np.isnan(fitted.labels[1]).all()
    assert np.isnan(fitted.chi2[1])
    np.testing.assert_allclose(
        fitted.labels[[0, 2]], result.labels[[0, 2]], rtol=1e-3, atol=1e-3
    )


def test_a_star_beyond_the_range_is_flagged_at_the_edge(model):
    labels = np.array([[5000.0, -0.2, -0.2], [8500.0, -0.2, -0.2]])
    result = fit_labels(model, observed(model, labels), rv_range=0)
    edge = (result.flags & FitFlag.EDGE).astype(bool)
    assert edge.tolist() == [False, True]
    low, high = model.label_ranges[0].tolist()
    assert result.labels[1, 0] <= high + 0.16 * (high - low)


def test_a_tilted_continuum_is_fitted_beside_the_labels(model, stars, result):
    x = np.concatenate([np.linspace(-1, 1, n) for n in LENGTHS])
    tilted = stars.replace(flux=stars.flux * (1.02 + 0.02 * x))
    plain = fit_labels(model, tilted[:10], rv_range=0)
    fitted = fit_labels(model, tilted[:10], rv_range=0, continuum_degree=1)
    off = np.abs(fitted.labels - result.labels[:10]) / result.sigma[:10]
    assert (
        np.median(off)
        < 0.5
        < np.median(np.abs(plain.labels - result.labels[:10]) / result.sigma[:10])
    )
    assert np.median(fitted.reduced_chi2) < 1.1 < np.median(plain.reduced_chi2)


def test_nuisance_parameters_are_fitted_under_their_prior():
    truth, model = LineModel(), LineModel(nuisance=True)
    labels = random_labels(truth, 20)
    depth = 0.2 * np.sign(np.random.default_rng(3).normal(size=(20, 1)))
    clean = model(torch.tensor(labels), nuisance=torch.tensor(depth)).numpy()
    noise = np.random.default_rng(4).standard_normal(clean.shape) / 200
    stars = Spectra(
        model.wavelength.numpy(), clean + noise, np.full(clean.shape, 4e4), medium="air"
    )
    fitted = fit_labels(model, stars, rv_range=0)
    ignored = fit_labels(truth, stars, rv_range=0)
    error = lambda r: np.median(np.abs(r.labels - labels), 0)  # noqa: E731
    assert fitted.labels.shape == (20, 3)
    assert (error(fitted)[:2] < error(ignored)[:2]).all()
    assert np.mean(fitted.reduced_chi2) < 1.05 < np.mean(ignored.reduced_chi2)
    assert (fitted.sigma > ignored.sigma).mean() > 0.8


def test_the_models_own_error_widens_the_errors(model, stars, result):
    class Doubtful(LineModel):
        flux_covariance = ErrorModel(
            0.02 * torch.sin(torch.arange(560) / 30.0)[None], torch.full((560,), 1e-6)
        )

    doubtful = fit_labels(Doubtful(), stars[:10], rv_range=0)
    assert (doubtful.sigma > result.sigma[:10]).all()
    assert (doubtful.model_sigma > 0).all()
    assert (result.model_sigma == 0).all()


def test_the_fit_is_on_the_spectras_own_pixels(model, stars, result):
    part = stars.pixels(np.arange(20, 540))
    fitted = fit_labels(model, part, rv_range=0)
    assert fitted.model_flux.shape == (N, 520)
    assert (fitted.n_good == 520).all()
    more = np.concatenate([[4000.0], stars.wavelength, [7000.0]])
    ones = np.ones((N, 1))
    flux = np.concatenate([ones, stars.flux, ones], 1)
    ivar = np.concatenate([ones, stars.ivar, ones], 1)
    wider = fit_labels(model, Spectra(more, flux, ivar, medium="air"), rv_range=0)
    assert np.isnan(wider.model_flux[:, [0, -1]]).all()
    np.testing.assert_array_equal(wider.labels, result.labels)


def test_spectra_that_do_not_fit_are_refused_with_a_sentence(model, stars):
    with pytest.raises(ValueError, match=r"on vacuum wavelengths.*expects air"):
        fit_labels(model, stars.replace(medium="vacuum"))
    with pytest.raises(ValueError, match=r"not continuum-normalised.*normalise"):
        fit_labels(model, stars.replace(normalised=False))
    with pytest.raises(ValueError, match=r"median flux is 100\b.*expected about 1"):
        fit_labels(model, stars.replace(flux=np.full(stars.flux.shape, 100.0)))
    with pytest.raises(ValueError, match=r"cover 3.*says nothing.*covers 4800.0"):
        fit_labels(model, stars.replace(wavelength=stars.wavelength - 1800.0))
    infrared = stars.replace(wavelength=stars.wavelength * 3, medium="vacuum")
    with pytest.raises(ValueError, match=r"cover 1.*says nothing.*covers 4800.0"):
        fit_labels(model, infrared)
    with pytest.raises(ValueError, match=r"between pixels of the model.*resample"):
        fit_labels(model, stars.replace(wavelength=stars.wavelength + 0.02))


def test_a_model_without_ranges_says_what_it_lacks():
    class Bare:
        label_names = ("teff",)

    with pytest.raises(ValueError, match=r"neither training_labels nor label_ranges"):
        scaling_of(Bare())


def test_a_models_own_inference_goes_first(model, stars):
    class Own(LineModel):
        def infer(self, spectra, **options):
            return len(spectra), options

    assert fit_labels(Own(), stars, batch=7) == (N, {"batch": 7})


def test_fits_do_not_depend_on_their_neighbours_or_the_batch(model, stars, result):
    few = fit_labels(model, stars[:9], rv_range=0, batch=4)
    np.testing.assert_allclose(few.labels, result.labels[:9], rtol=1e-4, atol=1e-3)


def test_a_label_outside_the_models_range_is_flagged_before_the_bound(model):
    labels = np.array([[6500.0 + 0.05 * 2300.0, -0.2, -0.2]])
    result = fit_labels(model, observed(model, labels, snr=500.0), rv_range=0)
    assert result.labels[0, 0] == pytest.approx(labels[0, 0], abs=30.0)
    assert result.flags[0] & FitFlag.EDGE


def test_a_velocity_beyond_the_search_is_flagged_in_words(model):
    labels = random_labels(model, 2)
    result = fit_labels(model, observed(model, labels, [0.0, 150.0]))
    flagged = (result.flags & FitFlag.VELOCITY_EDGE).astype(bool)
    assert flagged.tolist() == [False, True]
    assert any("radial velocity" in s for s in FitFlag.VELOCITY_EDGE.sentences)


def test_no_stars_are_refused_with_a_sentence(model, stars):
    with pytest.raises(ValueError, match=r"no star among these.*expected one or more"):
        fit_labels(model, stars[:0])


def test_pixels_where_the_model_is_silent_have_no_weight(model, stars, result):
    class PartlySilent(LineModel):
        def __call__(self, labels, nuisance=None):
            flux = super().__call__(labels, nuisance)
            silent = torch.arange(flux.shape[1]) == 100
            return torch.where(silent, torch.nan, flux)

    fitted = fit_labels(PartlySilent(), stars[:4], rv_range=0)
    assert (np.abs(fitted.labels - result.labels[:4]) < result.sigma[:4]).all()
    assert np.isnan(fitted.model_flux[:, 100]).all()
    assert (fitted.n_good >= sum(LENGTHS) - 5).all()
    assert (fitted.n_good < sum(LENGTHS)).all()


def test_all_that_was_fitted_counts_as_a_parameter(model, stars, result):
    assert result.n_parameters == 3
    assert fit_labels(model, stars[:1]).n_parameters == 4
    tilted = fit_labels(model, stars[:1], continuum_degree=1)
    assert tilted.n_parameters == 4 + 2 * len(LENGTHS)
    assert tilted[0].n_parameters == tilted.n_parameters
    nuisance = fit_labels(LineModel(nuisance=True), stars[:1], rv_range=0)
    assert nuisance.n_parameters == 4


def test_clipping_keeps_wrong_lines_from_pulling_the_labels(model, stars, result):
    flux = np.array(stars.flux[:10])
    flux[:, [60, 61, 400, 401]] -= 0.3
    spoilt = stars[:10].replace(flux=flux)
    clipped = fit_labels(model, spoilt, rv_range=0, clip=4.0)
    plain = fit_labels(model, spoilt, rv_range=0)
    off = lambda r: np.abs(r.labels - result.labels[:10]) / result.sigma[:10]  # noqa: E731
    assert np.median(off(clipped)) < 0.3 < np.median(off(plain))


def test_an_edited_model_is_never_fitted_with_its_old_weights():
    labels = [[4000.0, -1.0], [6000.0, 0.5]]
    model = untrained(("teff", "fe_h"), labels, 5000.0 + 0.1 * np.arange(30))
    before = fitter_of(model)
    assert fitter_of(model) is before
    model.network.weight3.mul_(2.0)
    after = fitter_of(model)
    assert after is not before
    assert not torch.equal(after.library.flux, before.library.flux)


def test_one_star_that_is_not_normalised_is_named(model, stars):
    flux = np.array(stars.flux[:3])
    flux[1] *= 50.0
    with pytest.raises(ValueError, match=r"in 1 of 3 stars: 1\b.*normalise"):
        fit_labels(model, stars[:3].replace(flux=flux))
