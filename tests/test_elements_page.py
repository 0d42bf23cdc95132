"""The Elements page without a browser: what is drawn, and what is said."""

import numpy as np
import pytest
import torch

from stellar_gui.analysis.four_panels import Feature, FourPanels
from stellar_gui.models import Cannon
from stellar_gui.plots.style import number
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views import element_map as map_module
from stellar_gui.views import elements as page_module
from stellar_gui.views.element_star import Shown
from stellar_gui.views.element_words import panel_words, why_unexplained
from stellar_gui.views.elements import ElementsPage
from tests.element_session import looked_at, models, page_of, stars
from tests.small_transfer import GRID, NAMES


@pytest.fixture(name="elements")
def page_of_three_models():
    return page_of()[0]


def chips(page):
    return [chip["name"] for chip in page.bar.state["chips"]]


# ---- what is drawn


def test_the_payne_is_drawn_first_with_every_label_as_a_row(elements):
    assert elements.bar.state["model"] == "Payne"
    assert elements.bar.state["facts"].startswith("Teff")
    rows = [row["name"] for row in elements.status.state["rows"]]
    assert rows == ["Teff", "log g", "Mg", "Fe"]
    assert elements.status.state["rows"][0]["unit"] == "per 100 K"


def test_what_is_drawn_are_the_models_own_derivatives(elements):
    elements.run("given", True)  # at rest
    labels = list(elements.star.labels("Payne").values())
    expected = models()["Payne"].jacobian(torch.tensor([labels]))[0].numpy()
    drawn = elements.star.shown().sensitivity
    np.testing.assert_allclose(drawn.jacobian, expected, rtol=1e-5)
    data = elements.main.lines.source.data
    place = [curve["name"] for curve in elements.status.state["curves"]].index("Mg")
    inside = elements.main.pieces.pixels >= 0
    pixels = elements.main.pieces.pixels[inside]
    np.testing.assert_allclose(
        data[f"line_{place}"][inside], 0.1 * expected[pixels, 3], rtol=1e-4
    )


def test_elements_are_automatic_until_some_are_chosen():
    page, selection, _ = page_of()
    assert page.bar.state["auto"] is True
    assert set(chips(page)) == {"Mg", "Fe"}
    page.run("element", "Fe")
    assert selection.elements == ("Mg",)
    assert chips(page) == ["Mg"]
    page.run("elements_auto")
    assert selection.elements == ()


def test_arrows_walk_through_the_elements_of_the_map():
    page, selection, _ = page_of(elements=("Mg",))
    page.run("element_down")
    assert selection.elements == ("Fe",)
    page.run("element_up")
    assert selection.elements == ("Mg",)


def test_an_address_brings_model_and_mode_back_and_undo_takes_them():
    page, selection, _ = page_of()
    page.run("model", "Cannon")
    page.run("mode", "difference")
    assert selection.derivatives == "Cannon:difference"
    again, _, _ = page_of(derivatives=selection.derivatives)
    assert again.main.title.state["sub"] == page.main.title.state["sub"]
    selection.undo()
    assert (page.bar.state["model"], page.bar.state["mode"]) == ("Cannon", "synthetic")
    selection.undo()
    assert page.bar.state["model"] == "Payne"
    assert selection.to_query().count("derivatives") == 0


def test_a_transfer_is_asked_of_the_model_that_has_one(elements):
    elements.run("mode", "transferred")
    assert elements.bar.state["model"] == "Cycle-StarNet"
    elements.run("mode", "difference")
    assert "Cycle-StarNet − its emulator" in elements.main.title.state["sub"]
    difference = elements.star.shown().sensitivity.jacobian
    after = elements.star.seen("Cycle-StarNet").jacobian
    before = elements.star.seen("Cycle-StarNet", emulator=True).jacobian
    np.testing.assert_allclose(difference, after - before)


