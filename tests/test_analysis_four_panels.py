"""What a transfer adds goes, feature by feature, to the element that explains it."""

import dataclasses

import numpy as np
import pytest

from stellar_gui.analysis.four_panels import (
    LEAST,
    LEAST_SLOPE,
    explained,
    features,
    four_panels,
)
from stellar_gui.analysis.sensitivity import sensitivity
from tests.small_transfer import small_transfer, some_labels

X = np.arange(60)


def gaussian(center, depth):
    return -depth * np.exp(-0.5 * ((X - center) / 1.5) ** 2)


def test_each_feature_goes_as_a_whole_to_its_element():
    added = gaussian(15, 0.05) + gaussian(40, 0.03)
    change = np.stack([gaussian(15, 0.02), gaussian(40, 0.01)], axis=1)
    found = explained(added, change)
    assert set(found[13:18]) == {0}
    assert set(found[39:42]) == {1}
    assert (found[24:34] == -1).all()


def test_what_is_small_or_moved_by_nothing_is_explained_by_none():
    change = np.stack([gaussian(15, 0.02)], axis=1)
    assert (explained(gaussian(15, 0.9 * LEAST), change) == -1).all()
    assert (explained(gaussian(15, 0.1), 0 * change) == -1).all()


def test_a_derivative_that_moves_the_other_way_explains_nothing():
    change = np.stack([-gaussian(15, 0.02)], axis=1)
    assert (explained(gaussian(15, 0.1), change) == -1).all()


def test_panels_are_differences_of_the_two_spectra():
    model, labels = small_transfer(), some_labels(1)[0]
    before, after = sensitivity(model.emulator, labels), sensitivity(model, labels)
    panels = four_panels(before, after, ["Mg"])
    np.testing.assert_allclose(panels.difference, after.flux - before.flux)
    column = after.label_names.index("mg_h")
    expected = (after.jacobian - before.jacobian)[:, [column]] * 0.1
    np.testing.assert_allclose(panels.change, expected, atol=1e-12)


def test_a_feature_of_another_element_gets_no_colour():
    model, labels = small_transfer(), some_labels(1)[0]
    before = sensitivity(model.emulator, labels)
    iron = before.label_names.index("fe_h")
    jacobian = before.jacobian.copy()
    jacobian[20:23, iron] -= 1.0
    flux = before.flux.copy()
    flux[20:23] -= 0.1
    after = dataclasses.replace(before, flux=flux, jacobian=jacobian)
    assert (four_panels(before, after, ["Mg"]).explained == -1).all()
    assert set(four_panels(before, after, ["Mg", "Fe"]).explained[20:23]) == {1}


def test_an_element_that_is_no_label_is_refused():
    found = sensitivity(small_transfer(), some_labels(1)[0])
    with pytest.raises(ValueError, match="no derivative by Zn, expected elements of"):
        four_panels(found, found, ["Zn"])


def test_a_model_without_elements_explains_no_feature():
    added = gaussian(15, 0.1)
    assert (explained(added, np.zeros((len(added), 0))) == -1).all()


def test_features_in_view_are_counted():
    before = sensitivity(small_transfer().emulator, some_labels(1)[0])
    iron = before.label_names.index("fe_h")
    flux, jacobian = before.flux.copy(), before.jacobian.copy()
    flux[[20, 21, 40, 90]] -= 0.1
    jacobian[20:22, iron] -= 1.0
    after = dataclasses.replace(before, flux=flux, jacobian=jacobian)
    panels = four_panels(before, after, ["Fe"])
    grid = panels.wavelength
    everywhere = panels.inside(grid[0], grid[-1])
    assert [(f.start, f.stop) for f in everywhere] == [(20, 22), (40, 41), (90, 91)]
    assert [f.is_explained for f in everywhere] == [True, False, False]
    assert panels.element(everywhere[0]) == "Fe"
    assert [f.start for f in panels.inside(grid[50], grid[-1])] == [90]
    assert [f.start for f in panels.inside(grid[21], grid[40])] == [20, 40]
    assert panels.inside(grid[22], grid[39]) == []


def test_a_line_that_is_put_back_is_explained_from_the_least_depth_on():
    """A weak line of depth d changes its flux by 0.23 d per 0.1 dex."""
    added = gaussian(15, 1.1 * LEAST)
    (feature,) = features(added, (np.log(10) * 0.1 * added)[:, None])
    assert feature.is_explained
    assert feature.slope == pytest.approx(0.23 * 1.1 * LEAST, rel=0.01)
    assert 0.23 * LEAST > 2 * LEAST_SLOPE  # a line on its way to saturation, too
