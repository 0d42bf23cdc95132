"""The Kiel diagram: ellipses, zoom, axes."""

import numpy as np
import pytest

from stellar_gui.plots.kiel import (
    ZOOM,
    KielPlot,
    Point,
    error_ellipse,
    zoom_half_widths,
)
from stellar_gui.plots.style import TOKENS, Painter


def point(teff=5000.0, logg=3.0, covariance=None, token="payne", marker="square"):
    return Point(teff, logg, covariance, token, marker)


def test_the_ellipse_is_where_the_covariance_says_one_sigma():
    covariance = np.array([[900.0, 1.2], [1.2, 0.01]])
    teff, logg = error_ellipse(point(covariance=covariance))
    away = np.array([teff - 5000.0, logg - 3.0])
    distance = np.einsum("in,ij,jn->n", away, np.linalg.inv(covariance), away)
    assert distance == pytest.approx(1.0)


def test_an_unknown_covariance_has_no_ellipse():
    assert error_ellipse(point(covariance=np.full((2, 2), np.nan))) is None


def test_the_zoom_holds_near_fits_and_stays_put_for_small_differences():
    assert zoom_half_widths([point(), point(5030.0, 3.05)]) == ZOOM
    teff, logg = zoom_half_widths([point(), point(5200.0, 3.0)])
    assert teff > 200
    assert logg / teff == pytest.approx(ZOOM[1] / ZOOM[0])


def test_a_fit_far_away_does_not_shrink_the_map():
    assert zoom_half_widths([point(), point(9000.0, 1.0)])[0] == 5 * ZOOM[0]


def test_without_a_reference_the_zoom_is_where_most_fits_are():
    plot = KielPlot(Painter())
    plot.show([point(5560.0, 3.85), point(4525.0, 0.4), point(4592.0, 0.53)])
    assert plot.zoom.x_range.end < 4525.0 < 4592.0 < plot.zoom.x_range.start
    assert plot.zoom.xaxis.axis_label.endswith(", 1 beyond")


def test_axes_are_reversed_and_hold_the_training_set():
    plot = KielPlot(Painter())
    rng = np.random.default_rng(1)
    teff, logg = rng.uniform(4200, 6500, 500), rng.uniform(1, 5, 500)
    plot.set_background(np.append(teff, np.nan), np.append(logg, 2.0))
    assert plot.figure.x_range.start > teff.max() - 50
    assert plot.figure.x_range.end < teff.min() + 50
    assert plot.figure.y_range.start > plot.figure.y_range.end


def test_a_star_is_shown_where_it_is_and_repainted_in_place():
    painter = Painter("light")
    plot = KielPlot(painter)
    plot.show([point(covariance=np.diag([100.0, 0.01]))])
    data = plot.zoom.renderers[-1].data_source.data
    assert (data["teff"], data["logg"]) == ([5000.0], [3.0])
    assert data["fill"] == [TOKENS["light"].payne]
    painter.repaint("dark")
    plot.repaint()
    assert plot.zoom.renderers[-1].data_source.data["fill"] == [TOKENS["dark"].payne]


def test_a_star_without_labels_hides_the_zoom():
    plot = KielPlot(Painter())
    plot.show([point(teff=np.nan)])
    assert not plot.zoom.visible
