"""Groups of stars on the maps, and what explains how they differ."""

import dataclasses

import numpy as np
import pytest

from stellar_gui.analysis.contrast import Explanation, Reason
from stellar_gui.labels import describe
from stellar_gui.lasso import Lasso
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views import domain_compared
from stellar_gui.views.domains import DomainsPage
from tests.mapped import NAME, alone, box, open_domains
from tests.small_domains import small_domains, wide_transfer


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


def test_a_lasso_of_the_address_finds_its_group(shown, selection):
    points = shown.maps.points
    lasso = box(points, "latents", points.ids[60:70])
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


def test_labels_that_a_survey_came_without_are_named(opened):
    full = small_domains(60)
    own = dataclasses.replace(
        full, labels=full.labels[:, :3], label_names=full.label_names[:3]
    )
    session = Session(own, {NAME: wide_transfer(60)})
    selection = Selection(session.stars, (NAME,), star="star-0003", page="domains")
    shown = DomainsPage(selection, session)
    (example,) = shown.difference.empty.state["buttons"]
    assert example[0] == "Compare stars of high and low [Fe/H]"
    shown.difference._example()
    note = shown.difference.compared.note
    assert f"No [Mg/H] is stated: {NAME} was fitted to" in note
    assert shown.difference.compared.bars


def test_an_example_is_of_a_label_that_is_known(opened):
    full = small_domains(60)
    labels = full.labels.copy()
    labels[:, 3] = np.nan
    session = Session(
        dataclasses.replace(full, labels=labels), {NAME: wide_transfer(60)}
    )
    selection = Selection(session.stars, (NAME,), page="domains")
    shown = DomainsPage(selection, session)
    (example,) = shown.difference.empty.state["buttons"]
    assert example[0] == "Compare stars of high and low [Fe/H]"


def _explained(*names):
    reasons = tuple(
        Reason(name, describe(name).title, describe(name).unit, 0.2, 0.01, 0.3, True)
        for name in names
    )
    return Explanation(reasons, 0.5, 0.1, 1.0, names, np.zeros((3, len(names))))


def test_abundances_of_no_single_element_have_bars_too():
    found = _explained("teff", "m_h", "alpha_m", "fe_h", "mg_fe")
    titles = [bar.title for bar in domain_compared._bars(found)]
    assert titles == ["[M/H]", "[α/M]", "[Fe/H]", "Mg"]
    assert "Also Teff" in domain_compared._note(found)
    assert "[M/H]" not in domain_compared._note(found)


def test_without_any_abundance_it_is_said_why_there_are_no_bars(shown, monkeypatch):
    monkeypatch.setattr(
        domain_compared, "explain", lambda *rest: _explained("teff", "logg")
    )
    shown.difference._example()
    assert shown.difference.compared.bars == []
    assert (
        f"{NAME} has no abundance: there are no bars."
        in (shown.difference.note.state["text"])
    )
    assert shown.difference.why.state["figures"] == []


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
