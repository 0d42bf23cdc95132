"""Pages that are hidden draw nothing, and are right when they are shown again."""

import numpy as np
import pytest
from bokeh.document import Document

from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views.domains import DomainsPage
from stellar_gui.views.elements import ElementsPage
from stellar_gui.views.star import StarPage
from stellar_gui.views.survey import SurveyPage
from tests.element_session import looked_at
from tests.small_domains import small_domains, wide_transfer
from tests.small_transfer import GRID
from tests.surveyed import fit_sample, models, opened, survey_stars


def drawing_of(page):
    """All that is sent to a browser of a page from now on."""
    document, sent = Document(), []
    document.add_root(page.__panel__().get_root(document))
    document.on_change(sent.append)
    return sent


def look_around(selection, session):
    """Change all that a page could draw."""
    selection.choose(star=session.ids[1], pixel=float(GRID[20]))
    selection.choose(star=session.ids[2], window=(float(GRID[5]), float(GRID[40])))
    selection.choose(models=tuple(session.kinds)[:1], elements=("Mg",))
    selection.choose(star=session.ids[3], pixel=float(GRID[30]))


def star_page():
    selection, session = looked_at(page="star")
    return StarPage(selection, session), selection, session


def elements_page():
    selection, session = looked_at(page="elements")
    return ElementsPage(selection, session), selection, session


def domains_page():
    session = Session(small_domains(60), {"Cycle-StarNet": wide_transfer(60)})
    ids, names = session.ids, tuple(session.kinds)
    selection = Selection(session.stars, names, star=ids[0], page="domains")
    return DomainsPage(selection, session), selection, session


def survey_page():
    spectra = survey_stars()
    fit_sample(spectra, models())
    session, selection = opened(spectra, models())
    return SurveyPage(selection, session), selection, session


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    """Maps and fits that are kept lie in a folder of the test; no process starts."""
    monkeypatch.setenv("STELLAR_GUI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("STELLAR_GUI_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr("stellar_gui.jobs.Job.start", lambda job, *request: None)


@pytest.mark.parametrize("make", [star_page, elements_page, domains_page, survey_page])
def test_a_hidden_page_draws_nothing(make):
    page, selection, session = make()
    sent, name = drawing_of(page), selection.page
    selection.choose(star=session.ids[1], pixel=float(GRID[10]))
    assert sent
    selection.choose(page="training")
    sent.clear()
    look_around(selection, session)
    assert sent == []
    selection.choose(page=name)
    assert sent


def test_the_domains_page_rings_the_star_when_it_is_shown_again():
    page, selection, session = domains_page()
    selection.choose(page="star")
    selection.choose(star=session.ids[7], pixel=float(GRID[30]))
    assert page.status.state["picked"]["name"] == session.ids[0]
    selection.choose(page="domains")
    assert page.status.state["picked"]["name"] == session.ids[7]


def test_a_move_on_another_page_is_not_undone_on_the_survey_page():
    page, selection, session = survey_page()
    selection.choose(page="star")
    selection.choose(star=session.ids[5])
    selection.choose(page="survey")
    assert page.status.state["star"] == session.ids[5]
    assert page.triage.list.state["star"] == session.ids[5]
    page.run("survey_undo")
    assert selection.star == session.ids[5]


def test_the_star_page_is_right_when_it_is_shown_again():
    selection, session = looked_at(page="star")
    page = StarPage(selection, session)
    selection.choose(page="survey")
    look_around(selection, session)
    assert page.context.bar.state["star"] == session.ids[0]
    selection.choose(page="star")
    fresh = StarPage(selection, session)
    for part in ("context.bar", "labels.table", "spectrum.title", "spectrum.numbers"):
        view, widget = part.split(".")
        shown = getattr(getattr(page, view), widget).state
        expected = getattr(getattr(fresh, view), widget).state
        assert shown["star" if "star" in shown else "models"]
        figures = {"figures": None, "name": None}  # named anew for each page
        assert shown | figures == expected | figures
    assert page.status.state == fresh.status.state
    drawn, expected = (p.spectrum.figures.pixels.all.data for p in (page, fresh))
    for column in expected:
        np.testing.assert_array_equal(drawn[column], expected[column])
