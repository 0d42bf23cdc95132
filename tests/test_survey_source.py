"""Fits of a survey are started, fail, are tried again and stopped."""

import pytest

from stellar_gui.session import Session
from stellar_gui.views import survey_source
from stellar_gui.views.survey_source import SurveySource


class _Survey:
    """Ten stars, none of them fitted, and a process that does as it is told."""

    n_done, error = 0, "out of memory"

    def __init__(self, state="new", is_awaited=False):
        self.state, self.started, self.joined = state, 0, 0
        self.is_awaited = is_awaited

    def __len__(self):
        return 10

    def start(self):
        self.started += 1
        self.state = "running"

    def join(self):
        self.joined += 1

    def stop(self):
        self.state = "running" if self.is_awaited else "stopped"


@pytest.fixture
def pending(monkeypatch):
    """Starts of a survey that are on their way, each made when a test says so."""
    asked = []

    def in_background(work, then):
        if isinstance(getattr(work, "__self__", None), _Survey):
            asked.append(lambda: then(work()))

    monkeypatch.setattr(survey_source, "in_background", in_background)
    return asked


def _source(survey, fitting=False):
    source = SurveySource(Session(), lambda: None)
    source.fitting = fitting
    source.surveys = {"Payne": survey}
    return source


def test_fits_that_failed_are_tried_again_when_asked(pending):
    survey = _Survey()
    source = _source(survey)
    source.start()
    pending.pop()()
    survey.state = "failed"
    source.look()
    assert source.problem == "the fits by Payne ended: out of memory"
    assert not source.fitting
    source.start()
    assert source.fitting
    assert source.problem == ""
    pending.pop()()
    assert survey.started == 2


@pytest.mark.parametrize("state", ["failed", "stopped"])
def test_what_an_earlier_process_left_is_not_taken_for_the_new_ones(pending, state):
    survey = _Survey(state)
    source = _source(survey)
    source.start()
    assert source.look()
    assert source.problem == ""
    assert len(pending) == 1
    pending.pop()()
    assert source.look()
    assert survey.started == 1


def test_fits_that_somebody_else_stopped_are_not_begun_anew(pending):
    survey = _Survey()
    source = _source(survey)
    source.start()
    pending.pop()()
    survey.stop()
    assert not source.look()
    assert not pending
    assert source.problem == ""


def test_a_stop_counts_that_comes_before_the_process(pending):
    survey = _Survey()
    source = _source(survey)
    source.start()
    source.stop()
    pending.pop()()
    assert survey.state == "stopped"
    assert not source.look()


def test_fits_that_another_tab_began_are_waited_for_too(pending):
    survey = _Survey("running")
    source = _source(survey, fitting=True)
    assert source.look()
    assert survey.joined == 1
    assert not pending


def test_fits_that_another_tab_waits_for_go_on_which_is_said(pending, monkeypatch):
    said = []
    monkeypatch.setattr(survey_source, "notify", lambda *told: said.append(told))
    survey = _Survey("running", is_awaited=True)
    source = _source(survey, fitting=True)
    source.stop()
    assert survey.state == "running"
    assert said == [("info", "the fits go on: another tab waits for them")]
    assert not source.look()
    source.start()  # it can be waited for again
    assert source.look()
    assert survey.joined
    survey.is_awaited = False
    source.stop()
    assert survey.state == "stopped"
    assert len(said) == 1
