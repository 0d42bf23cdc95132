"""Broadening kernels: they keep the light, their widths and their centre."""

import numpy as np
import pytest

from stellar_gui.synthesis.broadening import (
    broadening_kernel,
    equivalent_vbroad,
    shift_kernel,
)
from stellar_gui.synthesis.instrument import FWHM_PER_SIGMA


def moments(kernel, step):
    velocity = (np.arange(len(kernel)) - len(kernel) // 2) * step
    mean = np.sum(kernel * velocity)
    return kernel.sum(), mean, np.sqrt(np.sum(kernel * (velocity - mean) ** 2))


@pytest.mark.parametrize("velocity", [-2.9, -0.3, 0.0, 0.4, 1.2, 3.0])
def test_a_shift_moves_a_line_by_its_velocity_and_nothing_else(velocity):
    step = 1.2
    x = np.arange(-40, 41) * step
    line = lambda centre: np.exp(-0.5 * ((x - centre) / 3.0) ** 2)  # noqa: E731
    moved = np.convolve(line(0.0), shift_kernel(velocity, step), "same")
    assert len(shift_kernel(velocity, step)) % 2 == 1
    np.testing.assert_allclose(moved, line(velocity), atol=2e-3)


def test_the_kernel_keeps_the_light_and_centres_on_the_velocity():
    total, mean, sigma = moments(broadening_kernel(4.0, 3.0, 0.7, 0.2), 0.2)
    assert total == pytest.approx(1)
    assert mean == pytest.approx(0.7, abs=1e-9)
    # variances add: zeta^2 / 4 and, for limb darkening 0.6, 0.215 vsini^2
    assert sigma == pytest.approx(np.sqrt(4.0**2 / 4 + 0.215 * 3.0**2), rel=0.02)


def test_equivalent_width_grows_with_both_velocities_and_is_near_the_variance():
    vmacro = np.array([3.0, 6.0, 3.0, 6.0])
    vsini = np.array([1.0, 1.0, 4.0, 4.0])
    found = equivalent_vbroad(vmacro, vsini)
    assert (np.diff(found) > 0).tolist() == [True, False, True]
    variance = FWHM_PER_SIGMA * np.sqrt(vmacro**2 / 4 + 0.215 * vsini**2)
    np.testing.assert_allclose(found, variance, rtol=0.08)
