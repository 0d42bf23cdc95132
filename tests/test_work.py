"""Work in the background ends in the session that asked for it, or nowhere."""

import threading

import pytest
from bokeh.document import Document
from panel.io.state import set_curdoc

from stellar_gui.views.work import in_background


class _Session:
    """What a server's session is to its document."""

    session = None  # of Bokeh's own


@pytest.fixture
def session():
    return _Session()


@pytest.fixture
def document(session):
    """A document as a server's session has one."""
    document = Document()
    document._session_context = lambda: session
    document.on_change_dispatch_to(session)
    return document


def _start(document, work, then):
    """Begin work as a session does, and return its thread."""
    before = set(threading.enumerate())
    with set_curdoc(document):
        in_background(work, then)
    for callback in document.callbacks.session_callbacks:
        document.remove_next_tick_callback(callback)
        callback.callback()
    (thread,) = set(threading.enumerate()) - before
    return thread


def test_its_result_is_awaited_by_the_session(document):
    release = threading.Event()
    thread = _start(document, release.wait, print)
    assert not document.callbacks.session_callbacks
    release.set()
    thread.join(10)
    assert len(document.callbacks.session_callbacks) == 1


def test_a_session_that_ended_meanwhile_is_left_alone(document, session, monkeypatch):
    faults, came, release = [], [], threading.Event()
    monkeypatch.setattr(threading, "excepthook", faults.append)
    thread = _start(document, release.wait, came.append)
    document.destroy(session)
    release.set()
    thread.join(10)
    assert not thread.is_alive()
    assert (faults, came) == ([], [])
