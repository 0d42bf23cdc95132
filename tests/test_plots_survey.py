"""Pictures of surveys: what a byte means, what the axes hold, what a click hits."""

import numpy as np
import pytest

from stellar_gui.plots.one_to_one import OneToOnePlot, Plane, limits
from stellar_gui.plots.residual_stack import StackPlot, diverging, signed_bytes
from stellar_gui.plots.star_points import round_ticks, tick_decimals
from stellar_gui.plots.style import TOKENS, Painter, blend
from stellar_gui.plots.survey_density import as_bytes
from stellar_gui.plots.survey_planes import PlaneAxes, PlanePlot


def test_a_rare_star_is_drawn_and_none_is_not():
    share = np.zeros((3, 400))
    share[1], share[2, 7] = 0.2, 1 / 5000
    bytes_ = as_bytes(share)
    assert bytes_[1].min() == 255
    assert bytes_[2, 7] > 5
    assert bytes_[0].max() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_zero_residual_has_the_colour_of_the_ground(theme):
    colors = diverging(Painter(theme))
    assert len(colors) == 255
    zero = int(signed_bytes(np.zeros((1, 1)), 4.0)[0, 0])
    assert colors[zero - 1].lower() == TOKENS[theme].surface.lower()
    assert colors[0].lower() == TOKENS[theme].zscore_negative.lower()
    assert colors[-1].lower() == TOKENS[theme].zscore_positive.lower()


def test_colours_run_from_the_ground_to_the_ink():
    assert blend("#ffffff", "#000000", 2) == ["#ffffff", "#000000"]


def test_axes_hold_the_reference_whatever_a_few_fits_say():
    reference = np.linspace(4000, 6000, 50)
    low, high = limits(reference, np.where(reference > 5900, 1e5, reference))
    assert low < 4000 < 6000 < high < 7000
    assert limits(np.full(3, np.nan), np.ones(3)) == (0.0, 1.0)


@pytest.mark.parametrize(("low", "high"), [(4000, 6500), (-2.4, 0.5), (0.01, 0.03)])
def test_ticks_are_round_inside_and_told_apart(low, high):
    ticks = round_ticks(low, high)
    assert 2 <= len(ticks) <= 5
    assert low <= ticks[0] <= ticks[-1] <= high
    texts = [f"{tick:.{tick_decimals(ticks)}f}" for tick in ticks]
    assert len(set(texts)) == len(texts)


def test_points_outside_the_axes_are_counted_in_words():
    reference = np.linspace(0, 1, 20)
    inferred = np.append(reference[:-1], 50.0)
    plot = OneToOnePlot(Painter())
    nobody = np.zeros(20, dtype=bool)
    plot.set([Plane("x", reference, inferred, ["bias 0"], nobody)], None, "payne")
    assert plot._words[0].text == "bias 0\n1 outside"
    assert [fig.visible for fig in plot.figures] == [True, False, False, False]


def test_a_click_hits_the_nearest_point_and_only_if_it_is_near():
    plot = PlanePlot(Painter(), "plane")
    points = np.array([[5000.0, 2.0], [6000.0, 4.0], [np.nan, np.nan]])
    axes = PlaneAxes(("Teff / K", "log g"), (True, True))
    plot.set(axes, points, None, None, "payne")
    assert plot.points.nearest(plot.figure, 0, 5002.0, 2.01) == 0
    assert plot.points.nearest(plot.figure, 0, 5500.0, 3.0) is None
    assert plot.figure.x_range.start > plot.figure.x_range.end


def test_the_row_of_a_star_is_marked_and_let_go():
    from bokeh.models import ColumnDataSource, Range1d

    plot = StackPlot(Painter(), Range1d(0, 1), ColumnDataSource({"x": []}))
    plot.mark_star(12)
    assert plot._star.data["y"] == [12.5]
    plot.clear()
    assert plot._star.data["y"] == []
