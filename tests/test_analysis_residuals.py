"""z-scores against hand-worked values and against drawn noise."""

import numpy as np
import pytest

from stellar_gui.analysis.residuals import residual_zscore, summarise_zscores


def test_zscore_adds_the_models_own_error():
    z = residual_zscore([[1.5]], [[1 / 0.09]], [[1.0]], np.array([0.4]))
    np.testing.assert_allclose(z, [[1.0]])


def test_bad_pixels_and_silent_models_have_no_zscore():
    z = residual_zscore([[1.0, 1.0, 1.0]], [[0.0, 4.0, 4.0]], [[1.0, np.nan, 1.0]])
    assert np.isnan(z[0, :2]).all()
    assert z[0, 2] == 0.0


def test_junk_in_a_bad_pixel_does_not_matter():
    z = residual_zscore([[np.nan, 1.0]], [[0.0, 1.0]], [[1.0, 1.0]])
    assert summarise_zscores(z[0]).n_good == 1


def test_negative_ivar_is_refused():
    with pytest.raises(ValueError, match=r"ivar is negative in 1 pixels, expected 0"):
        residual_zscore([[1.0]], [[-1.0]], [[1.0]])


def test_noise_of_the_stated_size_has_unit_zscores():
    rng = np.random.default_rng(1)
    sigma = rng.uniform(0.01, 0.1, 20_000)
    z = residual_zscore(1 + sigma * rng.normal(size=20_000), sigma**-2, 1.0)
    summary = summarise_zscores(z)
    assert abs(summary.mean) < 0.03
    assert abs(summary.std - 1) < 0.03
    assert abs(summary.robust_std - 1) < 0.03


def test_outliers_leave_the_robust_width():
    z = np.random.default_rng(2).normal(size=5000)
    z[:50] = 40.0
    summary = summarise_zscores(z)
    assert summary.std > 3
    assert abs(summary.robust_std - 1) < 0.06


def test_reduced_chi2_counts_the_parameters():
    summary = summarise_zscores([1.0, 2.0, np.nan, 2.0], n_parameters=2)
    assert summary.reduced_chi2 == 9.0
    assert np.isnan(summarise_zscores([1.0, 2.0], n_parameters=2).reduced_chi2)


def test_nothing_to_sum_up():
    assert np.isnan(summarise_zscores([np.nan]).std)
