"""Lasso: a polygon drawn on a map, as text for an address, and what lies in it."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

_MAX_VERTICES = 40  # as many as an address can carry
_MAP_ID = re.compile(r"[A-Za-z0-9_.-]{1,40}")
_EXPECTED = "expected map:x,y;x,y;x,y with three corners or more"


@dataclass(frozen=True)
class Lasso:
    """A closed polygon on the map ``map_id``, in the map's own coordinates.

    Kept to the hundredth, and to 40 corners: of more, each that takes least away goes.
    Raises ValueError for fewer than three corners or one that is not finite.

    >>> lasso = Lasso("m1", [(0, 0), (2, 0), (2, 2), (0, 2)])
    >>> str(lasso), Lasso.parse(str(lasso)) == lasso
    ('m1:0,0;2,0;2,2;0,2', True)
    >>> lasso.holds([[1, 1], [3, 1]])
    array([ True, False])
    """

    map_id: str
    vertices: tuple[tuple[float, float], ...]

    def __init__(self, map_id: str, vertices: Iterable[tuple[float, float]]):
        corners = [(round(float(x), 2), round(float(y), 2)) for x, y in vertices]
        finite = all(math.isfinite(x) and math.isfinite(y) for x, y in corners)
        if not _MAP_ID.fullmatch(map_id) or len(corners) < 3 or not finite:
            raise ValueError(
                f"the lasso has {len(corners)} corners on the map {map_id!r}, "
                f"{_EXPECTED}"
            )
        object.__setattr__(self, "map_id", map_id)
        object.__setattr__(self, "vertices", _thinned(corners))

    @classmethod
    def parse(cls, text: str) -> "Lasso":
        """Read what `str` wrote. Raises ValueError for anything else."""
        map_id, _, corners = text.rpartition(":")
        try:
            vertices = [(float(x), float(y)) for x, y in _pairs(corners)]
        except ValueError:
            raise ValueError(f"the lasso is {text[:60]!r}, {_EXPECTED}") from None
        return cls(map_id, vertices)

    def __str__(self):
        return f"{self.map_id}:{';'.join(f'{x:g},{y:g}' for x, y in self.vertices)}"

    def holds(self, points) -> np.ndarray:
        """Which points (n, 2) lie inside, bool (n,), by the even-odd rule."""
        points = np.asarray(points, dtype=float).reshape(-1, 2)
        corners = np.array(self.vertices)
        inside = np.zeros(len(points), bool)
        for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, 0), strict=True):
            crosses = (y1 > points[:, 1]) != (y2 > points[:, 1])
            if y1 != y2:
                at = x1 + (points[:, 1] - y1) * (x2 - x1) / (y2 - y1)
                inside ^= crosses & (points[:, 0] < at)
        return inside


def _pairs(text):
    return [pair.split(",") for pair in text.split(";")]


def _thinned(corners):
    """Leave out the corner that spans the smallest triangle, while there are many."""
    corners = list(corners)
    while len(corners) > _MAX_VERTICES:
        before, after = np.roll(corners, 1, 0), np.roll(corners, -1, 0)
        to, on = before - corners, after - corners
        area = np.abs(to[:, 0] * on[:, 1] - to[:, 1] * on[:, 0])
        del corners[int(area.argmin())]
    return tuple(corners)
