"""Findings: candidates for missing lines, judged against what was hidden.

One JSON-able record for whoever shows it; numbers stay numbers, shares come with their
intervals. What is not known, as the false-positive rate before its run, is None.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from stellar_gui.analysis.attribution import Attribution, Rate, wilson
from stellar_gui.analysis.candidate_scores import (
    Known,
    Places,
    confusion,
    false_positive_rate,
    judge_elements,
    judge_places,
)
from stellar_gui.analysis.candidates import Dips, Threshold
from stellar_gui.experiments.features import Features
from stellar_gui.experiments.laboratory import read_dips, true_derivatives
from stellar_gui.experiments.trial import Trial, read_plain, reference_file
from stellar_gui.io import read_spectra
from stellar_gui.io.whole import write_text

USUAL = Threshold()


def judge(trial: Trial, threshold: Threshold = USUAL) -> dict[str, Any]:
    """Judge a trial that was looked at, write ``findings.json`` and return it."""
    seen = read_plain(trial.folder / "dips.json")
    observed = read_spectra(trial.folder / "observed.h5")
    known = _known(trial, observed.n_pixels)
    dips = read_dips(trial.folder / "dips.json")
    passed = np.flatnonzero(threshold.passed(dips))
    found, naming = dips.of(passed), _of(seen["naming"], passed)
    places = judge_places(found, known)
    recovered = np.reshape(seen["recovered"], (-1, len(seen["elements"])))[passed]
    true = true_derivatives(trial, found.pixel)
    named = judge_elements(places.line, recovered, true, seen["elements"], known)
    plain = judge_places(_passing(trial, "without_network", threshold), known)
    table = confusion(places, naming["element"], known)
    findings = {
        "trial": trial.request,
        "threshold": threshold._asdict(),
        "medium": observed.medium,
        "n_hidden": len(known.pixel),
        "chance": float(known.masked.mean()),  # of a pixel to be where lines are hidden
        "candidates": _rows(found, naming, places, known, observed.wavelength),
        "missed": _missed(places, known, observed.wavelength),
        "precision": _rate(places.precision),
        "recall": _rate(places.recall),
        "without_network": {
            "n": len(plain.right),
            "precision": _rate(plain.precision),
            "recall": _rate(plain.recall),
        },
        "reference": _reference(trial, threshold),
        "named": None if named is None else _named(named, places, known),
        "confusion": {
            "own": list(table.own),
            "given": list(table.given),
            "count": table.count.tolist(),
        },
    }
    write_text(trial.folder / "findings.json", json.dumps(findings))
    return findings


def _known(trial, n_pixels) -> Known:
    answer = read_plain(trial.folder / "hidden.json")
    pixel = np.asarray(answer["pixel"], int)
    hidden = Features(pixel, np.asarray(answer["element"], str), answer["depth"])
    return Known(pixel, hidden.element, np.asarray(hidden.depth), hidden.mask(n_pixels))


def _passing(trial, name, threshold) -> Dips:
    dips = read_dips(trial.folder / "dips.json", name)
    return dips.of(threshold.passed(dips))


def _of(columns: Mapping[str, list], chosen) -> dict[str, np.ndarray]:
    return {name: np.asarray(values)[chosen] for name, values in columns.items()}


def _rows(found, naming, places, known, wavelength):
    """One entry for each candidate, deepest first; "own" is "" where none is known."""
    return [
        {
            "wavelength": round(float(wavelength[found.pixel[k]]), 3),
            "pixel": int(found.pixel[k]),
            "depth": float(found.depth[k]),
            "significance": round(float(found.significance[k]), 1),
            "element": str(naming["element"][k]),
            "support": float(naming["support"][k]),
            "second": str(naming["second"][k]),
            "own": str(known.element[places.line[k]]) if places.line[k] >= 0 else "",
            "right": bool(places.right[k]),
        }
        for k in np.argsort(-found.depth, kind="stable")
    ]


def _missed(places, known, wavelength):
    """The hidden lines that no candidate stands for."""
    return [
        {
            "wavelength": round(float(wavelength[known.pixel[k]]), 3),
            "element": str(known.element[k]),
            "depth": round(float(known.depth[k]), 3),
        }
        for k in range(len(known.pixel))
        if k not in places.line
    ]


def _reference(trial, threshold):
    file = reference_file(trial)
    if file is None:
        return None
    dips = read_dips(file)
    return {
        "dips": len(dips.pixel),
        "candidates": int(threshold.passed(dips).sum()),
        "deepest": float(dips.depth.max(initial=0.0)),
        "most_significant": float(dips.significance.max(initial=0.0)),
        "rate": _rate(false_positive_rate(dips, threshold)),
    }


def _named(found: Attribution, places: Places, known: Known) -> dict[str, Any]:
    """The rates of elements, and the yardsticks beside them."""
    other = known.element[places.line[places.line >= 0]] != "Fe"
    return {
        "n": found.n_lines,
        "own": _rate(found.own),
        "own_top3": _rate(found.own_top3),
        "not_iron": _rate(found.not_iron),
        "ceiling": _rate(found.ceiling),
        "always_iron": found.iron_own,
        "always_iron_elsewhere": _rate(wilson([False] * int(other.sum()))),
        "text": found.lines(),
    }


def _rate(rate: Rate) -> dict[str, float | None]:
    """A share of nothing is None: JSON has no NaN."""
    parts = rate._asdict().items()
    return {name: None if np.isnan(value) else float(value) for name, value in parts}
