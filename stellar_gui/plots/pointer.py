"""Tell the page where the pointer is in a plot, so that one line can read it out."""

from bokeh.events import MouseLeave, MouseMove
from bokeh.models import CustomJS

_SAY = "document.dispatchEvent(new CustomEvent('stellar-pointer', {detail: %s}))"


def send_pointer(figures) -> None:
    """Have figures send "stellar-pointer" events with the plotted coordinate, or null.

    All in the browser; the server hears nothing.
    """
    at, gone = CustomJS(code=_SAY % "cb_obj.x"), CustomJS(code=_SAY % "null")
    for fig in figures:
        fig.js_on_event(MouseMove, at)
        fig.js_on_event(MouseLeave, gone)
