"""What is this line? Labels ranked by how much they move a pixel, and listed lines.

A label's strength at a pixel is |d flux / d label| times the label's spread: how much
the pixel varies from star to star because of it. The element that ranks first names the
line. How far that is right has been counted: a line belongs to its strongest absorber
by true physics, and `VERDICTS` says how often each word was right about it on the lines
of the sample survey (``python -m tests.benchmarks line_answers``). That holds in the
middle of a line: two pixels off, a third of the answers name a neighbour. Only lines
that a model has learnt can be named by it: where it lacks one, it names neighbours.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from stellar_gui.analysis.derivatives import derivative_steps
from stellar_gui.analysis.nearby_lines import COVERED, Line, StarLines
from stellar_gui.analysis.sensitivity import Sensitivity
from stellar_gui.labels import describe
from stellar_gui.preprocess.doppler import doppler_factor

CLEAR, LIKELY = 4.0, 1.7  # ratios of the first element to the second
NOTHING = 0.005  # flux; elements that move it by less make no line
BLENDED = 0.3  # share of the absorption, of another element, that makes a blend
_MOST = 0.6  # share of the absorption from which the list overrules models
_NEAR = 1.5  # pixels from the wavelength that a model must have one


class Verdict(NamedTuple):
    """How sure an answer is: a word, its status, and what the word means."""

    word: str  # key of VERDICTS
    kind: str  # "ok", "warning" or "bad"
    meaning: str


VERDICTS = {
    "clear": Verdict(
        "clear",
        "ok",
        "the first element moves this pixel at least 4 times as much as the second; of "
        "such answers on the sample's lines more than 9 in 10 were right",
    ),
    "likely": Verdict(
        "likely",
        "warning",
        "the first element moves this pixel 1.7 to 4 times as much as the second; of "
        "such answers on the sample's lines more than 8 in 10 were right",
    ),
    "ambiguous": Verdict(
        "ambiguous",
        "warning",
        "the first element moves this pixel less than 1.7 times as much as the second; "
        "of such answers on the sample's lines about 7 in 10 were right",
    ),
    "blend": Verdict(
        "blend",
        "warning",
        "another element makes 30 per cent of the absorption or more, by the line "
        "list, and the first moves this pixel less than 4 times as much as the second; "
        "of such answers on the sample's lines about 6 in 10 were right",
    ),
    "disputed": Verdict(
        "disputed", "bad", "models of equally many elements name different ones"
    ),
    "no label": Verdict(
        "no label",
        "warning",
        "most of the absorption is, by the line list, of an element that no loaded "
        "model has a label for",
    ),
    "no line": Verdict(
        "no line", "ok", "no element moves this pixel by 0.005 of the continuum"
    ),
    "not covered": Verdict(
        "not covered",
        "bad",
        "no loaded model has this pixel and an element among its labels",
    ),
}
"""What each word means. "no label" and "disputed" overrule what ratios say."""


class Ranking(NamedTuple):
    """The labels of one model at one pixel, the strongest first, (n_labels,) each.

    strength: |d flux| for one spread of the label; share: of the strongest; element,
    second: the first two elements, None without; ratio of their strengths, inf if there
    is no second.
    """

    label_names: tuple[str, ...]
    strength: np.ndarray
    share: np.ndarray
    element: str | None
    second: str | None
    ratio: float


class LineAnswer(NamedTuple):
    """What is known of a pixel.

    element: of the line, None if unknown; species: "Ca I", or the element alone where
    the list has no line of it; lines: what the list has here, what absorbs most first;
    note: a sentence where the list says nothing.
    """

    wavelength: float
    element: str | None
    species: str
    depth: float  # 1 - flux of the model that answers, NaN without one
    verdict: Verdict
    ratio: float
    rankings: dict[str, Ranking]
    lines: list[Line]
    note: str

    @property
    def words(self) -> str:
        """The verdict as it is printed: "likely, 1.7 : 1".

        >>> nothing = answer(5000.0, {}, None)
        >>> nothing.words
        'not covered'
        """
        if self.verdict.word in {"no label", "no line", "not covered"}:
            return self.verdict.word
        ratio = f"{self.ratio:.1f}" if self.ratio < 10 else "more than 10"
        return f"{self.verdict.word}, {ratio} : 1"


def answer(
    wavelength: float,
    sensitivities: Mapping[str, Sensitivity],
    lines: StarLines | None,
    *,
    resolution: float | None = None,
    rv: float = 0.0,
    spread: Mapping[str, float] | None = None,
) -> LineAnswer:
    """Say which line stands at a wavelength, Angstrom, in the medium of all.

    sensitivities by model name, on the star's pixels; lines: of `star_lines`, or None;
    resolution: of the star; rv: of the star, km/s, by which the list is moved; spread:
    of labels by name, such as the sigma of a fit, instead of the models' training
    spread. The model with the most elements answers, the first of them if several do.
    """
    rankings = {}
    for name, found in sensitivities.items():
        pixel = _pixel(found, wavelength)
        if pixel is not None:
            rankings[name] = rank(found, pixel, spread)
    near = [] if lines is None else _near(lines, wavelength, resolution, rv)
    note = _note(lines, wavelength, rankings)
    if not any(ranking.element for ranking in rankings.values()):
        verdict = VERDICTS["not covered"]
        return LineAnswer(
            wavelength, None, "", np.nan, verdict, np.nan, rankings, near, note
        )
    main = max(rankings, key=lambda name: _n_elements(rankings[name]))
    own = rankings[main]
    verdict = _verdict(own, rankings, sensitivities, near)
    element = {"no line": None, "no label": near[0].element if near else None}.get(
        verdict.word, own.element
    )
    flux = sensitivities[main].flux[_pixel(sensitivities[main], wavelength)]
    species = [line.species for line in near if line.element == element]
    return LineAnswer(
        wavelength,
        element,
        species[0] if species else element or "",
        1.0 - float(flux),
        verdict,
        own.ratio,
        rankings,
        near,
        note,
    )


def rank(
    sensitivity: Sensitivity, pixel: int, spread: Mapping[str, float] | None = None
) -> Ranking:
    """Rank the labels of a model at a pixel by |d flux / d label| times their spread.

    spread: of labels by name; of the training set where it has none, and the step that
    plots are drawn for where that is unknown.
    """
    names = sensitivity.label_names
    given = dict(zip(names, sensitivity.spread, strict=True)) | dict(spread or {})
    width = np.array([given[name] for name in names], dtype=float)
    width = np.where(np.isfinite(width), width, derivative_steps(names))
    strength = np.abs(sensitivity.jacobian[pixel]) * width
    order = np.argsort(-strength, kind="stable")
    elements = [(describe(names[k]).element, strength[k]) for k in order]
    elements = [(element, value) for element, value in elements if element]
    first, second = (*elements, (None, 0.0), (None, 0.0))[:2]
    top = strength[order[0]]
    return Ranking(
        tuple(names[k] for k in order),
        strength[order],
        strength[order] / top if top > 0 else np.zeros(len(order)),
        first[0],
        second[0],
        float(first[1] / second[1]) if second[1] > 0 else np.inf,
    )


def _pixel(sensitivity, wavelength):
    """The pixel nearest to a wavelength; None where the model has none."""
    grid = sensitivity.wavelength
    pixel = int(np.abs(grid - wavelength).argmin())
    steps = np.abs(np.diff(grid[max(pixel - 1, 0) : pixel + 2]))
    beyond = abs(grid[pixel] - wavelength) > _NEAR * steps.min(initial=np.inf)
    if beyond or not np.isfinite(sensitivity.jacobian[pixel]).all():
        return None
    return pixel


def _n_elements(ranking):
    return sum(describe(name).element is not None for name in ranking.label_names)


def _verdict(own, rankings, sensitivities, near):
    at = own.label_names.index
    strongest = max(own.strength[at(n)] for n in own.label_names if describe(n).element)
    if strongest < NOTHING:
        return VERDICTS["no line"]
    known = set().union(*(found.elements for found in sensitivities.values()))
    if near and near[0].share >= _MOST and near[0].element not in known:
        return VERDICTS["no label"]
    if _is_disputed(own, rankings):
        return VERDICTS["disputed"]
    if own.ratio >= CLEAR:
        return VERDICTS["clear"]
    if _other_share(own.element, near) >= BLENDED:
        return VERDICTS["blend"]
    return VERDICTS["likely" if own.ratio >= LIKELY else "ambiguous"]


def _is_disputed(own, rankings):
    """Whether another model of as many elements prefers another, beyond doubt.

    In a model of few elements each stands for others that follow it among real stars.
    """
    return any(
        other.element != own.element and other.ratio >= LIKELY
        for other in rankings.values()
        if _n_elements(other) == _n_elements(own)
    )


def _other_share(element, near):
    """The largest share of absorption of an element that is not the answer."""
    shares: dict[str, float] = {}
    for line in near:
        shares[line.element] = shares.get(line.element, 0.0) + line.share
    shares.pop(element, None)
    return max(shares.values(), default=0.0)


def _near(lines, wavelength, resolution, rv):
    factor = float(doppler_factor(rv)) if np.isfinite(rv) else 1.0
    return lines.near(wavelength / factor, resolution)


def _note(lines, wavelength, rankings):
    if not rankings:
        return f"no model has a pixel at {wavelength:.1f} Å in this spectrum"
    if lines is None:
        return "no line list is at hand for this star"
    if not lines.covers(wavelength):
        return (
            f"the line list has no line within {COVERED:.0f} Å of {wavelength:.1f} Å, "
            "so it says nothing here; the models' answer stands alone"
        )
    return ""
