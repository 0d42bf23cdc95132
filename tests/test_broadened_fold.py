"""A broadened emulator, folded for fits, against the convolution itself."""

import numpy as np
import pytest
import torch

from stellar_gui.models import load_model
from stellar_gui.models.broadened import Broadened, Broadening
from stellar_gui.models.broadened_fold import fold_broadened


@pytest.fixture(scope="module")
def payne(sample_payne):
    return load_model(sample_payne)


def _folded(payne, broadening, n):
    labels = payne.training_labels[:n].double()
    fold = fold_broadened(payne.network, Broadening(payne.wavelength), widest=30.0)
    wide = torch.full((n, 1), broadening, dtype=torch.float64)
    coordinates = torch.cat([payne.scaling.to_coordinates(labels), wide], 1)
    return fold, coordinates, labels


@pytest.mark.parametrize("broadening", [0.0, 0.7, 3.0, 7.0, 20.0, 29.0])
def test_interpolated_broadening_is_the_convolution(payne, broadening):
    fold, coordinates, labels = _folded(payne, broadening, 20)
    found = fold.output(fold.hidden(coordinates).activation)
    exact = Broadening(payne.wavelength)(
        payne(labels)[:, None], torch.full((20,), broadening)
    )[:, 0]
    assert (found - exact).abs().max() < 1e-3
    assert (found - exact).square().mean().sqrt() < 1e-4


def test_its_slope_along_the_broadening_is_that_of_the_flux(payne):
    fold, coordinates, _ = _folded(payne, 4.0, 3)
    hidden = fold.hidden(coordinates)
    slope = fold.hidden_jacobian(hidden)[:, -1] @ fold.weight3.T
    step = torch.zeros_like(coordinates)
    step[:, -1] = 0.1
    above, below = (
        fold.output(fold.hidden(coordinates + s).activation) for s in (step, -step)
    )
    np.testing.assert_allclose(slope, (above - below) / 0.2, atol=2e-5)


def test_only_an_emulator_that_is_a_network_can_be_folded(payne):
    class Other:
        label_names = ("teff",)
        wavelength = payne.wavelength

    assert Broadened(Other()).folded() is None
