"""Columns: no pixel of the range is lost, none lies in a gap, wide pictures repeat."""

import numpy as np
import pytest

from stellar_gui.analysis.columns import columns_of

X = np.r_[np.arange(0.5, 100), np.arange(110.5, 160)]  # a gap from 100 to 110


def test_every_pixel_of_a_narrow_picture_stands_in_one_column():
    columns = columns_of(X, 0.0, 160.0, 32)
    covered = np.concatenate([np.arange(a, b) for a, b in columns.groups])
    assert covered.tolist() == list(range(150))
    assert columns.n_pixels == 150
    assert len(columns) == 32


def test_the_gap_stays_empty():
    columns = columns_of(X, 0.0, 160.0, 160)
    assert np.flatnonzero(columns.column_group < 0).tolist() == list(range(100, 110))
    assert np.isnan(columns.spread(np.ones(len(columns.groups)))[100:110]).all()
    assert (columns.pixels[100:110] == -1).all()
    assert len(columns.pixels_at(105.0)) == 0


def test_a_picture_wider_than_its_pixels_repeats_them():
    columns = columns_of(X, 10.0, 14.0, 40)
    assert columns.pixels.tolist() == np.repeat([10, 11, 12, 13], 10).tolist()
    assert (
        columns.spread([1.0, 2.0, 3.0, 4.0]).tolist()
        == np.repeat([1.0, 2.0, 3.0, 4.0], 10).tolist()
    )


def test_beside_a_gap_no_pixel_reaches_into_it():
    columns = columns_of(X, 95.0, 115.0, 200)
    middles = 95.05 + 0.1 * np.flatnonzero(columns.column_group < 0)
    assert middles.min() > 99.9
    assert middles.max() < 110.1
    assert len(middles) >= 95


def test_totals_are_those_of_the_pixels_in_a_column():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(3, 150))
    columns = columns_of(X, 20.0, 160.0, 17)
    by_hand = [values[:, a:b].sum(axis=1) for a, b in columns.groups]
    np.testing.assert_allclose(columns.total(values), np.transpose(by_hand))


def test_pixels_that_are_not_shown_belong_to_no_column():
    x = X.copy()
    x[:50] = np.nan
    columns = columns_of(x, 0.0, 160.0, 16)
    assert columns.groups.min() == 50
    assert (columns.column_group[:5] == -1).all()


def test_a_range_without_pixels_is_empty():
    columns = columns_of(X, 200.0, 210.0, 8)
    assert (columns.column_group == -1).all()
    assert columns.total(np.ones(150)).shape == (0,)
    assert np.isnan(columns.spread(np.empty(0))).all()


def test_clicks_find_the_pixels_that_a_column_shows():
    columns = columns_of(X, 0.0, 160.0, 16)
    assert list(columns.pixels_at(15.0)) == list(range(10, 20))
    assert len(columns.pixels_at(-1.0)) == 0
    assert len(columns.pixels_at(160.0)) == 0


def test_an_empty_range_is_refused():
    with pytest.raises(ValueError, match="increasing range"):
        columns_of(X, 5.0, 5.0, 10)
