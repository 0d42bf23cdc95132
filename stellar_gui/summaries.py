"""Summaries: reduced chi² and flags of the fits made so far, as arrays of all stars.

No Panel here. One array per set of spectra, filled by row, so that 100,000 stars can be
filtered and counted at once.
"""

from typing import NamedTuple

import numpy as np

_NOT_YET = -1  # in place of flags


class Summary(NamedTuple):
    """What the star table says of a fit."""

    chi2: float  # reduced; NaN if the model has no fit of the star
    flags: int


class Summaries:
    """What is known of fits, by model and by (set, row) of a star.

    >>> summaries = Summaries()
    >>> summaries.add_set(2)
    >>> summaries.note("Payne", (0, 1), Summary(1.5, 4))
    >>> summaries.get("Payne", (0, 0)), summaries.get("Payne", (0, 1)).flags
    (None, 4)
    >>> summaries.chi2("Payne"), summaries.flagged()
    (array([nan, 1.5]), array([False,  True]))
    """

    def __init__(self):
        self._sizes: list[int] = []
        self._chi2: dict[str, list[np.ndarray]] = {}
        self._flags: dict[str, list[np.ndarray]] = {}

    def __len__(self) -> int:
        flags = [part for parts in self._flags.values() for part in parts]
        return sum(int(np.count_nonzero(part != _NOT_YET)) for part in flags)

    def add_set(self, n_stars: int) -> None:
        """Make room for the stars of one more set of spectra."""
        self._sizes.append(n_stars)
        for name in self._flags:
            self._make_room(name)

    def add_model(self, name: str) -> None:
        """Make room for the fits of one more model."""
        self._chi2[name], self._flags[name] = [], []
        self._make_room(name)

    def _make_room(self, name):
        for size in self._sizes[len(self._flags[name]) :]:
            self._chi2[name].append(np.full(size, np.nan))
            self._flags[name].append(np.full(size, _NOT_YET))

    def note(self, name: str, where: tuple[int, int], summary: Summary) -> None:
        """Remember a fit of the star at ``where``, (set, row)."""
        if name not in self._flags:
            self.add_model(name)
        index, row = where
        self._chi2[name][index][row] = summary.chi2
        self._flags[name][index][row] = summary.flags

    def get(self, name: str, where: tuple[int, int]) -> Summary | None:
        """Return what is known of a fit; None if it was not made yet."""
        index, row = where
        flags = int(self._flags[name][index][row]) if name in self._flags else _NOT_YET
        if flags == _NOT_YET:
            return None
        return Summary(float(self._chi2[name][index][row]), flags)

    def chi2(self, name: str) -> np.ndarray:
        """Return reduced chi² of all stars, (n_stars,); NaN where there is none."""
        unknown = [np.full(size, np.nan) for size in self._sizes]
        return np.concatenate([*self._chi2.get(name, unknown), np.empty(0)])

    def flagged(self) -> np.ndarray:
        """Return which stars have a flag on any fit, bool (n_stars,)."""
        found = np.zeros(sum(self._sizes), dtype=bool)
        for parts in self._flags.values():
            found |= np.concatenate([*parts, np.empty(0, dtype=int)]) > 0
        return found