def test_the_cannon_is_compared_with_the_payne(elements):
    elements.run("mode", "difference")
    assert "Cannon − Payne" in elements.main.title.state["sub"]
    assert not elements.main.note.visible
    elements.star.shown = lambda: Shown(
        elements.star.seen("Payne"), "Cannon − Payne", ("pixels", "labels")
    )
    elements.main.update()
    assert elements.main.note.visible
    assert elements.main.note.state["text"] == "pixels; labels"
    elements.main.show_view("panels")
    assert not elements.main.note.visible


def test_what_cannot_be_drawn_says_why():
    page, *_ = page_of(("Payne",))
    reasons = {mode["value"]: mode["reason"] for mode in page.bar.state["modes"]}
    assert reasons["synthetic"] == ""
    assert "transferred model" in reasons["transferred"]
    assert "a Cannon and a Payne" in reasons["difference"]
    page.run("mode", "difference")
    assert page.star.mode == "synthetic"


def test_a_star_that_no_model_fits_has_words_in_place_of_empty_axes():
    vacuum = stars().replace(medium="vacuum")
    session = Session(vacuum, {"Payne": models()["Payne"]})
    page = ElementsPage(
        Selection(session.stars, ("Payne",), page="elements", star="star-0"), session
    )
    assert page.main.empty.visible
    assert page.main.empty.state["text"].startswith("The spectra are on vacuum")
    assert page.main.empty.state["buttons"][0][1:] == ["open", None]
    page.main.show_view("panels")
    assert page.main.empty.visible
    page, *_ = page_of(())
    assert "No model is loaded" in page.main.empty.state["text"]
    asked = []
    page._on_command = lambda *command: asked.append(command)
    for _, command, value in page.main.empty.state["buttons"]:
        page.run(command, value)
    assert asked == [("open", None), ("page", "training")]
    page, *_ = page_of(("Payne",))
    assert not page.main.empty.visible


def test_given_labels_move_the_derivatives_and_the_fit_brings_them_back(elements):
    before = elements.star.seen("Payne").flux.copy()
    elements.run("given", True)
    elements.run("label", {"name": "teff", "value": 6000.0})
    assert elements.bar.state["given"] is True
    assert elements.star.labels("Payne")["teff"] == 6000.0
    assert np.nanmax(np.abs(elements.star.seen("Payne").flux - before)) > 1e-4
    elements.run("given", False)
    np.testing.assert_allclose(elements.star.seen("Payne").flux, before)


def test_given_labels_stand_in_the_address_and_are_undone():
    page, selection, session = page_of()
    page.run("given", True)
    page.run("label", {"name": "teff", "value": 6000.0})
    other = Selection(session.stars, tuple(session.models), page="elements")
    again = ElementsPage(other, session)
    assert other.from_query(selection.to_query()) == []
    assert again.bar.state == page.bar.state
    assert again.bar.state["given"] is True
    np.testing.assert_array_equal(
        again.star.shown().sensitivity.jacobian, page.star.shown().sensitivity.jacobian
    )
    again_at_fit = other.from_query(f"?page=elements&star={other.star}")
    assert again_at_fit == []
    assert again.bar.state["given"] is False
    selection.undo()
    assert page.bar.state["given"] is False


def test_given_labels_that_no_model_has_are_said_and_ignored(elements, monkeypatch):
    said = []
    monkeypatch.setattr(page_module, "notify", lambda kind, text: said.append(text))
    elements._selection.choose(given="tef:6000,logg:4")
    assert "label 'tef' is not available" in said[0]
    assert "Did you mean 'teff'" in said[0]
    assert elements._selection.given == (("logg", 4.0),)
    assert elements.star.labels("Payne")["logg"] == 4.0


