"""How far to trust what is shown of a star, in a few words that precede reading it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from stellar_gui.fitting.result import FitFlag, FitResult
from stellar_gui.labels import describe, relative_to_iron
from stellar_gui.spectra import Spectra

_POOR_CHI2 = 1.5  # reduced chi² from which a fit is worth a warning
_MASKED = 0.01  # part of the pixels
_AT = 1e-3  # of a label's range: so near to its end it is at the edge
SERIOUS = FitFlag.NOT_CONVERGED | FitFlag.ALL_BAD


class Note(NamedTuple):
    """A short text with its status and, to explain it, a sentence."""

    kind: str  # "ok", "warning" or "bad"
    text: str
    tip: str = ""


class EdgeLabel(NamedTuple):
    """A label that a fit puts at an end of the model's range, or beyond it."""

    name: str
    title: str
    text: str  # "log g 0.40 (1.00 to 5.00)", with the range


def edge_labels(fit: FitResult, model: Any) -> list[EdgeLabel]:
    """Return which labels of a fit of one star its flag EDGE is about.

    Those outside the model's ``label_ranges``; without any, the abundances relative to
    iron that rest on a bound of the fit, if the model has a ``scaling``.
    """
    if not int(fit.flags[0]) & FitFlag.EDGE:
        return []
    ranges = getattr(model, "label_ranges", None)
    found = []
    if ranges is not None:
        found = _outside(fit.label_names, fit.labels[0], ranges, _AT)
    scaling = getattr(model, "scaling", None)
    if found or not hasattr(scaling, "to_coordinates"):
        return found
    from stellar_gui.fitting.domain import MARGIN  # torch, not at start

    _, names = relative_to_iron(fit.label_names)
    ratios = scaling.matrix.numpy() @ fit.labels[0]
    ends = scaling.centre[:, None] + scaling.width[:, None] * scaling.width.new_tensor(
        [[-0.5, 0.5]]
    )
    return _outside(names, ratios, ends, 2 * _AT - MARGIN)


def _outside(names, values, ranges, near):
    """Labels beyond their range (low, high), or nearer its ends than ``near`` of it."""
    found = []
    for name, value, ends in zip(names, values, ranges, strict=True):
        low, high = (float(end) for end in ends)
        if not near < (value - low) / (high - low) < 1 - near:
            about = describe(name)
            said = [f"{v:.{about.decimals}f}" for v in (value, low, high)]
            here, low, high = (text.replace("-", "−") for text in said)
            text = f"{about.title} {here} ({low} to {high})"
            found.append(EdgeLabel(name, about.title, text))
    return found


def edge_sentence(labels: list[EdgeLabel]) -> str:
    """Say which labels are at the edge, with the ranges; a general sentence if none."""
    if not labels:
        return FitFlag.EDGE.sentences[0]
    which = ", ".join(label.text for label in labels[:3])
    more = f" and {len(labels) - 3} more" if len(labels) > 3 else ""
    return f"at the edge of the model's range or beyond: {which}{more}"


def trust_notes(
    star: Spectra,
    fits: Mapping[str, FitResult],
    missing: Mapping[str, str],
    edges: Mapping[str, list[EdgeLabel]] | None = None,
) -> list[Note]:
    """Return what to know before believing the fits of a container of one star.

    fits by model name, of this star; missing: why other models have none; edges: the
    `edge_labels` of the fits.

    >>> star = Spectra([5e3, 5001.0], [[1.0, 1.0]], [[1.0, 0.0]])
    >>> trust_notes(star, {}, {"Payne": "it needs vacuum wavelengths"})[0].text
    'no Payne fit'
    """
    notes = [*_coverage(fits, edges or {}), *_quality(fits)]
    notes += [Note("warning", f"no {n} fit", f"{n}: {s}") for n, s in missing.items()]
    masked = masked_fraction(star, fits)
    if masked > _MASKED:
        tip = "pixels with ivar 0 count in no fit"
        notes.append(Note("warning", f"{100 * masked:.1f} % masked", tip))
    return notes


def _coverage(fits, edges):
    notes = []
    for name, fit in fits.items():
        flags = int(fit.flags[0])
        if flags & FitFlag.OUTSIDE_TRAINING:
            tip = _sentences(fit, FitFlag.OUTSIDE_TRAINING)
            notes.append(Note("warning", f"{name} outside training", tip))
        if flags & FitFlag.EDGE:
            labels = edges.get(name, [])
            which = f": {labels[0].title}" if labels else ""
            more = f" +{len(labels) - 1}" if len(labels) > 1 else ""
            text = f"{name} at edge{which}{more}"
            notes.append(Note("warning", text, f"{name}: {edge_sentence(labels)}"))
    if fits and not notes:
        return [Note("ok", "inside training range")]
    return notes


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
