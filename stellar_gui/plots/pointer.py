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


def send_row(fig) -> None:
    """Have a figure send "stellar-row" events with the height of the pointer, or null.

    A map of rows is read out by both: where along them, and in which.
    """
    say = "document.dispatchEvent(new CustomEvent('stellar-row', {detail: %s}))"
    fig.js_on_event(MouseMove, CustomJS(code=say % "cb_obj.y"))
    fig.js_on_event(MouseLeave, CustomJS(code=say % "null"))
