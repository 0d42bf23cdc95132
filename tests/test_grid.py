"""The synthetic grid fills its label space evenly and never leaves it."""

import numpy as np
import pytest

from stellar_gui.labels import SYNTHETIC_LABELS
from stellar_gui.synthesis import grid


@pytest.fixture(scope="module")
def labels():
    return dict(zip(SYNTHETIC_LABELS, grid.sample_grid(1024, seed=3).T, strict=True))


def test_every_grid_star_lies_in_the_domain():
    labels = grid.sample_grid(1024, seed=3)
    assert labels.shape == (1024, 25)
    assert grid.inside(labels).all()


@pytest.mark.parametrize(
    ("name", "limits"),
    [("teff", grid.TEFF), ("fe_h", grid.FE_H), ("vmicro", grid.VMICRO)],
)
def test_the_grid_reaches_both_ends_of_a_label(labels, name, limits):
    low, high = limits
    assert labels[name].min() < low + 0.01 * (high - low)
    assert labels[name].max() > high - 0.01 * (high - low)


@pytest.mark.parametrize("element", ["C", "Na", "Mn", "Cu", "Ba", "Eu"])
def test_independent_abundance_ratios_fill_their_range(labels, element):
    low, high = grid.X_FE[element]
    x_fe = labels[f"{element.lower()}_h"] - labels["fe_h"]
    counts, _ = np.histogram(x_fe, np.linspace(low, high, 9))
    assert np.ptp(counts) <= 0.15 * counts.mean()


def test_alpha_elements_move_together_as_far_as_the_disc_and_halo_do():
    labels = grid.sample_grid(1024, seed=3)
    columns = [SYNTHETIC_LABELS.index(f"{e.lower()}_h") for e in grid.ALPHA_ELEMENTS]
    fe_h = labels[:, SYNTHETIC_LABELS.index("fe_h"), np.newaxis]
    alpha_fe = (labels[:, columns] - fe_h).mean(axis=1)
    assert np.mean(alpha_fe > 0.25) > 0.05
    assert np.mean(alpha_fe < -0.25) > 0.05


def test_a_longer_grid_begins_with_the_shorter_one():
    np.testing.assert_array_equal(
        grid.sample_grid(100, seed=5)[:40], grid.sample_grid(40, seed=5)
    )
    assert (grid.sample_grid(40, seed=5) != grid.sample_grid(40, seed=6)).any()


def test_hot_stars_of_low_gravity_are_outside():
    star = grid.sample_grid(1, seed=1)
    star[0, :2] = 6000.0, 1.5
    assert not grid.inside(star)[0]
    star[0, 1] = 2.4
    assert grid.inside(star)[0]
