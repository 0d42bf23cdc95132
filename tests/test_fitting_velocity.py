"""Doppler shifts: exact against an analytic spectrum, and never across a gap."""

import numpy as np
import pytest
import torch

from stellar_gui.fitting.velocity import PixelLayout
from tests.line_model import LineModel, log_grid, random_labels

LINEAR = np.concatenate([4800 + 0.075 * np.arange(250), 5680 + 0.085 * np.arange(290)])


def doubles(*values):
    return torch.tensor(values, dtype=torch.float64)


def shifted(layout, flux, velocity):
    """Flux (n, n_pixels) moved by velocities, NaN outside."""
    coefficients = layout.coefficients(torch.as_tensor(flux).float())
    moved = layout.apply(coefficients, layout.shift(velocity))
    moved = torch.where(layout.inside(velocity), moved, torch.nan)
    return layout.extract(moved).numpy()


@pytest.mark.parametrize("grid", [log_grid(), LINEAR], ids=["logarithmic", "linear"])
@pytest.mark.parametrize("velocity", [-97.0, -2.3, 0.4, 55.0])
def test_shift_agrees_with_the_exact_spectrum(grid, velocity):
    model = LineModel(grid)
    labels = torch.tensor(random_labels(model, 3))
    layout = PixelLayout(grid)
    moved = shifted(layout, model(labels), doubles(velocity).expand(3))
    truth = model.moved(labels, [velocity] * 3)
    inside = np.isfinite(moved)
    assert inside.mean() > 0.8
    assert np.abs(moved - truth)[inside].max() < 0.005


def test_no_shift_changes_nothing():
    model = LineModel()
    flux = model(torch.tensor(random_labels(model, 2)))
    layout = PixelLayout(model.wavelength)
    np.testing.assert_allclose(
        shifted(layout, flux, doubles(0.0, 0.0)), flux.numpy(), atol=3e-7
    )


def test_nothing_crosses_a_gap():
    layout = PixelLayout(log_grid())
    first, _ = layout.pieces[0], layout.pieces[1]
    flux = np.ones((1, layout.n_pixels))
    flux[:, : first[1]] = 0.2
    for velocity in (-90.0, 90.0):
        moved = shifted(layout, flux, doubles(velocity))
        known = moved[np.isfinite(moved)]
        np.testing.assert_allclose(known, np.where(known < 0.6, 0.2, 1.0), atol=1e-5)
        lost = np.isnan(moved).sum()
        assert 2 * 20 <= lost <= 2 * 30  # 90 km/s is 20.3 pixels, in both pieces


@pytest.mark.parametrize("grid", [log_grid(), LINEAR], ids=["logarithmic", "linear"])
def test_slope_is_the_derivative_with_velocity(grid):
    layout = PixelLayout(grid)
    flux = torch.rand(1, layout.n_pixels, generator=torch.Generator().manual_seed(1))
    coefficients = layout.coefficients(flux)
    _, slope = layout.apply_both(coefficients, layout.shift(doubles(31.0)))
    ahead, behind = (
        layout.apply(coefficients, layout.shift(doubles(v))) for v in (31.02, 30.98)
    )
    inside = layout.inside(doubles(31.0))
    difference = (ahead - behind) / 0.04
    assert (slope - difference)[inside].abs().max() < 2e-3


@pytest.mark.parametrize("grid", [log_grid(), LINEAR], ids=["logarithmic", "linear"])
def test_adjoint_is_the_transpose(grid):
    layout = PixelLayout(grid)
    rng = torch.Generator().manual_seed(0)
    velocity = doubles(-40.3, 12.0)
    shift, inside = layout.shift(velocity), layout.inside(velocity)
    left = torch.rand(2, layout.n_padded, generator=rng) * inside
    flux = torch.rand(2, layout.n_pixels, generator=rng)
    coefficients = layout.coefficients(flux)
    forward = (layout.apply(coefficients, shift) * left).sum()
    backward = (coefficients * layout.adjoint(left, shift)).sum()
    assert float(forward) == pytest.approx(float(backward), rel=1e-5)


def test_a_lone_pixel_is_refused():
    with pytest.raises(ValueError, match=r"2 pixels, expected more than 2. Drop lone"):
        PixelLayout(np.r_[5000.0, 5000.1, 5000.2, 5000.3, 5100.0, 5100.1])
