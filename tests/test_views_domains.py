"""The Domains page without a browser: maps, picked points, groups, what is said."""

import dataclasses

import numpy as np
import pytest

from stellar_gui.jobs import Progress
from stellar_gui.lasso import Lasso
from stellar_gui.maps.settings import MapSettings
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views import domain_bar as bar
from stellar_gui.views.domain_colours import shades_of
from stellar_gui.views.domains import DomainsPage
from tests.small_domains import small_domains, wide_transfer
from tests.small_survey import small_cannon

NAME = "Cycle-StarNet"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Maps that are kept lie in a folder of the test, and no process is started."""
    monkeypatch.setenv("STELLAR_GUI_CACHE", str(tmp_path))
    started = []
    monkeypatch.setattr(
        "stellar_gui.jobs.Job.start", lambda job, *request: started.append(job)
    )
    return started


@pytest.fixture
def session():
    session = Session(small_domains(60), {NAME: wide_transfer(60)})
    session.add_spectra(small_domains(2, seed=99, prefix="mine"))
    return session


@pytest.fixture
def selection(session):
    names = tuple(session.kinds)
    return Selection(session.stars, names, star="star-0003", page="domains")


@pytest.fixture
def shown(selection, session):
    return DomainsPage(selection, session)


def _around(points, space, stars, margin=0.01):
    """A lasso around these stars alone is too much to ask: a box that holds them."""
    place = list(points.maps).index(space)
    where = points.places[points.rows_of(stars), place]
    (left, bottom), (right, top) = where.min(0) - margin, where.max(0) + margin
    corners = [(left, bottom), (right, bottom), (right, top), (left, top)]
    return Lasso(points.maps[space].map_id, corners)


# ---- maps


def test_a_pca_is_shown_at_once_and_a_tsne_is_begun(shown, cache):
    assert shown.maps.points.places.shape == (120, 3, 2)
    assert shown.bar.state["words"].startswith("PCA · components 1 and 2 · 120 stars")
    assert len(cache) == 1
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
    lasso = _around(points, "raw", points.ids[60:80])
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


# ---- points


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


# ---- groups


def test_a_lasso_of_the_address_finds_its_group(shown, selection):
    points = shown.maps.points
    lasso = _around(points, "latents", points.ids[60:70])
    selection.from_query(f"?page=domains&star=star-0003&lasso_a={lasso}")
    assert set(selection.group_a) >= {f"star-{k:04d}" for k in range(10)}
    assert len(shown.maps.rows("a")) >= len(selection.group_a)
    assert shown.bar.state["canClear"]
    shown.escape()
    assert selection.group_a == ()
    assert selection.lasso_a is None


def test_a_lasso_of_another_map_is_not_drawn_and_its_stars_are_kept(shown, selection):
    lasso = Lasso("elsewhere", [(0, 0), (1, 0), (1, 1)])
    selection.choose(lasso_a=lasso, group_a=("star-0001", "star-0002"))
    assert shown.maps.points.stars(shown.maps.rows("a")) == ("star-0001", "star-0002")
    assert not any(fig.renderers[2].visible for fig in shown.maps.plots.figures)


def test_the_example_compares_two_groups_and_explains_them(shown, selection):
    view = shown.difference
    assert view.empty.visible
    view._example()
    assert len(selection.group_a) == len(selection.group_b) == 15
    assert not view.empty.visible
    assert view.compared.title == "A, 15 stars − B, 15 stars; observed"
    assert "Explains" in view.note.state["text"]
    assert len(view.compared.bars) == 2  # Fe and Mg; Teff and log g have other units
    assert view.why.state["table"]["rows"][0][0] == view.compared.bars[0].title
    flux = view.plot._source.data["difference"]
    view._hear("difference", "unit", True)
    assert not np.array_equal(view.plot._source.data["difference"], flux)


def test_a_group_of_few_stars_is_said_to_be_too_small(shown, selection):
    selection.choose(group_a=("star-0001", "star-0002"))
    assert shown.difference.empty.visible
    assert "expected 5 or more" in shown.difference.empty.state["text"]


@pytest.fixture
def unlabelled():
    """A session of stars without labels, and its selection."""
    bare = dataclasses.replace(small_domains(60), labels=None, label_names=())
    session = Session(bare, {NAME: wide_transfer(60)})
    return session, Selection(session.stars, (NAME,), star="star-0003", page="domains")


def test_stars_without_labels_are_explained_at_labels_that_are_fitted(unlabelled):
    session, selection = unlabelled
    shown = DomainsPage(selection, session)
    metals = small_domains(60).labels[:, 2]
    rich, poor = metals > np.quantile(metals, 0.75), metals < np.quantile(metals, 0.25)
    stars = np.array(session.ids)
    selection.choose(group_a=tuple(stars[rich]), group_b=tuple(stars[poor]))
    compared = shown.difference.compared
    iron = next(r for r in compared.explanation.reasons if r.name == "fe_h")
    assert iron.clear
    assert iron.value > 0
    assert f"No labels are stated: {NAME} was fitted to" in compared.note


def test_stars_that_no_fit_converged_for_are_compared_all_the_same(
    unlabelled, monkeypatch
):
    session, selection = unlabelled
    monkeypatch.setattr(session, "fit", lambda name, star: None)
    shown = DomainsPage(selection, session)
    selection.choose(group_a=tuple(f"star-{k:04d}" for k in range(20)))
    compared = shown.difference.compared
    assert compared.explanation is None
    assert compared.note.startswith("No explanation: no star of the groups has all")
    assert np.isfinite(compared.comparison.value).any()


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


# ---- maps that are made in a process


class _Job:
    """A job that says what it is told to say."""

    error = "out of memory"
    progress = Progress(1.0, 4.0, "spectra: iteration 750 of 750")

    def __init__(self):
        self.state = "running"
        self.stopped = False

    def stop(self):
        self.stopped = True


@pytest.fixture
def job(shown):
    shown.source.job = _Job()
    return shown.source.job


def test_progress_is_shown_and_the_job_can_be_stopped(shown, job):
    shown.tick()
    state = shown.bar.state["job"]
    assert state["share"] == 0.25
    assert "iteration 750" in state["words"]
    shown.run(state["command"])
    assert job.stopped
    job.state = "stopped"
    shown.tick()
    assert shown.bar.state["job"] is None


def test_finished_maps_take_the_place_of_the_pca(shown, job, monkeypatch):
    asked = []
    monkeypatch.setattr(shown.source, "ask", lambda *what: asked.append(what))
    job.state = "finished"
    shown.tick()
    assert [(name, settings.method) for name, settings in asked] == [(NAME, "tsne")]


def test_finished_maps_wait_while_a_lasso_is_drawn(shown, job, selection, monkeypatch):
    asked = []
    monkeypatch.setattr(shown.source, "ask", lambda *what: asked.append(what))
    points = shown.maps.points
    lasso = _around(points, "raw", points.ids[60:80])
    selection.choose(lasso_a=lasso)
    group = selection.group_a
    job.state = "finished"
    shown.tick()
    assert not asked
    assert shown.bar.state["job"]["words"] == "t-SNE is ready"
    shown.run(shown.bar.state["job"]["command"])
    assert len(asked) == 1
    assert selection.lasso_a is None
    assert selection.group_a == group


def test_a_job_that_failed_says_of_what(shown, job):
    job.state = "failed"
    shown.tick()
    assert "out of memory" in shown.bar.state["form"]["problem"]
    assert shown.bar.state["job"] is None
