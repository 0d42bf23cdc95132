"""Long work in a thread of its own, its result where views may be changed."""

import threading
from collections.abc import Callable

import panel as pn

from stellar_gui.views.notify import guarded


def in_background(work: Callable[[], object], then: Callable[[object], None]) -> None:
    """Call ``then`` with what ``work`` returns or raises; other sessions go on.

    Without a server, as in tests and notebooks, both are called at once.
    """

    def both(schedule):
        try:
            result = work()
        except Exception as error:
            result = error
        schedule(lambda: guarded(then)(result))

    document = pn.state.curdoc
    if document is None or document.session_context is None:
        both(lambda call: call())
        return
    threading.Thread(
        target=both, args=(document.add_next_tick_callback,), daemon=True
    ).start()
