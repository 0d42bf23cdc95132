"""Linked maps: one table of points, and what is chosen of it on a layer of its own."""

import numpy as np
import pytest

from stellar_gui.plots.domain_map import MapFigures
from stellar_gui.plots.map_groups import Drawn
from stellar_gui.plots.style import TOKENS, Painter

N = 60
NAMES = ["map-raw", "map-latents", "map-transferred"]


@pytest.fixture
def points():
    return np.random.default_rng(0).normal(size=(N, 3, 2))


@pytest.fixture
def figures(points):
    figures = MapFigures(Painter(), NAMES)
    is_obs = np.arange(N) >= N // 2
    names = np.array([f"star-{k}" for k in range(N)])
    figures.set_points(points, is_obs, names, {"teff": np.arange(N)})
    return figures


def test_all_maps_draw_one_table_of_points(figures):
    sources = {id(fig.renderers[0].data_source) for fig in figures.figures}
    assert sources == {id(figures.source)}
    assert {"x_0", "y_2", "shade", "name", "teff"} <= set(figures.source.data)


def test_neither_domain_is_drawn_on_top(figures):
    drawn = figures.source.data["obs"]
    assert np.abs(np.diff(drawn.astype(int))).sum() > 10
    row = figures.source.data["name"].index("star-7")
    assert figures.source.data["teff"][row] == 7


def test_a_click_means_the_nearest_point_that_is_drawn(figures, points):
    assert figures.nearest(1, *points[7, 1]) == 7
    hidden = np.arange(N) == 7
    figures.colour(None, hidden)
    assert figures.nearest(1, *points[7, 1]) != 7
    assert figures.nearest(1, 99.0, 99.0) is None


def test_groups_are_marked_without_sending_points_again(figures, points):
    before = figures.source.data["x_0"]
    figures.groups.mark([3, 4], [50])
    for place, fig in enumerate(figures.figures):
        filled, open_ = fig.renderers[6:8]
        marked = filled.data_source.data[f"x_{place}"]
        np.testing.assert_allclose(marked, points[[3, 4], place, 0], rtol=1e-6)
        assert len(open_.data_source.data["shade"]) == 1
        assert filled.level == open_.level == "overlay"
    assert figures.source.data["x_0"] is before
    assert all(fig.renderers[1].visible for fig in figures.figures)  # the veil
    figures.groups.mark([], [])
    assert not any(fig.renderers[1].visible for fig in figures.figures)


def test_a_lasso_is_drawn_in_its_own_map_alone(figures):
    corners = np.array([[0, 0], [1, 0], [1, 2.0]])
    figures.groups.outline([Drawn(1, corners), None])
    shown = [fig.renderers[2].visible for fig in figures.figures]
    assert shown == [False, True, False]
    source = figures.figures[1].renderers[2].data_source
    assert source.data["name"] == ["A"]
    assert source.data["y"] == [2.0]
    figures.groups.outline([None, None])
    assert not figures.figures[1].renderers[2].visible


def test_a_star_without_a_place_in_a_map_is_ringed_in_the_others(figures, points):
    places = points[5].copy()
    places[0] = np.nan
    figures.pick(places)
    ring = figures.figures[0].renderers[-2].data_source
    assert np.isnan(ring.data["x_0"][0])
    assert ring.data["x_1"] == [places[1, 0]]
    figures.pick(None)
    assert ring.data["x_1"] == []


def test_an_unknown_value_is_grey_and_a_hidden_point_is_not_drawn(figures):
    shade = np.linspace(0, 1, N)
    shade[3] = np.nan
    figures.colour(shade, np.arange(N) == 4)
    drawn = dict(
        zip(figures.source.data["name"], figures.source.data["shade"], strict=True)
    )
    assert np.isnan(drawn["star-3"])
    assert drawn["star-4"] == -1
    assert drawn["star-59"] == 1


def test_a_theme_changes_the_colours_of_the_domains(figures):
    mapper = figures.figures[0].renderers[0].glyph.fill_color.transform
    assert mapper.palette[0] == TOKENS["light"].synthetic_domain
    figures._painter.repaint("dark")
    figures.repaint()
    assert mapper.palette[0] == TOKENS["dark"].synthetic_domain


def test_one_map_can_be_moved_alone_with_its_groups(figures, points):
    figures.groups.mark([3], [])
    figures.move(0, points[:, 0] + 100)
    x_range = figures.figures[0].x_range
    assert x_range.start > 90
    assert figures.figures[0].renderers[6].data_source.data["x_0"][0] > 90
    assert figures.figures[1].x_range.start < 0
    assert figures.nearest(0, *(points[7, 0] + 100)) == 7
