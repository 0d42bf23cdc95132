"""How far to trust what is shown of a star, in a few words that precede reading it."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from stellar_gui.fitting.result import FitFlag, FitResult
from stellar_gui.spectra import Spectra

_POOR_CHI2 = 1.5  # reduced chi² from which a fit is worth a warning
_MASKED = 0.01  # part of the pixels
SERIOUS = FitFlag.NOT_CONVERGED | FitFlag.ALL_BAD
OUTSIDE = FitFlag.EDGE | FitFlag.OUTSIDE_TRAINING


class Note(NamedTuple):
    """A short text with its status and, to explain it, a sentence."""

    kind: str  # "ok", "warning" or "bad"
    text: str
    tip: str = ""


def trust_notes(
    star: Spectra, fits: Mapping[str, FitResult], missing: Mapping[str, str]
) -> list[Note]:
    """Return what to know before believing the fits of a container of one star.

    fits by model name, of this star; missing: why other models have none.

    >>> star = Spectra([5e3, 5001.0], [[1.0, 1.0]], [[1.0, 0.0]])
    >>> trust_notes(star, {}, {"Payne": "it needs vacuum wavelengths"})[0].text
    'no Payne fit'
    """
    notes = [*_coverage(fits), *_quality(fits)]
    notes += [Note("warning", f"no {n} fit", f"{n}: {s}") for n, s in missing.items()]
    masked = masked_fraction(star, fits)
    if masked > _MASKED:
        tip = "pixels with ivar 0 count in no fit"
        notes.append(Note("warning", f"{100 * masked:.1f} % masked", tip))
    return notes


def _coverage(fits):
    outside = [name for name, fit in fits.items() if int(fit.flags[0]) & OUTSIDE]
    if fits and not outside:
        return [Note("ok", "inside training range")]
    return [
        Note("warning", f"{name} outside training", _sentences(fits[name], OUTSIDE))
        for name in outside
    ]


def _quality(fits):
    notes = []
    for name, fit in fits.items():
        if int(fit.flags[0]) & SERIOUS:
            sentences = _sentences(fit, SERIOUS)
            notes.append(Note("bad", f"{name}: {sentences}", sentences))
            continue
        if int(fit.flags[0]) & FitFlag.STARTS_DISAGREE:
            tip = _sentences(fit, FitFlag.STARTS_DISAGREE)
            notes.append(Note("warning", f"{name} ambiguous", tip))
        chi2 = float(fit.reduced_chi2[0])
        if chi2 > _POOR_CHI2:
            tip = f"{name} misses more than the noise explains"
            notes.append(Note("warning", f"{name} χ²/ν {chi2:.2f}", tip))
    return notes


def _sentences(fit, which):
    return "; ".join((FitFlag(int(fit.flags[0])) & which).sentences)


def masked_fraction(star: Spectra, fits: Mapping[str, FitResult]) -> float:
    """Return the part of bad pixels among those that every fit covers.

    Without a fit, among those between the gaps of the detector.

    >>> star = Spectra([5e3, 5001.0, 5002.0], [[1.0, 1.0, 1.0]], [[1.0, 0.0, 1.0]])
    >>> round(masked_fraction(star, {}), 2)
    0.33
    """
    if not fits:
        # astropy and scipy come with it, which the first page should not wait for
        from stellar_gui.analysis.preflight import bad_share

        return float(np.nan_to_num(bad_share(star)[0]))
    covered = np.ones(star.n_pixels, dtype=bool)
    for fit in fits.values():
        covered &= np.isfinite(fit.model_flux[0])
    if not covered.any():
        return 0.0
    return float(1.0 - star.good[0][covered].mean())
