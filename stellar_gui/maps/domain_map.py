"""One map of both domains, and all that placing a new star on it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from stellar_gui.analysis.mixing import Mixing, domain_mixing
from stellar_gui.maps.reduction import Reduction, reduction_of
from stellar_gui.maps.settings import MapSettings


@dataclass(frozen=True, eq=False)
class DomainMap:
    """Where the stars of both domains lie in two dimensions; never moved again.

    points (n, 2) of the stars ``ids`` (n,), each of a ``domain`` "synth" or "obs";
    reduced (n, n_components): what distances were taken in, and ``mixing`` judged;
    seconds: process time that the map took; ``map_id``: short, of its content.
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
    seconds: float

    def place(self, new) -> np.ndarray:
        """Return where new points (m, n) of the space come to lie, (m, 2).

        The old ones stay. Takes a second, the first time longer: ask in the background.
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
        place = {star: row for row, star in enumerate(self.ids)}
        rows = np.array([place.get(star, -1) for star in ids], dtype=int)
        return np.where((rows >= 0)[:, None], self.points[rows], np.nan)


def judged_reduction(synth, obs, space: str, settings: MapSettings):
    """Reduce the points of a space: (Reduction, reduced (n, n_components), Mixing).

    synth (n_synth, n) and obs (n_obs, n). Spectra in their leading components; latents
    are few, and keep all of theirs.
    """
    points = np.concatenate([synth, obs])
    n_components = None if space == "latents" else settings.n_components
    reduction = reduction_of(points, n_components)
    reduced = reduction(points)
    mixing = domain_mixing(
        reduced[: len(synth)], reduced[len(synth) :], seed=settings.seed
    )
    return reduction, reduced, mixing
