"""A sensitivity on a star's own pixels: shifted by its velocity, silent elsewhere."""

import numpy as np
import pytest

from stellar_gui.analysis.seen import as_seen
from stellar_gui.analysis.sensitivity import sensitivity
from stellar_gui.preprocess.doppler import doppler_factor
from stellar_gui.spectra import Spectra
from tests.small_transfer import GRID, small_transfer, some_labels

MODEL = small_transfer()
AT_REST = sensitivity(MODEL, some_labels(1)[0])


def star_on(wavelength, medium="air"):
    flux = np.ones((1, len(wavelength)))
    return Spectra(wavelength, flux, 100 * flux, medium=medium)


def test_at_rest_on_the_models_grid_nothing_changes():
    seen = as_seen(AT_REST, star_on(GRID))
    np.testing.assert_array_equal(seen.jacobian, AT_REST.jacobian)
    np.testing.assert_array_equal(seen.nuisance, AT_REST.nuisance)
    np.testing.assert_array_equal(seen.flux, AT_REST.flux)


def test_a_part_of_the_grid_gets_its_own_pixels():
    part = slice(10, 50)
    seen = as_seen(AT_REST, star_on(GRID[part]))
    np.testing.assert_array_equal(seen.jacobian, AT_REST.jacobian[part])


def test_a_receding_star_sees_features_redder():
    rest, smooth = GRID[:60], 0.8 * np.median(np.diff(GRID[:60])) * 4
    center = rest[30]
    line = np.exp(-0.5 * ((AT_REST.wavelength - center) / smooth) ** 2)
    jacobian = np.repeat(line[:, None], len(AT_REST.label_names), axis=1)
    moved = AT_REST.__class__(**{**vars(AT_REST), "jacobian": jacobian})
    rv = 12.0
    seen = as_seen(moved, star_on(GRID), rv).jacobian[:60, 0]
    expected = np.exp(-0.5 * ((rest / doppler_factor(rv) - center) / smooth) ** 2)
    known = np.isfinite(seen)
    assert known.sum() > 50
    np.testing.assert_allclose(seen[known], expected[known], atol=2e-3)


@pytest.mark.parametrize("rv", [np.nan, 0.0])
def test_an_unknown_velocity_is_none(rv):
    seen = as_seen(AT_REST, star_on(GRID), rv)
    np.testing.assert_array_equal(seen.flux, AT_REST.flux)


def test_pixels_of_another_grid_or_medium_are_not_known():
    away = as_seen(AT_REST, star_on(GRID + 1000.0))
    assert np.isnan(away.jacobian).all()
    assert (away.variance == 0).all()
    vacuum = as_seen(AT_REST, star_on(GRID, "vacuum"))
    assert np.isnan(vacuum.flux).all()
