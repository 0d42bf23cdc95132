"""The three linked maps: points, groups, the picked star, and how well domains mix."""

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import panel as pn
from bokeh.events import DoubleTap, SelectionGeometry, Tap

from stellar_gui.analysis.score_meanings import MIXED
from stellar_gui.lasso import Lasso
from stellar_gui.plots.domain_map import MapFigures
from stellar_gui.plots.map_groups import Drawn
from stellar_gui.plots.style import Painter, number
from stellar_gui.selection import Selection
from stellar_gui.views.components import FigureTitle, MixingScore
from stellar_gui.views.notify import guarded

if TYPE_CHECKING:
    from stellar_gui.analysis.mixing import Mixing
    from stellar_gui.maps.map import DomainMap
    from stellar_gui.maps.points import MapPoints

TITLES = {
    "raw": ("Spectra", "physics vs observed"),
    "latents": ("Shared latents", "z_shared, both encoders"),
    "transferred": ("After transfer", "synth → obs vs observed"),
}
"""By space: what its card is called, and what it holds."""

GROUPS = ("a", "b")
_PARTLY = 0.3  # below, the domains lie apart
_COARSE = 200  # points; of fewer, 20 neighbours are more than a tenth
_FULL = 0.5
_CARD = """
:host {
  background: var(--surface); border: 1px solid var(--rule); border-radius: 8px;
  min-width: 0; min-height: 0; box-sizing: border-box; overflow: hidden;
}
"""
_WAITING = ":host { opacity: 0.5; }"


