"""The limits of labels: against repeated fits, and against cases known by hand."""

import dataclasses

import numpy as np
import pytest
import torch

from stellar_gui import fit_labels
from stellar_gui.analysis.fisher import information
from stellar_gui.analysis.sensitivity import Sensitivity, sensitivity
from tests.line_model import LineModel, observed

LABELS = np.array([4900.0, -0.2, 0.1])


def linear(jacobian, **changes) -> Sensitivity:
    """A sensitivity of a model that is linear: (n_pixels, n_labels)."""
    jacobian = np.asarray(jacobian, float)
    n, m = jacobian.shape
    parts = {
        "wavelength": 5000.0 + np.arange(n),
        "medium": "air",
        "flux": np.ones(n),
        "label_names": ("teff", "fe_h", "mg_h")[:m],
        "jacobian": jacobian,
        "scatter": np.eye(m),
        "nuisance_names": (),
        "nuisance": np.zeros((n, 0)),
        "nuisance_sigma": np.zeros(0),
        "variance": np.zeros(n),
    }
    return Sensitivity(**(parts | changes))


@pytest.mark.parametrize("rv_range", [0.0, 20.0])
def test_limits_are_the_scatter_of_repeated_fits(rv_range):
    """No prior, many photons: the fit of every noise reaches the limit."""
    model, n = LineModel(), 300
    stars = observed(model, np.tile(LABELS, (n, 1)), snr=100.0)
    fits = fit_labels(model, stars, rv_range=rv_range, prior=False, starts=1)
    scatter = fits.labels.std(axis=0)
    found = sensitivity(model, LABELS)
    known = information(found, stars.ivar[0], velocity=rv_range > 0)
    assert scatter == pytest.approx(known.limits().sigma, rel=0.15)


def test_limits_of_independent_labels_are_those_of_each():
    found = information(linear([[2.0, 0.0], [0.0, 0.5]]), np.array([1.0, 4.0]))
    limits = found.limits()
    assert limits.sigma == pytest.approx([0.5, 1.0])
    assert limits.alone == pytest.approx(limits.sigma)
    np.testing.assert_allclose(limits.correlation, np.eye(2), atol=1e-12)
    assert limits.degenerate == ()


def test_covariance_is_the_inverse_of_the_information():
    jacobian = np.random.default_rng(0).normal(size=(50, 3))
    ivar = np.random.default_rng(1).uniform(1, 9, 50)
    limits = information(linear(jacobian), ivar).limits()
    covariance = np.linalg.inv(jacobian.T @ (ivar[:, None] * jacobian))
    assert limits.sigma == pytest.approx(np.sqrt(np.diagonal(covariance)))
    expected = covariance / np.outer(limits.sigma, limits.sigma)
    np.testing.assert_allclose(limits.correlation, expected)
    assert (limits.alone <= limits.sigma + 1e-12).all()


def test_twice_the_signal_halves_the_limits():
    found = information(sensitivity(LineModel(), LABELS), np.full(560, 1e4))
    assert found.limits(2.0).sigma == pytest.approx(found.limits().sigma / 2)


def test_bad_pixels_and_pixels_outside_a_window_tell_nothing():
    found = sensitivity(LineModel(), LABELS)
    ivar, window = np.full(560, 1e4), np.arange(560) < 260
    inside = information(found, ivar, window)
    bad = information(found, np.where(window, ivar, 0.0))
    np.testing.assert_array_equal(inside.matrix, bad.matrix)
    whole = information(found, ivar)
    rest = information(found, ivar, ~window)
    np.testing.assert_allclose(inside.matrix + rest.matrix, whole.matrix)
    assert (inside.limits().sigma > whole.limits().sigma).all()


def test_pixels_where_the_model_is_silent_tell_nothing():
    jacobian = np.array([[2.0], [np.nan]])
    assert information(linear(jacobian), np.ones(2)).limits().sigma == [0.5]


