"""One panel of losses: a pool of lines over the steps, their names at their ends."""

from typing import NamedTuple

from bokeh.core.properties import value
from bokeh.core.property.descriptors import UnsetValueError
from bokeh.models import ColumnDataSource, Range1d, Span

from stellar_gui.plots.line_names import spread
from stellar_gui.plots.style import FONT, without

BORDERS = (60, 10)  # left and right of all plots that share the steps, px
SLOTS = {"loss": 6, "critic": 4}
"""How many lines a panel of each kind can draw."""

_NAME_SEPARATION = 15  # px between names at the ends of lines
_LIKELY_HEIGHT = {"loss": 180, "critic": 150}  # px, rather too little


class Line(NamedTuple):
    """One loss: its name, the columns that are thin and bold, and its look."""

    name: str
    thin: str | None
    bold: str | None
    token: str
    dash: str = "solid"
    panel: str = "loss"  # or "critic"


class LossPanel:
    """One figure with a pool of lines; which of them are used changes with the run."""

    def __init__(self, kind, painter, x_range, sources):
        self.kind, self._painter = kind, painter
        self.y_range = Range1d(0, 1)
        self.figure = painter.figure(
            x_range=x_range,
            y_range=self.y_range,
            borders=(6, BORDERS[1], 6, BORDERS[0]),
            sizing_mode="stretch_both",
            min_height=90,
            name=f"losses-{kind}",
        )
        fig = self.figure
        without(fig, *fig.xaxis)
        fig.yaxis.axis_line_color = None
        fig.yaxis.major_tick_line_color = None
        thin, bold = sources
        self._sources = (thin, thin, bold, bold)
        self._nothing = ColumnDataSource({"step": []})
        options = {"x": "step", "y": "step", "visible": False}
        self._slots = [
            (
                fig.line(source=thin, line_width=0.8, alpha=0.45, **options),
                fig.line(source=thin, line_width=2, **options),
                fig.line(source=bold, line_width=2, **options),
                fig.scatter(source=bold, size=4, **options),
            )
            for _ in range(SLOTS[kind])
        ]
        self.lines: list[tuple[int, Line]] = []
        self.ends = ColumnDataSource(
            {"x": [], "y": [], "text": [], "color": []}, name=f"ends-{kind}"
        )
        fig.text(
            "x",
            "y",
            "text",
            source=self.ends,
            text_color="color",
            x_offset=8,
            text_baseline="middle",
            text_font=value(FONT),
            text_font_size="11px",
            text_font_style="bold",
        )
        self.handle = _span(painter, fig, "ink", 1.4)
        self.now = _span(painter, fig, "axis", 1.0, [2, 3])

    @property
    def inner_height(self) -> int:
        """Height inside the borders, px; a guess until the browser says."""
        try:
            return self.figure.inner_height or _LIKELY_HEIGHT[self.kind]
        except UnsetValueError:
            return _LIKELY_HEIGHT[self.kind]

    def use(self, lines):
        """Draw these (index, Line); the index names their columns."""
        self.lines = lines
        for slot, renderers in enumerate(self._slots):
            glyphs = [renderer.glyph for renderer in renderers]
            self._painter.forget(glyphs)
            if slot >= len(lines):
                self._show(renderers, [None] * len(renderers))
                continue
            index, line = lines[slot]
            raw, course, scored, marks = renderers
            bold = f"bold_{index}" if line.bold else None
            columns = (
                f"thin_{index}" if line.thin else None,
                None if bold else f"mean_{index}",
                bold,
                bold,
            )
            self._show(renderers, columns)
            course.glyph.line_dash = scored.glyph.line_dash = line.dash
            for renderer in (raw, course, scored):
                self._painter.glyph(renderer, line_color=line.token)
            self._painter.glyph(marks, fill_color=line.token, line_color=line.token)

    def _show(self, renderers, columns):
        """Draw columns; a line without one gets no data, which would cost time."""
        for renderer, source, name in zip(
            renderers, self._sources, columns, strict=True
        ):
            renderer.visible = name is not None
            renderer.glyph.y = "step"  # a column that both sources have
            renderer.data_source = source if name else self._nothing
            renderer.glyph.y = name or "step"

    def name_ends(self, ends, *, shared: bool):
        """Write (x, y, text, token) at the ends of lines, kept apart.

        shared: there are two panels, so that a height from before was too much.
        """
        ends = sorted(ends, key=lambda end: end[1])
        span = self.y_range.end - self.y_range.start
        height = self.inner_height
        if shared:
            height = min(height, _LIKELY_HEIGHT[self.kind])
        separation = _NAME_SEPARATION * span / height
        high = self.y_range.end - separation / 2  # a name is whole inside the panel
        room = max(separation * (len(ends) - 1), span - separation)
        places = spread([end[1] for end in ends], separation, high - room, high)
        self._ends = [end[3] for end in ends]
        self.ends.data = {
            "x": [end[0] for end in ends],
            "y": list(places),
            "text": [end[2] for end in ends],
            "color": self._colors(),
        }

    def _colors(self):
        return [getattr(self._painter.tokens, token) for token in self._ends]

    def repaint(self):
        if self.ends.data["text"]:
            self.ends.data = {**self.ends.data, "color": self._colors()}


def _span(painter, fig, token, width, dash="solid"):
    span = Span(
        location=0, dimension="height", line_width=width, line_dash=dash, visible=False
    )
    fig.add_layout(span)
    return painter.paint(span, line_color=token)
