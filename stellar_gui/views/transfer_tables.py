"""What the panel of a transfer draws: its scores, label errors and departures."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from stellar_gui.analysis.label_errors import ErrorTable
from stellar_gui.analysis.score_meanings import MEANINGS
from stellar_gui.analysis.scores import ScoreRow
from stellar_gui.analysis.transfer_words import (
    TRANSFER,
    comparisons,
    followed,
    read_errors,
    read_scores,
    verdict,
)
from stellar_gui.labels import describe
from stellar_gui.plots.style import NOTHING, number
from stellar_gui.training.cycle_settings import DEPARTURES, PRESETS

STATES = {
    "ok": ("ok", "healthy"),
    "warn": ("warning", "watch"),
    "bad": ("bad", "failed"),
    "unknown": ("", "not judged"),
}
"""State of a score -> icon and word."""

_NO_SCORES = (
    "The file of this model holds no scores, so nothing here says how far to trust it. "
    "The Training page scores the transfer of a finished run: use its model then, or "
    "train one with `stellar-gui experiment survey`."
)


def scores_state(provenance: Mapping[str, Any]) -> dict:
    """The scores as rows of text, and what they say together."""
    scores = read_scores(provenance)
    if scores is None:
        return {"kind": "warning", "verdict": _NO_SCORES, "scores": []}
    return {
        "kind": STATES[scores.state][0],
        "verdict": verdict(scores),
        "scores": [_score(row) for row in scores],
    }


def _score(row: ScoreRow):
    kind, word = STATES[row.state]
    return {
        "title": row.title,
        "numbers": [_number(v) for v in (row.value, row.baseline, row.ceiling)],
        "kind": kind,
        "word": word,
        "sentence": row.sentence,
    }


def _number(value):
    return NOTHING if value is None or not np.isfinite(value) else number(value, 3)


def errors_state(provenance: Mapping[str, Any]) -> dict:
    """rms and bias of every label by every way to it, and what they say in words."""
    errors = read_errors(provenance)
    if errors is None:
        return {"ways": [], "errors": [], "comparisons": []}
    ways = sorted(errors.errors, key=lambda name: not name.startswith(TRANSFER))
    return {
        "ways": [{"name": way, "own": way == TRANSFER} for way in ways],
        "errors": [_errors_of(errors, place, ways) for place in _places(errors)],
        "comparisons": comparisons(errors),
    }


def _places(errors: ErrorTable):
    return range(len(errors.label_names))


def _errors_of(errors, place, ways):
    about = describe(errors.label_names[place])
    decimals = about.decimals + (about.unit == "dex")
    rms = [errors.errors[way].rms[place] for way in ways]
    bias = [errors.errors[way].bias[place] for way in ways]
    return {
        "title": about.title,
        "unit": "" if about.unit == "dex" else about.unit,
        "rms": [number(value, decimals) for value in rms],
        "bias": [number(value, decimals, signed=True) for value in bias],
        "best": int(np.nanargmin(rms)) if np.isfinite(rms).any() else -1,
    }


def departures(provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the training did other than the paper, and why, as (sentence, reason)."""
    paper, settings = PRESETS["paper"], provenance.get("settings", {})
    return [
        DEPARTURES[name]
        for name, value in settings.items()
        if name in DEPARTURES and value != getattr(paper, name)
    ]


def retraining(provenance: Mapping[str, Any]) -> dict | None:
    """What a retraining with a shifted distribution gave; None if there was none."""
    plain = provenance.get("zero_points")
    if plain is None:
        return None
    # the truth takes no part here, so what z_split knows is asked of fitted labels
    leak = MEANINGS["leak_mean"].title
    scores = {
        f"fitted {name}" if name == leak else name: pair
        for name, pair in plain["scores"].items()
    }
    scores["mean reduced chi²"] = plain["chi2"]
    return {
        "labels": followed(plain),
        "scores": [[name, *map(_number, pair)] for name, pair in scores.items()],
    }
