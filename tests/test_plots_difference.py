"""The difference of two spectra and the bars that explain it, as they are drawn."""

import numpy as np
import pytest

from stellar_gui.plots.difference import Bar, DifferencePlot, ExplanationPlot, NamedLine
from stellar_gui.plots.pieces import Pieces
from stellar_gui.plots.style import TOKENS, Painter

GRID = np.r_[np.arange(5000, 5050, 0.2), np.arange(6000, 6040, 0.2)]


@pytest.fixture
def plot():
    plot = DifferencePlot(Painter())
    plot.set_pieces(Pieces.of(GRID), "air")
    return plot


def _line(wavelength, text="Mg", weight=1.0):
    return NamedLine(wavelength, text, "alpha", weight)


def test_lines_never_bridge_a_gap_and_the_band_ends_with_its_piece(plot):
    value = np.full(len(GRID), 0.01)
    plot.show(value, value - 0.002, value + 0.002, "difference")
    drawn = plot._source.data
    assert np.isnan(drawn["difference"]).sum() == 2
    assert np.isfinite(drawn["low"]).all()
    assert plot.figure.y_range.end > 0.012


def test_the_best_lines_are_named_in_their_order(plot):
    lines = [_line(6020, "Ca", 2), _line(5010, "Mg", 1), _line(5030, "Si", 3)]
    plot.set_lines(lines)
    assert plot._names.data["text"] == ["Mg", "Si", "Ca"]
    assert plot._names.data["color"][0] == TOKENS["light"].alpha


def test_no_name_stands_far_from_its_line(plot):
    plot.set_lines([_line(5020 + 0.01 * k, weight=k) for k in range(50)])
    places = np.array(plot._names.data["x"])
    assert 1 <= len(places) < 10
    true = np.array([xs[-1] for xs in plot._leaders.data["xs"]])
    scale = (plot.figure.x_range.end - plot.figure.x_range.start) / 880
    assert np.abs(places - true).max() <= 36 * scale * 1.01


def test_a_line_in_a_gap_is_not_named_nor_picked(plot):
    plot.set_lines([_line(5500.0)])
    assert plot._names.data["text"] == []
    plot.pick(5500.0)
    assert plot._picked.data["x"] == []
    plot.pick(5010.0)
    assert plot._picked.data["x"] == [pytest.approx(10.1)]


def test_without_a_difference_nothing_is_drawn(plot):
    plot.set_lines([_line(5010.0)])
    plot.clear()
    assert plot._names.data["text"] == []
    assert len(plot._source.data["x"]) == 1


def test_bars_below_two_sigma_are_pale_and_have_their_numbers():
    plot = ExplanationPlot(Painter())
    bars = [
        Bar("mg_fe", "Mg", "alpha", 0.2, 0.02, True),
        Bar("na_fe", "Na", "odd_z", -0.03, 0.03, False),
    ]
    plot.show(bars)
    drawn = plot._source.data
    assert drawn["alpha"][0] == 1.0
    assert drawn["alpha"][1] < 0.5
    assert drawn["number"] == ["+0.20", "−0.03"]
    assert drawn["error"] == ["± 0.02", "± 0.03"]
    x_range = plot.figure.x_range
    assert x_range.start < -0.06
    assert x_range.end > 0.22
    assert plot.bar_at(0.9) is bars[1]
    assert plot.bar_at(7.0) is None


def test_a_theme_changes_what_is_coloured_by_element(plot):
    bars = ExplanationPlot(plot._painter)
    bars.show([Bar("mg_fe", "Mg", "alpha", 0.2, 0.02, True)])
    plot.set_lines([_line(5010.0)])
    plot._painter.repaint("dark")
    plot.repaint()
    bars.repaint()
    assert bars._source.data["color"] == [TOKENS["dark"].alpha]
    assert plot._names.data["color"] == [TOKENS["dark"].alpha]
