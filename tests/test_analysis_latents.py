"""Validation scores of the paper on a model that can be worked out by hand."""

import numpy as np
import pytest

from stellar_gui.analysis.latents import (
    distance,
    latent_differences,
    make_pairs,
    relative_difference,
    scaled_difference,
    spread_ratio,
)
from tests.transferred import Transferred, observe


@pytest.fixture(scope="module")
def nature():
    return observe(100)


@pytest.fixture(scope="module")
def pairs(nature):
    spectra, labels, _ = nature
    return make_pairs(Transferred(), spectra, labels)


def test_a_perfect_transfer_maps_each_domain_onto_the_other(pairs, nature):
    np.testing.assert_allclose(pairs.synth_to_obs, nature[2], atol=2e-3)
    np.testing.assert_allclose(pairs.obs_to_synth, pairs.synth, atol=5e-3)
    assert relative_difference(pairs.z_synth, pairs.z_obs) < 1e-3
    assert spread_ratio(pairs.synth_to_obs, pairs.obs_to_obs) == pytest.approx(1, 0.01)
    assert max(latent_differences(pairs)) < 0.01


def test_unrelated_latents_differ_by_twice_their_variance(pairs):
    shuffled = np.random.default_rng(0).permutation(pairs.z_obs)
    assert relative_difference(pairs.z_synth, shuffled) == pytest.approx(2, abs=0.5)
    assert scaled_difference(pairs.z_synth, shuffled) > 0.15


def test_a_collapsed_transfer_has_no_spread(pairs):
    one = np.repeat(pairs.synth_to_obs[:1], 100, axis=0)
    assert spread_ratio(one, pairs.obs_to_obs) < 1e-6


def test_distances_are_in_units_of_the_error_and_floored():
    flux, other = np.array([[1.0, 1.0, 1.0, 1.0]]), np.array([[1.02, 1.01, 9.0, 9.0]])
    sigma = np.array([[0.01, 0.001, 0.06, np.inf]])
    assert distance(flux, other, sigma**-2) == pytest.approx((2**2 + 2**2) / 2)


def test_latents_of_another_scale_count_the_same():
    z, other = np.random.default_rng(0).normal(size=(2, 50, 3))
    scale = np.array([1.0, 100.0, 1e-3])
    assert scaled_difference(scale * z, scale * other) == pytest.approx(
        scaled_difference(z, other)
    )
    assert scaled_difference(np.ones((5, 1)), np.ones((5, 1))) == 0.0


def test_bad_pixels_are_filled_before_encoding(nature):
    spectra, labels, _ = nature
    flux, ivar = np.array(spectra.flux), np.array(spectra.ivar)
    flux[:, 5], ivar[:, 5] = np.nan, 0.0
    found = make_pairs(Transferred(), spectra.replace(flux=flux, ivar=ivar), labels)
    assert all(np.isfinite(array).all() for array in found)
