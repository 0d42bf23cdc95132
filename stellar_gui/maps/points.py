"""All points of the maps as one table: where each lies, and what is known of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stellar_gui.lasso import Lasso
from stellar_gui.maps.map import DomainMap

_REACH = 100.0  # from the middle of a map to its farthest point


@dataclass(frozen=True, eq=False)
class MapPoints:
    """The stars of both domains, the same in every map, in one order.

    maps: the map of each space, in the order that they are shown in; synth_labels
    (n_synth, n_labels) of ``label_names``: what the synthetic stars are made with.
    """

    maps: Mapping[str, DomainMap]
    synth_labels: np.ndarray
    label_names: tuple[str, ...]

    @cached_property
    def ids(self) -> np.ndarray:
        """(n,) of all points, the synthetic first."""
        return self._first.ids

    @cached_property
    def is_obs(self) -> np.ndarray:
        """(n,) bool."""
        return self._first.domain == "obs"

    @property
    def _first(self):
        return next(iter(self.maps.values()))

    @cached_property
    def scale(self) -> np.ndarray:
        """(n_maps, 1) by which each map is drawn larger than it was laid out.

        All are of one size then, so that a lasso of any may keep the same decimals.
        """
        reach = [np.nanmax(np.abs(one.points)) for one in self.maps.values()]
        return _REACH / np.maximum(reach, np.finfo(float).tiny)[:, None]

    @cached_property
    def places(self) -> np.ndarray:
        """(n, n_maps, 2) where each point is drawn in each map."""
        places = [one.points_of(self.ids) for one in self.maps.values()]
        return np.stack(places, axis=1) * self.scale

    @cached_property
    def _row(self) -> dict[str, int]:
        return {str(star): row for row, star in enumerate(self.ids)}

    def row_of(self, star_id: str) -> int | None:
        """The row of a star; None if it is on no map."""
        return self._row.get(star_id)

    def rows_of(self, ids: Sequence[str]) -> np.ndarray:
        """The rows (m,) of those of these stars that are on the maps."""
        return np.array([self._row[i] for i in ids if i in self._row], dtype=int)

    def stars(self, rows) -> tuple[str, ...]:
        """Ids of the observed stars among these rows."""
        rows = np.asarray(rows, dtype=int)
        return tuple(str(star) for star in self.ids[rows[self.is_obs[rows]]])

    def map_of(self, lasso: Lasso | None) -> int | None:
        """Which of the maps a lasso was drawn in; None if in none of these."""
        ids = [one.map_id for one in self.maps.values()]
        known = lasso is not None and lasso.map_id in ids
        return ids.index(lasso.map_id) if known else None

    def held(self, lasso: Lasso) -> np.ndarray:
        """The rows (m,) of the points inside a lasso drawn in one of the maps."""
        return np.flatnonzero(lasso.holds(self.places[:, self.map_of(lasso)]))

    def column(self, name: str, known: Mapping[str, float]) -> np.ndarray:
        """A label of all points, (n,), NaN where unknown.

        Of synthetic stars what they were made with; known: of observed ones, by id.
        """
        values = np.array([known.get(str(star), np.nan) for star in self.ids])
        if name in self.label_names:
            made = self.synth_labels[:, self.label_names.index(name)]
            values[: len(made)] = made
        return values
