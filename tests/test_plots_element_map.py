"""The map keeps every line, colours by family, and shares its window."""

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models import Range1d

from stellar_gui.plots.derivatives import Curve, DerivativePlot, dashes_of, peaks
from stellar_gui.plots.element_map import (
    ElementMapPlot,
    MapRow,
    colored,
    strongest_in_columns,
)
from stellar_gui.plots.four_panels import FourPanels
from stellar_gui.plots.pieces import Pieces
from stellar_gui.plots.style import TOKENS, Painter

GRID = np.concatenate([5000 + 0.1 * np.arange(400), 5200 + 0.1 * np.arange(300)])
PIECES = Pieces.of(GRID)


def spike(pixel, value=1.0):
    values = np.zeros(len(GRID))
    values[pixel] = value
    return values


@pytest.mark.parametrize("pixel", [0, 1, 399, 400, 555, 699])
@pytest.mark.parametrize("n_columns", [40, 800, 3000])
def test_no_pixel_is_lost_and_each_stays_in_its_place(pixel, n_columns):
    found = strongest_in_columns(PIECES, spike(pixel, -0.7), n_columns)[0]
    assert found.max() == pytest.approx(0.7)
    column = np.flatnonzero(found)
    width = PIECES.end / n_columns
    centre = (column + 0.5) * width
    away = np.abs(centre - PIECES.to_plot(GRID[pixel]))
    assert away.max() <= width + 0.1


def test_gutters_and_unknown_pixels_are_empty():
    found = strongest_in_columns(PIECES, np.full(len(GRID), 1.0), 800)[0]
    centre = (np.arange(800) + 0.5) * PIECES.end / 800
    gutter = (centre > 40.0) & (centre < PIECES.start[1])
    assert gutter.any()
    assert (found[gutter] == 0).all()
    assert (found[~gutter] == 1).all()
    assert (strongest_in_columns(PIECES, np.full(len(GRID), np.nan), 800) == 0).all()


def test_colours_are_the_rows_own_and_zero_is_transparent():
    image = colored(np.array([[0.0, 1.0], [0.5, 2.0]]), ["#102030", "#FF0000"])
    rgba = image.view(np.uint8).reshape(2, 2, 4)
    assert rgba[0, 1].tolist() == [0x10, 0x20, 0x30, 255]
    assert rgba[0, 0, 3] == 0
    assert rgba[1, :, 3].tolist() == [128, 255]


def drawn(theme="light"):
    painter = Painter(theme)
    plot = ElementMapPlot(painter, Range1d(0, 1))
    plot.set_pieces(PIECES)
    plot.set_flux(np.ones(len(GRID)))
    rows = [
        MapRow("Ca", "alpha", spike(10), "0.02"),
        MapRow("Fe", "iron_peak", spike(500), "0.03"),
    ]
    plot.set_rows(rows)
    return plot, painter


def test_the_first_row_is_at_the_top():
    plot, _ = drawn()
    assert [plot.row_at(y) for y in (1.5, 0.5, -0.1, None)] == ["Ca", "Fe", None, None]
    image = plot.map.select_one({"name": "element-image"}).data["image"][0]
    alpha = image.view(np.uint8).reshape(*image.shape, 4)[..., 3]
    assert alpha[1].argmax() < alpha[0].argmax()  # Ca, above, speaks in the blue


def test_scales_are_printed_beside_their_rows():
    plot, _ = drawn()
    axis = plot.map.right[0]
    assert axis.major_label_overrides == {1.5: "0.02", 0.5: "0.03"}


def test_chosen_rows_are_marked_in_their_colour():
    plot, _ = drawn()
    plot.mark(["Fe", "Ba"])
    assert plot._chosen.data["color"] == [TOKENS["light"].iron_peak]


def test_the_map_is_painted_anew_in_another_theme():
    plot, painter = drawn()
    before = plot.map.select_one({"name": "element-image"}).data["image"][0]
    painter.repaint("dark")
    plot.repaint()
    after = plot.map.select_one({"name": "element-image"}).data["image"][0]
    assert not np.array_equal(before, after)


def test_of_a_blend_the_strongest_peak_is_named():
    x = np.arange(0.0, 10.0, 0.1)
    line = lambda c, d: d * np.exp(-0.5 * ((x - c) / 0.15) ** 2)  # noqa: E731
    found = peaks(x, [line(3.0, -1.0), line(3.2, -0.6) + line(7.0, 0.5)], 9)
    assert [(round(p.x, 1), p.curve) for p in found] == [(3.0, 0), (7.0, 1)]
    assert len(peaks(x, [line(3.0, -1.0), line(7.0, 0.5)], 1)) == 1


def test_nothing_has_no_peaks():
    assert peaks(np.arange(5.0), [np.full(5, np.nan)], 9) == []
    assert peaks(np.arange(5.0), [], 9) == []


