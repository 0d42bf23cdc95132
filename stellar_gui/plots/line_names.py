"""Names of spectral lines above a spectrum: which ones, and where they find room.

Only the strongest are named. Names keep the order of their lines, stand a least
distance apart and move as little as possible; elbow leaders join them to the lines.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stellar_gui.preprocess.medium import convert_wavelength

if TYPE_CHECKING:
    from stellar_gui.synthesis.lines import LineList

BLEND = 0.28  # Angstrom; of lines closer than this the strongest is named
_NEAR = 10.0  # Angstrom around a listed line that the list speaks for
_FAINTEST = 0.03  # depth below which a line is not worth a name


@dataclass(frozen=True, eq=False)
class Lines:
    """A list of lines to name: (n_lines,) each, ordered by wavelength.

    wavelength in Angstrom, in the medium of the spectrum; text such as "Fe I"; depth
    is the largest depth the unblended line reaches in any star, 0 to 1.
    """

    wavelength: np.ndarray
    text: np.ndarray
    depth: np.ndarray

    @classmethod
    def of(cls, lines: "LineList", medium: str) -> "Lines":
        """The lines of a line list, at their wavelengths in ``medium``."""
        wavelength = convert_wavelength(lines.wavelength, lines.medium, medium)
        order = np.argsort(wavelength)
        depth = np.nan_to_num(lines.max_depth, nan=1.0)
        return cls(wavelength[order], np.array(lines.name)[order], depth[order])

    def covers(self, low: float, high: float) -> bool:
        """Whether the list says anything about a window: a line in or near it."""
        first, stop = np.searchsorted(self.wavelength, [low - _NEAR, high + _NEAR])
        return bool(stop > first)

    def near(self, wavelength: float, within: float = BLEND) -> list[str]:
        """Names of the lines around a wavelength, the strongest first, each once."""
        first, stop = np.searchsorted(
            self.wavelength, [wavelength - within, wavelength + within]
        )
        order = first + np.argsort(-self.depth[first:stop])
        visible = order[self.depth[order] > _FAINTEST]
        return list(dict.fromkeys(self.text[visible].tolist()))


class Named(NamedTuple):
    """Lines that get a name: (n_named,) each, ordered by wavelength."""

    wavelength: np.ndarray
    text: list[str]
    also: list[str]  # what else lies within the blend, in words


def strongest(
    lines: Lines, low: float, high: float, count: int, depth_of=None
) -> Named:
    """Choose at most ``count`` lines between low and high, Angstrom, to be named.

    depth_of(wavelength) -> depth of the spectrum there: a line cannot be deeper than
    the spectrum, so what a star does not show is not named for it.
    """
    first, stop = np.searchsorted(lines.wavelength, [low, high])
    wavelength = lines.wavelength[first:stop]
    strength = lines.depth[first:stop]
    if depth_of is not None and wavelength.size:
        visible = np.clip(np.nan_to_num(depth_of(wavelength)), 0.0, None)
        # a power of the list's depth decides among the lines of one blend
        strength = visible * strength**0.25 * (strength > _FAINTEST)
    chosen: list[int] = []
    for line in np.argsort(-strength, kind="stable"):
        if len(chosen) == count or strength[line] <= _FAINTEST:
            break
        if all(abs(wavelength[line] - wavelength[c]) >= BLEND for c in chosen):
            chosen.append(int(line))
    chosen.sort()
    texts = lines.text[first:stop][chosen].tolist()
    also = [
        ", ".join(name for name in lines.near(w) if name != text) or "no other line"
        for w, text in zip(wavelength[chosen], texts, strict=True)
    ]
    return Named(wavelength[chosen], texts, also)


def spread(x, separation: float, low: float, high: float) -> np.ndarray:
    """Move ordered positions apart as little as possible, in the sense of squares.

    x (n,) increasing; the result keeps the order, neighbours are at least
    ``separation`` apart and all lie in [low, high]. Raises ValueError if n do not fit.
    Isotonic regression of x less its least offsets (de Leeuw et al. 2009, JSS 32, 5).

    >>> spread([1.0, 1.2, 5.0], 1.0, 0.0, 10.0).round(2).tolist()
    [0.6, 1.6, 5.0]
    """
    x = np.asarray(x, dtype=float)
    if not x.size:
        return x
    offset = separation * np.arange(len(x))
    room = high - low - offset[-1]
    if room < 0:
        raise ValueError(
            f"{len(x)} names {separation:g} apart do not fit between {low:g} and "
            f"{high:g}; name fewer"
        )
    return np.clip(_never_falling(x - offset), low, low + room) + offset


def _never_falling(values):
    """The nearest values that never fall, by pooling neighbours that do.

    As scipy.optimize.isotonic_regression, whose import takes a second.
    """
    means, counts = [], []
    for value in values:
        mean, count = value, 1
        while means and means[-1] > mean:
            last, n_last = means.pop(), counts.pop()
            mean, count = (
                (last * n_last + mean * count) / (n_last + count),
                n_last + count,
            )
        means.append(mean)
        counts.append(count)
    return np.repeat(means, counts)


def capacity(separation: float, low: float, high: float) -> int:
    """How many names ``separation`` apart fit between low and high."""
    return max(int((high - low) / separation) + 1, 0) if high > low else 0
