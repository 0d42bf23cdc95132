"""Derivatives of models: exact against finite differences and by hand."""

import numpy as np
import pytest
import torch

from stellar_gui.analysis.derivatives import (
    derivative_steps,
    jacobian,
    label_derivatives,
)


class Lines:
    """Two pixels: a line that saturates with [Mg/H], and one that follows teff."""

    label_names = ("teff", "mg_h")
    wavelength = torch.tensor([5000.0, 5001.0])

    def __call__(self, labels):
        teff, mg_h = labels.T
        return torch.stack([torch.exp(-(10**mg_h)), 1 - 1000 / teff], dim=1)


class Known(Lines):
    """A model with a Jacobian of its own, marked by its values."""

    def jacobian(self, labels):
        return torch.full((len(labels), 2, 2), 7.0)


LABELS = torch.tensor([[5000.0, 0.0], [4200.0, -0.5]], dtype=torch.float64)


def test_jacobian_equals_finite_differences():
    exact = jacobian(Lines(), LABELS)
    for column, step in enumerate((1.0, 1e-4)):
        change = torch.zeros(2, dtype=torch.float64)
        change[column] = step
        difference = (Lines()(LABELS + change) - Lines()(LABELS - change)) / (2 * step)
        torch.testing.assert_close(
            exact[:, :, column], difference, rtol=1e-6, atol=1e-12
        )


def test_jacobian_of_the_model_goes_first():
    assert (jacobian(Known(), LABELS) == 7.0).all()


def test_derivatives_are_per_useful_step():
    change = label_derivatives(Lines(), LABELS)
    assert change.shape == (2, 2, 2)
    assert change[0, 1, 0] == pytest.approx(1000 / 5000**2 * 100)
    assert change[0, 0, 1] == pytest.approx(-np.exp(-1) * np.log(10) * 0.1)
    np.testing.assert_array_equal(derivative_steps(("teff", "vbroad")), [100, 1])


def test_one_star_without_brackets():
    np.testing.assert_array_equal(
        label_derivatives(Lines(), LABELS[0]), label_derivatives(Lines(), LABELS)[:1]
    )


def test_labels_of_another_number_are_refused():
    with pytest.raises(ValueError, match=r"shape \(1, 3\), expected \(n_stars, 2\)"):
        label_derivatives(Lines(), [1.0, 2.0, 3.0])
