"""Groups of points on linked maps: the lassos they were drawn with, and their members.

Members stand on the layer above the points, which alone is painted anew. Arrays come
in, Bokeh renderers go into the figures of `plots.domain_map`; no Panel here.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from bokeh.core.properties import value
from bokeh.models import ColumnDataSource, LinearScale, Range1d

from stellar_gui.plots.style import FONT, Painter

GROUPS = ("A", "B")
_DASHES = ("solid", [5, 3])
_LARGER = 1.5  # px by which a member is larger than another point


class Drawn(NamedTuple):
    """A lasso as it is drawn: the map it was made in and its corners (n, 2)."""

    map: int
    vertices: np.ndarray


class MapGroups:
    """Two groups, marked in every map: A filled, B open, and a lasso of each.

    columns: gives of rows (m,) of the points what drawing them needs, (m,) by name;
    shade: how points are coloured.
    """

    def __init__(
        self, painter: Painter, columns: Callable[[np.ndarray], dict], shade: dict
    ):
        self._painter, self._columns, self._shade = painter, columns, shade
        self._rows = [np.empty(0, dtype=int) for _ in GROUPS]
        self._members = [
            ColumnDataSource(columns(rows), name=f"members-{group.lower()}")
            for group, rows in zip(GROUPS, self._rows, strict=True)
        ]
        self._lassos = [ColumnDataSource(_no_lasso(), name=f"lasso-{g}") for g in "ab"]
        self._mode = ColumnDataSource({"group": [0]})  # that a lasso draws; -1: none
        self._marks, self._veils, self._outlines = [], [], []

    # ---- building

    def draw_in(self, fig, place: int) -> None:
        """Draw in the figure of the map ``place``, on top of its points."""
        fig.extra_y_ranges = {"share": Range1d(0, 1)}
        fig.extra_y_scales = {"share": LinearScale()}
        fig.extra_x_ranges = {"share": Range1d(0, 1)}
        fig.extra_x_scales = {"share": LinearScale()}
        self._veils.append(self._veil(fig))
        lassos = zip(self._lassos, _DASHES, strict=True)
        self._outlines.append([self._outline(fig, *lasso) for lasso in lassos])
        looks = (
            {"fill_color": self._shade, "line_color": None},
            {"line_color": self._shade, "line_width": 1.4},
        )
        for members, look in zip(self._members, looks, strict=True):
            x, y = f"x_{place}", f"y_{place}"
            dots = fig.scatter(x, y, source=members, level="overlay", **look)
            open_ = {} if "fill_color" in look else {"fill_color": "surface"}
            self._marks.append(self._painter.glyph(dots, **open_))

    def _veil(self, fig):
        """What makes the points of no group step back."""
        veil = fig.quad(
            left=[0],
            right=[1],
            bottom=[0],
            top=[1],
            x_range_name="share",
            y_range_name="share",
            fill_alpha=0.62,
            line_color=None,
            level="overlay",
            visible=False,
        )
        return self._painter.glyph(veil, fill_color="surface")

    def _outline(self, fig, source, dash):
        """A lasso and the name of its group above it."""
        outline = fig.patches(
            "xs",
            "ys",
            source=source,
            line_width=1.5,
            line_dash=dash,
            fill_alpha=0.5,
            level="overlay",
            visible=False,
        )
        self._painter.glyph(outline, fill_color="grid", line_color="ink")
        name = fig.text(
            "x",
            "y",
            "name",
            source=source,
            text_font=value(FONT),
            text_font_size="13px",
            text_font_style="bold",
            text_align="center",
            text_baseline="bottom",
            y_offset=-4,
            level="overlay",
            visible=False,
        )
        return outline, self._painter.glyph(name, text_color="ink")

    @property
    def for_the_browser(self) -> dict:
        """What lasso_points.js needs to mark a group before the server has heard."""
        outlines = [[list(of[k]) for of in self._outlines] for k in range(len(GROUPS))]
        return {
            "mode": self._mode,
            "members": self._members,
            "veils": self._veils,
            "lassos": self._lassos,
            "outlines": outlines,
        }

    # ---- what is chosen

    def use(self, group: int | None) -> None:
        """Which of `GROUPS` a lasso draws from now on; None: none."""
        chosen = [-1 if group is None else group]
        if self._mode.data["group"] != chosen:
            self._mode.data = {"group": chosen}

    def mark(self, a, b) -> None:
        """Mark the rows of two groups; the other points step back."""
        for k, rows in enumerate((a, b)):
            rows = np.asarray(rows, dtype=int)
            if not np.array_equal(rows, self._rows[k]):
                self._rows[k] = rows
                self._members[k].data = self._columns(rows)
        for veil in self._veils:
            veil.visible = bool(len(a) or len(b))

    def redraw(self) -> None:
        """Draw the members again, which look or lie otherwise now."""
        for members, rows in zip(self._members, self._rows, strict=True):
            if len(rows):
                members.data = self._columns(rows)

    def resize(self, size: float) -> None:
        """Draw members to go with points of a diameter of ``size`` px."""
        for dots in self._marks:
            dots.glyph.size = size + _LARGER

    def outline(self, drawn: Sequence[Drawn | None]) -> None:
        """Draw the lassos of A and B, each in its own map; None: there is none."""
        for k, (source, lasso) in enumerate(zip(self._lassos, drawn, strict=True)):
            if lasso is not None:
                source.data = _lasso(lasso, GROUPS[k])
            for place, outlines in enumerate(self._outlines):
                for part in outlines[k]:
                    part.visible = lasso is not None and lasso.map == place


def _lasso(drawn, name):
    """Columns of a lasso; its name stands at the highest corner."""
    xs, ys = np.asarray(drawn.vertices, dtype=float).T
    top = int(ys.argmax())
    lines = {"xs": [xs.tolist()], "ys": [ys.tolist()]}
    return {**lines, "x": [xs[top]], "y": [ys[top]], "name": [name]}


def _no_lasso():
    return {"xs": [], "ys": [], "x": [], "y": [], "name": []}
