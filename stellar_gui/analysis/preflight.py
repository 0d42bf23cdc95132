"""Preflight: is this spectrum fit for this model? Said before anything is fitted.

Each check gives a finding: a few words for a chip and a sentence for a notification.
"bad" spoils a fit, and `fitting` refuses most of it by its own checks; of a "warning" a
user should know and may accept it.
"""

from typing import NamedTuple

import numpy as np

from stellar_gui.fitting.checks import match_pixels
from stellar_gui.io.clean import continuum_level, looks_normalised
from stellar_gui.models.base import SpectralModel
from stellar_gui.preprocess import observed_pieces
from stellar_gui.spectra import Spectra

OK, WARNING, BAD = "ok", "warning", "bad"
_MANY_BAD = 0.05  # of the pixels of the pieces
_STARS = 64  # of a large set, so many are looked at


class Finding(NamedTuple):
    """What was found: its topic, how grave it is, in a few words and in a sentence."""

    topic: str  # "pixels", "normalisation", "assumed", "medium", "coverage", ...
    kind: str  # "ok", "warning" or "bad"
    text: str  # "1.3 % masked"
    sentence: str


def preflight(spectra: Spectra, model: SpectralModel | None = None) -> list[Finding]:
    """Return what must be known before ``spectra`` are fitted, with ``model`` or any.

    The gravest come first. Looks at up to 64 stars of a set.
    """
    stars = np.linspace(0, len(spectra) - 1, min(len(spectra), _STARS)).astype(int)
    sample = spectra[np.unique(stars)]
    found = [
        *_pixel_findings(sample),
        _normalisation_finding(sample),
        *_assumed(sample),
    ]
    if model is not None:
        found += [
            _medium_finding(sample, model),
            _coverage_finding(sample, model),
            *_resolution_findings(sample, model),
        ]
    return sorted(found, key=lambda finding: [BAD, WARNING, OK].index(finding.kind))


def bad_share(spectra: Spectra) -> np.ndarray:
    """(n_stars,) share of bad pixels in the pieces that hold data, NaN without any.

    Gaps between detectors and padding are no defects of a star.
    """
    inside = np.zeros(spectra.n_pixels, dtype=bool)
    for start, stop in observed_pieces(spectra):
        inside[start:stop] = True
    if not inside.any():
        return np.full(len(spectra), np.nan)
    return 1 - spectra.good[:, inside].mean(axis=1)


def _pixel_findings(spectra):
    good = spectra.good.any(axis=1)
    if not good.all():
        blind = spectra.ids[~good]
        yield Finding(
            "pixels",
            BAD,
            "no good pixel",
            f"{_named(blind)} no good pixel (ivar is 0 everywhere), expected some. "
            "Check the error or mask column, or choose other mask bits.",
        )
    if not good.any():
        return
    share = float(bad_share(spectra[good]).mean())
    many = share > _MANY_BAD
    yield Finding(
        "pixels",
        WARNING if many else OK,
        f"{share:.1%} masked".replace("%", " %"),
        f"{share:.1%} of the pixels are bad (ivar 0); they take no part in any fit."
        + (" That is a lot: look at the mask bits." if many else ""),
    )


def _normalisation_finding(spectra):
    level = continuum_level(spectra.flux, spectra.ivar)
    if not spectra.normalised:
        return Finding(
            "normalisation",
            BAD,
            "not normalised",
            f"the flux is not continuum-normalised (level {level:.3g}), the models "
            "expect a continuum of 1. Normalise it with preprocess.normalise().",
        )
    if not looks_normalised(spectra.flux, spectra.ivar):
        return Finding(
            "normalisation",
            BAD,
            "not normalised",
            f"the flux is said to be normalised, but its upper envelope lies at "
            f"{level:.3g}, expected about 1. Normalise it with preprocess.normalise().",
        )
    return Finding("normalisation", OK, "normalised", "the continuum lies near 1.")


def _assumed(spectra):
    for what in spectra.metadata.get("assumed", ()):
        yield Finding(
            "assumed",
            WARNING,
            "assumed: " + what.split(",")[0],
            f"the file does not say, so it is assumed: {what}. If that is wrong, read "
            "it again with the right options of read_spectra().",
        )


def _medium_finding(spectra, model):
    if spectra.medium == model.medium:
        return Finding("medium", OK, spectra.medium, f"both are in {spectra.medium}.")
    return Finding(
        "medium",
        BAD,
        f"{spectra.medium}, not {model.medium}",
        f"the spectra are on {spectra.medium} wavelengths, the model expects "
        f"{model.medium}; lines would lie 80 km/s beside. Convert them with "
        "preprocess.to_medium().",
    )


def _coverage_finding(spectra, model):
    grid, own = model.wavelength.numpy(force=True), spectra.wavelength
    found = match_pixels(grid, own) >= 0
    if found.any():
        share = float(found.mean())
        return Finding(
            "coverage",
            OK if share > 0.9 else WARNING,
            f"{share:.0%} covered".replace("%", " %"),
            f"the spectra have {share:.0%} of the model's pixels.",
        )
    if own[-1] < grid[0] or own[0] > grid[-1]:
        return Finding(
            "coverage",
            BAD,
            "not covered",
            f"the spectra cover {own[0]:.1f} to {own[-1]:.1f} Å, the model "
            f"{grid[0]:.1f} to {grid[-1]:.1f} Å: they share nothing. Load a model of "
            "this wavelength range.",
        )
    return Finding(
        "grid",
        BAD,
        "other pixels",
        "the spectra are on another pixel grid than the model. Bring them to it with "
        "preprocess.match().",
    )


def _resolution_findings(spectra, model):
    own, expected = spectra.resolution, model.resolution
    if own is None or expected is None or abs(own / expected - 1) < 0.1:
        return
    higher = own > expected
    yield Finding(
        "resolution",
        WARNING,
        f"R {own:.0f}, not {expected:.0f}",
        f"the spectra have R = {own:.0f}, the model {expected:.0f}. "
        + (
            "Bring them to it with preprocess.degrade()."
            if higher
            else "Detail cannot be put back; use a model of lower resolution."
        ),
    )


def _named(ids):
    shown = ", ".join(ids[:3])
    if len(ids) == 1:
        return f"star {shown} has"
    more = f" and {len(ids) - 3} more" if len(ids) > 3 else ""
    return f"stars {shown}{more} have"
