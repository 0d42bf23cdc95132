"""Polynomial: terms, names, derivatives, and the distinct products of terms."""

import math

import numpy as np
import pytest
import torch

from stellar_gui.models.polynomial import Polynomial


def labels(n_stars=6, n_labels=3, seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n_stars, n_labels, dtype=torch.float64, generator=generator)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("n_labels", [1, 3, 5])
def test_number_of_terms_is_the_binomial(order, n_labels):
    assert Polynomial(n_labels, order).n_terms == math.comb(n_labels + order, order)


def test_twenty_five_labels_at_order_two_are_351_terms():
    assert Polynomial(25, 2).n_terms == 351


@pytest.mark.parametrize("order", [1, 2, 3])
def test_terms_are_what_their_names_say(order):
    names = ("a", "b", "c")
    x = labels()
    columns = Polynomial(3, order).terms(x)
    for column, name in zip(
        columns.T, Polynomial(3, order).term_names(names), strict=True
    ):
        expected = torch.ones(len(x), dtype=x.dtype)
        for factor in name.split("·"):
            if factor != "1":
                power = {"": 1, "²": 2, "³": 3}[factor[1:]]
                expected = expected * x[:, names.index(factor[0])] ** power
        np.testing.assert_allclose(column, expected)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_derivatives_equal_autograd(order):
    polynomial, x = Polynomial(3, order), labels()
    summed = lambda x: polynomial.terms(x).sum(0)  # noqa: E731
    expected = torch.autograd.functional.jacobian(summed, x)  # (n_terms, n_stars, 3)
    expected = expected.movedim(0, 1)
    np.testing.assert_allclose(polynomial.derivatives(x), expected, atol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3])
def test_distinct_products_rebuild_all_pairs(order):
    polynomial, x = Polynomial(3, order), labels()
    index, pairs = polynomial.products
    terms = polynomial.terms(x)
    distinct = terms[:, pairs[:, 0]] * terms[:, pairs[:, 1]]
    assert distinct.shape[1] == math.comb(3 + 2 * order, 2 * order)
    every_pair = terms[:, :, None] * terms[:, None, :]
    np.testing.assert_allclose(distinct[:, index], every_pair, atol=1e-12)


@pytest.mark.parametrize("order", [0, 4, 2.5])
def test_other_orders_are_refused(order):
    with pytest.raises(ValueError, match="expected 1, 2 or 3"):
        Polynomial(3, order)


def test_wrong_number_of_names_is_refused():
    with pytest.raises(ValueError, match="got 1 label names, expected 3"):
        Polynomial(3, 1).term_names(("teff",))
