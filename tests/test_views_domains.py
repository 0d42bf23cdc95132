"""The Domains page without a browser: maps, their settings, colours, what is saved."""

import numpy as np
import pytest

from stellar_gui.maps.settings import MapSettings
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views import domain_bar as bar
from stellar_gui.views import domain_colours
from stellar_gui.views.domain_colours import shades_of
from stellar_gui.views.domains import DomainsPage
from tests.mapped import NAME, alone, box, open_domains
from tests.small_domains import small_domains, wide_transfer
from tests.small_survey import small_cannon


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


# ---- maps


def test_a_pca_is_shown_at_once_and_a_tsne_is_begun(shown, started):
    assert shown.maps.points.places.shape == (120, 3, 2)
    assert shown.bar.state["words"].startswith("PCA · components 1 and 2 · 120 stars")
    assert len(started) == 1
    assert not shown.empty.visible
    for score in shown.maps.scores.values():
        assert 0 <= score.state["share"] <= 1
    said = shown.maps.titles["raw"].state["sentence"]
    assert "120 stars" in said
    assert (
        "hardly tells whether the domains mix"
        in (shown.maps.titles["transferred"].state["sentence"])
    )
    assert "0.5" in shown.maps.titles["raw"].state["chips"][0]["tip"]


def test_without_a_transferred_model_one_sentence_says_what_is_missing(tmp_path):
    session = Session(small_domains(30))
    shown = DomainsPage(Selection(session.stars, ()), session)
    assert shown.empty.visible
    assert "need a Cycle-StarNet, and none is loaded" in shown.empty.state["text"]
    assert ["Train a Cycle-StarNet", "page", "training"] in shown.empty.state["buttons"]
    assert shown.bar.state["job"] is None
    assert shown.bar.state["form"]["reason"] == "there are no maps yet"


def test_too_few_stars_are_said_to_be_too_few(tmp_path):
    session = Session(small_domains(12), {NAME: wide_transfer(60)})
    shown = DomainsPage(Selection(session.stars, (NAME,)), session)
    assert shown.empty.visible
    assert "expected more than 20" in shown.empty.state["text"]


def test_a_survey_on_other_pixels_is_said_to_be_one(tmp_path):
    from tests.small_survey import small_survey

    session = Session(small_survey(40), {NAME: wide_transfer(60)})
    shown = DomainsPage(Selection(session.stars, (NAME,)), session)
    assert shown.empty.visible
    assert shown.empty.state["text"].startswith("There are no maps: ")


def test_other_settings_give_other_maps_and_keep_groups_as_stars(shown, selection):
    points = shown.maps.points
    lasso = box(points, "raw", points.ids[60:80])
    selection.choose(lasso_a=lasso, group_a=points.stars(points.held(lasso)))
    before = selection.group_a
    form = {
        "method": "pca",
        "stars": "all",
        "perplexity": "12",
        "learning_rate": "auto",
        "seed": "2",
        "n_stars": "40",
    }
    shown.run("compute_maps", form)
    assert len(shown.maps.points.ids) == 80
    assert selection.lasso_a is None
    assert selection.group_a == before


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("perplexity", "many", "perplexity is 'many', expected a number"),
        ("n_stars", "3", "n_stars is 3, expected a number of 25 or more"),
        ("learning_rate", "-4", "expected 'auto' or a number above 0"),
    ],
)
def test_a_setting_that_cannot_be_is_said_in_the_dialog(shown, field, value, said):
    form = {
        "method": "tsne",
        "stars": "test",
        "perplexity": "30",
        "learning_rate": "auto",
        "seed": "1",
        "n_stars": "1 800",
    }
    shown.run("compute_maps", form | {field: value})
    assert said in shown.bar.state["form"]["problem"]


