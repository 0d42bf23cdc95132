"""The cards of the Elements page: window and pixel, answers, limits, what-if."""

import numpy as np
import pytest
from astropy.table import Table

from stellar_gui.analysis.linear_response import refit
from stellar_gui.masked import MaskedWindow
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views.elements import ElementsPage
from tests.element_session import models, page_of, stars
from tests.small_transfer import GRID


@pytest.fixture(name="elements")
def page_of_three_models():
    return page_of()[0]


# ---- window and pixel


def test_the_window_is_shared():
    page, selection, _ = page_of(window=(float(GRID[5]), float(GRID[40])))
    np.testing.assert_allclose(page.main.shown_window, (GRID[5], GRID[40]))
    page.run("map_on")
    assert selection.window is not None
    np.testing.assert_allclose(page.main.shown_window, selection.window, atol=0.01)


def test_a_click_picks_the_nearest_pixel_and_an_element_of_its_row():
    page, selection, _ = page_of(elements=("Fe",))
    x = float(page.main.pieces.to_plot(GRID[100])) + 1e-3
    page.main._tapped(x, "Mg")
    assert selection.pixel == pytest.approx(GRID[100])
    assert selection.elements == ("Fe", "Mg")
    low, high = page.main.shown_window
    assert low <= GRID[100] <= high
    page.escape()
    assert selection.pixel is None


def test_a_dip_that_no_element_explains_is_not_shown_as_continuum(monkeypatch):
    monkeypatch.setattr("stellar_gui.analysis.line_answer.NOTHING", 1.0)
    flux, dip = np.array(stars().flux), 30
    flux[0, dip] -= 0.2
    session = Session(stars().replace(flux=flux), {"Payne": models()["Payne"]})
    selection = Selection(session.stars, ("Payne",), star="star-0", page="elements")
    page = ElementsPage(selection, session)
    selection.pixel = float(GRID[dip])
    state = page.answer.card.state
    assert (state["title"], state["verdict"]["kind"]) == ("Unexplained", "warning")
    assert state["verdict"]["text"].startswith("z −")
    selection.pixel = float(GRID[dip + 20])
    state = page.answer.card.state
    assert (state["title"], state["verdict"]["kind"]) == ("No line", "ok")


def test_residuals_are_picked_one_after_another_the_strongest_first():
    page, selection, session = page_of(("Payne",))
    star = stars(1, prefix="odd")
    flux = star.flux.copy()
    flux[0, 30] -= 0.3
    flux[0, 110] -= 0.2
    (star_id,) = session.add_spectra(star.replace(flux=flux))
    selection.choose(star=star_id)
    page.run("next_residual")
    assert selection.pixel == pytest.approx(GRID[30])
    page.run("next_residual")
    assert selection.pixel == pytest.approx(GRID[110])


# ---- what is this line


def test_every_model_answers_at_a_pixel():
    page, *_ = page_of(pixel=float(GRID[30]))
    state = page.answer.card.state
    assert [model["title"] for model in state["models"]] == list(models())
    assert all(len(row["shares"]) == 3 for row in state["rows"])
    assert max(row["shares"][1] for row in state["rows"]) == 1.0
    assert state["verdict"]["text"]


def test_the_example_of_an_empty_card_can_be_picked(elements):
    example = elements.answer.card.state["example"]
    assert example["text"].startswith("Try Mg")
    elements.answer.run("pick", example["pixel"])
    assert elements.answer.card.state["picked"] is True


def test_all_lines_of_the_answer_are_shown():
    page, selection, _ = page_of()
    for pixel in GRID.tolist():
        page.answer.run("pick", pixel)
        if page.answer.element in ("Mg", "Fe"):
            break
    assert page.answer.card.state["known"] is True
    page.answer.run("show_all")
    assert selection.elements == (page.answer.element,)


def test_a_masked_line_costs_certainty_and_can_be_counted_again(elements):
    elements.answer.run("pick", elements.answer.card.state["example"]["pixel"])
    before = {row["title"]: row["sigma"] for row in elements.limits.card.state["rows"]}
    elements.answer.run("mask")
    state = elements.limits.card.state
    after = {row["title"]: row for row in state["rows"]}
    assert elements.answer.card.state["masked"] is True
    assert len(state["masked"]) == 1
    assert after["Mg"]["sigma"] > before["Mg"]
    assert after["Mg"]["before"] == pytest.approx(before["Mg"])
    elements.answer.run("mask")
    assert elements.limits.card.state["masked"] == []
    assert elements.answer.card.state["masked"] is False


def test_what_is_masked_stands_in_the_address_and_is_undone():
    page, selection, session = page_of(window=(float(GRID[5]), float(GRID[40])))
    page.answer.run("pick", page.answer.card.state["example"]["pixel"])
    page.answer.run("mask")
    page.limits.run("pixels", "outside")
    other = Selection(session.stars, tuple(session.models), page="elements")
    again = ElementsPage(other, session)
    assert other.from_query(selection.to_query()) == []
    assert again.limits.card.state == page.limits.card.state
    assert again.answer.card.state["masked"] is True
    selection.undo()
    assert page.limits.card.state["pixels"] == "all"
    selection.undo()
    assert page.limits.card.state["masked"] == []
    assert page.answer.card.state["masked"] is False


