"""One map of both domains, and all that placing a new star on it needs."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from stellar_gui.analysis.mixing import Mixing
from stellar_gui.maps.reduction import Reduction
from stellar_gui.maps.settings import MapSettings

_SHORT = 10  # digits of a fingerprint in a map's id
_OF_PCA = ("method", "n_components", "stars", "n_stars", "seed", "augmentation")


class LeftOut(NamedTuple):
    """A star that is on no map, and why."""

    star_id: str
    reason: str


@dataclass(frozen=True, eq=False)
class DomainMap:
    """Where the stars of both domains lie in two dimensions; never moved again.

    points (n, 2) of the stars ``ids`` (n,), each of a ``domain`` "synth" or "obs";
    reduced (n, n_components): what distances were taken in, and ``mixing`` judged;
    seconds: process time that laying out took; ``map_id``: short, for a lasso.
    """

    map_id: str
    space: str  # "raw", "latents" or "transferred"
    settings: MapSettings
    ids: np.ndarray
    domain: np.ndarray
    points: np.ndarray
    reduced: np.ndarray
    reduction: Reduction
    mixing: Mixing
    seconds: float = 0.0

    def place(self, new) -> np.ndarray:
        """Return where new points (m, n) of the space come to lie, (m, 2).

        The old ones stay. A second's work, the first time more: for the background.
        """
        return self._place(self.reduction(new))

    @cached_property
    def _place(self) -> Callable[[np.ndarray], np.ndarray]:
        if self.settings.method == "pca":
            return lambda reduced: reduced[:, :2].astype(float)
        from stellar_gui.maps.tsne import placer

        return placer(self.reduced, self.points, self.settings)

    def points_of(self, ids) -> np.ndarray:
        """Return the points (m, 2) of stars (m,), NaN for those that are not on it."""
        place = {star: row for row, star in enumerate(self.ids.tolist())}
        rows = np.array([place.get(star, -1) for star in ids], dtype=int)
        return np.where((rows >= 0)[:, None], self.points[rows], np.nan)


@dataclass(frozen=True, eq=False)
class DomainMaps(Mapping[str, DomainMap]):
    """The maps of one request by their space.

    source: hash of the model and the stars; notes: sentences that say what the points
    are; left_out: stars that are on no map.
    """

    source: str
    settings: MapSettings
    maps: Mapping[str, DomainMap]
    notes: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()

    def __getitem__(self, space: str) -> DomainMap:
        return self.maps[space]

    def __iter__(self) -> Iterator[str]:
        return iter(self.maps)

    def __len__(self) -> int:
        return len(self.maps)

    @property
    def fingerprint(self) -> str:
        """What they are kept under."""
        return fingerprint_of(self.source, self.settings)

    def pca(self) -> "DomainMaps":
        """The same stars by their two leading principal components, at once."""
        settings = replace(self.settings, method="pca")
        fingerprint = fingerprint_of(self.source, settings)
        maps = {
            space: replace(
                each,
                map_id=map_id(fingerprint, space),
                settings=settings,
                points=each.reduced[:, :2].astype(float),
                seconds=0.0,
            )
            for space, each in self.maps.items()
        }
        return replace(self, settings=settings, maps=maps)


def fingerprint_of(source: str, settings: MapSettings) -> str:
    """Hash of all that maps depend on; a PCA does not depend on what t-SNE is told."""
    plain = settings.to_plain()
    if settings.method == "pca":
        plain = {name: plain[name] for name in _OF_PCA}
    text = json.dumps([source, plain], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def map_id(fingerprint: str, space: str) -> str:
    """The short name of one map.

    >>> map_id("0123456789abcdef", "raw")
    '0123456789-raw'
    """
    return f"{fingerprint[:_SHORT]}-{space}"
