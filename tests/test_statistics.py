"""Statistics: robust against what a survey has in it."""

import numpy as np
import pytest

from stellar_gui.statistics import robust_std


def test_it_is_the_standard_deviation_of_a_gaussian():
    values = np.random.default_rng(1).normal(3.0, 0.2, 20_000)
    assert robust_std(values) == pytest.approx(0.2, rel=0.03)


def test_outliers_and_missing_values_hardly_move_it():
    values = np.random.default_rng(1).normal(3.0, 0.2, 1000)
    values[:50], values[50:100] = 1e6, np.nan
    assert robust_std(values) == pytest.approx(0.2, rel=0.15)


def test_a_given_centre_counts_an_offset_as_spread():
    assert robust_std([2.0, 2.0, 2.0], centre=0.0) == pytest.approx(2 * 1.4826)


def test_nothing_finite_is_nan():
    assert np.isnan(robust_std([np.nan, np.inf]))