def test_siblings_differ_by_their_dashes():
    dashes = dashes_of(["alpha"] * 3)
    assert len(set(dashes)) == 3


def test_curves_of_another_star_take_colours_names_and_axis():
    painter, window = Painter("light"), Range1d(0, 40)
    plot = DerivativePlot(painter, window, ElementMapPlot(painter, window).picked)
    plot.set_pieces(PIECES, "air")
    curves = [Curve("Ca", "alpha", -0.03 * spike(100)), Curve("Fe", "iron_peak", 0)]
    curves[1] = curves[1]._replace(values=-0.01 * spike(200))
    plot.set_curves(np.ones(len(GRID)), curves, "per 0.1 dex")
    names = plot.figure.select_one({"name": "derivative-names"}).data
    assert list(names["text"]) == ["Ca", "Fe"]
    assert plot.figure.y_range.start < -0.03
    assert [line.visible for line in plot._lines].count(True) == 2
    painter.repaint("dark")
    plot.repaint()
    assert plot._lines[0].glyph.line_color == TOKENS["dark"].alpha
    assert plot._names.data["color"][0] == TOKENS["dark"].alpha


def test_a_pick_leaves_what_is_drawn_as_it_is():
    """Marks lie on the layer that is painted by itself, as the window does."""
    painter, window = Painter("light"), Range1d(0, 40)
    plot = ElementMapPlot(painter, window)
    derivatives = DerivativePlot(painter, window, plot.picked)
    panels = FourPanels(painter, window, plot.picked, {})
    for fig in (*plot.figures, derivatives.figure, *panels.figures.values()):
        (mark,) = [r for r in fig.renderers if r.data_source is plot.picked]
        assert mark.level == "overlay"
    (chosen,) = [r for r in plot.map.renderers if r.data_source is plot._chosen]
    assert chosen.level == "overlay"


def test_only_curves_that_differ_are_sent():
    painter, window = Painter("light"), Range1d(0, 40)
    plot = DerivativePlot(painter, window, ElementMapPlot(painter, window).picked)
    plot.set_pieces(PIECES, "air")
    flux = np.where(spike(7) > 0, np.nan, 1.0)
    calcium = Curve("Ca", "alpha", -0.03 * spike(100))
    iron = Curve("Fe", "iron_peak", -0.01 * spike(200))
    plot.set_curves(flux, [calcium, iron], "per 0.1 dex")
    document, sent = Document(), []
    document.add_root(plot.figure)
    document.on_change(
        lambda event: sent.append((event.model, getattr(event, "cols", None)))
    )
    plot.set_curves(flux, [calcium, iron._replace(values=spike(50))], "per 0.1 dex")
    assert [cols for model, cols in sent if model is plot.source] == [["line_1"]]
    sent.clear()
    plot.set_curves(flux, [calcium], "per 0.1 dex")
    assert plot.source not in [model for model, _ in sent]


def test_numbers_beside_the_derivatives_are_of_one_width():
    painter, window = Painter("light"), Range1d(0, 40)
    plot = DerivativePlot(painter, window, ElementMapPlot(painter, window).picked)
    plot.set_pieces(PIECES, "air")
    lengths = set()
    for depth in (0.09, 0.03, 0.01, 0.004):
        curve = Curve("Ca", "alpha", -depth * spike(10))
        plot.set_curves(np.ones(len(GRID)), [curve], "per 0.1 dex")
        lengths.add(max(map(len, plot.figure.yaxis[0].major_label_overrides.values())))
    assert len(lengths) == 1


def test_a_window_without_any_change_still_has_an_axis():
    painter, window = Painter("light"), Range1d(0, 40)
    plot = DerivativePlot(painter, window, ElementMapPlot(painter, window).picked)
    plot.set_pieces(PIECES, "air")
    plot.set_curves(np.ones(len(GRID)), [], "per 0.1 dex")
    assert plot.figure.y_range.end > plot.figure.y_range.start


def test_features_are_coloured_by_the_element_that_explains_them():
    painter, window = Painter("light"), Range1d(0, 40)
    least = {"difference": 0.01, "derivatives": 0.001}
    picked = ElementMapPlot(painter, window).picked
    panels = FourPanels(painter, window, picked, least)
    panels.set_pieces(PIECES, "air")
    synthetic = np.ones(len(GRID))
    transferred = synthetic - 0.1 * spike(100)
    explained = np.where(spike(100) > 0, 1, -1)
    curves = [Curve("Ca", "alpha", spike(1)), Curve("Fe", "iron_peak", spike(100))]
    panels.set_spectra(synthetic, transferred, synthetic, explained, curves)
    data = panels.source.data
    assert np.isnan(data["feature_0"]).all()
    own = np.flatnonzero(np.isfinite(data["feature_1"]))
    assert own.tolist() == [99, 100, 101]  # with a pixel on each side to join the line
    assert data["difference"][100] == pytest.approx(-0.1)
    panels.clear()
    assert len(panels.source.data["x"]) == 0
