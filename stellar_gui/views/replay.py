"""Replay: the star as the model saw it at a kept checkpoint, and the latents then."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import panel as pn

from stellar_gui.plots.pieces import Pieces
from stellar_gui.plots.replay import ReplayLine, ReplayPlot, Track
from stellar_gui.plots.style import Painter, model_style, number
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views.components import ReplayRow
from stellar_gui.views.notify import guarded
from stellar_gui.views.run_words import count
from stellar_gui.views.work import in_background

_FIRST_VIEW = 0.6  # place in the list of views that a star is first looked at in
_FOLLOWS_AFTER = 5.0  # seconds between two steps of a handle that follows the run
_KEPT = 24  # checkpoints and stars that are kept as they were seen
_NO_CHECKPOINT = "When a checkpoint is kept, a star is seen here as the model saw it."
_KINDS = {"cycle-starnet": "cycle_starnet"}


class ReplayView(pn.viewable.Viewer):
    """A handle along the checkpoints of a run, and what the model saw at each."""

    def __init__(
        self,
        selection: Selection,
        session: Session,
        x_range,
        moved: Callable[[int | None], None],
        theme: str = "light",
        **params,
    ):
        """x_range: of the losses, to line up with; moved: hears of the step."""
        super().__init__(**params)
        self._selection, self._session, self._moved = selection, session, moved
        self._painter = Painter(theme)
        self.track = Track(self._painter, x_range, guarded(self._put))
        self.plot = ReplayPlot(self._painter)
        self.plot.clear(_NO_CHECKPOINT)
        self._folder, self._method = None, ""
        self._models = None  # of training.replay, for the run that is looked at
        self._seen: dict[tuple, object] = {}
        self._wanted: tuple | None = None
        self._busy = False
        self.steps: list[int] = []
        self.step: int | None = None
        self._follows = True  # the newest checkpoint, until a user moves the handle
        self._moved_at = 0.0
        self.row = ReplayRow(
            state=self._state(), sizing_mode="stretch_width", height=28
        )
        self.row.listen(lambda command, value: self.move(command))
        selection.param.watch(lambda event: self.draw(), ["star", "window", "page"])

    # ---- which run, which step

    def show(self, folder: Path | None, method: str, steps: list[int]) -> None:
        """Replay the run in a folder, of which these checkpoints are kept."""
        if folder != self._folder:
            self._folder, self._method = folder, method
            self._models, self._seen, self._wanted = None, {}, None
            self._follows, self.step, self.steps = True, None, []
            self.plot.clear(_NO_CHECKPOINT)
        newest = steps[-1] if steps else None
        waits = time.monotonic() - self._moved_at < _FOLLOWS_AFTER
        behind = self._follows and self.step != newest and not waits
        changed, self.steps = steps != self.steps, steps
        if behind or (changed and self.step not in steps):
            self.go_to(newest)
        elif changed:
            self._place()

    def move(self, command: str) -> None:
        """Go to the previous or the next checkpoint."""
        if not self.steps:
            return
        by = -1 if command == "checkpoint_back" else 1
        here = self.steps.index(self.step) if self.step in self.steps else 0
        self._choose(self.steps[min(max(here + by, 0), len(self.steps) - 1)])

    def _put(self, step):
        """The handle was dragged to a step."""
        if self.steps and step is not None:
            self._choose(min(self.steps, key=lambda kept: abs(kept - step)))

    def _choose(self, step):
        if step != self.step:
            self._follows = step == self.steps[-1]
            with pn.io.hold():
                self.go_to(step)

    def go_to(self, step: int | None) -> None:
        """Put the handle to a checkpoint and show what the model saw then."""
        self.step = step
        self._moved_at = time.monotonic()
        self._place()
        self._moved(step)
        self.draw()

    def _place(self):
        self.track.show(self.steps, self.step)
        self.row.state = self._state()

    def _state(self):
        step = self.step
        words = "no checkpoint yet" if step is None else f"step {count(step)}"
        return {
            "words": words,
            "first": not self.steps or self.step == self.steps[0],
            "last": not self.steps or self.step == self.steps[-1],
        }

    # ---- what the model saw

    def draw(self) -> None:
        """Show the star at the chosen step, in the background where it takes long."""
        star_id = self._selection.star
        if self.step is None or not star_id or self._selection.page != "training":
            return
        star = self._session.star(star_id)
        inside = self._window(star)
        flux = np.where(star.ivar[0] > 0, star.flux[0], np.nan)
        self.plot.set_star(star.wavelength[inside], flux[inside], star.medium)
        key = (self._folder, self.step, star_id)
        if key in self._seen:
            self._show(self._seen[key])
        else:
            self._wanted = key
            self._look()

    def _look(self):
        """See the wanted star unless another is being seen: then afterwards."""
        if self._busy or self._wanted is None:
            return
        key, self._wanted = self._wanted, None
        self._busy = True
        _, step, star_id = key
        observed = self._session.set_of(star_id)
        work = partial(self._see, step, self._session.star(star_id), observed)
        in_background(work, partial(self._came, key))

    def _see(self, step, star, observed):
        from stellar_gui.training.replay import Replay
        from stellar_gui.training.run import Run
        from stellar_gui.training.seen import latent_map, see

        if self._models is None:
            self._models = Replay(Run(self._folder))
        model = self._models.model(step, preview=True)
        return see(model, star), latent_map(model, observed)

    def _came(self, key, result):
        self._busy = False
        self._seen[key] = result
        while len(self._seen) > _KEPT:
            del self._seen[next(iter(self._seen))]
        with pn.io.hold():
            if key == (self._folder, self.step, self._selection.star):
                self.draw()
            self._look()

    def _show(self, result):
        if isinstance(result, Exception):
            self.plot.say(str(result).partition(". ")[0])
            return
        seen, latents = result
        star = self._session.star(self._selection.star)
        inside = self._window(star)
        style = model_style(_KINDS.get(self._method, self._method))
        cycle = seen.physics is not None
        name = "synth → obs" if cycle else style.title
        name = f"{name}, χ²/ν {number(seen.reduced_chi2, 2)}"
        lines = [ReplayLine(name, seen.flux[inside], style.token)]
        if cycle:
            physics = seen.physics[inside]
            lines.append(ReplayLine("physics", physics, "synthetic_domain", "dashed"))
        self.plot.set_lines(star.wavelength[inside], lines)
        self.plot.set_latents(latents)

    def _window(self, star):
        """Which pixels are in view: the window of the Star page, or one piece."""
        pieces = Pieces.of(star.wavelength, star.ivar[0] > 0)
        window = self._selection.window
        if window is None or pieces.to_window(*window) is None:
            window = pieces.views[int(_FIRST_VIEW * len(pieces.views))]
        low, high = window
        return np.flatnonzero((star.wavelength >= low) & (star.wavelength <= high))

    def repaint(self, theme: str) -> None:
        """Draw in another theme."""
        self._painter.repaint(theme)
        self.plot.repaint()

    def __panel__(self):
        wide = {"sizing_mode": "stretch_width", "margin": 0}
        self.row.styles = {"position": "absolute", "inset": "0", "z-index": "2"}
        track = pn.Column(
            pn.pane.Bokeh(self.track.figure, **wide),
            self.row,
            styles={"position": "relative", "border-top": "1px solid var(--rule)"},
            **wide,
        )
        return pn.Column(track, pn.pane.Bokeh(self.plot.layout, **wide), **wide)
