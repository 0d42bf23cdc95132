"""The picked point of the maps: a star everywhere, or none; stars that are placed."""

import dataclasses

import numpy as np
import pytest

from stellar_gui.maps.map import DomainMap
from stellar_gui.views import domain_source
from tests.mapped import alone, open_domains
from tests.small_domains import small_domains


@pytest.fixture(autouse=True)
def started(tmp_path, monkeypatch):
    return alone(tmp_path, monkeypatch)


@pytest.fixture
def opened():
    return open_domains()


@pytest.fixture
def shown(opened):
    return opened.page


@pytest.fixture
def selection(opened):
    return opened.selection


@pytest.fixture
def session(opened):
    return opened.session


def test_an_observed_point_is_selected_everywhere(shown, selection):
    row = shown.maps.points.row_of("star-0017")
    shown.point.take(row)
    assert selection.star == "star-0017"
    picked = shown.maps.plots._picked.data
    assert picked["x_2"] == [shown.maps.points.places[row, 2, 0]]
    assert shown.status.state["picked"]["words"].endswith("same star in all three maps")


def test_a_synthetic_point_says_what_it_is_and_selects_no_star(shown, selection):
    shown.point.take(4)
    assert selection.star == "star-0003"
    picked = shown.status.state["picked"]
    assert picked["name"] == "synth-5"
    assert "no observed star" in picked["words"]
    shown.escape()
    assert shown.status.state["picked"]["name"] == "star-0003"


def test_another_star_takes_the_place_of_a_synthetic_point(shown, selection):
    shown.point.take(4)
    selection.choose(star="star-0008")
    assert shown.status.state["picked"]["name"] == "star-0008"


def test_a_star_that_the_user_opened_is_placed_into_the_maps(shown, selection):
    before = shown.maps.points.places.copy()
    selection.choose(star="mine-0001")
    picked = shown.maps.plots._picked.data
    assert np.isfinite([picked[f"{c}_{k}"][0] for c in "xy" for k in range(3)]).all()
    assert "placed into all three maps" in shown.status.state["picked"]["words"]
    np.testing.assert_array_equal(shown.maps.points.places, before)


def test_a_star_that_cannot_be_placed_says_why(shown, selection, session):
    bad = dataclasses.replace(
        small_domains(1, seed=5, prefix="bad"), ivar=np.zeros((1, 140))
    )
    session.add_spectra(bad)
    selection.choose(star="bad-0000")
    assert "no good pixel" in shown.status.state["picked"]["words"]
    assert shown.maps.plots._picked.data["x_0"] == []


# ---- placing, which takes a while


@pytest.fixture
def waiting(monkeypatch):
    """Work of the background, which a test does when it wants to."""
    waiting = []
    monkeypatch.setattr(
        domain_source, "in_background", lambda *work: waiting.append(work)
    )
    return waiting


@pytest.fixture
def placed(monkeypatch):
    """The spaces that a star was placed in, one after the other."""
    spaces, place = [], DomainMap.place
    monkeypatch.setattr(
        DomainMap,
        "place",
        lambda one, new: spaces.append(one.space) or place(one, new),
    )
    return spaces


def _do(waiting):
    while waiting:
        work, then = waiting.pop(0)
        then(work())


def test_of_stars_that_are_stepped_through_the_last_alone_is_placed(waiting, placed):
    shown, selection, _ = open_domains(8)
    _do(waiting)
    for k in range(8):
        selection.choose(star=f"mine-{k:04d}")
    assert len(waiting) == 8
    _do(waiting)
    assert placed == ["raw", "latents", "transferred"]
    assert "placed into all three maps" in shown.status.state["picked"]["words"]
    selection.choose(star="mine-0002")  # which was gone from before its turn came
    assert "placing it" in shown.status.state["picked"]["words"]
    _do(waiting)
    assert len(placed) == 6
    assert np.isfinite(shown.maps.plots._picked.data["x_1"]).all()


def test_a_star_that_is_left_is_placed_into_no_further_map(waiting, placed):
    shown, selection, _ = open_domains()
    _do(waiting)
    selection.choose(star="mine-0000")
    work, then = waiting.pop()
    asked = []

    def wanted():
        if asked:
            selection.choose(star="star-0003")
        asked.append(selection.star)
        return selection.star == "mine-0000"

    assert (
        domain_source._placed(shown.source.shown, shown._session, "mine-0000", wanted)
        is None
    )
    assert placed == ["raw"]
    then(work())
    assert placed == ["raw"]


def test_a_star_that_is_come_back_to_before_its_turn_is_placed_once(waiting, placed):
    _, selection, _ = open_domains()
    _do(waiting)
    for star in ("mine-0000", "mine-0001", "mine-0000"):
        selection.choose(star=star)
    assert len(waiting) == 2
    _do(waiting)
    assert len(placed) == 3


def test_a_place_in_the_maps_of_before_is_none_in_those_of_now(waiting):
    shown, selection, _ = open_domains()
    _do(waiting)
    selection.choose(star="mine-0000")
    shown.point.forget()
    work, then = waiting.pop(0)
    then(work())
    assert "placing it" in shown.status.state["picked"]["words"]
    _do(waiting)
    assert "placed into all three maps" in shown.status.state["picked"]["words"]