def test_a_label_without_lines_has_no_limit():
    limits = information(linear([[1.0, 0.0], [2.0, 0.0]]), np.ones(2)).limits()
    assert limits.sigma[0] == pytest.approx(1 / np.sqrt(5))
    assert np.isinf(limits.sigma[1])
    assert np.isinf(limits.alone[1])
    assert np.isnan(limits.correlation[1]).all()
    assert limits.degenerate == ("these pixels show nothing of [Fe/H]",)


def test_labels_that_do_the_same_have_no_limit_and_others_keep_theirs():
    jacobian = [[1.0, 2.0, 0.0], [2.0, 4.0, 0.0], [0.0, 0.0, 1.0]]
    limits = information(linear(jacobian), np.ones(3)).limits()
    assert np.isinf(limits.sigma[:2]).all()
    assert np.isfinite(limits.alone).all()
    assert limits.sigma[2] == pytest.approx(1.0)
    assert limits.degenerate == ("these pixels cannot tell apart Teff, [Fe/H]",)


def test_without_a_good_pixel_nothing_has_a_limit():
    limits = information(sensitivity(LineModel(), LABELS), np.zeros(560)).limits()
    assert np.isinf(limits.sigma).all()
    assert np.isinf(limits.alone).all()


def test_labels_that_go_together_are_named():
    rng = np.random.default_rng(2)
    one, other = rng.normal(size=(2, 100))
    jacobian = np.stack([one, one + 0.2 * other], axis=1)
    limits = information(linear(jacobian), np.ones(100)).limits()
    assert limits.correlation[0, 1] < -0.95
    assert limits.degenerate[0].startswith("Teff and [Fe/H] go together (-0.9")


def test_what_is_unknown_beside_the_labels_widens_the_limits():
    model = LineModel(nuisance=True)
    found, ivar = sensitivity(model, LABELS), np.full(560, 1e4)
    known = information(found, ivar, own=False).limits().sigma
    own = information(found, ivar).limits().sigma
    continuum = information(found, ivar, continuum_degree=2).limits().sigma
    assert (own > 1.001 * known).any()
    assert (own >= known * (1 - 1e-9)).all()
    assert (continuum > own).all()


def test_the_prior_of_a_nuisance_does_not_grow_with_the_signal():
    """With infinite photons, labels are as if the nuisance were free."""
    found = sensitivity(LineModel(nuisance=True), LABELS)
    free = dataclasses.replace(found, nuisance_sigma=np.array([1e6]))
    ivar = np.full(560, 1e4)
    for factor, same in ((1000.0, True), (0.01, False)):
        own = information(found, ivar).limits(factor).sigma
        without = information(free, ivar).limits(factor).sigma
        assert np.allclose(own, without, rtol=1e-3) == same


def test_arrays_of_another_length_are_refused():
    found = linear(np.ones((4, 1)))
    with pytest.raises(ValueError, match=r"ivar has shape \(3,\), expected \(4,\)"):
        information(found, np.ones(3))
    with pytest.raises(ValueError, match=r"pixels has shape \(2,\), expected \(4,\)"):
        information(found, np.ones(4), np.ones(2, dtype=bool))


def test_errors_of_fits_to_the_sample_are_no_smaller_than_the_limits(sample_payne):
    """A fit has a prior, which helps labels that are hardly seen; Teff has none."""
    from stellar_gui import load_model, paths, read_spectra

    model = load_model(sample_payne)
    star = read_spectra(paths.sample_data() / "survey" / "observed.h5")[5]
    fit = fit_labels(model, star)
    found = sensitivity(model, torch.tensor(fit.labels[0]))
    limits = information(found, star.ivar[0], velocity=True).limits()
    free = [model.label_names.index(name) for name in ("teff", "logg", "fe_h")]
    assert (fit.sigma[0, free] > limits.sigma[free]).all()
    assert (fit.sigma[0, free] < 4 * limits.sigma[free]).all()
