"""The losses of the chosen runs, drawn as they are logged."""

from functools import partial
from pathlib import Path

import panel as pn

from stellar_gui.plots.losses import Course, Line, LossFigures
from stellar_gui.plots.pointer import send_pointer
from stellar_gui.plots.style import Painter
from stellar_gui.views.components import OVER_CARD, EmptyState, LossesTitle
from stellar_gui.views.work import in_background

_FEW_BYTES = 300_000  # that are read at once; more would hold up other sessions
_DOMAIN_TOKENS = {"synth": "synthetic_domain", "obs": "observed_domain"}
_KIND_TOKENS = {"payne": "payne", "cannon": "cannon", "cycle-starnet": "cycle_starnet"}
_FURTHER = ("ink2", "ink3")  # of curves of one method that belong to no domain
_SMOOTHING = 0.9
_NO_RUN = "Losses are drawn here when a run is started, or chosen from the list."


class CurvesView(pn.viewable.Viewer):
    """Losses of one run against the step, and of others beside it."""

    def __init__(self, theme: str = "light", **params):
        super().__init__(**params)
        self._painter = Painter(theme)
        self.figures = LossFigures(self._painter)
        self.figures.set_smoothing(_SMOOTHING)
        self._method, self._folder = "", None
        self._lines: list[Line] = []
        self._histories: dict[Path, object] = {}
        self._reading: set[Path] = set()
        self._others: list[tuple[str, Path, str]] = []
        self._ended = ("", 0)
        self._range, self._smoothing = "now", _SMOOTHING
        self._steps, self._shown = (0, 0), None
        self.title = LossesTitle(
            state=self._state(), sizing_mode="stretch_width", height=36
        )
        self.title.listen(self._hear)
        self.empty = EmptyState(
            state={"icon": "scores", "text": _NO_RUN}, styles=OVER_CARD
        )
        send_pointer([*(p.figure for p in self.figures.panels.values())])

    # ---- which runs

    def show(self, folder: Path | None, method: str) -> None:
        """Draw the losses of the run in a folder; None: of no run."""
        if folder == self._folder and method == self._method:
            return
        self._folder, self._method = folder, method
        self.empty.visible = folder is None
        kept = {path for _, path, _ in self._others} | {folder}
        self._histories = {p: h for p, h in self._histories.items() if p in kept}
        self._use_lines()
        self._draw_all()
        self.update()
        self.read()

    def compare(self, others: list[tuple[str, Path, str]]) -> None:
        """Draw other runs, (name, folder, method) each, beside the run."""
        if others != self._others:
            self._others = others
            self.read()
            self._draw_others()

    @property
    def history(self):
        """What the run has logged so far; None without a run."""
        return self._histories.get(self._folder)

    # ---- numbers

    def read(self) -> None:
        """Take in what the runs have logged since, in the background if it is much."""
        for folder in [self._folder, *(path for _, path, _ in self._others)]:
            if folder is None or folder in self._reading:
                continue
            history = self._history_of(folder)
            if history.unread > _FEW_BYTES:
                self._reading.add(folder)
                in_background(history.read, partial(self._came, folder, history))
            elif history.unread or history.latest:
                self._came(folder, history, history.read())

    def _history_of(self, folder):
        if folder not in self._histories:
            from stellar_gui.training.history import History

            self._histories[folder] = History(folder)
        return self._histories[folder]

    def _came(self, folder, history, added):
        self._reading.discard(folder)
        if isinstance(added, Exception):
            raise added
        if self._histories.get(folder) is not history:
            return  # another run is looked at meanwhile
        with pn.io.hold():
            if folder == self._folder:
                self._add(added)
            elif added.rows or added.renewed:
                self._draw_others()

    def _add(self, added):
        known = [line.bold for line in self._lines]
        if added.scores:
            self._use_lines()
        if added.renewed or known != [line.bold for line in self._lines]:
            self._draw_all()
        elif added.rows or added.scores:
            self.figures.add(*self._columns(added.rows, added.scores))
            self._shown = None  # what is in view changes with it

    def _columns(self, rows, scores):
        from stellar_gui.training.curves import curves_of, logged, scored

        curves = curves_of(self._method).curves
        return logged(curves, rows), scored(curves, scores)

    def _draw_all(self):
        history = self.history
        rows, scores = (history.rows, history.scores) if history else ([], [])
        self.figures.set(*self._columns(rows, scores))
        self._shown = None

    def _use_lines(self):
        from stellar_gui.training.curves import curves_of

        curves = curves_of(self._method)
        scores = self.history.scores if self.history else []
        lines = [
            _line(curve, place, self._method, scores)
            for place, curve in enumerate(curves.curves)
        ]
        if lines != self._lines:
            self._lines = lines
            titles = {"loss": curves.title, "critic": curves.critic_title}
            self.figures.use(lines, titles)

    def _draw_others(self):
        from stellar_gui.training.curves import column, main_curve

        courses = []
        for name, folder, method in self._others:
            history, curve = self._history_of(folder), main_curve(method)
            rows, key = history.scores, curve.scored
            if not any(key in row for row in rows):
                rows, key = history.rows, curve.logged
            root = curve.root and key == curve.logged
            values = column(rows, key, root=root)
            token = _KIND_TOKENS.get(method, "ink2")
            text = f"{name} {curve.name}"
            courses.append(Course(text, column(rows, "step"), values, token))
        self.figures.compare(courses)
        self._shown = None

    # ---- looks

    def show_steps(self, step: int, total: int) -> None:
        """The run stands at a step of so many in all."""
        self._steps = (step, total)
        others = [self._history_of(path).latest for _, path, _ in self._others]
        last = max([step, *(row.get("step", 0) for row in others)])
        shown = (step, last, total if self._range == "end" else 0)
        if shown != self._shown:
            self._shown = shown
            self.figures.show_steps(*shown)

    def mark(self, step: int | None) -> None:
        """Mark the step of the replay."""
        self.figures.mark_step(step)

    def mark_end(self, word: str) -> None:
        """Write at the last step how the run ended, if it ended badly."""
        if (word, self._steps[0]) != self._ended:
            self._ended = (word, self._steps[0])
            self.figures.mark_end(word)

    @property
    def readout(self) -> list[dict]:
        """Which columns of which source the status line reads out, by name."""
        found = []
        for place, line in enumerate(self._lines):
            bold = line.bold is not None
            found.append(
                {
                    "name": line.name,
                    "token": line.token.replace("_", "-"),
                    "source": "bold" if bold else "thin",
                    "column": f"bold_{place}" if bold else f"mean_{place}",
                    "log": self.figures.log and line.panel == "loss",
                }
            )
        return found

    def _state(self):
        two = self._method == "cycle-starnet"
        words = "thin: train · bold: validation"
        return {
            "words": words + (" · dashed: cycle, generator" if two else ""),
            "range": self._range,
            "log": self.figures.log,
            "smoothing": self._smoothing,
        }

    def _hear(self, command, value):
        with pn.io.hold():
            if command == "range":
                self._range = value
            elif command == "log":
                self.figures.set_scale(bool(value))
            elif command == "smoothing":
                self._smoothing = float(value)
                self.figures.set_smoothing(self._smoothing)
            self._shown = None
            self.show_steps(*self._steps)
            self.update()

    def update(self) -> None:
        """Draw the title again."""
        self.title.state = self._state()

    def repaint(self, theme: str) -> None:
        """Draw in another theme."""
        self._painter.repaint(theme)
        self.figures.repaint()

    def __panel__(self):
        pane = pn.pane.Bokeh(self.figures.layout, sizing_mode="stretch_both", margin=0)
        parts = (self.title, pane, self.empty)
        return pn.Column(*parts, sizing_mode="stretch_both", margin=0)


def _line(curve, place, method, scores):
    """How a curve is drawn; bold is what was validated, if anything was."""
    bold = curve.scored is not None and any(curve.scored in row for row in scores)
    token = _DOMAIN_TOKENS.get(curve.domain)
    if token is None:
        tokens = (_KIND_TOKENS.get(method, "ink"), *_FURTHER)
        token = tokens[min(place, len(tokens) - 1)]
    return Line(
        name=curve.name,
        thin=curve.name if curve.logged else None,
        bold=curve.name if bold or not curve.logged else None,
        token=token,
        dash="dashed" if curve.second else "solid",
        panel="critic" if curve.critic else "loss",
    )
