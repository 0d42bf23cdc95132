"""Densities against numpy's own histograms, and the statistics against plain ones."""

import numpy as np
import pytest

from stellar_gui.analysis.columns import columns_of
from stellar_gui.analysis.density import ZSCORE_RANGE, density_of
from stellar_gui.statistics import robust_std


@pytest.fixture(scope="module")
def zscore():
    rng = np.random.default_rng(2)
    values = rng.standard_normal((90, 300)) + 0.5 * (np.arange(300) == 150)
    values[3, 40] = 40.0
    values[rng.random(values.shape) < 0.02] = np.nan
    values[:, 200:210] = np.nan
    values[7] = np.nan
    return values.astype(np.float16)


def test_counts_are_those_of_a_plain_histogram(zscore):
    density = density_of(zscore, ZSCORE_RANGE, 28)
    for pixel in (0, 40, 150, 205, 299):
        column = zscore[:, pixel].astype(float)
        plain, _ = np.histogram(column[np.isfinite(column)], density.edges)
        assert density.counts[pixel, 1:-1].tolist() == plain.tolist()
    assert density.counts[40, -1] == 1
    assert density.counts.sum() == np.isfinite(zscore).sum()


def test_statistics_of_pixels_and_of_all_are_the_plain_ones(zscore):
    density = density_of(zscore, ZSCORE_RANGE)
    values = zscore.astype(float)
    known = np.r_[0:200, 210:300]
    mean, std = (
        np.nanmean(values[:, known], axis=0),
        np.nanstd(values[:, known], axis=0),
    )
    np.testing.assert_allclose(density.mean[known], mean, atol=1e-5)
    np.testing.assert_allclose(density.std[known], std, rtol=1e-5)
    assert np.isnan(density.mean[205])
    assert density.n_stars[205] == 0
    overall = density.overall
    assert overall.mean == pytest.approx(np.nanmean(values))
    assert overall.std == pytest.approx(np.nanstd(values))
    assert overall.robust_std == pytest.approx(robust_std(values), rel=1e-3)
    assert overall.n_stars == 89
    assert overall.n_pixels == 290
    assert overall.n_values == np.isfinite(values).sum()


def test_a_column_shows_shares_of_its_own_values(zscore):
    density = density_of(zscore, ZSCORE_RANGE, 56)
    columns = columns_of(np.arange(300.0) + 0.5, 0.0, 300.0, 30)
    image = density.image(columns)
    assert image.shape == (56, 30)
    total = image.sum(axis=0) + density.beyond(columns).sum(axis=0)
    assert np.isnan(total[20])
    assert np.allclose(np.delete(total, 20), 1.0)
    values = zscore[:, 140:160].astype(float)
    line = density.line("mean", columns)[14:16].mean()
    assert line == pytest.approx(np.nanmean(values), abs=2e-3)
    part = zscore[:, 140:150].astype(float)
    assert density.line("std", columns)[14] == pytest.approx(np.nanstd(part), rel=1e-4)


def test_quantiles_of_a_column_are_those_of_its_values(zscore):
    density = density_of(zscore, ZSCORE_RANGE)
    columns = columns_of(np.arange(300.0) + 0.5, 0.0, 300.0, 3)
    for share in (0.16, 0.5, 0.84):
        found = density.quantile(share, columns)
        by_hand = np.nanquantile(zscore[:, :100].astype(float), share)
        assert found[0] == pytest.approx(by_hand, abs=0.01)
    assert density.quantile(0.5, columns)[0] == pytest.approx(0.0, abs=0.03)
    far = density_of(np.full((4, 300), 50.0), ZSCORE_RANGE)
    assert np.isnan(far.quantile(0.5, columns)).all()


def test_without_any_value_nothing_is_claimed():
    density = density_of(np.full((3, 4), np.nan), ZSCORE_RANGE)
    assert np.isnan(density.overall.mean)
    assert density.overall.n_values == 0
    columns = columns_of(np.arange(4.0), 0.0, 4.0, 2)
    assert np.isnan(density.image(columns)).all()


def test_values_at_the_ends_of_the_range_are_inside():
    density = density_of(np.array([[-1.0, 1.0, 1.01]]).T, (-1.0, 1.0), 2)
    assert density.counts[0].tolist() == [0, 1, 1, 1]


def test_limits_must_increase():
    with pytest.raises(ValueError, match="increasing"):
        density_of(np.zeros((1, 1)), (1.0, 1.0))
