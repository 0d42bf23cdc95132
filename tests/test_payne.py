"""The Payne as a model: flux, Jacobian, scaling, its own error."""

import numpy as np
import pytest
import torch

from stellar_gui.models.base import SpectralModel
from stellar_gui.models.blocks import ErrorModel, LabelScaling
from stellar_gui.models.payne import Payne, untrained
from tests.line_model import log_grid

NAMES = ("teff", "logg", "fe_h", "mg_h")
LABELS = torch.tensor(
    [[4300.0, 1.5, -1.0, -0.8], [5777.0, 4.4, 0.0, 0.0], [6200.0, 3.9, 0.3, 0.1]],
    dtype=torch.float64,
)


@pytest.fixture(scope="module")
def model() -> Payne:
    return untrained(NAMES, LABELS.numpy(), log_grid(), n_hidden=40)


def test_a_payne_is_a_spectral_model(model):
    assert isinstance(model, SpectralModel)
    assert model(LABELS).shape == (3, len(model.wavelength))
    assert model(LABELS).dtype == torch.float32
    assert model.label_units == ("K", "dex", "dex", "dex")


def test_flux_is_differentiable_and_the_jacobian_is_its_derivative(model):
    # away from kinks of the rectifiers autograd and the formula must agree exactly
    labels = LABELS.clone().requires_grad_()
    jacobian = model.jacobian(LABELS)
    assert jacobian.shape == (3, len(model.wavelength), 4)
    for pixel in (0, 100, 559):
        (slope,) = torch.autograd.grad(model(labels)[:, pixel].sum(), labels)
        torch.testing.assert_close(
            jacobian[:, pixel], slope.float(), rtol=1e-4, atol=1e-8
        )


def test_scaled_labels_span_one_and_come_back():
    scaling = LabelScaling.from_labels(LABELS.numpy(), NAMES)
    coordinates = scaling.to_coordinates(LABELS)
    torch.testing.assert_close(coordinates.amin(0), torch.full((4,), -0.5).double())
    torch.testing.assert_close(coordinates.amax(0), torch.full((4,), 0.5).double())
    torch.testing.assert_close(scaling.to_labels(coordinates), LABELS)


def test_abundances_are_scaled_relative_to_iron():
    scaling = LabelScaling.from_labels(LABELS.numpy(), NAMES)
    richer = LABELS + torch.tensor([0.0, 0.0, 0.1, 0.1])
    change = scaling.to_coordinates(richer) - scaling.to_coordinates(LABELS)
    torch.testing.assert_close(
        change[:, 3], torch.zeros(3).double(), atol=1e-12, rtol=0
    )
    assert (change[:, 2] > 0).all()


def test_a_constant_label_is_refused():
    with pytest.raises(ValueError, match=r"never vary in logg, expected a range"):
        LabelScaling.from_labels([[4000.0, 2.0], [5000.0, 2.0]], ("teff", "logg"))


def test_wrong_labels_and_wrong_tensors_are_refused(model):
    with pytest.raises(ValueError, match=r"shape \(3, 2\), expected \(n_stars, 4\)"):
        model(LABELS[:, :2])
    tensors = model.to_tensors()
    tensors["wavelength"] = tensors["wavelength"][:-1]
    with pytest.raises(
        ValueError, match=r"gives 560 pixels from 4 labels, expected 559"
    ):
        Payne.from_tensors(tensors, model.header())


def test_labels_may_be_arrays_or_whole_numbers(model):
    whole = model.label_ranges.mean(1).round().long()[None]
    expected = model(whole.double())
    np.testing.assert_array_equal(model(whole).detach(), expected.detach())
    np.testing.assert_array_equal(model(whole.numpy()).detach(), expected.detach())


def test_the_error_model_is_the_covariance_of_the_residuals():
    rng = np.random.default_rng(0)
    shapes = np.linalg.qr(rng.normal(size=(50, 3)))[0].T * [[0.5], [0.3], [0.2]]
    residuals = rng.normal(size=(300, 3)) @ shapes + 0.01 * rng.normal(size=(300, 50))
    error = ErrorModel.from_residuals(torch.tensor(residuals), 3)
    covariance = error.modes.T @ error.modes + torch.diag(error.tail)
    expected = residuals.T @ residuals / 300
    np.testing.assert_allclose(covariance, expected, atol=3e-4)
    np.testing.assert_allclose(error.variance, np.diag(expected), rtol=1e-6)


def test_the_error_model_takes_no_more_modes_than_residuals_bear():
    error = ErrorModel.from_residuals(torch.randn(12, 40), 60)
    assert error.modes.shape == (4, 40)
    assert (error.tail >= 0).all()
