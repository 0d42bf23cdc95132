"""The picked point of the maps: a star everywhere, or a synthetic one, which is none.

A star that is on no map, such as one that the user opened, is placed into them.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import panel as pn

from stellar_gui.plots.style import number
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views.domain_colours import fact_titles
from stellar_gui.views.domain_maps import MapsView
from stellar_gui.views.domain_source import MapSource
from stellar_gui.views.shown import watch_while_shown

_PLACING = "placing it into the maps …"


class PickedPoint:
    """Rings ``selection.star``, or a synthetic point, in all maps and says what it is.

    said: called when there is something else to say.
    """

    def __init__(
        self,
        selection: Selection,
        session: Session,
        maps: MapsView,
        source: MapSource,
        said: Callable[[], None],
    ):
        self._selection, self._session = selection, session
        self._maps, self._source, self._said = maps, source, said
        self._synthetic: int | None = None  # row of the point
        self._placed: dict[str, np.ndarray | str] = {}
        forget = lambda names: self.forget_point()  # noqa: E731
        watch_while_shown(selection, "domains", forget, ["star"])

    def take(self, row: int) -> None:
        """Pick a point: a star is selected everywhere, a synthetic one only here."""
        points = self._maps.points
        is_obs = bool(points.is_obs[row])
        self._synthetic = None if is_obs else int(row)
        with pn.io.immediate_dispatch():  # the other views can wait
            self._maps.plots.pick(self._maps.places[row])
        if is_obs:
            self._selection.choose(star=str(points.ids[row]))
        self.show()

    def let_go(self) -> bool:
        """Go back from a synthetic point to the star; False if none was picked."""
        held = self._synthetic is not None
        if held:
            self.forget_point()
        return held

    def forget_point(self) -> None:
        """Show the selected star, whatever point was picked."""
        self._synthetic = None
        self.show()

    def forget(self) -> None:
        """Start anew, for other maps."""
        self._synthetic, self._placed = None, {}
        self.show()

    def show(self) -> None:
        """Ring the point; have the star placed that is on no map."""
        points, star = self._maps.points, self._selection.star
        if points is None:
            return
        row = self._synthetic
        row = points.row_of(star) if row is None else row
        places = None if row is None else self._maps.places[row]
        if row is None and star:
            if star not in self._placed:
                self._place(star)
            found = self._placed.get(star, _PLACING)
            places = None if isinstance(found, str) else found.copy()
            if places is not None and self._maps.augmented:
                places[0] = np.nan  # it was placed into the map as it was before
        self._maps.plots.pick(places)
        self._said()

    def _place(self, star):
        self._placed[star] = _PLACING
        wanted = lambda: self._selection.star == star  # noqa: E731
        self._source.place(star, wanted, partial(self._found, self._placed, star))

    def _found(self, placed, star, result):
        """Keep where a star lies among those ``placed`` into the maps of then."""
        if isinstance(result, KeyError | ValueError | OSError):
            result = f"on no map: {result}"
        elif isinstance(result, Exception):
            raise result
        if result is None:  # the user has gone on, and may come back
            del placed[star]
        else:
            placed[star] = result
        with pn.io.hold():
            self.show()

    @property
    def state(self) -> dict | None:
        """Name and words of the picked point; None without one."""
        points, star = self._maps.points, self._selection.star
        if points is None or not (star or self._synthetic is not None):
            return None
        if self._synthetic is not None:
            made = points.synth_labels[self._synthetic]
            labels = dict(zip(points.label_names, made, strict=True))
            where = "synthetic, of labels that the training assumed; no observed star"
            name = str(points.ids[self._synthetic])
        else:
            columns, row = self._session.columns(), self._session.row_of(star)
            labels = {column: values[row] for column, values in columns.items()}
            name, where = star, "same star in all three maps"
            if points.row_of(star) is None:
                found = self._placed.get(star, _PLACING)
                told = isinstance(found, str)
                where = found if told else "placed into all three maps as they are"
        return {"name": name, "words": " · ".join([*_facts(labels), where])}


def _facts(labels):
    return [
        f"{fact['title']} {number(value, fact['decimals'])} {fact['unit']}".rstrip()
        for fact in fact_titles()
        if np.isfinite(value := labels.get(fact["name"], np.nan))
    ]
