"""The bars of the Cycle-StarNet survey experiment, and whether they are met.

They were set for the preset sample "note" with anchor stars and the preset "demo", in
the labels of that sample; on other surveys they are shown all the same.
"""

from typing import NamedTuple

from stellar_gui.analysis.label_errors import ErrorTable, compare, mean_of_abundances
from stellar_gui.analysis.scores import ScoreTable
from stellar_gui.labels import describe

_SCORES = {
    "gap": (0.88, ">="),
    "swap_of_ceiling": (0.86, ">="),
    "mixing_spectra": (0.44, ">="),
    "mixing_z_shared": (0.44, ">="),
    "zscore_mean": (0.07, "<="),
    "zscore_std": (1.06, "<="),
}
_BEYOND_SHIFT = 0.10
_RMS = {"teff": 45.0, "logg": 0.10, "vmicro": 0.08, "fe_h": 0.032}
_MEAN_X_FE = 0.050
_BETTER_SHARE = 13 / 15  # of the labels, against the emulator alone
_WORST_RATIO = 1.3


class Bar(NamedTuple):
    """One figure and what it shall be."""

    title: str
    value: float
    sign: str  # ">=" or "<="
    bar: float

    @property
    def met(self) -> bool:
        met = self.value >= self.bar if self.sign == ">=" else self.value <= self.bar
        return bool(met)

    @property
    def line(self) -> str:
        """The bar as a line of text."""
        verdict = "met" if self.met else "MISSED"
        wanted = f"{self.sign} {self.bar:<8.3f}"
        return f"{self.title:<48}{self.value:>9.3f}   {wanted}{verdict}"

    def to_plain(self) -> dict:
        """Return it in values that JSON has."""
        return {**self._asdict(), "value": float(self.value), "met": self.met}


def survey_bars(
    scores: ScoreTable, labels: ErrorTable | None, cannon: str | None
) -> list[Bar]:
    """Return the bars of a scored transfer, those whose figures are known.

    labels: errors of the fits "transfer" and "emulator", and of ``cannon``.
    """
    bars = [
        Bar(scores[key].title, scores[key].value, sign, bar)
        for key, (bar, sign) in _SCORES.items()
        if key in scores
    ]
    if "gap" in scores:
        gap = scores["gap"]
        title = "gap closed, above the mean shift"
        bars.insert(1, Bar(title, gap.value - gap.baseline, ">=", _BEYOND_SHIFT))
    if labels is not None:
        bars += _label_bars(labels, cannon)
    return bars


def _label_bars(labels, cannon):
    errors = labels.errors["transfer"]
    rms = dict(zip(errors.label_names, errors.rms, strict=True))
    bars = [
        Bar(
            f"rms of {describe(name).title}, {describe(name).unit}",
            rms[name],
            "<=",
            bar,
        )
        for name, bar in _RMS.items()
        if name in rms
    ]
    mean = mean_of_abundances(errors)["rms"]
    bars.append(Bar("mean rms of [X/Fe], dex", mean, "<=", _MEAN_X_FE))
    against = labels.comparison("transfer")
    n_labels = len(errors.label_names)
    bars += [
        Bar(
            f"labels better than the emulator's, of {n_labels}",
            against.n_better,
            ">=",
            round(_BETTER_SHARE * n_labels),
        ),
        Bar("worst rms over the emulator's", against.worst[1], "<=", _WORST_RATIO),
    ]
    if cannon is not None:
        median = compare(errors, labels.errors[cannon]).median
        bars.append(Bar("median rms over the Cannon's", median, "<=", 1.0))
    return bars