def test_the_window_counts_as_it_is_seen_before_it_is_moved(elements):
    everything = elements.limits.card.state["rows"]
    elements.limits.run("pixels", "window")
    low, high = elements.main.shown_window
    inside = MaskedWindow("", low, high).holds(GRID)
    assert elements.limits._counting().sum() == inside.sum() < len(GRID)
    assert elements.limits.card.state["rows"] != everything


def test_the_line_list_is_read_once_for_all_stars(monkeypatch):
    page, selection, session = page_of(pixel=float(GRID[30]))
    bundled = lambda: pytest.fail("the line list was read again")  # noqa: E731
    monkeypatch.setattr("stellar_gui.synthesis.lines.bundled_lines", bundled)
    selection.choose(star=session.ids[1])
    assert page.answer.card.state["picked"] is True


# ---- limits


def test_limits_fall_with_the_signal(elements):
    elements.limits.run("snr", 50)
    low = {row["title"]: row["sigma"] for row in elements.limits.card.state["rows"]}
    elements.limits.run("snr", 100)
    high = {row["title"]: row["sigma"] for row in elements.limits.card.state["rows"]}
    for element, sigma in low.items():
        assert sigma == pytest.approx(2 * high[element])
    elements.limits.run("snr", 1e9)
    assert elements.limits.card.state["snr"] == 300


def test_limits_begin_at_the_stars_own_signal(elements):
    assert elements.limits.card.state["snr"] == pytest.approx(80, abs=8)


def test_a_window_tells_less_than_all_pixels():
    page, selection, _ = page_of(window=(float(GRID[5]), float(GRID[40])))
    page.limits.run("pixels", "window")
    for row in page.limits.card.state["rows"]:
        assert row["sigma"] is None or row["sigma"] > row["before"]
    window = page.limits.card.state["rows"]
    selection.choose(window=(float(GRID[5]), float(GRID[55])))
    assert page.limits.card.state["rows"] != window


def test_correlations_are_symmetric_with_ones(elements):
    elements.limits.run("view", "correlations")
    matrix = elements.limits.card.state["matrix"]
    values = np.array(matrix["values"], dtype=float)
    assert matrix["titles"] == ["Teff", "log g", "Mg", "Fe"]
    np.testing.assert_allclose(values, values.T, atol=1e-3)
    np.testing.assert_allclose(np.diag(values), 1.0, atol=1e-3)


# ---- what if


def test_a_refit_stands_beside_the_prediction():
    page, selection, session = page_of()
    page.limits.run("view", "what if")
    page.limits.run("what", "continuum")
    assert page.limits.card.state["whatIf"]["confirmed"] is False
    page.limits.run("refit")
    state = page.limits.card.state["whatIf"]
    assert state["confirmed"] is True
    assert "of the prediction" in state["agreement"]
    star = session.star(selection.star)
    fit = page.star.fit("Payne")
    fitted = refit(models()["Payne"], star, fit, "continuum", 0.005)
    again = {row["title"]: row["again"] for row in state["rows"]}
    for place, title in enumerate(("Teff", "log g", "Fe", "Mg")):
        expected = fitted.shift[place] / fit.sigma[0, place]
        assert again[title] == pytest.approx(expected, rel=1e-3, abs=1e-6)


def test_the_sign_turns_the_shifts_round(elements):
    elements.limits.run("view", "what if")
    plus = {
        r["title"]: r["shift"] for r in elements.limits.card.state["whatIf"]["rows"]
    }
    elements.limits.run("sign", -1)
    minus = {
        r["title"]: r["shift"] for r in elements.limits.card.state["whatIf"]["rows"]
    }
    for title, shift in plus.items():
        assert minus[title] == pytest.approx(-shift)


def test_a_prediction_that_is_known_to_be_rough_says_so(elements):
    elements.limits.run("view", "what if")
    words = lambda: elements.limits.card.state["whatIf"]["prediction"]  # noqa: E731
    elements.limits.run("what", "velocity")
    assert words() == "predicted by linear response"
    elements.run("model", "Cycle-StarNet")
    assert "refit to know" in words()
    elements.limits.run("what", "continuum")
    assert words() == "predicted by linear response"


def test_given_labels_have_no_fit_to_ask(elements):
    elements.limits.run("view", "what if")
    elements.run("given", True)
    assert "given, not fitted" in elements.limits.card.state["whatIf"]["reason"]


# ---- saving


def test_numbers_are_saved_as_tables_that_name_their_origin(elements):
    saved = {}
    for card in (elements.main.title, elements.answer.card, elements.limits.card):
        card.save = lambda name, text: saved.update({name: text})
    elements.answer.run("pick", float(GRID[30]))
    elements.run("export_derivatives")
    elements.main.show_view("panels")
    elements.main.save_numbers()
    elements.answer.run("numbers")
    elements.limits.run("numbers")
    elements.limits.run("view", "what if")
    elements.limits.run("numbers")
    assert len(saved) == 5
    for name, text in saved.items():
        table = Table.read(text, format="ascii.ecsv")
        assert name.startswith("star-0")
        assert table.meta["star"] == "star-0"
        assert table.meta["stellar_gui"]
    derivatives = Table.read(saved["star-0_derivatives.ecsv"], format="ascii.ecsv")
    assert str(derivatives["d_flux_d_teff"].unit) == "1 / K"
    seen = elements.star.seen("Payne").jacobian[:, 3]
    np.testing.assert_allclose(derivatives["d_flux_d_mg_h"], seen, equal_nan=True)
