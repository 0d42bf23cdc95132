"""What the survey experiment found: scores, label errors, bars, as text and as JSON."""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from stellar_gui.analysis.label_errors import ErrorTable, error_table
from stellar_gui.analysis.residuals import residual_zscore
from stellar_gui.analysis.scores import ScoreTable
from stellar_gui.experiments.anchors import Offsets
from stellar_gui.experiments.bars import Bar, survey_bars
from stellar_gui.experiments.zero_points import ZeroPoints
from stellar_gui.fitting import FitResult
from stellar_gui.spectra import Spectra
from stellar_gui.synthesis.plan import NOTE_LABELS

CANNON = "Cannon"
_CHI2 = "Mean reduced chi² of fits, against the photon noise"


class SurveyResult(NamedTuple):
    """Everything that the experiment says; labels are None without the truth."""

    request: dict[str, Any]
    offsets: Offsets | None
    scores: ScoreTable
    labels: ErrorTable | None  # of all labels
    note_labels: ErrorTable | None  # of the fifteen of the preset "note"
    chi2: dict[str, float]  # mean reduced chi2 of each way's fits, photon noise alone
    bars: list[Bar]
    seconds: dict[str, float]
    zero_points: ZeroPoints | None = None

    def lines(self) -> list[str]:
        """The whole result as lines of text."""
        texts = ["", "Scores", *self.scores.lines(), "", _CHI2]
        texts += [f"{name:<28}{value:>8.3f}" for name, value in self.chi2.items()]
        if self.note_labels is not None:
            texts += ["", "Errors of the fifteen labels", *self.note_labels.lines()]
            if len(self.labels.label_names) > len(self.note_labels.label_names):
                texts += ["", "Errors of all labels", *self.labels.lines()]
        if self.offsets is not None:
            kind = self.request["anchor_labels"]
            texts += ["", *_offset_lines(self.offsets, kind)]
        if self.zero_points is not None:
            texts += ["", *self.zero_points.lines()]
        texts += ["", "Bars", *(bar.line for bar in self.bars)]
        met = sum(bar.met for bar in self.bars)
        return [*texts, f"{met} of {len(self.bars)} bars met"]

    def to_plain(self) -> dict[str, Any]:
        """Return it in values that JSON has."""
        plain = lambda part: None if part is None else part.to_plain()  # noqa: E731
        return {
            "request": self.request,
            "anchors": plain(self.offsets),
            "scores": self.scores.to_plain(),
            "labels": plain(self.labels),
            "note_labels": plain(self.note_labels),
            "chi2": self.chi2,
            "bars": [bar.to_plain() for bar in self.bars],
            "seconds": self.seconds,
            "zero_points": plain(self.zero_points),
        }

    def provenance(self) -> dict[str, Any]:
        """What a model file keeps of it."""
        plain = self.to_plain()
        return {
            "scores": plain["scores"],
            "label_errors": plain["labels"],
            "anchors": plain["anchors"],
            "zero_points": plain["zero_points"],
        }


def gathered(data, request, offsets, scores, fits: Mapping, clock) -> SurveyResult:
    """Compare all fits (name -> FitResult) of the test stars, and hold them to bars."""
    labels = note = None
    if data.truth is not None:
        labels = error_table(
            {name: (fit.label_names, fit.labels) for name, fit in fits.items()},
            data.true_labels(data.test),
            data.emulator.label_names,
            reference="emulator",
        )
        note = labels.of(NOTE_LABELS)
    chi2 = {
        name: photon_chi2(data.test, fit)
        for name, fit in fits.items()
        if not name.endswith("anchored")
    }
    return SurveyResult(
        request=dataclasses.asdict(request),
        offsets=offsets,
        scores=scores,
        labels=labels,
        note_labels=note,
        chi2=chi2,
        bars=survey_bars(scores, note, CANNON if CANNON in fits else None),
        seconds={name: round(value, 2) for name, value in clock.seconds.items()},
    )


def photon_chi2(spectra: Spectra, fit: FitResult) -> float:
    """Return the mean over stars of the reduced chi2 of their fits.

    Against the photon noise alone: ``fit.chi2`` counts a model's own error as noise,
    so that a model would look the better the worse it thinks of itself.
    """
    zscore = residual_zscore(spectra.flux, spectra.ivar, fit.model_flux)
    n_good = np.isfinite(zscore).sum(axis=1)
    freedom = np.where(n_good > fit.n_parameters, n_good - fit.n_parameters, np.nan)
    return float(np.nanmean(np.nansum(zscore**2, axis=1) / freedom))


def _offset_lines(offsets, kind):
    yield f"Offsets taken off, from {offsets.n_anchors} anchor stars ({kind} labels)"
    columns = zip(offsets.label_names, offsets.value, offsets.error, strict=True)
    for name, value, error in columns:
        yield f"{name:<10}{value:>9.3f} ± {error:.3f}"