def test_four_panels_draw_the_transfer(elements):
    elements.main.show_view("panels")
    data = elements.main._panels.plot.source.data
    drawn = data["transferred"] - data["synthetic"]
    np.testing.assert_allclose(data["difference"], drawn, atol=1e-6)
    assert elements.main.title.state["sub"] == "what Cycle-StarNet adds, by element"
    assert "(dotted) in view" in elements.main.title.state["sentence"]
    assert "panel-difference" in elements.main.title.state["figures"]


def transfer_of(features):
    """Four panels of iron drawn, with features (start, stop, column, slope)."""
    nothing, change = np.zeros(len(GRID)), np.zeros((len(GRID), 1))
    spectra = (GRID, *(nothing,) * 3, ("Fe",), *(change,) * 3, nothing.astype(int) - 1)
    found = tuple(Feature(*own) for own in features)
    return FourPanels(*spectra, features=found, labels=("Mg", "Fe"))


def words_of(*features):
    return panel_words(transfer_of(features), (GRID[0], GRID[59]))["difference"]


def test_the_panels_say_what_is_below_which_threshold():
    none, iron, magnesium = (2, 5, 1, 0.0009), (9, 12, 1, 0.004), (20, 21, 0, 0.002)
    assert words_of((70, 72, 1, 0.01)).startswith("no feature of 0.01 or more (dotted)")
    assert words_of(none).endswith(
        "none explained by an element here or elsewhere in this star"
    )
    assert "2 features" in words_of(none, iron)
    assert words_of(none, iron).endswith(
        "1 in the colour of the element that explains it"
    )
    assert words_of(iron, magnesium).endswith("2 explained, 1 by Mg: not drawn")
    change = panel_words(transfer_of([none]), (GRID[0], GRID[59]))["derivatives"]
    assert "if it changes by 0.001 on average (dotted)" in change
    assert change.endswith("here at most 0.0009 by Fe")


def test_why_nothing_is_coloured_is_said_for_the_whole_star():
    assert "changes no flux of this star by 0.01" in why_unexplained(transfer_of([]))
    assert "explains the one feature" in why_unexplained(transfer_of([(2, 5, 1, 0)]))
    assert why_unexplained(transfer_of([(2, 5, 1, 0), (9, 12, 1, 0.004)])) == ""


def test_the_next_piece_that_is_explained_is_looked_at(elements, monkeypatch):
    page, selection = elements, elements._selection
    found = transfer_of([(10, 13, 1, 0.0), (100, 103, 0, 0.004)])
    monkeypatch.setattr(page.star, "transfer", lambda drawn: ("Cycle-StarNet", found))
    selection.choose(elements=("Fe",), window=(GRID[5], GRID[40]))
    page.run("next_explained")
    assert page.main.view == "panels"
    low, high = page.main.shown_window
    assert low <= GRID[100] <= high
    assert selection.elements == ("Fe", "Mg")
    (button,) = page.main.title.state["actions"]
    assert button["reason"] == ""
    selection.undo()
    assert selection.elements == ("Fe",)
    np.testing.assert_allclose(page.main.shown_window, (GRID[5], GRID[40]))


def test_a_jump_to_what_is_not_there_says_why(elements, monkeypatch):
    said = []
    monkeypatch.setattr(map_module, "notify", lambda kind, text: said.append(text))
    found = transfer_of([(10, 13, 1, 0.0)])
    monkeypatch.setattr(
        elements.star, "transfer", lambda drawn: ("Cycle-StarNet", found)
    )
    elements.run("next_explained")
    assert said == [why_unexplained(found)]
    assert elements.main.title.state["actions"][0]["reason"] == said[0]


def test_a_page_that_is_hidden_waits_and_is_drawn_when_it_is_looked_at():
    page, selection, session = page_of()
    selection.choose(page="star")
    selection.choose(star=session.ids[2], pixel=float(GRID[30]))
    assert page.bar.state["star"] == session.ids[0]
    selection.choose(page="elements")
    assert page.bar.state["star"] == session.ids[2]
    assert page.answer.card.state["picked"] is True


