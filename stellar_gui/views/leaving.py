"""What is done when a browser session ends: its page was closed some minutes ago."""

from collections.abc import Callable

import panel as pn


def when_left(action: Callable[[], None]) -> None:
    """Call ``action`` when the session ends that this is called in; never without one.

    Notebooks and tests have none.
    """
    document = pn.state.curdoc
    if document is not None and document.session_context is not None:
        pn.state.on_session_destroyed(lambda context: action())
