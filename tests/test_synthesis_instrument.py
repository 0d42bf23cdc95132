"""Line spread functions and broadening kernels against their definitions."""

import numpy as np
import pytest
import torch

from stellar_gui.synthesis.instrument import (
    FWHM_PER_SIGMA,
    Instrument,
    convolve,
    fine_grid,
    macroturbulence_kernel,
    pixel_grid,
    reach,
    rotation_kernel,
)

WINDOWS = ((6000.0, 6010.0), (6500.0, 6512.0))
WIDEST = 20.0


@pytest.fixture(scope="module")
def grids():
    fine = fine_grid(WINDOWS, 250_000, reach(WIDEST) + 10)
    return fine, pixel_grid(WINDOWS, 25000, 2.7)


@pytest.fixture(scope="module")
def instrument(grids):
    return Instrument(*grids, WIDEST)


def _line(wavelength, fwhm):
    """A Gaussian absorption line at 6505 Angstrom of that FWHM in km/s."""
    velocity = np.log(wavelength / 6505.0) * 299792.458
    return 1 - 0.5 * np.exp(-0.5 * (velocity * FWHM_PER_SIGMA / fwhm) ** 2)


@pytest.mark.parametrize("fwhm", [6.0, 12.0, 18.0])
def test_gaussians_add_in_quadrature(grids, instrument, fwhm):
    fine, pixels = grids
    seen = instrument(torch.as_tensor(_line(fine.wavelength, 8.0))[None], fwhm)[0]
    total = np.hypot(8.0, fwhm)
    expected = 1 - (1 - _line(pixels.wavelength, total)) * 8.0 / total
    np.testing.assert_allclose(seen, expected, atol=1e-4)


def test_constant_spectra_stay_constant(grids, instrument):
    flux = torch.ones(2, len(grids[0].wavelength))
    seen = instrument(flux, torch.tensor([[5.0], [19.0]]), skew=0.3)
    torch.testing.assert_close(seen, torch.ones_like(seen))


def test_resolution_may_vary_along_the_pixels(grids, instrument):
    fine, pixels = grids
    flux = torch.as_tensor(_line(fine.wavelength, 8.0))[None]
    fwhm = np.where(pixels.wavelength < 6505, 8.0, 16.0)
    mixed = instrument(flux, fwhm)[0].numpy()
    sharp, broad = (instrument(flux, width)[0].numpy() for width in (8.0, 16.0))
    blue = pixels.wavelength < 6505
    np.testing.assert_allclose(mixed[blue], sharp[blue])
    np.testing.assert_allclose(mixed[~blue], broad[~blue])


def test_skew_moves_the_third_moment(grids, instrument):
    fine, pixels = grids
    flux = torch.as_tensor(_line(fine.wavelength, 3.0))[None]
    velocity = np.log(pixels.wavelength / 6505.0) * 299792.458
    near = np.abs(velocity) < 60

    def third_moment(skew):
        depth = 1 - instrument(flux, 12.0, skew)[0].numpy()[near]
        weight = depth / depth.sum()
        mean = (weight * velocity[near]).sum()
        return (weight * (velocity[near] - mean) ** 3).sum()

    # the spectrum is weighted with the mirrored profile, as by a convolution
    sigma = 12.0 / FWHM_PER_SIGMA
    moved = third_moment(0.3) - third_moment(0.0)
    assert abs(moved) == pytest.approx(0.3 * sigma**3, rel=0.1)


def test_widths_out_of_range_are_refused(grids, instrument):
    flux = torch.ones(1, len(grids[0].wavelength))
    with pytest.raises(ValueError, match="at most 20 km/s"):
        instrument(flux, 25.0)
    with pytest.raises(ValueError, match="expected a FWHM above 0"):
        instrument(flux, 0.0)


def test_rotation_kernel_has_the_moments_of_a_darkened_disk():
    """Variance vsini^2 (1/4 - 7 e / 60) / (1 - e / 3) by integration of the profile."""
    step, vsini, darkening = 0.05, 8.0, 0.6
    kernel = rotation_kernel(vsini, step, darkening)
    velocity = (np.arange(len(kernel)) - len(kernel) // 2) * step
    x = np.linspace(-1, 1, 20001)
    profile = 2 * (1 - darkening) * np.sqrt(1 - x**2)
    profile += 0.5 * np.pi * darkening * (1 - x**2)
    expected = vsini**2 * (profile * x**2).sum() / profile.sum()
    assert kernel.sum() == pytest.approx(1.0)
    assert (kernel * velocity**2).sum() == pytest.approx(expected, rel=1e-3)


def test_macroturbulence_kernel_has_a_quarter_of_zeta_squared_as_variance():
    """<v^2> = zeta^2 / 2 along and across the radius, each half of the surface."""
    step, zeta = 0.05, 6.0
    kernel = macroturbulence_kernel(zeta, step)
    velocity = (np.arange(len(kernel)) - len(kernel) // 2) * step
    assert kernel.sum() == pytest.approx(1.0)
    assert (kernel * velocity**2).sum() == pytest.approx(zeta**2 / 4, rel=0.01)
    np.testing.assert_allclose(kernel, kernel[::-1])


def test_convolution_keeps_pieces_apart(grids):
    fine, _ = grids
    flux = torch.ones(1, len(fine.wavelength)).double()
    second = fine.pieces[1][0]
    flux[:, second:] = 0.5
    seen = convolve(flux, rotation_kernel(10.0, 1.2), fine)
    torch.testing.assert_close(seen, flux)


def test_convolution_does_not_mirror_the_kernel(grids):
    fine, _ = grids
    flux = torch.zeros(1, len(fine.wavelength)).double()
    flux[0, 100] = 1.0
    seen = convolve(flux, np.array([0.0, 0.0, 0.0, 0.0, 1.0]), fine)
    assert int(seen.argmax()) == 102
