"""Mixing of two sets: 0 apart, one half together, with its control."""

import numpy as np
import pytest

from stellar_gui.analysis.mixing import domain_mixing, principal_components


def _points(n, shift=0.0, seed=0, width=4):
    return np.random.default_rng(seed).normal(shift, 1.0, (n, width))


def test_one_cloud_is_mixed_and_two_are_not():
    together = domain_mixing(_points(200), _points(200, seed=1))
    apart = domain_mixing(_points(200), _points(200, 50.0, seed=1))
    assert together.value == pytest.approx(0.5, abs=4 * together.error)
    assert together.value == pytest.approx(together.shuffled, abs=0.03)
    assert apart.value == 0.0
    assert apart.shuffled == pytest.approx(0.5, abs=0.03)


def test_half_of_a_set_that_lies_apart_halves_the_mixing():
    """Stars of the lonely half see their own kind only; the others see 2 to 1."""
    half = np.concatenate([_points(100), _points(100, 50.0, seed=2)])
    mixed = domain_mixing(half, _points(200, seed=1))
    assert mixed.value == pytest.approx((100 * 2 / 3 + 200 / 3) / 400, abs=0.03)


def test_the_larger_set_is_thinned_to_the_size_of_the_smaller():
    mixed = domain_mixing(_points(1000), _points(300, seed=1))
    assert mixed.value == pytest.approx(0.5, abs=0.04)


def test_components_keep_what_differs_most():
    """Two sets that differ in one direction of many noisy ones."""
    synth, obs = _points(100, width=300), _points(100, seed=1, width=300)
    obs[:, 0] += 60.0
    assert domain_mixing(synth, obs, n_components=15).value == 0.0
    line = np.outer(np.arange(4.0), [3.0, 4.0])
    np.testing.assert_allclose(
        np.abs(principal_components(line, 1)[:, 0]), [7.5, 2.5, 2.5, 7.5]
    )


def test_no_point_is_its_own_neighbour():
    """Pairs that lie together, far from all others: the one neighbour is the twin."""
    place = 100.0 * np.arange(700)[:, None]
    assert domain_mixing(place, place + 1.0, n_neighbours=1).value == 1.0


def test_the_error_is_that_of_other_draws():
    draws = [
        domain_mixing(_points(100, seed=s), _points(100, 0.8, seed=s + 99))
        for s in range(20)
    ]
    scatter = np.std([draw.value for draw in draws])
    assert 0.3 * scatter < np.mean([draw.error for draw in draws]) < 1.5 * scatter


def test_the_same_seed_gives_the_same_numbers():
    sets = _points(60), _points(50, seed=1)
    assert domain_mixing(*sets, seed=3) == domain_mixing(*sets, seed=3)


def test_sets_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match=r"4 and 3 numbers, expected the same"):
        domain_mixing(_points(50), _points(50, width=3))
    with pytest.raises(ValueError, match=r"50 and 20 points, expected more than 20"):
        domain_mixing(_points(50), _points(20))
    with pytest.raises(ValueError, match=r"not finite.*Fill bad pixels"):
        domain_mixing(_points(50), np.full((50, 4), np.nan))
