"""The residual stack: sorted rightly, averaged by hand, and every star found again."""

import numpy as np
import pytest

from stellar_gui.analysis.columns import columns_of
from stellar_gui.analysis.stack import gather, stack_of

N_STARS, N_PIXELS = 60, 90
X = np.arange(N_PIXELS) + 0.5


@pytest.fixture(scope="module")
def zscore():
    rng = np.random.default_rng(4)
    values = rng.standard_normal((N_STARS, N_PIXELS))
    values[:, 30] -= 6.0  # a line that the model lacks, in all stars
    values[:, 60] -= np.linspace(0, 6, N_STARS)  # one that goes with the label
    values[rng.random(values.shape) < 0.02] = np.nan
    values[11] = np.nan  # a star without a fit
    return values.astype(np.float16)


@pytest.fixture(scope="module")
def label():
    values = np.arange(float(N_STARS))
    values[20] = np.nan
    return values


def test_means_are_those_of_the_pixels_and_stars(zscore, label):
    columns = columns_of(X, 0.0, 90.0, 30)
    gathered = gather(zscore, columns)
    by_hand = np.nanmean(zscore[2].astype(float).reshape(30, 3), axis=1)
    np.testing.assert_allclose(gathered[2], by_hand, rtol=1e-5)
    stack = stack_of(gathered, columns, label, n_rows=10)
    stars = stack.stars_at(3)
    np.testing.assert_allclose(
        stack.image[3], np.nanmean(gathered[stars].astype(float), axis=0), rtol=1e-5
    )
    median = stack_of(gathered, columns, label, n_rows=10, how="median")
    np.testing.assert_allclose(median.image[3], np.nanmedian(gathered[stars], axis=0))


def test_streaks_stand_where_the_model_lacks_lines(zscore, label):
    columns = columns_of(X, 0.0, 90.0, 90)
    stack = stack_of(gather(zscore, columns), columns, label, n_rows=8)
    assert (stack.image[:, 30] < -3).all()
    streak = stack.image[:-1, 60]  # the last row holds the star without label
    assert streak[0] > -2
    assert streak[-1] < -4
    assert np.argmin(np.nanmean(stack.image, axis=0)) == 30


def test_every_star_is_found_again_and_none_is_dropped_unsaid(zscore, label):
    columns = columns_of(X, 0.0, 90.0, 90)
    stack = stack_of(gather(zscore, columns), columns, -label, n_rows=7)
    assert sorted(stack.order) == [s for s in range(N_STARS) if s != 11]
    assert stack.order[-1] == 20
    assert stack.row_of(11) is None
    assert stack.stars_per_row == (8, 9)
    for row in range(7):
        assert all(stack.row_of(star) == row for star in stack.stars_at(row))
    assert len(stack.stars_at(7)) == len(stack.stars_at(-1)) == 0
    assert stack.low[0] == -59.0
    assert np.isnan(stack.high[-1])


def test_with_room_every_star_has_its_row(zscore, label):
    columns = columns_of(X, 0.0, 90.0, 90)
    gathered = gather(zscore, columns)
    stack = stack_of(gathered, columns, label, n_rows=500)
    assert stack.stars_per_row == (1, 1)
    np.testing.assert_array_equal(stack.image, gathered[stack.order])


def test_no_star_gives_an_empty_picture(zscore, label):
    columns = columns_of(X, 0.0, 90.0, 90)
    none = np.zeros(N_STARS, dtype=bool)
    gathered = gather(zscore, columns)
    stack = stack_of(gathered, columns, label, n_rows=5, shown=none)
    assert stack.image.shape == (0, 90)
    assert stack.stars_per_row == (0, 0)


def test_another_average_is_refused(zscore, label):
    columns = columns_of(X, 0.0, 90.0, 9)
    with pytest.raises(ValueError, match="mean or median"):
        stack_of(gather(zscore, columns), columns, label, n_rows=5, how="mode")