def test_settings_are_read_as_people_write_them():
    form = {
        "method": "tsne",
        "stars": "all",
        "perplexity": "45",
        "learning_rate": " AUTO ",
        "seed": "7",
        "n_stars": "1\u2009800",
    }
    found = bar.settings_from(form, MapSettings())
    assert (found.perplexity, found.seed, found.n_stars) == (45.0, 7, 1800)
    assert (found.learning_rate, found.stars) == ("auto", "all")


# ---- colours, augmentation, saving


def test_points_are_coloured_by_a_label_with_its_scale(shown):
    shown.run("colour", "teff")
    scale = shown.bar.state["scale"]
    assert scale["high"].endswith(" K")
    assert scale["unknown"] == ""
    assert not shown.maps.plots.by_domain
    shown.run("domain", "obs")
    shade = shown.maps.plots.source.data["shade"]
    assert (shade == -1).sum() == 60
    shown.run("colour", "domain")
    assert shown.bar.state["scale"] is None


def test_what_is_not_known_yet_is_not_drawn_as_if_it_were(shown):
    shown.run("colour", f"chi2:{NAME}")
    assert shown.colouring.choice == "domain"
    assert shades_of("snr", np.array([np.nan, np.nan])) is None
    some = shades_of("snr", np.array([50.0, np.nan, 150.0]))
    assert some.n_unknown == 1


def test_a_label_that_no_star_has_is_said_to_be_unknown(shown, monkeypatch):
    said = []
    monkeypatch.setattr(domain_colours, "notify", lambda *told: said.append(told))
    shown.run("colour", "ba_h")
    assert said == [("info", "[Ba/H] is known of no star on the maps")]
    assert shown.colouring.choice == "domain"


def test_augmentation_moves_the_first_map_and_its_mixing_score(shown):
    before = shown.maps.points.places.copy()
    score = shown.maps.scores["raw"].state
    shown.run("augment", {"name": "zeroed", "on": True, "value": 400})
    row = next(
        row for row in shown.bar.state["augment"]["rows"] if row["name"] == "zeroed"
    )
    assert row["value"] == 20  # per cent, the most there is
    after = shown.maps.points.places
    assert not np.allclose(after[:, 0], before[:, 0])
    np.testing.assert_array_equal(after[:, 1:], before[:, 1:])
    assert shown.maps.scores["raw"].state != score
    assert "augmented" in shown.maps.titles["raw"].state["sub"]
    shown.run("augmented", False)
    np.testing.assert_array_equal(shown.maps.points.places, before)
    assert shown.maps.scores["raw"].state == score


def test_switches_make_an_augmentation():
    rows = bar.switches()
    for row in rows:
        row.set(True, row.value)
    found = bar.augmentation_of(rows)
    assert found.snr == 80
    assert found.zeroed == 0.01
    assert found.telluric == bar.TELLURIC


def test_a_map_is_saved_with_its_settings_and_groups(shown, selection, monkeypatch):
    saved = {}
    for title in (
        *shown.maps.titles.values(),
        shown.difference.title,
        shown.difference.why,
    ):
        monkeypatch.setattr(
            title, "save", lambda name, text: saved.update({name: text})
        )
    shown.difference._example()
    shown._save_map("latents")
    shown.difference._hear("difference", "numbers", None)
    shown.difference._hear("explanation", "numbers", None)
    assert "domains_latents.ecsv" in saved
    assert "perplexity" in saved["domains_latents.ecsv"]
    assert saved["domains_latents.ecsv"].count("True") == 30
    assert "unit: Angstrom" in saved["difference_spectrum.ecsv"]
    assert "mg_fe" in saved["difference_explained.ecsv"]


def test_a_model_of_another_kind_is_no_map(session, selection):
    session.add_model(small_cannon(), "Cannon")
    assert DomainsPage(selection, session).model_name == NAME


def test_a_theme_changes_in_place(shown):
    figures = shown.maps.plots.figures
    shown.repaint("dark")
    assert shown.maps.plots.figures is figures
    assert shown.difference._painter.theme == "dark"
