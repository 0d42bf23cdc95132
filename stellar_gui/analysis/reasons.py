"""Reasons for calling a star odd: each a strength of all stars, and words for it.

Strengths are in robust standard deviations of the sample, so that they can be compared;
`anomaly` puts them in order.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree
from scipy.special import stdtr, stdtrit
from scipy.stats import theilslopes

from stellar_gui.analysis.agreement import Labels, fitted_labels, shared_labels
from stellar_gui.analysis.coverage import INSIDE, OUTSIDE, label_coverage
from stellar_gui.analysis.oddities import Oddities
from stellar_gui.analysis.pulls import label_pulls
from stellar_gui.fitting.result import FitFlag
from stellar_gui.labels import describe
from stellar_gui.statistics import robust_std

BAD, WARNING = "bad", "warning"
FREEDOM = 5.0  # of Student's t, by which strengths are judged
CLEAR = 4.0  # strength from which a reason may explain the residuals
_NO_FIT, _NOT_CONVERGED, _SUSPECT = 1e4, 10.0, 4.0  # strengths
_TREND_STARS = 400  # that tell how a measure goes with S/N
_MASKED = 0.01  # part of the pixels: least spread that a sample is believed to have
_NEIGHBOURS = 10  # in the space of latents
_TINY = 1e-12
_BRIGHT = 1.03  # flux that is above any continuum
_WAVE_SHARE, _DOUBLE_SHARE = 0.5, 0.25  # of the residuals, from which they explain them


@dataclass(frozen=True, eq=False)
class Reason:
    """One kind of oddity of all stars, (n_stars,) each.

    strength: what is below 0 is usual, NaN unknown; words: what is said of a star;
    kind: "bad" or "warning"; residual: it measures the residuals; explains, bool: it
    names the cause of the residuals, None if it never does.
    """

    name: str
    strength: np.ndarray
    words: np.ndarray
    kind: str = WARNING
    residual: bool = False
    explains: np.ndarray | None = None


def unfit_reason(fits) -> Reason:
    """No fit, or one that did not end; then one that may have ended elsewhere."""
    flags = np.asarray(fits.flags)
    suspect = FitFlag.STARTS_DISAGREE | FitFlag.VELOCITY_EDGE
    refused = np.asarray(fits.done) & ~np.isfinite(fits.chi2)
    strength = np.select(
        [
            refused | ((flags & int(FitFlag.ALL_BAD)) > 0),
            (flags & int(FitFlag.NOT_CONVERGED)) > 0,
            (flags & int(suspect)) > 0,
        ],
        [_NO_FIT, _NOT_CONVERGED, _SUSPECT],
        -np.inf,
    )
    words = _each(_of_unfit, fits.sentences, flags)
    return Reason("fit", strength, words, BAD)


def _of_unfit(sentence, flags):
    if sentence:
        return f"no fit: {sentence}"
    of_interest = FitFlag(int(flags)) & ~(FitFlag.EDGE | FitFlag.OUTSIDE_TRAINING)
    return "; ".join(of_interest.sentences[-1:])


def shape_reasons(fits, found: Oddities) -> Iterator[Reason]:
    """Shapes of the residuals: a companion, a wave, a line too deep or too high."""
    strength = {
        name: _beside_snr(getattr(found, name), fits.snr)
        for name in ("double", "wave", "deepest", "highest")
    }
    deeper = strength["deepest"] >= strength["highest"]
    n_stars = len(deeper)
    yield Reason(
        "double",
        strength["double"],
        _same("double-lined?", n_stars),
        residual=True,
        explains=found.double_share >= _DOUBLE_SHARE,
    )
    yield Reason(
        "wave",
        strength["wave"],
        _same("continuum tilt", n_stars),
        residual=True,
        explains=found.wave_share >= _WAVE_SHARE,
    )
    at = lambda text: lambda pixel: text.format(fits.wavelength[pixel])  # noqa: E731
    words = _each(at("a line the model lacks, {:.1f} Å"), found.deepest_at)
    yield Reason("deep line", strength["deepest"], words, BAD, True, deeper)
    words = _each(at("a line too weak, {:.1f} Å"), found.highest_at)
    flux = np.asarray(fits.typical_flux)[found.highest_at]
    flux = flux + fits.difference[np.arange(n_stars), found.highest_at]
    emission = _each(at("emission, {:.1f} Å?"), found.highest_at)
    words = np.where(flux > _BRIGHT, emission, words)
    yield Reason("high line", strength["highest"], words, WARNING, True, ~deeper)


def chi2_reason(fits) -> Reason:
    """A fit that is worse than usual at its S/N."""
    chi2 = fits.reduced_chi2
    words = _each("χ²/ν {:.1f}".format, chi2)
    return Reason("chi²", _beside_snr(chi2, fits.snr), words, residual=True)


def masked_reason(fits) -> Reason:
    """Many bad pixels."""
    words = _each(lambda part: f"{100 * part:.0f} % masked", fits.masked)
    return Reason("masked", _standard(fits.masked, _MASKED), words)


def faint_reason(fits) -> Reason:
    """A low S/N."""
    with np.errstate(divide="ignore", invalid="ignore"):
        strength = -_standard(np.log(np.asarray(fits.snr, dtype=float)))
    return Reason("S/N", strength, _each("S/N {:.0f}".format, fits.snr))


def pull_reason(fits, reference: Labels) -> Reason | None:
    """The largest pull, free of what all stars share, as rare as it is among labels.

    None without a label in common.
    """
    inferred = fitted_labels(fits)
    names = shared_labels(inferred, reference)
    if not names:
        return None
    pulls = []
    for name in names:
        (value, sigma), (given, error) = inferred.column(name), reference.column(name)
        pulls.append(label_pulls(value, sigma, given, np.nan_to_num(error)))
    pulls = np.stack(pulls, axis=1)
    freed = [np.abs(_standard(column, least=1.0)) for column in pulls.T]
    freed = np.nan_to_num(np.stack(freed, axis=1), nan=-1.0)
    which = freed.argmax(axis=1)
    star = np.arange(len(freed))
    largest = np.where(freed[star, which] >= 0, freed[star, which], np.nan)
    titles = np.array([describe(name).title for name in names], dtype=object)[which]
    words = _each("{} differs {:.1f} σ".format, titles, np.abs(pulls[star, which]))
    return Reason("reference", _of_many(largest, 2 * len(names)), words)


def coverage_reason(fits, training_labels) -> Reason:
    """Far from the training labels, by their own measure and by that of the sample.

    Noise moves all stars of a sample outwards, and none is odd for that.
    """
    training = np.asarray(training_labels, dtype=float)
    found = label_coverage(fits.labels, training)
    usual = np.log(label_coverage(training, training).mahalanobis.clip(_TINY))
    far = np.log(found.mahalanobis.clip(_TINY))
    beyond = (far - np.median(usual)) / max(robust_std(usual), _TINY)
    strength = np.maximum(
        np.minimum(beyond, _standard(far)),
        _standard(np.log(found.neighbour.clip(_TINY))),
    )
    strength = np.where(found.verdict == INSIDE, strength.clip(max=0.0), strength)
    outside = found.verdict == OUTSIDE
    words = np.where(outside, "outside training set", "edge of training set")
    return Reason("training", strength, words.astype(object), explains=outside)


def latent_reason(latents) -> Reason:
    """Mean distance to the nearest neighbours, each latent in its own spread."""
    values = np.asarray(latents, dtype=float)
    known = np.isfinite(values).all(axis=1)
    count = min(_NEIGHBOURS, known.sum() - 1)
    strength = np.full(len(values), np.nan)
    if count > 0:
        width = values[known].std(axis=0)
        points = values[known] / np.where(width > 0, width, 1.0)
        near = KDTree(points).query(points, k=count + 1)[0][:, 1:].mean(axis=1)
        strength[known] = _standard(np.log(near.clip(_TINY)))
    return Reason("latents", strength, _same("unlike all others", len(values)))


def _of_many(strength, n_tried):
    """The strength of the largest of several, as if one alone had been looked at."""
    chance = np.minimum(n_tried * stdtr(FREEDOM, -strength), 0.5)
    return -stdtrit(FREEDOM, chance)


def _standard(values, least: float = 0.0):
    """Values less their median, in robust standard deviations of at least ``least``."""
    values = np.asarray(values, dtype=float)
    known = values[np.isfinite(values)]
    if not known.size:
        return np.full(values.shape, np.nan)
    width = max(robust_std(known), least)
    away = values - np.median(known)
    return away / width if width > 0 else np.where(away == 0, 0.0, np.nan)


def _beside_snr(values, snr):
    """Logarithm of a positive measure without its trend with S/N, standardised.

    A bright star shows every fault of the model, and is not odd for that.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        values, snr = np.log(np.asarray(values, float)), np.log(np.asarray(snr, float))
    known = np.flatnonzero(np.isfinite(values) & np.isfinite(snr))
    count = min(len(known), _TREND_STARS)
    some = known[np.linspace(0, len(known) - 1, count).astype(int)]
    if len(some) > 2 and np.ptp(snr[some]) > 0:
        slope = theilslopes(values[some], snr[some])[0]
        values = values - slope * snr
    return _standard(values)


def _each(text, *columns):
    """Texts of all stars, (n_stars,), from a function of their values."""
    texts = [text(*values) for values in zip(*columns, strict=True)]
    return np.array(texts, dtype=object)


def _same(text, n_stars):
    return np.full(n_stars, text, dtype=object)
