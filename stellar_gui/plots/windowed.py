"""Curves over a whole spectrum, of which the browser draws those near the window.

The server sends all pixels once; the browser cuts out what the window shows, so that
pan and zoom need no server and no paint goes through pixels that are far away.
"""

from bokeh.models import ColumnDataSource, CustomJS, Range1d

from stellar_gui.plots.pixels import read_js


class Windowed:
    """Columns over a grid, ``all``, and in the browser those near a window, ``shown``.

    A column "x" has plotted coordinates, increasing; glyphs draw from ``shown``.
    """

    def __init__(self, columns: dict, window: Range1d, name: str):
        """columns: with no rows; name: of ``all``, as the browser finds it."""
        self.all = ColumnDataSource(columns, name=name)
        self.shown = ColumnDataSource(dict(columns))
        self._cut = CustomJS(
            args={"all": self.all, "shown": self.shown, "x_range": window},
            code=read_js("near_window.js"),
        )
        self.all.js_on_change("data", self._cut)
        for side in ("start", "end"):
            window.js_on_change(side, self._cut)

    def follow(self, fig) -> None:
        """Cut anew when a figure is laid out, as before its first paint."""
        fig.js_on_change("inner_width", self._cut)
