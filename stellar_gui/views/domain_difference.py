"""The difference of two groups of stars, and the labels that explain it."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import panel as pn
from bokeh.events import DoubleTap, Tap

from stellar_gui.labels import describe
from stellar_gui.plots.difference import DifferencePlot, ExplanationPlot
from stellar_gui.plots.pieces import Pieces
from stellar_gui.plots.style import Painter, number
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views.components import OVER_CARD, CardNote, EmptyState, FigureTitle
from stellar_gui.views.notify import guarded
from stellar_gui.views.shown import watch_while_shown
from stellar_gui.views.work import in_background

if TYPE_CHECKING:
    from stellar_gui.views.domain_compared import Compared
    from stellar_gui.views.domain_source import Shown

_EXAMPLES = (("mg_fe", "mg_h", "fe_h"), ("fe_h", "fe_h", None), ("teff", "teff", None))
"""What groups of the example differ in: its name, a column, and one to subtract."""

_SHARE = 0.25  # of the stars, in either group of the example
_UNITS = {
    "command": "unit",
    "label": "Difference as",
    "options": [[False, "Δ", "flux"], [True, "Δ/σ", "in units of its error"]],
}
_RIGHT = """
:host { flex: none !important; width: 300px !important; min-height: 0; }
"""
_CARD = """
:host {
  background: var(--surface); border: 1px solid var(--rule); border-radius: 8px;
  min-width: 0; min-height: 0; box-sizing: border-box; overflow: hidden;
  position: relative;
}
"""


class DifferenceView(pn.viewable.Viewer):
    """Median of group A less median of B, or of all others, with its explanation."""

    def __init__(
        self,
        selection: Selection,
        session: Session,
        rows: Callable[[str], np.ndarray],
        theme: str = "light",
        **params,
    ):
        """rows: gives the rows of the points of group "a" or "b"."""
        super().__init__(**params)
        self._selection, self._session, self._rows = selection, session, rows
        self._painter = Painter(theme)
        self._shown: Shown | None = None
        self._asked = 0
        self.compared: Compared | None = None
        self.in_sigma = False
        self.plot = DifferencePlot(self._painter)
        self.bars = ExplanationPlot(self._painter)
        title = {"title": "Difference spectrum", "card": "difference"}
        self.title = FigureTitle(state=title, sizing_mode="stretch_width", height=36)
        title = {"title": "What explains it", "card": "explanation"}
        self.why = FigureTitle(state=title, sizing_mode="stretch_width", height=36)
        self.note = CardNote(state={}, sizing_mode="stretch_width", height=52)
        self.empty = EmptyState(state={"icon": "scores"}, styles=OVER_CARD)
        self.title.listen(partial(self._hear, "difference"))
        self.why.listen(partial(self._hear, "explanation"))
        self.empty.listen(lambda command, value: self._example())
        fig = self.plot.figure
        fig.on_event(Tap, guarded(self._tapped))
        fig.on_event(DoubleTap, guarded(lambda event: self._reset()))
        fig.on_change("inner_width", lambda attr, old, new: self._held_names())
        fig.x_range.on_change("end", lambda attr, old, new: self._held_names())
        self.bars.figure.on_event(Tap, guarded(self._element_tapped))
        pick = lambda names: self.plot.pick(selection.pixel)  # noqa: E731
        watch_while_shown(selection, "domains", pick, ["pixel"])
        self._show()

    # ---- what is compared

    def use(self, shown: "Shown") -> None:
        """Compare groups of other maps from now on."""
        self._shown = shown
        sets, survey = shown.request.sets, shown.request.survey
        pieces = Pieces.of(sets.wavelength, sets.good.any(axis=0))
        self.plot.set_pieces(pieces, survey.medium)
        self.plot.pick(self._selection.pixel)
        self.update()

    def update(self) -> None:
        """Compare the groups as they are now; in the background."""
        if self._shown is None:
            return
        self._asked += 1
        rows = self._rows("a"), self._rows("b")
        if not len(rows[0]):
            self.compared = None
            self._show()
            return
        work = partial(_compare, self._shown, self._session, *rows)
        in_background(work, partial(self._found, self._asked))

    def _found(self, asked, result):
        if asked != self._asked:
            return
        with pn.io.hold():
            if isinstance(result, ValueError):
                self.compared = None
                self._show(str(result))
            elif isinstance(result, Exception):
                raise result
            else:
                self.compared = result
                self._show()

    # ---- what is drawn

    def _show(self, problem=""):
        compared = self.compared
        self.empty.visible = compared is None
        if compared is None:
            self._show_nothing(problem)
            return
        self._show_difference(compared)
        self._show_explanation(compared)

    def _show_nothing(self, problem):
        self.plot.clear()
        self.bars.show([])
        buttons = []
        example = self._example_of()
        if example is not None and not problem:
            title = describe(example[0]).title
            buttons = [[f"Compare stars of high and low {title}", "example", None]]
        self.empty.state = {
            "icon": "scores",
            "text": problem
            or "Draw a lasso around points of any map: their median spectrum against "
            "that of all others, or of group B, is shown here.",
            "buttons": buttons,
        }
        self.title.state = self._title_state()
        self.why.state = self._why_state()
        self.note.state = {"text": "No groups are compared yet."}

    def _show_difference(self, compared):
        value, error = compared.comparison.value, compared.comparison.error
        low, high, title = value - error, value + error, "median A − median B"
        if self.in_sigma:
            with np.errstate(divide="ignore", invalid="ignore"):
                value = np.where(error > 0, value / error, np.nan)
            low, high, title = value - 1, value + 1, "(median A − median B) / σ"
        self.plot.show(value, low, high, title)
        self.plot.set_lines(compared.lines)
        self.title.state = self._title_state()

    def _title_state(self):
        state = {
            "title": "Difference spectrum",
            "card": "difference",
            "choices": [_UNITS | {"value": self.in_sigma}],
            "figures": ["difference"],
            "file": "difference_spectrum",
        }
        compared = self.compared
        if compared is None:
            return state | {"figures": [], "choices": []}
        warning = compared.comparison.warning
        return state | {
            "sub": compared.title,
            "note": "band: 68 % bootstrap",
            "chips": [{"kind": "warning", "text": "two domains", "tip": warning}]
            if warning
            else [],
            "sentence": f"{compared.title}. {warning}".strip(),
        }

    def _show_explanation(self, compared):
        self.bars.show(compared.bars)
        self.why.state = self._why_state()
        self.note.state = {"text": compared.note}

    def _why_state(self):
        state = {
            "title": "What explains it",
            "card": "explanation",
            "figures": ["explanation"],
            "file": "difference_explained",
        }
        if self.compared is None or not self.compared.bars:
            return state | {"figures": []}
        of_iron = "fe_h" in self._shown.points.label_names
        state["sub"] = f"Δ[X/{'Fe' if of_iron else 'H'}] / dex"
        rows = [
            [bar.title, number(bar.value, 2, signed=True), number(bar.sigma, 2)]
            for bar in self.compared.bars
        ]
        table = {"head": ["element", "difference / dex", "sigma / dex"], "rows": rows}
        return state | {"sentence": self.compared.note, "table": table}

    # ---- what a user does

    def _hear(self, which, command, value):
        if command == "numbers":
            self._save(which)
        elif command == "unit" and self.compared is not None:
            self.in_sigma = bool(value)
            with pn.io.hold():
                self._show_difference(self.compared)

    def _example_of(self):
        columns = self._session.columns().items()
        known = {None, *(name for name, of in columns if np.isfinite(of).any())}
        found = (e for e in _EXAMPLES if {e[1], e[2]} <= known)
        return next(found, None) if self._shown is not None else None

    def _example(self):
        """Make groups of the stars that have most and least of something."""
        _, plus, minus = self._example_of()
        columns, points = self._session.columns(), self._shown.points
        stars = [str(s) for s in points.ids[points.is_obs] if s in self._session.stars]
        rows = [self._session.row_of(star) for star in stars]
        values = columns[plus][rows]
        if minus is not None:
            values = values - columns[minus][rows]
        order = [stars[k] for k in np.argsort(values) if np.isfinite(values[k])]
        size = max(int(_SHARE * len(order)), 1)
        self._selection.choose(
            group_a=tuple(order[-size:]),
            group_b=tuple(order[:size]),
            lasso_a=None,
            lasso_b=None,
        )

    def _save(self, which):
        from stellar_gui.analysis.map_table import difference_text, explanation_text

        compared, comparison = self.compared, self.compared.comparison
        sets, medium = self._shown.request.sets, self._shown.request.survey.medium
        meta = {"groups": compared.title, "note": compared.note}
        if which == "difference":
            text = difference_text(
                sets.wavelength, comparison.value, comparison.error, medium, meta
            )
            self.title.save("difference_spectrum.ecsv", text)
        elif compared.explanation is not None:
            text = explanation_text(compared.explanation.reasons, meta)
            self.why.save("difference_explained.ecsv", text)

    def _tapped(self, event):
        pieces = self.plot.pieces
        if pieces is not None and event.x is not None:
            away = np.where(pieces.pixels < 0, np.inf, np.abs(pieces.x - event.x))
            wavelength = float(pieces.wavelength[np.argmin(away)])
            self._selection.choose(pixel=round(wavelength, 2))

    def _element_tapped(self, event):
        bar = self.bars.bar_at(event.y)
        if bar is not None and describe(bar.name).element is not None:
            self._selection.choose(elements=(describe(bar.name).element,))

    def _reset(self):
        with pn.io.hold():
            self.plot.reset()

    def _held_names(self):
        with pn.io.hold():
            self.plot.place_names()

    # ---- all

    def repaint(self, theme: str) -> None:
        """Draw in another theme."""
        self._painter.repaint(theme)
        self.plot.repaint()
        self.bars.repaint()

    def __panel__(self):
        both = {"sizing_mode": "stretch_both", "margin": 0}
        plot = pn.pane.Bokeh(self.plot.figure, **both)
        bars = pn.pane.Bokeh(self.bars.figure, **both)
        left = pn.Column(self.title, plot, self.empty, stylesheets=[_CARD], **both)
        right = pn.Column(
            self.why,
            bars,
            self.note,
            stylesheets=[_CARD, _RIGHT],
            width=300,
            sizing_mode="stretch_height",
            margin=0,
        )
        return pn.Row(left, right, stylesheets=[":host { gap: 10px; }"], **both)


def _compare(shown, session, rows_a, rows_b):
    from stellar_gui.fitting.result import FitFlag
    from stellar_gui.views.domain_compared import compared

    no_fit = FitFlag.NOT_CONVERGED | FitFlag.ALL_BAD

    def fitted(star_id):
        fit = session.fit(shown.model_name, star_id)
        return None if fit is None or fit.flags[0] & no_fit else fit.labels[0]

    return compared(shown, rows_a, rows_b, fitted)
