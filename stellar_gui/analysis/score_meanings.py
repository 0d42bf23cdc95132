"""What each score of a transfer means, and what good and failed runs were seen to have.

Ranges were measured on runs over mock and sample surveys: ``healthy`` holds the good
ones, outside of ``usable`` lie failures only.
"""

from typing import NamedTuple

from stellar_gui.analysis.scores import ScoreRow, judged

Range = tuple[float | None, float | None]

MIXED = 0.44  # from here on domains count as mixed
CLEAR = 0.10  # by so much a gap should beat the mean shift
KNOWING = 0.8  # accuracy of a critic
_SHORTFALLS = ((0.86, 0.11), (0.70, 0.24))  # part of a ceiling, or part of the gap


class Meaning(NamedTuple):
    """Title, sentence and ranges (lowest, highest) of a score."""

    title: str
    sentence: str
    healthy: Range | None = None
    usable: Range | None = None


_DIFFERENCE = "Mean |difference|, each latent scaled to 0-1 over the stars, of "
_NEIGHBOURS = (
    "Share of the 20 nearest neighbours that are of the other domain, of unpaired "
    "stars; 0.5 is mixed. "
)

MEANINGS = {
    "gap": Meaning(
        "gap closed",
        "Part of the emulator's squared flux error at the true labels that the "
        "transfer takes away, with the star's own z_split. Baseline: adding the mean "
        "difference of observed and emulated flux, the best of all mean shifts.",
    ),
    "gap_beyond_shift": Meaning(
        "gap beyond the mean shift",
        "Part of the mean shift's squared error that the transfer takes away; below 0 "
        "it is worse than trivial.",
        (0.4, None),
        (0.0, None),
    ),
    "gap_swapped": Meaning(
        "gap with another's z_split",
        "With z_split of another star. Ceiling: true physics with that other star's "
        "broadening and continuum. Far below it labels hide in z_split, or the "
        "assumed labels are not those of the stars: the gap itself cannot see it.",
    ),
    "swap_of_ceiling": Meaning(
        "swapped gap, of its ceiling",
        "The gap with another star's z_split over what true physics reaches so, on the "
        "same stars. Above 1 where z_split leaves out nuisance, as velocities and "
        "continua: nothing wrong is then handed over. Says little where the ceiling is "
        "low.",
    ),
    "gap_mean_split": Meaning(
        "gap with the mean z_split",
        "With the mean z_split of all stars. Ceiling: true physics with the mean "
        "broadening and continuum.",
    ),
    "mixing_spectra": Meaning(
        "mixing of spectra",
        _NEIGHBOURS + "Transferred against observed, in 15 principal components; the "
        "transferred have the noise of observed stars. Baseline: without the transfer.",
        (MIXED, None),
        (0.3, None),
    ),
    "mixing_z_shared": Meaning(
        "mixing of z_shared",
        _NEIGHBOURS + "Synthetic against observed, as z_shared has them.",
        (MIXED, None),
        (0.3, None),
    ),
    "leak_mean": Meaning(
        "labels in z_split, mean R²",
        "How well z_split predicts the labels, abundances as [X/Fe]: R² of a quadratic "
        "regression, cross-validated. 0: not at all.",
        (None, 0.35),
    ),
    "leak_max": Meaning(
        "labels in z_split, largest R²",
        "Good runs reach 0.7, because broadening depends on the star: judge it by the "
        "gap with another star's z_split.",
        (None, 0.5),
    ),
    "zscore_mean": Meaning(
        "|mean z-score| of a pixel",
        "Mean over pixels of |mean over stars| of the z-scores of best fits: features "
        "wrong in all stars. Baseline: fits with the emulator; ceiling: noise of as "
        "many stars. Wrong zero points do not show here.",
    ),
    "zscore_std": Meaning(
        "std of the z-scores",
        "Of all good pixels of all best fits, in units of the photon noise. Baseline: "
        "fits with the emulator.",
        (0.9, 1.06),
    ),
    "derivatives": Meaning(
        "change of d flux / d [X/Fe]",
        "|J_T - J_G| / |J_G|, the median over single abundances, of the transfer and "
        "the emulator. Near 1 the transfer has lost them, though its spectra may look "
        "perfect: labels fitted through it mean nothing.",
        (None, 0.4),
        (None, 0.7),
    ),
    "distance_synth_to_obs": Meaning(
        "distance synth→obs",
        "Mean squared difference of transferred and observed spectra of the same stars "
        "over their error, 0.005 at least. Baseline: no transfer; ceiling: the true "
        "spectra.",
    ),
    "distance_obs_to_synth": Meaning(
        "distance obs→synth",
        "Mean squared difference of observed spectra, carried over to the synthetic "
        "domain, and the emulator's, over the same error. Baseline: no transfer.",
    ),
    "latent_synth": Meaning(
        "z_shared, synth and synth→obs",
        _DIFFERENCE + "z_shared of a synthetic spectrum and of its transfer.",
    ),
    "latent_obs": Meaning(
        "z_shared, obs and obs→synth",
        _DIFFERENCE + "z_shared of an observed spectrum and of its transfer.",
    ),
    "latent_shared": Meaning(
        "z_shared, obs and synth",
        _DIFFERENCE + "z_shared of the same star in both domains.",
    ),
    "latent_split": Meaning(
        "z_split, obs and synth→obs",
        _DIFFERENCE + "z_split given to a transfer and read from it again.",
    ),
    "pairs_z_shared": Meaning(
        "z_shared of pairs, mse / var",
        "Squared difference of z_shared of the same star in both domains over its "
        "variance; good runs 0.03 and less, 1 and more is unrelated.",
        (None, 0.1),
        (None, 1.0),
    ),
    "spread_ratio": Meaning(
        "spread of synth→obs / obs→obs",
        "Median over pixels of the standard deviation over stars, transferred over "
        "rebuilt; far below 1 the transfer gives all stars one spectrum.",
        (0.8, 1.2),
        (0.5, 1.5),
    ),
    "critic_accuracy_synth": Meaning(
        "critic's accuracy, synth",
        "Share of spectra that the critic tells right; 0.5 is guessing. Above 0.8 it "
        "warns only where the domains do not mix.",
        (None, KNOWING),
    ),
    "critic_accuracy_obs": Meaning(
        "critic's accuracy, obs",
        "Share of spectra that the critic tells right; 0.5 is guessing. Above 0.8 it "
        "warns only where the domains do not mix.",
        (None, KNOWING),
    ),
}


