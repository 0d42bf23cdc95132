"""Sessions end: neither a page only fetched nor one that was used is kept."""

import gc
import logging
import time
import urllib.request
import weakref

import panel as pn
import pytest

from stellar_gui.app import App, build
from stellar_gui.library import Library

from .conftest import IDLE, free_port

pytestmark = pytest.mark.ui


@pytest.fixture
def alive(monkeypatch):
    """A function that counts the living sessions.

    By weak references: to walk all objects of the process while another thread builds
    a tuple breaks that tuple.
    """
    sessions = weakref.WeakSet()
    make = App.__init__

    def remembered(self, *arguments, **options):
        make(self, *arguments, **options)
        sessions.add(self)

    def count():
        gc.collect()
        return len(sessions)

    monkeypatch.setattr(App, "__init__", remembered)
    return count


@pytest.fixture
def short_lived(survey_files):
    """The address of a server in this process whose sessions end at once."""
    log = logging.getLogger("panel")
    level = log.level
    log.setLevel(logging.WARNING)  # records that pytest keeps would keep sessions too
    library = Library(survey_files[:2])
    port = free_port()
    server = pn.serve(
        {"/": lambda: build(library)},
        port=port,
        threaded=True,
        show=False,
        verbose=False,
        location=False,
        unused_session_lifetime_milliseconds=300,
        check_unused_sessions_milliseconds=100,
    )
    time.sleep(1)
    yield f"http://localhost:{port}/"
    server.stop()
    log.setLevel(level)


def until_gone(alive, timeout=60):
    """Wait until one is left at most: Bokeh holds the last one until the next comes."""
    end = time.monotonic() + timeout
    while alive() > 1 and time.monotonic() < end:
        time.sleep(0.3)
    return alive()


def test_used_and_unused_sessions_are_forgotten(alive, short_lived, page):
    assert alive() == 0
    for _ in range(3):
        urllib.request.urlopen(short_lived, timeout=60).read()
    assert alive() >= 1
    assert until_gone(alive) <= 1
    for _ in range(2):
        page.goto(short_lived, wait_until="commit")
        page.wait_for_function(IDLE, timeout=60_000, polling=50)
        page.keyboard.press("ArrowRight")
        page.wait_for_url("**star=star-0001*", timeout=60_000)
        page.goto("about:blank")
    assert until_gone(alive) <= 1
