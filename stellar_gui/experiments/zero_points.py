"""Zero points follow the assumed labels, and no score without truth can see it.

The assumed distribution is shifted on purpose, the transfer trained anew, and the same
stars fitted again: their labels move by the shift, the scores stay.
"""

from typing import Any, NamedTuple

import numpy as np

from stellar_gui.analysis.scores import ScoreTable
from stellar_gui.fitting import FitResult
from stellar_gui.labels import describe

UNPAIRED = (
    "mixing_spectra",
    "mixing_z_shared",
    "leak_mean",
    "zscore_mean",
    "zscore_std",
    "critic_accuracy_synth",
    "critic_accuracy_obs",
)
"""Scores that a user of real spectra has."""


class ZeroPoints(NamedTuple):
    """How fitted labels followed, (n_labels,) each, and scores before and after."""

    label_names: tuple[str, ...]
    shift: np.ndarray  # of the assumed labels
    followed: np.ndarray  # median change of the fitted labels
    scores: dict[str, tuple[float, float]]  # title -> before, after
    chi2: tuple[float, float]  # mean reduced

    def lines(self) -> list[str]:
        """The comparison as lines of text."""
        texts = ["Assumed labels shifted on purpose: the fitted ones follow"]
        columns = zip(self.label_names, self.shift, self.followed, strict=True)
        for name, shift, followed in columns:
            unit = describe(name).unit
            texts.append(f"{name:<10}{shift:>+10.3f} -> {followed:>+9.3f} {unit}")
        texts.append("and no score that needs no truth tells")
        for title, (before, after) in self.scores.items():
            texts.append(f"{title:<36}{before:>9.3f} -> {after:>7.3f}")
        before, after = self.chi2
        return [*texts, f"{'mean reduced chi²':<36}{before:>9.3f} -> {after:>7.3f}"]

    def to_plain(self) -> dict[str, Any]:
        """Return it in values that JSON has."""
        return {
            "label_names": list(self.label_names),
            "shift": self.shift.tolist(),
            "followed": self.followed.tolist(),
            "scores": {name: list(pair) for name, pair in self.scores.items()},
            "chi2": list(self.chi2),
        }


def compare_zero_points(
    shift: dict[str, float],
    fits: tuple[FitResult, FitResult],
    tables: tuple[ScoreTable, ScoreTable],
) -> ZeroPoints:
    """Compare fits and scores of the same stars before and after the shift."""
    before, after = fits
    names = before.label_names
    return ZeroPoints(
        label_names=names,
        shift=np.array([shift.get(name, 0.0) for name in names]),
        followed=np.nanmedian(after.labels - before.labels, axis=0),
        scores={
            tables[0][key].title: (tables[0][key].value, tables[1][key].value)
            for key in UNPAIRED
            if key in tables[0] and key in tables[1]
        },
        chi2=tuple(float(np.nanmean(fit.reduced_chi2)) for fit in fits),
    )


def parse_shift(texts, label_names) -> dict[str, float]:
    """Return the shift that texts such as "teff=60" say.

    Raises ValueError for another form and for a label that the emulator does not have.

    >>> parse_shift(["teff=60", "mg_h=0.1"], ("teff", "mg_h"))
    {'teff': 60.0, 'mg_h': 0.1}
    """
    shift = {}
    for text in texts:
        name, _, value = text.partition("=")
        try:
            shift[name] = float(value)
        except ValueError:
            raise ValueError(
                f"the shift {text!r} has no number, expected a label and a number such "
                "as teff=60 or mg_h=0.1"
            ) from None
        if name not in label_names:
            raise ValueError(
                f"the shift {text!r} is of no label of the emulator, expected one of "
                f"{', '.join(label_names)}"
            )
    return shift
