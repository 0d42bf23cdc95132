"""Notices, and the guard that turns a fault of the interface into one."""

import functools
import logging
import weakref
from collections.abc import Callable

import panel as pn

_LOG = logging.getLogger(__name__)
_listeners: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
"""By the document of a session, who shows its notices; all of it held weakly."""
_alone: list[weakref.WeakMethod] = []


def faults_go_to(say: Callable[[str, str], None]) -> None:
    """Have faults of this session told to the method ``say``, without keeping it."""
    if pn.state.curdoc is None:
        _alone[:] = [weakref.WeakMethod(say)]
    else:
        _listeners[pn.state.curdoc] = weakref.WeakMethod(say)


def notify(kind: str, text: str) -> None:
    """Show a notice: "success", "info", "warning" or "error"."""
    document = pn.state.curdoc
    found = _alone if document is None else [_listeners.get(document)]
    for reference in found:
        say = reference() if reference is not None else None
        if say is not None:
            say(kind, text)


def guarded(action: Callable) -> Callable:
    """Return ``action`` with faults logged and notified, so that the session lives.

    For everything that a browser's event or a finished thread calls.
    """

    @functools.wraps(action)
    def act(*arguments):
        try:
            action(*arguments)
        except Exception as error:
            _LOG.exception("an event was not answered")
            notify("error", f"that did not work: {error}; nothing else has changed")

    return act
