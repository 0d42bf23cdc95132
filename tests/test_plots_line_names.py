"""Which lines are named, and where their names find room."""

import numpy as np
import pytest
from scipy.optimize import isotonic_regression

from stellar_gui.plots.line_names import BLEND, Lines, capacity, spread, strongest
from stellar_gui.synthesis.lines import bundled_lines


def listed(*lines):
    wavelength, text, depth = zip(*lines, strict=True)
    return Lines(np.array(wavelength), np.array(text), np.array(depth))


LINES = listed(
    (5000.0, "Fe I", 0.5),
    (5000.2, "Ti I", 0.3),
    (5003.0, "Ca I", 0.9),
    (5006.0, "Y II", 0.01),
    (5009.0, "Mg I", 0.2),
)


def test_the_strongest_are_named_in_the_order_of_wavelength():
    named = strongest(LINES, 4990, 5020, 2)
    assert named.text == ["Fe I", "Ca I"]


def test_a_blend_keeps_the_stronger_name_and_tells_the_other():
    named = strongest(LINES, 4990, 5020, 9)
    assert named.text == ["Fe I", "Ca I", "Mg I"]
    assert named.also[0] == "Ti I"
    assert (np.diff(named.wavelength) >= BLEND).all()


def test_faint_lines_have_no_name():
    assert "Y II" not in strongest(LINES, 4990, 5020, 9).text


def test_a_line_that_the_star_does_not_show_is_not_named():
    shallow = lambda wavelength: np.where(wavelength > 5002, 0.0, 0.4)  # noqa: E731
    assert strongest(LINES, 4990, 5020, 9, shallow).text == ["Fe I"]


def test_only_lines_in_the_window_are_named():
    assert strongest(LINES, 5001, 5005, 9).text == ["Ca I"]
    assert strongest(LINES, 6000, 6010, 9).text == []


def test_a_pixel_is_asked_for_its_lines():
    assert LINES.near(5000.1) == ["Fe I", "Ti I"]
    assert LINES.near(5006.0) == []


def test_a_list_says_what_it_covers():
    assert LINES.covers(5008, 5030)
    assert not LINES.covers(5500, 5600)


@pytest.mark.parametrize("seed", range(5))
def test_names_keep_order_distance_and_borders(seed):
    x = np.sort(np.random.default_rng(seed).uniform(0, 100, 15))
    placed = spread(x, 6.0, 0.0, 100.0)
    assert (np.diff(placed) >= 6.0 - 1e-9).all()
    assert placed.min() >= 0
    assert placed.max() <= 100 + 1e-9


def test_names_with_room_stay_where_they_are():
    x = np.array([10.0, 30.0, 60.0])
    np.testing.assert_allclose(spread(x, 5.0, 0.0, 100.0), x)


def test_names_move_as_little_as_possible():
    """Against a fine search over all placements of two names."""
    x, separation = np.array([4.0, 5.0]), 3.0
    first, second = np.meshgrid(*2 * [np.linspace(0, 10, 501)], indexing="ij")
    cost = (first - x[0]) ** 2 + (second - x[1]) ** 2
    best = cost[second - first >= separation - 1e-9].min()
    placed = spread(x, separation, 0.0, 10.0)
    assert np.sum((placed - x) ** 2) == pytest.approx(best, abs=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_names_are_placed_by_isotonic_regression(seed):
    """Against scipy's, which takes a second to import."""
    x = np.sort(np.random.default_rng(seed).uniform(0, 60, 12))
    offset = 5.0 * np.arange(len(x))
    expected = isotonic_regression(x - offset).x + offset
    np.testing.assert_allclose(spread(x, 5.0, -1e3, 1e3), expected, atol=1e-9)


def test_too_many_names_are_refused():
    with pytest.raises(ValueError, match="3 names 6 apart do not fit between 0 and 10"):
        spread([1.0, 2.0, 3.0], 6.0, 0.0, 10.0)


def test_capacity_is_what_spread_accepts():
    count = capacity(6.0, 0.0, 10.0)
    assert count == 2
    assert len(spread(np.arange(count), 6.0, 0.0, 10.0)) == count
    assert capacity(6.0, 10.0, 0.0) == 0


def test_the_bundled_list_is_named_in_both_media():
    air = Lines.of(bundled_lines(), "air")
    vacuum = Lines.of(bundled_lines(), "vacuum")
    assert (np.diff(air.wavelength) >= 0).all()
    assert "Ca I" in air.near(6439.07)
    shift = vacuum.wavelength[0] / air.wavelength[0]
    assert shift == pytest.approx(1.00028, abs=2e-5)