def near_ceiling(ceiling: float) -> tuple[Range, Range]:
    """Return the healthy and the usable range of a gap with wrong nuisance.

    A good run falls short of true physics by its own error of the spectra, whatever the
    nuisance costs: by 0.14 of a high ceiling, or 0.11 of the gap if that is more.

    >>> near_ceiling(0.8), near_ceiling(0.3)[0]
    (((0.688, None), (0.56, None)), (0.19, None))
    """
    least = [min(part * ceiling, ceiling - lost) for part, lost in _SHORTFALLS]
    return tuple((round(low, 6), None) for low in least)


def score_row(
    key: str,
    value: float,
    error: float | None = None,
    *,
    baseline: float | None = None,
    ceiling: float | None = None,
    healthy: Range | None = None,
    usable: Range | None = None,
    state: str | None = None,
    note: str = "",
) -> ScoreRow:
    """Return the row of a score with its meaning and, unless given, its state.

    healthy, usable: in place of the usual ranges; note: a sentence of this very run.
    """
    meaning = MEANINGS[key]
    healthy = meaning.healthy if healthy is None else healthy
    usable = meaning.usable if usable is None else usable
    return ScoreRow(
        key,
        meaning.title,
        value,
        error,
        baseline,
        ceiling,
        healthy,
        judged(value, healthy, usable) if state is None else state,
        " ".join(filter(None, (meaning.sentence, note))),
    )
