"""Leakage of labels: planted leaks are found, noise is none."""

import numpy as np
import pytest

from stellar_gui.analysis.leakage import label_leakage

NAMES = ("teff", "logg", "fe_h")


def _stars(n=400, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.normal([5000.0, 3.0, 0.0], [300.0, 1.0, 0.3], (n, 3))
    return labels, np.tanh(rng.normal(size=(n, 3)))


def test_noise_holds_no_label():
    labels, z_split = _stars()
    leak = label_leakage(z_split, labels, NAMES)
    assert leak.mean < 0.03
    assert (leak.r2 >= 0).all()


def test_a_planted_leak_is_found_and_named():
    labels, z_split = _stars()
    z_split[:, 1] = np.tanh((labels[:, 1] - 3.0) / 2)
    leak = label_leakage(z_split, labels, NAMES)
    assert leak.largest[0] == "logg"
    assert leak.largest[1] > 0.95
    assert leak.mean == pytest.approx(leak.largest[1] / 3, abs=0.03)


def test_half_a_leak_explains_half_the_variance():
    labels, z_split = _stars(4000)
    rng = np.random.default_rng(1)
    z_split[:, 0] = labels[:, 0] / 300 + rng.normal(size=4000)
    assert label_leakage(z_split, labels, NAMES).r2[0] == pytest.approx(0.5, abs=0.03)


def test_a_leak_through_a_square_or_a_product_is_found():
    labels, z_split = _stars()
    labels[:, 0] = z_split[:, 0] ** 2
    labels[:, 1] = z_split[:, 1] * z_split[:, 2]
    np.testing.assert_allclose(label_leakage(z_split, labels, NAMES).r2[:2], 1.0)


def test_dead_latents_and_constant_labels_do_no_harm():
    labels, z_split = _stars()
    z_split[:, 2], labels[:, 1] = 0.5, 3.0
    leak = label_leakage(z_split, labels, NAMES)
    assert np.isnan(leak.r2[1])
    assert leak.mean < 0.03


def test_latents_of_several_axes_are_one_list():
    labels, z_split = _stars()
    leak = label_leakage(z_split[:, :, None], labels, NAMES)
    np.testing.assert_array_equal(leak.r2, label_leakage(z_split, labels, NAMES).r2)


def test_many_latents_are_reduced_to_what_varies_most():
    labels, z_split = _stars()
    rng = np.random.default_rng(1)
    leaking = np.outer(labels[:, 2], rng.normal(size=100))
    z_split = leaking + 0.01 * rng.normal(size=leaking.shape)
    leak = label_leakage(z_split, labels, NAMES)
    assert leak.r2[2] > 0.95
    assert leak.r2[:2].max() < 0.03


def test_too_few_stars_are_refused():
    labels, z_split = _stars(20)
    with pytest.raises(ValueError, match=r"20 stars for a regression of 10 terms"):
        label_leakage(z_split, labels, NAMES)
