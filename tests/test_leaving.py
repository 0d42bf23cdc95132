"""When a browser session ends, what it needed is let go of; without one, nothing is."""

from types import SimpleNamespace

from bokeh.document import Document
from panel.io.state import set_curdoc

from stellar_gui.session import Session
from stellar_gui.views.domain_source import MapSource
from stellar_gui.views.leaving import when_left
from stellar_gui.views.survey_source import SurveySource


class _Held:
    """A job, a mark or a survey: anything that can be let go of."""

    def __init__(self):
        self.left = 0

    def leave(self):
        self.left += 1

    remove = leave


def _in_session():
    """A document as the server gives one to a browser tab."""
    document, context = Document(), SimpleNamespace()
    document._session_context = lambda: context
    document._kept = context  # which the document knows weakly
    return document


def _end(document):
    for callback in document.session_destroyed_callbacks:
        callback(None)


def test_it_is_done_when_the_session_ends_that_it_was_said_in():
    done, documents = [], [_in_session(), _in_session()]
    for number, document in enumerate(documents):
        with set_curdoc(document):
            when_left(lambda n=number: done.append(n))
    _end(documents[1])
    assert done == [1]


def test_without_a_session_nothing_is_kept_waiting():
    done = []
    when_left(lambda: done.append(0))
    with set_curdoc(Document()):
        when_left(lambda: done.append(1))
    assert done == []


def test_sources_leave_jobs_and_folders_of_the_cache():
    document = _in_session()
    with set_curdoc(document):
        maps = MapSource(Session(), lambda: None)
        fits = SurveySource(Session(), lambda: None)
    held = job, mark, survey = [_Held() for _ in range(3)]
    maps.job, maps._mark, fits.surveys = job, mark, {"Cannon": survey}
    _end(document)
    assert [each.left for each in held] == [1, 1, 1]