class MapsView(pn.viewable.Viewer):
    """Draws `MapPoints`; a click picks a star everywhere, a lasso makes a group."""

    def __init__(
        self,
        selection: Selection,
        picked: Callable[[int], None],
        save: Callable[[str], None],
        theme: str = "light",
        **params,
    ):
        """picked: told the row of a point that was clicked on; save: told the space
        whose numbers are asked for."""
        super().__init__(**params)
        self._selection, self._picked, self._save = selection, picked, save
        self._painter = Painter(theme)
        self.points: MapPoints | None = None
        self._as_made: MapPoints | None = None
        self.mode = GROUPS[0]
        names = [f"map-{space}" for space in TITLES]
        self.plots = MapFigures(self._painter, names)
        self.titles, self.scores = {}, {}
        for place, (space, (title, sub)) in enumerate(TITLES.items()):
            card = {"title": title, "card": f"map_{space}", "sub": sub}
            self.titles[space] = FigureTitle(
                state=card, sizing_mode="stretch_width", height=36
            )
            self.titles[space].listen(lambda command, value, s=space: self._save(s))
            self.scores[space] = MixingScore(
                state={"waiting": "…"}, sizing_mode="stretch_width", height=46
            )
            self._listen(place)
        self._cards = [self._card(place, space) for place, space in enumerate(TITLES)]
        watched = [f"{what}_{name}" for what in ("group", "lasso") for name in GROUPS]
        selection.param.watch(lambda *events: self.show_groups(), watched)

    def _card(self, place, space):
        both = {"sizing_mode": "stretch_both", "margin": 0}
        pane = pn.pane.Bokeh(self.plots.figures[place], **both)
        parts = (self.titles[space], pane, self.scores[space])
        return pn.Column(*parts, stylesheets=[_CARD], **both)

    @property
    def names(self) -> list[str]:
        """Names of the figures, as the browser finds them."""
        return [fig.name for fig in self.plots.figures]

    def _listen(self, place):
        fig = self.plots.figures[place]
        fig.on_event(Tap, guarded(lambda event: self._tapped(place, event)))
        fig.on_event(DoubleTap, guarded(lambda event: self._reset(place)))
        fig.on_event(
            SelectionGeometry, guarded(lambda event: self._lassoed(place, event))
        )

    # ---- what is drawn

    def show(
        self, points: "MapPoints", facts: dict[str, np.ndarray], words: str
    ) -> None:
        """Draw other maps; facts: columns (n,) for the readout; words: how made."""
        self.points = self._as_made = points
        self.plots.set_points(points.places, points.is_obs, points.ids, facts)
        for space, one in points.maps.items():
            self._show_mixing(space, one.mixing, words)
        self.show_groups()

    def _show_mixing(self, space, mixing, words):
        n_points = len(self.points.ids)
        self.scores[space].state = score_state(mixing, n_points)
        title, sub = TITLES[space]
        kind, word = judge(mixing, n_points)
        text = f"{number(mixing.value, 3)} ± {number(mixing.error, 3)}"
        tip, said = f"{text}; 0.5 is mixed", f"the domains are {word}"
        if word == "few stars":
            said = "of so few stars, that hardly tells whether the domains mix"
            tip = f"{tip}; 20 neighbours of {n_points} are too many to tell"
        self.titles[space].state = {
            "title": title,
            "card": f"map_{space}",
            "sub": sub,
            "chips": [{"kind": kind, "text": word, "tip": tip}],
            "figures": [f"map-{space}"],
            "file": f"domains_{space}",
            "words": [
                {"text": "● synthetic", "token": "synthetic-domain"},
                {"text": "● observed", "token": "observed-domain"},
                {"text": words, "token": "ink2"},
            ],
            "sentence": (
                f"{title}, {sub}: a map of {n_points} stars. Of the 20 "
                f"nearest neighbours of a star {text} come from the other domain, "
                f"{number(mixing.shuffled, 3)} with the domains dealt out at random; "
                f"{said}."
            ),
        }

    def wait(self, waiting: bool) -> None:
        """Keep the old maps at half strength while others are made."""
        sheets = [_CARD, _WAITING] if waiting else [_CARD]
        for card in self._cards:
            card.stylesheets = sheets

    def show_raw(self, augmented: "DomainMap | None") -> None:
        """Put the map of augmented spectra in the first place; None: as it was."""
        made = self.points = self._as_made
        one = augmented or made.maps["raw"]
        if augmented is not None:
            self.points = dataclasses.replace(made, maps={**made.maps, "raw": one})
        self.plots.move(0, self.places[:, 0])
        self._show_mixing("raw", one.mixing, one.settings.words(len(one.ids)))
        if augmented is not None:
            title = self.titles["raw"]
            title.state = title.state | {"sub": "augmented vs observed · PCA"}
        self.show_groups()

    @property
    def augmented(self) -> bool:
        """Whether the first map is of augmented spectra."""
        return self.points is not self._as_made

    @property
    def places(self) -> np.ndarray:
        """(n, n_maps, 2) where the points lie in the maps that are shown."""
        return self.points.places

    def wait_raw(self, waiting: bool) -> None:
        """Keep the first map at half strength while another is made."""
        self._cards[0].stylesheets = [_CARD, _WAITING] if waiting else [_CARD]

    def rows(self, name: str) -> np.ndarray:
        """The rows of the points of group "a" or "b", synthetic ones included."""
        if self.points is None:
            return np.empty(0, dtype=int)
        lasso = getattr(self._selection, f"lasso_{name}")
        if self.points.map_of(lasso) is not None:
            return self.points.held(lasso)
        return self.points.rows_of(getattr(self._selection, f"group_{name}"))

    def show_groups(self) -> None:
        """Mark groups and lassos as the selection has them."""
        if self.points is None:
            return
        self._fill_groups()
        drawn = []
        for name in GROUPS:
            lasso = getattr(self._selection, f"lasso_{name}")
            place = self.points.map_of(lasso)
            shown = place is not None
            drawn.append(Drawn(place, np.array(lasso.vertices)) if shown else None)
        with pn.io.hold():
            self.plots.groups.mark(*(self.rows(name) for name in GROUPS))
            self.plots.groups.outline(drawn)

    def _fill_groups(self):
        """Find the stars of a lasso that came by the address, without its group."""
        found = {}
        for name in GROUPS:
            lasso = getattr(self._selection, f"lasso_{name}")
            if self.points.map_of(lasso) is None:
                continue
            stars = self.points.stars(self.points.held(lasso))
            if stars != getattr(self._selection, f"group_{name}"):
                found[f"group_{name}"] = stars
        if found:
            self._selection.choose(**found)

    # ---- what a user does

    def use(self, mode: str) -> None:
        """Have a drag draw group "a" or "b", or move the map, "pan"."""
        if mode in (*GROUPS, "pan"):
            self.mode = mode
            self.plots.groups.use(GROUPS.index(mode) if mode in GROUPS else None)

    def _tapped(self, place, event):
        if self.points is None or event.x is None or event.y is None:
            return
        row = self.plots.nearest(place, event.x, event.y)
        if row is not None:
            with pn.io.hold():
                self._picked(row)

    def _lassoed(self, place, event):
        if self.points is None or not event.final or self.mode not in GROUPS:
            return
        corners = list(zip(event.geometry["x"], event.geometry["y"], strict=True))
        if len(corners) < 3:
            return
        one = list(self.points.maps.values())[place]
        lasso = Lasso(one.map_id, corners)
        stars = self.points.stars(self.points.held(lasso))
        with pn.io.hold():
            self._selection.choose(
                **{f"lasso_{self.mode}": lasso, f"group_{self.mode}": stars}
            )

    def _reset(self, place):
        with pn.io.hold():
            self.plots.reset(place)

    # ---- all

    def repaint(self, theme: str) -> None:
        """Draw in another theme."""
        self._painter.repaint(theme)
        self.plots.repaint()

    def __panel__(self):
        return pn.Row(
            *self._cards,
            stylesheets=[":host { gap: 10px; }"],
            sizing_mode="stretch_both",
            margin=0,
        )


def judge(mixing: "Mixing", n_points: int) -> tuple[str, str]:
    """Kind and word of how well domains mix, on maps of so many points.

    >>> from stellar_gui.analysis.mixing import Mixing
    >>> judge(Mixing(0.03, 0.01, 0.5), 800), judge(Mixing(0.46, 0.01, 0.5), 800)
    (('bad', 'apart'), ('ok', 'mixed'))
    >>> judge(Mixing(0.46, 0.01, 0.5), 80)
    ('warning', 'few stars')
    """
    if n_points < _COARSE and mixing.value >= _PARTLY:
        return "warning", "few stars"
    if mixing.value >= MIXED:
        return "ok", "mixed"
    return ("warning", "partly mixed") if mixing.value >= _PARTLY else ("bad", "apart")


def score_state(mixing: "Mixing", n_points: int) -> dict:
    """The line and the bar below a map; the bar is full at 0.5."""
    return {
        "text": number(mixing.value, 3),
        "error": number(mixing.error, 3),
        "control": number(mixing.shuffled, 3),
        "share": min(mixing.value / _FULL, 1.0),
        "controlShare": min(mixing.shuffled / _FULL, 1.0),
        "kind": judge(mixing, n_points)[0],
    }
