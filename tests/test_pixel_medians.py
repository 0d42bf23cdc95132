"""Medians by sorting bits are the medians that numpy finds."""

import warnings

import numpy as np
import pytest

from stellar_gui.analysis.pixel_medians import pixel_medians


@pytest.mark.parametrize("n_stars", [1, 2, 7, 300])
def test_medians_are_those_of_numpy(n_stars):
    rng = np.random.default_rng(n_stars)
    values = rng.normal(0, 3, (n_stars, 700)).astype(np.float16)
    values[rng.random(values.shape) < 0.2] = np.nan
    values[:, 5] = np.nan
    values[:, 6] = 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        expected = np.nanmedian(values.astype(np.float32), axis=0)
    np.testing.assert_array_equal(pixel_medians(values), expected)


def test_infinite_values_do_not_count():
    values = np.array([[np.inf], [-np.inf], [1.0], [-np.inf], [2.0]])
    assert pixel_medians(values).tolist() == [1.5]
