"""The map of derivatives: each row by its own scale, which can be printed."""

import dataclasses

import numpy as np
import pytest

from stellar_gui.analysis.element_map import element_map
from stellar_gui.analysis.sensitivity import sensitivity
from tests.line_model import LineModel

FOUND = sensitivity(LineModel(), [4900.0, -0.2, 0.1])


def test_each_row_reaches_one_and_its_scale_is_the_largest_change():
    drawn = element_map(FOUND)
    assert drawn.rows == ("fe_h", "mg_h")
    np.testing.assert_allclose(np.abs(drawn.values).max(axis=1), 1)
    expected = 0.1 * np.abs(FOUND.jacobian[:, 1:]).max(axis=0)
    np.testing.assert_allclose(drawn.scale, expected)


def test_more_of_an_element_is_positive_where_its_lines_deepen():
    assert element_map(FOUND).values.min() > -1e-9


def test_values_times_scale_give_the_derivatives_back():
    drawn = element_map(FOUND, ("teff", "mg_h"))
    back = -drawn.values * drawn.scale[:, None] / [[100.0], [0.1]]
    np.testing.assert_allclose(back.T, FOUND.jacobian[:, [0, 2]], atol=1e-12)


def test_a_row_of_nothing_stays_nothing_and_silence_stays_silent():
    jacobian = FOUND.jacobian.copy()
    jacobian[:, 2] = 0.0
    jacobian[7] = np.nan
    drawn = element_map(dataclasses.replace(FOUND, jacobian=jacobian))
    assert drawn.scale[1] == 0
    assert (drawn.values[1, :7] == 0).all()
    assert np.isnan(drawn.values[:, 7]).all()
    assert drawn.scale[0] > 0


def test_a_label_that_the_model_lacks_is_refused():
    with pytest.raises(ValueError, match="no label ca_h in this model"):
        element_map(FOUND, ("ca_h",))
