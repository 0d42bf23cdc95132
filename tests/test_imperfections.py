"""Errors of the line list and departures from LTE: their sizes and what they touch."""

import numpy as np
import pytest

from stellar_gui.labels import SYNTHETIC_LABELS
from stellar_gui.synthesis import imperfections as imp
from stellar_gui.synthesis.lines import bundled_lines


@pytest.fixture(scope="module")
def lines():
    return bundled_lines()


@pytest.fixture(scope="module")
def changes(lines):
    return imp.draw_line_changes(lines, seed=4)


def test_every_ingredient_has_a_name_and_a_sentence():
    names = [ingredient.name for ingredient in imp.INGREDIENTS]
    assert len(set(names)) == len(names) == 10
    assert all(ingredient.sentence.endswith(".") for ingredient in imp.INGREDIENTS)


def test_an_unknown_ingredient_is_refused_with_the_nearest_name():
    assert imp.check_without(["nlte", "rv"]) == {"nlte", "rv"}
    with pytest.raises(ValueError, match=r"ingredient 'teluric'.*mean 'telluric'"):
        imp.check_without(["teluric"])


def test_parts_of_a_transition_share_their_number(lines):
    number = imp.transitions(lines)
    assert number.max() + 1 < len(lines)
    for member in np.flatnonzero(np.bincount(number) > 1):
        parts = number == member
        for column in (lines.z, lines.ion, lines.e_low):
            assert len(np.unique(column[parts])) == 1
        assert np.diff(np.sort(lines.wavelength[parts])).max() <= 0.5


def test_barium_at_5853_is_one_transition_of_many_isotopes(lines):
    near = lines.of_species("Ba", 2) & (np.abs(lines.wavelength - 5853.7) < 0.3)
    assert near.sum() > 3
    assert len(np.unique(imp.transitions(lines)[near])) == 1


def test_log_gf_errors_have_the_stated_size(lines, changes):
    transition = imp.transitions(lines)
    first = np.unique(transition, return_index=True)[1]
    iron = first[lines.of_species("Fe", 1)[first]]
    assert len(iron) > 500
    assert changes.log_gf[iron].std() == pytest.approx(imp.LOG_GF_SIGMA, rel=0.08)
    expected = np.hypot(imp.LOG_GF_SIGMA, imp.SPECIES_SIGMA)
    assert changes.log_gf[first].std() == pytest.approx(expected, rel=0.15)


def test_parts_of_a_transition_share_their_error(lines, changes):
    number = imp.transitions(lines)
    for member in np.flatnonzero(np.bincount(number) > 1):
        parts = number == member
        assert np.ptp(changes.log_gf[parts]) == 0
        assert len(np.unique(changes.missing[parts])) == 1


def test_one_in_five_weak_transitions_is_missing_and_no_strong_line(lines, changes):
    number = imp.transitions(lines)
    first = np.unique(number, return_index=True)[1]
    depth = np.bincount(number, weights=lines.max_depth)
    weak = depth < imp.WEAK_DEPTH
    assert changes.missing[first][weak].mean() == pytest.approx(0.2, abs=0.03)
    assert not changes.missing[first][~weak].any()


@pytest.mark.parametrize("left_out", ["log_gf", "missing_lines"])
def test_leaving_one_out_moves_no_other(lines, changes, left_out):
    less = imp.draw_line_changes(lines, 4, {left_out})
    gone, kept = {"log_gf": (0, 1), "missing_lines": (1, 0)}[left_out]
    assert not less[gone].any()
    np.testing.assert_array_equal(less[kept], changes[kept])


def test_iron_departs_more_in_metal_poor_and_in_high_layers():
    b = imp.iron_departure(np.array([0.0, -1.0, -2.0]), np.array([-4.0, -2.0, 0.0]))
    assert (np.diff(b, axis=1) > 0).all()
    assert (np.diff(b, axis=0) < 0).all()
    assert b.min() == pytest.approx(0.44)
    assert b.max() == pytest.approx(0.97)


def test_offsets_touch_the_right_lines_only(lines):
    labels = np.zeros((2, 25))
    labels[:, SYNTHETIC_LABELS.index("teff")] = 4200.0, 6500.0
    offset = imp.nlte_like_offsets(labels, lines)
    potassium = offset[:, lines.of_species("K", 1)]
    np.testing.assert_allclose(potassium, 0.15)
    triplet = lines.of_species("O", 1) & (lines.wavelength > 7770)
    forbidden = lines.of_species("O", 1) & (np.abs(lines.wavelength - 6300.3) < 0.1)
    assert triplet.sum() == 3
    assert forbidden.any()
    np.testing.assert_allclose(offset[:, triplet], [[0.01] * 3, [0.14] * 3])
    assert not offset[:, forbidden].any()
    touched = {lines.name[i] for i in np.flatnonzero(offset.any(axis=0))}
    assert touched == {"K I", "Na I", "Ba II", "O I"}
