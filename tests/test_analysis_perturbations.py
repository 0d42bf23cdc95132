"""What perturbations do to a spectrum, against models that are exact."""

import numpy as np
import pytest
import torch

from stellar_gui.analysis.perturbations import (
    PERTURBATIONS,
    continuum_columns,
    flux_change,
    velocity_column,
)
from tests.line_model import LENGTHS, LineModel

MODEL = LineModel()
LABELS = torch.tensor([[4900.0, -0.2, 0.1]], dtype=torch.float64)
FLUX = MODEL(LABELS)[0].numpy()
GRID = MODEL.wavelength.numpy()
INNER = np.r_[10 : LENGTHS[0] - 10, LENGTHS[0] + 10 : sum(LENGTHS) - 10]


def test_velocity_moves_lines_as_the_exact_model_does():
    change = flux_change("velocity", 1.0, GRID, FLUX)
    exact = MODEL.moved(LABELS, np.array([1.0]))[0] - FLUX
    np.testing.assert_allclose(change[INNER], exact[INNER], atol=2e-3)
    assert np.abs(exact).max() > 0.05


def test_velocity_column_is_the_derivative():
    step = 0.01
    exact = MODEL.moved(LABELS, np.array([step]))[0] - FLUX
    np.testing.assert_allclose(
        velocity_column(GRID, FLUX)[INNER], exact[INNER] / step, atol=2e-3
    )


def test_wider_line_spread_is_that_of_wider_lines():
    """Lines are Gaussians of the resolution's width, so 5 % more is a wider model.

    A Gaussian line keeps its area, so that its depth falls as its width grows.
    """
    amount = 0.02
    wide = LineModel()
    width = MODEL.width * 2.3548
    seen = 1.0 / 25000.0
    ratio = np.sqrt(width**2 + seen**2 * ((1 + amount) ** 2 - 1)) / width
    wide.width = MODEL.width * ratio
    exact = (1 - (1 - wide(LABELS)[0].numpy()) / ratio) - FLUX
    change = flux_change("lsf", amount, GRID, FLUX, 25000.0)
    np.testing.assert_allclose(change[INNER], exact[INNER], atol=4e-4)
    assert np.abs(exact).max() > 0.003


def test_narrower_is_the_opposite_of_wider():
    wider, narrower = (
        flux_change("lsf", sign * 0.05, GRID, FLUX, 25000.0) for sign in (1, -1)
    )
    np.testing.assert_array_equal(wider, -narrower)


def test_continuum_and_tilt_are_parts_of_the_flux():
    level = flux_change("continuum", 0.005, GRID, FLUX)
    np.testing.assert_allclose(level, 0.005 * FLUX)
    tilt = flux_change("tilt", 0.005, GRID, FLUX) / FLUX
    first, last = 0, LENGTHS[0] - 1
    assert tilt[[first, last, last + 1, -1]] == pytest.approx(
        [-0.005, 0.005, -0.005, 0.005]
    )


def test_continuum_columns_are_the_same_polynomials_by_piece():
    columns = continuum_columns(GRID, FLUX, 1)
    assert columns.shape == (len(GRID), 4)
    level = flux_change("continuum", 1.0, GRID, FLUX)
    np.testing.assert_allclose(columns[:, 0] + columns[:, 2], level)
    tilt = flux_change("tilt", 1.0, GRID, FLUX)
    np.testing.assert_allclose(columns[:, 1] + columns[:, 3], tilt)
    assert (columns[: LENGTHS[0], 2:] == 0).all()


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_where_a_model_is_silent_nothing_is_said(name):
    flux = FLUX.copy()
    flux[50] = np.nan
    change = flux_change(name, 0.005, GRID, flux, 25000.0)
    assert np.isnan(change[50])
    assert np.isfinite(change[100:]).all()


def test_unknown_names_and_unknown_resolution_are_refused():
    with pytest.raises(ValueError, match="'colour' is not known, expected one of velo"):
        flux_change("colour", 1.0, GRID, FLUX)
    with pytest.raises(ValueError, match="the resolution of these spectra is unknown"):
        flux_change("lsf", 0.05, GRID, FLUX)
