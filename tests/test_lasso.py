"""A lasso goes into the address and back, and holds what lies in it."""

import numpy as np
import pytest

from stellar_gui.lasso import Lasso


def _circle(n, radius=10.0):
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return radius * np.column_stack([np.cos(angle), np.sin(angle)])


def test_of_many_corners_those_are_kept_that_make_the_shape():
    lasso = Lasso("m1", _circle(500))
    assert len(lasso.vertices) == 40
    points = np.random.default_rng(1).uniform(-12, 12, (2000, 2))
    radius = np.hypot(*points.T)
    clear = np.abs(radius - 10) > 0.2
    assert (lasso.holds(points) == (radius < 10))[clear].all()


def test_a_notch_is_outside():
    notched = Lasso("m1", [(0, 0), (4, 0), (4, 4), (2, 1), (0, 4)])
    assert notched.holds([(2, 0.5), (2, 3), (0.5, 2), (5, 5)]).tolist() == [
        True,
        False,
        True,
        False,
    ]


def test_it_comes_back_from_its_text():
    lasso = Lasso("raw-1f", _circle(17, 3.21) - 40)
    assert Lasso.parse(str(lasso)) == lasso


@pytest.mark.parametrize(
    "text",
    [
        *("", "m1:", "m1:0,0;1,1", "m1:0,0;1,1;2", "m1:0,0;1,x;2,2"),
        *("m1:0,0;1,nan;2,2", "a b:0,0;1,0;1,1", ":0,0;1,0;1,1"),
    ],
)
def test_what_is_no_lasso_is_said(text):
    with pytest.raises(ValueError, match="expected map:x,y;x,y;x,y"):
        Lasso.parse(text)
