"""Long work in a thread of its own, its result where views may be changed."""

import threading
from collections.abc import Callable
from functools import partial

import panel as pn
from panel.io.state import set_curdoc

from stellar_gui.views.notify import guarded


def in_background(work: Callable[[], object], then: Callable[[object], None]) -> None:
    """Call ``then`` with what ``work`` returns or raises; other sessions go on.

    Work begins when what the session has shown so far has been sent. Without a server,
    as in tests and notebooks, both are called at once.
    """
    document = pn.state.curdoc
    if document is None or document.session_context is None:
        guarded(then)(_result(work))
        return
    thread = threading.Thread(
        target=lambda: _later(document, partial(guarded(then), _result(work))),
        daemon=True,
    )
    document.add_next_tick_callback(thread.start)


def _result(work):
    try:
        return work()
    except Exception as error:
        return error


def _later(document, action):
    """Call ``action`` in the session's own time, as if an event of it did.

    Not before the browser has all of the page: until then, changes are lost. A session
    that has ended meanwhile, as a closed page's has, is left alone.
    """

    def act():
        with set_curdoc(document):
            pn.state.onload(action)

    try:
        document.add_next_tick_callback(act)
    except (AttributeError, RuntimeError):  # what Bokeh raises for a destroyed document
        if document.session_context is not None:
            raise
