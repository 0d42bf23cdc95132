"""Attribution of lines: right answers, yardsticks and intervals."""

import numpy as np
import pytest

from stellar_gui.analysis.attribution import (
    attribute,
    derivative_errors,
    line_derivatives,
    wilson,
)

ELEMENTS = ("Fe", "Mg", "Si", "Ca")
OWN = np.array(["Fe", "Fe", "Fe", "Mg", "Ca"])
DEPTH = np.array([0.3, 0.1, 0.1, 0.4, 0.1])


def derivatives_of(answers, seed=0):
    """(n_lines, 4) noise with the largest entry, of either sign, at the answer."""
    rng = np.random.default_rng(seed)
    found = rng.normal(0.0, 0.02, (len(answers), len(ELEMENTS)))
    for row, answer in enumerate(answers):
        found[row, ELEMENTS.index(answer)] = rng.choice([-1.0, 1.0])
    return found


def test_perfect_derivatives_name_every_element():
    found = attribute(derivatives_of(OWN), derivatives_of(OWN, 1), ELEMENTS, OWN, DEPTH)
    assert found.own.value == found.physics.value == found.ceiling.value == 1.0
    assert found.own_weighted == found.not_iron.value == 1.0
    assert found.iron_own == found.iron_physics == pytest.approx(0.6)


def test_always_iron_scores_its_baseline():
    iron = derivatives_of(["Fe"] * 5)
    found = attribute(iron, derivatives_of(OWN), ELEMENTS, OWN, DEPTH)
    assert found.own.value == found.iron_own == pytest.approx(0.6)
    assert found.not_iron.value == 0.0
    assert found.own_weighted == pytest.approx(0.5)


def test_blends_lower_the_ceiling_and_not_the_agreement_with_physics():
    blended = ["Fe", "Fe", "Fe", "Fe", "Ca"]
    found = attribute(
        derivatives_of(blended), derivatives_of(blended, 1), ELEMENTS, OWN, DEPTH
    )
    assert found.physics.value == 1.0
    assert found.own.value == found.ceiling.value == pytest.approx(0.8)
    assert found.iron_physics == pytest.approx(0.8)


def test_the_second_answer_counts_among_the_first_three():
    recovered = derivatives_of(["Si"] * 5)
    for row, element in enumerate(OWN):
        recovered[row, ELEMENTS.index(element)] = 0.5
    found = attribute(recovered, derivatives_of(OWN), ELEMENTS, OWN, DEPTH)
    assert found.own.value == 0.0
    assert found.own_top3.value == 1.0


def test_intervals_are_wilsons():
    """As tabulated: 0 of 10 within 0 and 0.278, 5 of 10 within 0.237 and 0.763."""
    assert wilson([False] * 10) == pytest.approx((0.0, 0.0, 0.2775), abs=1e-3)
    assert wilson([True, False] * 5) == pytest.approx((0.5, 0.2366, 0.7634), abs=1e-3)
    assert wilson([]).high == 1.0


def test_rates_are_printed_beside_their_yardsticks():
    lines = attribute(
        derivatives_of(OWN), derivatives_of(OWN, 1), ELEMENTS, OWN, DEPTH
    ).lines()
    assert lines[0].split() == "5 lines rate 95 % always Fe ceiling".split()
    assert lines[1].split() == ["own", "element", "1.00", "0.57-1.00", "0.60", "1.00"]
    assert lines[-1].split() == ["own,", "by", "depth", "1.00"]


def test_lines_without_a_column_are_refused():
    with pytest.raises(ValueError, match=r"1 lines, and no derivative by Ni; expected"):
        attribute(derivatives_of(["Fe"]), derivatives_of(["Fe"]), ELEMENTS, ["Ni"], [1])
    with pytest.raises(ValueError, match="there are 0 lines"):
        attribute(np.zeros((0, 4)), np.zeros((0, 4)), ELEMENTS, [], [])


def test_derivatives_at_lines_are_means_over_stars():
    change = np.zeros((2, 5, 3))
    change[:, 3, 2] = [0.1, 0.3]
    found = line_derivatives(change, [3, 0], ("teff", "fe_h", "mg_h"))
    np.testing.assert_allclose(found, [[0.0, 0.2], [0.0, 0.0]])


def test_errors_of_derivatives_are_relative_and_count_as_x_fe():
    """A tenth missing of everything is a tenth in any basis."""
    names = ("teff", "vbroad", "fe_h", "mg_h", "ni_h")
    true = np.random.default_rng(0).normal(size=(3, 50, 5))
    found = derivative_errors(0.9 * true, true, names)
    np.testing.assert_allclose(list(found.values()), 0.1)
    assert list(found) == ["teff", "vbroad", "fe_h", "mg_fe", "ni_fe", "x_fe"]
    true[..., 1] = np.nan
    assert "vbroad" not in derivative_errors(0.9 * true, true, names)


def test_a_lost_single_abundance_is_not_hidden_by_iron():
    names = ("fe_h", "mg_h")
    true = np.random.default_rng(0).normal(size=(1, 400, 2))
    lost = true * [1.0, 0.0]
    found = derivative_errors(lost, true, names)
    assert found["mg_fe"] == pytest.approx(1.0)
    assert found["fe_h"] == pytest.approx(2**-0.5, abs=0.1)
