"""Candidates for missing lines: found, named and judged where the answer is known."""

import numpy as np
import pytest

from stellar_gui.analysis.candidate_scores import (
    Known,
    confusion,
    false_positive_rate,
    judge_elements,
    judge_places,
    match_lines,
)
from stellar_gui.analysis.candidates import (
    Change,
    Dips,
    Threshold,
    find_dips,
    mean_change,
    mean_difference,
    name_elements,
)

ELEMENTS = ("Fe", "Ni", "Si")


def line(pixel, depth, n_pixels=60, width=1.5):
    return -depth * np.exp(-0.5 * ((np.arange(n_pixels) - pixel) / width) ** 2)


@pytest.fixture
def known():
    masked = np.zeros(60, bool)
    for pixel in (10, 30, 50):
        masked[pixel - 5 : pixel + 6] = True
    elements = np.array(["Fe", "Ni", "Si"])
    return Known(np.array([10, 30, 50]), elements, np.array([0.3, 0.2, 0.1]), masked)


def dips(pixels, depth=0.1, significance=9.0):
    n = len(pixels)
    return Dips(np.array(pixels), np.full(n, depth), np.full(n, significance))


def test_a_line_that_the_transfer_adds_is_found_where_it_is():
    rng = np.random.default_rng(1)
    added = line(20, 0.2) + line(40, 0.05) + rng.normal(0, 0.002, (100, 60))
    change = mean_change(added)
    found = find_dips(change)
    chosen = found.of(Threshold().passed(found))
    assert chosen.pixel.tolist() == [20, 40]
    np.testing.assert_allclose(chosen.depth, [0.2, 0.05], atol=0.002)


def test_the_error_of_the_mean_is_that_of_another_draw_of_stars():
    rng = np.random.default_rng(2)
    added = rng.normal(0.0, 0.1, (400, 300))
    assert mean_change(added).error.mean() == pytest.approx(0.1 / 20, rel=0.05)


def test_dips_three_pixels_apart_are_one():
    flux = np.zeros(20)
    flux[[5, 8, 14]] = -0.1, -0.2, -0.1
    found = find_dips(Change(flux, np.full(20, 0.01)))
    assert found.pixel.tolist() == [8, 14]
    assert found.significance[0] == pytest.approx(20)


def test_shallow_and_uncertain_dips_are_no_candidates():
    found = Dips(np.arange(3), np.array([0.2, 0.005, 0.2]), np.array([9.0, 90.0, 2.0]))
    assert Threshold(0.01, 5.0).passed(found).tolist() == [True, False, False]


def test_one_star_has_no_error():
    with pytest.raises(ValueError, match="expected two or more"):
        mean_change(np.zeros((1, 5)))


def test_bad_pixels_are_no_part_of_the_mean_difference():
    observed = np.array([[1.0, np.nan], [0.8, 0.5], [0.9, 0.5]])
    change = mean_difference(observed, np.ones((4, 2)))
    np.testing.assert_allclose(change.mean, [-0.1, -0.5])
    np.testing.assert_allclose(change.error, [np.std([1.0, 0.8, 0.9]) / 3**0.5, 0.0])


def test_a_dip_is_given_to_the_element_that_moves_it():
    rng = np.random.default_rng(3)
    true = np.array([[-0.1, -0.4, 0.0], [-0.02, -0.01, 0.0]])
    changes = true + rng.normal(0, [[[0.01]], [[0.2]]] * 50, (100, 2, 3))
    naming = name_elements(changes, ELEMENTS)
    assert naming.element[0] == "Ni"
    assert naming.second[0] == "Fe"
    assert naming.support[0] == 1.0
    assert naming.support[1] < 0.9


def test_derivatives_need_an_element_each():
    with pytest.raises(ValueError, match="one for each of two or more elements"):
        name_elements(np.zeros((5, 2, 3)), ("Fe", "Ni"))


def test_no_line_is_found_twice_and_the_nearest_counts():
    assert match_lines([9, 11, 32, 40], [10, 30]).tolist() == [0, -1, 1, -1]
    assert match_lines([], [10]).tolist() == []
    assert match_lines([3], []).tolist() == [-1]


def test_precision_and_recall_are_those_of_the_answer(known):
    places = judge_places(dips([10, 14, 22, 31]), known)
    assert places.right.tolist() == [True, True, False, True]
    assert places.line.tolist() == [0, -1, -1, 1]
    assert places.precision.value == 0.75
    assert places.recall.value == pytest.approx(2 / 3)
    assert places.recall.low < 2 / 3 < places.recall.high


def test_candidates_where_nothing_is_hidden_are_false():
    reference = Dips(np.arange(4), np.array([0.1, 0.001, 0.001, 0.1]), np.full(4, 9.0))
    assert false_positive_rate(reference, Threshold()).value == 0.5


def test_only_hidden_lines_are_asked_for_their_element(known):
    places = judge_places(dips([10, 14, 22, 31]), known)
    right = np.eye(3)[[0, 0, 0, 1]]
    named = judge_elements(places.line, right, right, ELEMENTS, known)
    assert named.n_lines == 2
    assert (named.own.value, named.iron_own) == (1.0, 0.5)
    assert judge_elements(np.array([-1]), right[:1], right[:1], ELEMENTS, known) is None


def test_confusion_counts_each_line_once_and_false_ones_apart(known):
    places = judge_places(dips([10, 14, 22, 31]), known)
    table = confusion(places, np.array(["Fe", "Si", "Si", "Fe"]), known)
    assert table.own == ("Fe", "Ni", "Si", "none")
    assert table.given == ("Fe", "Ni", "Si")
    expected = [[1, 0, 0], [1, 0, 0], [0, 0, 0], [0, 0, 1]]
    np.testing.assert_array_equal(table.count, expected)


def test_where_nothing_is_hidden_every_candidate_is_none():
    nothing = Known(
        np.array([], int), np.array([], str), np.array([]), np.zeros(60, bool)
    )
    places = judge_places(dips([10, 22]), nothing)
    table = confusion(places, np.array(["Fe", "Si"]), nothing)
    assert (table.own, table.given) == (("none",), ("Fe", "Si"))
    assert table.count.tolist() == [[1, 1]]
