"""The toy Galaxy has the shapes that a survey shows, inside the grid's domain."""

import numpy as np
import pytest

from stellar_gui.labels import SYNTHETIC_LABELS
from stellar_gui.synthesis import galaxy, grid


@pytest.fixture(scope="module")
def stars():
    return galaxy.draw_stars(4000, np.random.default_rng(11))


def column(stars, name):
    return stars.labels[:, SYNTHETIC_LABELS.index(name)]


def x_fe(stars, element):
    return column(stars, f"{element.lower()}_h") - column(stars, "fe_h")


def test_every_star_lies_in_the_domain_of_the_grid(stars):
    labels = stars.labels.copy()
    assert np.isnan(column(stars, "vbroad")).all()
    labels[:, SYNTHETIC_LABELS.index("vbroad")] = 3.0
    assert len(labels) == 4000
    assert grid.inside(labels).all()


def test_all_populations_and_stages_are_met(stars):
    shares = [np.mean(stars.population == name) for name in galaxy.POPULATIONS]
    assert min(shares) > 0.1
    assert [np.mean(stars.stage == s) > 0.15 for s in galaxy.STAGES] == [True] * 3


def test_the_halo_tail_reaches_below_minus_two(stars):
    fe_h = column(stars, "fe_h")
    assert fe_h.min() < -2.3
    assert np.median(fe_h[stars.population == "halo"]) < -1.2


def test_two_alpha_sequences_stand_apart_at_one_metallicity(stars):
    near = np.abs(column(stars, "fe_h") + 0.4) < 0.1
    magnesium = x_fe(stars, "Mg")
    thin = magnesium[near & (stars.population == "thin disc")]
    thick = magnesium[near & (stars.population == "thick disc")]
    assert thick.mean() - thin.mean() > 4 * max(thin.std(), thick.std()) / 2


@pytest.mark.parametrize(("element", "scatter"), [("Mg", 0.03), ("Ba", 0.1)])
def test_abundance_ratios_scatter_as_stated(stars, element, scatter):
    population, fe_h = stars.population, column(stars, "fe_h")
    trend = galaxy.TRENDS[element]
    expected = trend.alpha * galaxy.alpha_sequence(fe_h, population)
    expected += trend.iron * np.clip(fe_h, -1, None)
    away = x_fe(stars, element) - expected
    assert trend.scatter == scatter
    assert away.std() == pytest.approx(scatter, rel=0.06)
    assert abs(away.mean()) < 4 * scatter / np.sqrt(4000)


def test_scatter_is_that_of_the_disc_for_every_element():
    for element, trend in galaxy.TRENDS.items():
        expected = (0.1, 0.1) if element in {"Ba", "Eu"} else (0.03, 0.05)
        assert expected[0] <= trend.scatter <= expected[1], element


def test_giants_are_cool_and_carbon_poor(stars):
    giant, dwarf = stars.stage == "giant", stars.stage == "dwarf"
    assert column(stars, "logg")[giant].max() < 3.5
    assert np.median(column(stars, "logg")[dwarf]) > 4.2
    assert np.median(x_fe(stars, "C")[giant]) < np.median(x_fe(stars, "C")[dwarf]) - 0.1


def test_the_same_random_stream_gives_the_same_stars():
    first, second = (galaxy.draw_stars(50, np.random.default_rng(2)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