def test_a_model_opened_later_can_be_drawn():
    page, selection, session = page_of(("Cannon",))
    assert page.bar.state["model"] == "Cannon"
    name = session.add_model(models()["Payne"])
    selection.add_model_name(name)
    assert name in page.bar.state["models"]


def test_a_star_without_fit_says_so():
    page, selection, session = page_of(("Payne",))
    away = stars(1, prefix="away").replace(wavelength=GRID + 500.0)
    (star_id,) = session.add_spectra(away)
    selection.choose(star=star_id)
    assert page.answer.card.state["waits"]
    assert page.limits.card.state["empty"]
    assert page.status.state["rows"] == []
    flux = page.main.map.overview.select_one({"name": "elements-flux"}).data["flux"]
    assert np.isfinite(flux).any()


class SlowlyLoaded(Session):
    """Its models come at a certain question for them, or while a star is settled."""

    questions = np.inf

    @property
    def loaded(self):
        self.questions -= 1
        return self.questions < 0

    def settle(self, *arguments):
        self.questions = 0
        return super().settle(*arguments)


@pytest.mark.parametrize("questions", range(0, 30, 3))
def test_models_that_come_while_the_page_is_drawn_are_drawn(questions):
    selection, session = looked_at(("Payne",))
    session.__class__, session.questions = SlowlyLoaded, questions
    assert chips(ElementsPage(selection, session))


def test_a_session_without_stars_or_models_waits():
    page = ElementsPage(Selection(page="elements"), Session(None, {}))
    assert "open spectra first" in page.answer.card.state["why"]
    for command in ("map_on", "element_down", "next_residual", "mode"):
        page.run(command, "difference")


def advice(page):
    return (
        page.main.empty.state["text"],
        page.main.title.state["sub"],
        page.answer.card.state["why"],
        page.limits.card.state["empty"],
    )


def test_what_is_missing_is_said_once_with_what_to_do():
    page, selection, session = page_of()
    far = stars(1, prefix="far").replace(wavelength=GRID + 10_000.0)
    selection.choose(star=session.add_spectra(far)[0])
    said, *others = advice(page)
    low, high = GRID[[0, -1]]
    assert f"from {number(low + 1e4)} to {number(high + 1e4)} Å" in said
    assert f"the loaded models from {number(low)} to {number(high)} Å" in said
    assert said.endswith("open a model that reaches there, or train one.")
    assert others == ["", "", "Without derivatives there are no limits."]


def test_a_model_that_has_a_fit_is_offered_in_place_of_one_that_has_none():
    page, selection, session = page_of(("Payne",))
    grid = GRID + 10_000.0
    own = stars(200, seed=9).replace(wavelength=grid)
    name = session.add_model(Cannon.train(own, NAMES, order=1))
    selection.add_model_name(name)
    far = stars(1, prefix="far").replace(wavelength=grid)
    selection.choose(star=session.add_spectra(far)[0])
    ((title, *command),) = page.main.empty.state["buttons"]
    assert title == f"Show {name}"
    page.run(*command)
    assert not page.main.empty.visible
    assert page.star.model == name


def test_a_session_without_models_shows_the_star_and_says_why_no_more():
    page, *_ = page_of(())
    assert page.answer.card.state["waits"] is True
    flux = page.main.map.overview.select_one({"name": "elements-flux"}).data["flux"]
    assert np.isfinite(flux).any()


def test_another_theme_is_painted_in_place(elements):
    elements.repaint("dark")
    assert elements.main._painter.theme == "dark"


def test_the_laboratory_takes_the_place_of_the_cards():
    import panel as pn

    selection, session = looked_at(("Payne",))
    page = ElementsPage(selection, session, laboratory=lambda: pn.Column())
    assert page.bar.state["hasLaboratory"] is True
    page.run("laboratory")
    assert page.bar.state["laboratory"] is True
    page.escape()
    assert page.bar.state["laboratory"] is False
