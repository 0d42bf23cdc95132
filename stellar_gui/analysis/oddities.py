"""Oddities: what is unusual in the residuals of each star of a sample.

What all stars show is the model's fault and no star's, so that residuals are first
freed of what is usual in their pixel. Then one number for each shape: a few pixels
together (a line), a slow wave (the continuum), the lines of the star once more beside
themselves (a companion).
"""

from typing import NamedTuple

import numpy as np

from stellar_gui.spectra import wavelength_pieces

_MOST_STARS = 400  # that tell what is usual
_LINE = 5  # pixels of a line
_SLOW = 40  # pixels, at least, that a wave of the continuum spans
_LAGS = (6, 40)  # pixels that a companion's lines lie beside
_BLOCK = 256  # stars at a time


class Oddities(NamedTuple):
    """How strong each shape is in each star, (n_stars,), in sigmas of pure noise.

    deepest, highest: of the pixels of one line, deeper or higher than the model;
    deepest_at, highest_at: index of the middle pixel; wave: of the continuum; double:
    of the usual lines beside themselves; wave_share, double_share: part that these two
    explain of what the residuals exceed noise by. NaN of a star without residuals.
    """

    deepest: np.ndarray
    highest: np.ndarray
    deepest_at: np.ndarray
    highest_at: np.ndarray
    wave: np.ndarray
    double: np.ndarray
    wave_share: np.ndarray
    double_share: np.ndarray


def oddities(zscore, wavelength, typical_flux) -> Oddities:
    """Look for unusual shapes in z-scores (n_stars, n_pixels).

    wavelength (n_pixels,); typical_flux (n_pixels,): of a usual star of the sample, for
    the lines; NaN where unknown.
    """
    zscore = np.asarray(zscore)
    middle, width = _usual(zscore)
    echoes = _echoes(typical_flux)
    blocks = np.asarray(wavelength_pieces(wavelength))
    parts = []
    for start in range(0, len(zscore), _BLOCK):
        block = zscore[start : start + _BLOCK].astype(np.float32)
        freed = np.nan_to_num((block - middle) / width)  # bad pixels are as usual
        parts.append(_shapes(freed, blocks, echoes, np.isfinite(block)))
    found = Oddities(*(np.concatenate(part) for part in zip(*parts, strict=True)))
    blind = ~np.isfinite(zscore).any(axis=1)
    unknown = {
        name: np.where(blind, np.nan, getattr(found, name))
        for name in Oddities._fields
        if not name.endswith("_at")
    }
    return found._replace(**unknown)


def _shapes(freed, pieces, echoes, known):
    deepest, deepest_at, highest, highest_at = _lines(freed)
    wave, n_parts = _waves(freed, pieces)
    double = _doubles(freed, echoes)
    excess = np.square(freed).sum(axis=1) - known.sum(axis=1)
    excess = np.where(excess > 0, excess, np.inf)  # noise needs no explanation
    return Oddities(
        deepest=deepest,
        highest=highest,
        deepest_at=deepest_at,
        highest_at=highest_at,
        wave=wave,
        double=double,
        wave_share=n_parts * (wave**2 - 1) / excess,  # of noise, wave is 1
        double_share=double**2 / excess,
    )


def _usual(zscore):
    """Median and spread of each pixel over some of the stars, (n_pixels,) each."""
    seen = np.flatnonzero(np.isfinite(zscore).any(axis=1))
    some = seen[np.linspace(0, len(seen) - 1, min(len(seen), _MOST_STARS)).astype(int)]
    values = zscore[some].astype(np.float32)
    if not len(values):
        return np.zeros(zscore.shape[1]), np.ones(zscore.shape[1])
    # masked arrays are slow, and numbers at the ends leave the middle as it is
    missing = ~np.isfinite(values)
    middle = _middle(values, missing)
    width = 1.4826 * _middle(np.abs(values - middle), missing)
    return middle, np.maximum(width, 1.0).astype(np.float32)


def _middle(values, missing):
    """Median over stars (n_stars, n_pixels) of what is not missing; 0 without any."""
    ordered = np.sort(np.where(missing, np.inf, values), axis=0)
    count = len(values) - missing.sum(axis=0)
    pixel = np.arange(values.shape[1])
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    high = np.minimum(high, len(values) - 1)
    found = (ordered[low, pixel] + ordered[high, pixel]) / 2
    return np.where(count > 0, found, 0.0).astype(np.float32)


def _lines(freed):
    """Deepest and highest sums of neighbouring pixels over their noise, and where."""
    total = np.cumsum(np.pad(freed, ((0, 0), (1, 0))), axis=1, dtype=np.float64)
    sums = (total[:, _LINE:] - total[:, :-_LINE]) / np.sqrt(_LINE)
    low, high = sums.argmin(axis=1), sums.argmax(axis=1)
    star = np.arange(len(sums))
    half = _LINE // 2
    return -sums[star, low], low + half, sums[star, high], high + half


def _waves(freed, pieces):
    """Rms of sums over stretches of each piece, over their noise, and how many."""
    starts = []
    for start, stop in pieces:
        n_parts = max((stop - start) // _SLOW, 1)
        starts += np.linspace(start, stop, n_parts + 1)[:-1].astype(int).tolist()
    lengths = np.diff([*starts, freed.shape[1]])
    sums = np.add.reduceat(freed, starts, axis=1) / np.sqrt(lengths)
    return np.sqrt(np.square(sums).mean(axis=1)), sums.shape[1]


def _echoes(typical_flux):
    """The usual lines, moved by each lag and scaled to unit length, (n_pixels, n)."""
    depth = np.nan_to_num(1.0 - np.asarray(typical_flux, dtype=float))
    depth -= depth.mean()
    low, high = _LAGS
    lags = [lag for lag in range(-high, high + 1) if abs(lag) >= low]
    moved = np.stack([_moved(depth, lag) for lag in lags], axis=1)
    still = depth[:, np.newaxis] / max(float(depth @ depth), 1e-12)
    moved -= still * (depth @ moved)  # what the star's own lines do not look like
    return (moved / np.linalg.norm(moved, axis=0).clip(1e-12)).astype(np.float32)


def _moved(values, lag):
    moved = np.zeros_like(values)
    if lag > 0:
        moved[lag:] = values[:-lag]
    else:
        moved[:lag] = values[-lag:]
    return moved


def _doubles(freed, echoes):
    """Largest likeness of what is missing from the model to the moved lines."""
    return -(freed @ echoes).min(axis=1)
