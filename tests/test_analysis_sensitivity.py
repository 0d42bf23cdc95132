"""Sensitivities: exact derivatives of a star, and what two models differ by."""

import dataclasses

import numpy as np
import pytest
import torch

from stellar_gui import Spectra, load_model
from stellar_gui.analysis.sensitivity import (
    difference,
    in_common,
    label_scatter,
    own_nuisance,
    sensitivity,
)
from stellar_gui.preprocess.medium import convert_wavelength
from tests.line_model import LineModel

LABELS = np.array([4900.0, -0.2, 0.1])
STEPS = (1.0, 1e-3, 1e-3)


def finite_difference(model, column):
    change = np.eye(3)[column] * STEPS[column]
    above, below = (
        model(torch.tensor((LABELS + sign * change)[None]))[0].numpy()
        for sign in (1, -1)
    )
    return (above - below) / (2 * STEPS[column])


@pytest.mark.parametrize("column", range(3))
def test_derivatives_equal_finite_differences(column):
    found = sensitivity(LineModel(), LABELS).jacobian[:, column]
    expected = finite_difference(LineModel(), column)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-9)


def test_nuisance_is_the_stars_own_and_has_its_column():
    model = LineModel(nuisance=True)
    found = sensitivity(model, LABELS, nuisance=[0.2])
    plain = LineModel()(torch.tensor(LABELS[None]))[0].numpy()
    np.testing.assert_allclose(found.flux, 1 - 1.2 * (1 - plain), atol=1e-6)
    np.testing.assert_allclose(found.nuisance[:, 0], plain - 1, atol=1e-6)
    assert found.nuisance_names == ("depth",)
    assert found.nuisance_sigma == pytest.approx([0.1])


def test_without_nuisance_the_mean_of_its_prior_counts():
    model = LineModel(nuisance=True)
    at_mean, given = (sensitivity(model, LABELS, z) for z in (None, [0.0]))
    np.testing.assert_array_equal(at_mean.jacobian, given.jacobian)


def test_steps_are_those_that_plots_are_drawn_for():
    found = sensitivity(LineModel(), LABELS)
    np.testing.assert_allclose(found.per_step, found.jacobian * [100.0, 0.1, 0.1])
    assert found.elements == {"Fe": 1, "Mg": 2}


def test_iron_moves_all_metals_at_fixed_ratios():
    """d f / d [Fe/H] at fixed [Mg/Fe] is the sum of both at fixed [X/H]."""
    plain = sensitivity(LineModel(), LABELS)
    found = plain.relative_to_iron()
    assert found.label_names == ("teff", "fe_h", "mg_fe")
    np.testing.assert_allclose(found.jacobian[:, 1], plain.jacobian[:, 1:].sum(axis=1))
    np.testing.assert_allclose(found.jacobian[:, 2], plain.jacobian[:, 2])


def test_spread_of_a_ratio_is_that_of_the_training_sample():
    rng = np.random.default_rng(0)
    iron = rng.normal(0, 0.5, 4000)
    model = LineModel()
    model.training_labels = torch.tensor(
        np.stack([rng.normal(5000, 300, 4000), iron, iron + rng.normal(0, 0.1, 4000)]).T
    )
    found = sensitivity(model, LABELS)
    assert found.spread == pytest.approx([300, 0.5, 0.51], rel=0.05)
    assert found.relative_to_iron().spread[2] == pytest.approx(0.1, rel=0.05)


def test_one_label_has_a_spread_too():
    model = LineModel()
    model.training_labels = torch.tensor([[1.0], [3.0]])
    assert label_scatter(model) == pytest.approx(np.array([[2.0]]))


def test_spread_without_training_labels_is_that_of_the_ranges():
    spread = np.sqrt(np.diagonal(label_scatter(LineModel())))
    assert spread == pytest.approx(np.array([2300.0, 2.0, 3.2]) / np.sqrt(12))


def test_abundances_left_out_follow_iron():
    plain = sensitivity(LineModel(), LABELS)
    found = plain.of_labels(("fe_h", "teff"))
    np.testing.assert_allclose(found.jacobian[:, 0], plain.jacobian[:, 1:].sum(axis=1))
    np.testing.assert_allclose(found.jacobian[:, 1], plain.jacobian[:, 0])


def test_difference_takes_common_labels_and_pixels_and_says_what_it_left_out():
    whole = sensitivity(LineModel(), LABELS)
    few = whole.of_labels(("teff", "fe_h")).on_pixels(np.arange(100, 400))
    found = difference(few, whole)
    assert found.sensitivity.label_names == ("teff", "fe_h")
    np.testing.assert_allclose(found.sensitivity.jacobian, 0, atol=1e-12)
    assert len(found.sensitivity.wavelength) == 300
    assert any("1 abundances" in text for text in found.left_out)
    assert any("260 pixels" in text for text in found.left_out)
    assert difference(whole, whole).left_out == ()


def test_difference_finds_pixels_in_another_medium():
    air = sensitivity(LineModel(), LABELS)
    grid = convert_wavelength(air.wavelength, "air", "vacuum")
    vacuum = dataclasses.replace(air, wavelength=grid, medium="vacuum")
    first, second = in_common(air, vacuum)
    assert len(first.wavelength) == len(second.wavelength) == len(air.wavelength)


def test_models_of_other_ranges_cannot_be_compared():
    one = sensitivity(LineModel(), LABELS)
    other = dataclasses.replace(one, wavelength=one.wavelength + 5000)
    with pytest.raises(ValueError, match="share 3 labels and 0 pixels"):
        difference(one, other)


def test_own_nuisance_is_none_without_an_encoder_and_needs_the_models_pixels():
    star = Spectra([5000.0, 5001.0], [[1.0, 1.0]], [[1.0, 1.0]], medium="air")
    assert own_nuisance(LineModel(), star) is None
    model = LineModel(nuisance=True)
    model.split_of = lambda flux, ivar: flux[:, :1]
    with pytest.raises(ValueError, match="have 2 pixels"):
        own_nuisance(model, star)


def test_variance_of_the_models_own_error_is_known(sample_payne):
    model = load_model(sample_payne)
    middle = model.training_labels.median(0).values
    found = sensitivity(model, middle)
    expected = model.flux_covariance.variance.numpy()
    np.testing.assert_allclose(found.variance, expected)
    assert found.jacobian.shape == (2117, 25)
