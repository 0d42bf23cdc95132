"""The Voigt function and its derivatives against scipy's Faddeeva function."""

import numpy as np
import pytest
import torch
from scipy.special import wofz

from stellar_gui.synthesis.voigt import voigt


@pytest.fixture(scope="module")
def arguments():
    """Random a in 1e-3 to 3 and v to 500 on either side, dense near the core."""
    rng = np.random.default_rng(0)
    a = 10 ** rng.uniform(-3, np.log10(3), 50_000)
    v = rng.choice([-1, 1], 50_000) * 10 ** rng.uniform(-2, np.log10(500), 50_000)
    return a, v


def test_voigt_agrees_with_wofz(arguments):
    a, v = arguments
    ours = voigt(torch.as_tensor(a), torch.as_tensor(v)).numpy()
    assert np.abs(ours / wofz(v + 1j * a).real - 1).max() <= 1e-3


def test_derivatives_agree_with_wofz(arguments):
    """Both derivatives, relative to |w'|: each alone passes through zero."""
    a, v = (torch.as_tensor(x).requires_grad_() for x in arguments)
    voigt(a, v).sum().backward()
    z = v.detach().numpy() + 1j * a.detach().numpy()
    # the closed form cancels far out; there two terms of the series are exact enough
    near = -2 * z * wofz(z) + 2j / np.sqrt(np.pi)
    far = -1j / np.sqrt(np.pi) / z**2 * (1 + 1.5 / z**2 + 3.75 / z**4)
    exact = np.where(np.abs(z) > 30, far, near)
    error = np.hypot(v.grad.numpy() - exact.real, a.grad.numpy() + exact.imag)
    assert (error / np.abs(exact)).max() <= 1e-4


def test_gradients_in_the_far_wing_have_no_cancellation():
    """float32, 300 Doppler widths out: the closed form would be noise there."""
    v = torch.full((1,), 300.0, requires_grad=True)
    voigt(torch.full((1,), 0.01), v).backward()
    expected = -2 * 0.01 / np.sqrt(np.pi) / 300**3
    assert float(v.grad[0]) == pytest.approx(expected, rel=1e-3)
