"""Anomaly: which stars to look at first, and why.

Each reason is a number that is large for odd stars, in robust standard deviations of
the sample, so that reasons can be compared; the most surprising one alone decides. The
choices made here and nowhere else: surprise is judged by Student's t with 5 degrees of
freedom, because measures of real samples have longer tails than a Gaussian; a star
without a fit comes first, and a fit that did not converge counts as 10 sigmas.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import stdtr

from stellar_gui.analysis.agreement import Labels
from stellar_gui.analysis.oddities import oddities
from stellar_gui.analysis.reasons import (
    CLEAR,
    FREEDOM,
    Reason,
    chi2_reason,
    coverage_reason,
    faint_reason,
    latent_reason,
    masked_reason,
    pull_reason,
    shape_reasons,
    unfit_reason,
)

HIGHEST = 10.0  # score as it is shown
SURPRISING = 1.0  # score from which a reason is told: one star in ten has it by chance


class Anomalies(NamedTuple):
    """Stars by how strange they are, (n_stars,) each.

    score: -log10 of the chance that the strongest of all reasons is this strong in a
    usual star, from 0 to 10, NaN of stars that were not tried; order: strangest first,
    those last; words, kinds ("bad" or "warning"): why, empty below `SURPRISING`.
    """

    score: np.ndarray
    order: np.ndarray
    words: np.ndarray
    kinds: np.ndarray
    reasons: tuple[Reason, ...]

    def of_star(self, star: int) -> list[tuple[str, float, str]]:
        """Return (reason, strength, words) of one star, the strongest first."""
        known = [r for r in self.reasons if np.isfinite(r.strength[star])]
        told = [(r.name, float(r.strength[star]), str(r.words[star])) for r in known]
        return sorted(told, key=lambda reason: -reason[1])


def anomalies(
    fits,
    reference: Labels | None = None,
    training_labels=None,
    latents=None,
) -> Anomalies:
    """Order the stars of a sample by how strange they are.

    fits: a `SurveyFits`, or what has its fields; reference: labels of the same stars;
    training_labels (n_training, n_labels) of the model; latents (n_stars, n): z_shared
    of the stars' own spectra. What is None gives no reason. Takes seconds for thousands
    of stars.
    """
    found = oddities(fits.zscore, fits.wavelength, fits.typical_flux)
    reasons = [unfit_reason(fits)]
    if training_labels is not None:
        reasons.append(coverage_reason(fits, training_labels))
    reasons += [
        *shape_reasons(fits, found),
        chi2_reason(fits),
        masked_reason(fits),
        faint_reason(fits),
    ]
    if reference is not None:
        reasons.append(pull_reason(fits, reference))
    if latents is not None:
        reasons.append(latent_reason(latents))
    reasons = tuple(reason for reason in reasons if reason is not None)
    return _decided(reasons, np.asarray(fits.done, dtype=bool))


def _decided(reasons, done):
    strength = np.nan_to_num(np.stack([r.strength for r in reasons]), nan=-np.inf)
    which = strength.argmax(axis=0)
    star = np.arange(strength.shape[1])
    strongest = strength[which, star]
    chance = stdtr(FREEDOM, -strongest)  # of this reason
    with np.errstate(divide="ignore"):  # what is certain is no surprise
        of_any = -np.expm1(len(reasons) * np.log1p(-chance))
    score = np.where(done, np.clip(-np.log10(of_any), 0.0, HIGHEST), np.nan)
    told = done & (score >= SURPRISING)
    which = _explained(reasons, which, strength)
    words = np.stack([r.words for r in reasons])[which, star]
    kinds = np.array([r.kind for r in reasons])[which]
    return Anomalies(
        score=score,
        order=np.argsort(np.where(done, -strongest, np.inf), kind="stable"),
        words=np.where(told, words, ""),
        kinds=np.where(told, kinds, ""),
        reasons=reasons,
    )


def _explained(reasons, which, strength):
    """The reason that is told: where residuals decide, the one that explains them.

    Large residuals have a cause, and chi² is the last to name it: a companion leaves
    deep lines, too, and so does a star that the model was not made for.
    """
    residual = np.array([r.residual for r in reasons])
    told = which.copy()
    open_ = residual[which]
    for index, reason in enumerate(reasons):
        if reason.explains is not None:
            here = open_ & reason.explains & (strength[index] >= CLEAR)
            told = np.where(here, index, told)
            open_ = open_ & ~here
    return told
