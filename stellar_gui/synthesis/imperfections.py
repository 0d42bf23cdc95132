"""What makes the observed survey differ from the synthetic grid, piece by piece.

Every ingredient has a name, a sentence, and its own random stream, so that leaving one
out changes nothing of the others. The sizes are those of real line lists, corrections
and spectrographs; the NLTE-like offsets are parametric and only look like NLTE. Here
stand the imperfections of the lines; those of the telescope are in `observing`.
"""

import zlib
from typing import NamedTuple

import numpy as np

from stellar_gui.labels import SYNTHETIC_LABELS, check_label_names


class Ingredient(NamedTuple):
    """One imperfection of the observed survey: its name and what it does."""

    name: str
    sentence: str


INGREDIENTS = (
    Ingredient(
        "log_gf",
        "Oscillator strengths of the synthetic list are off: 0.08 dex for each "
        "transition, 0.05 dex for each species.",
    ),
    Ingredient(
        "missing_lines",
        "One in five of the weak lines (shallower than 0.4) is missing from the "
        "synthetic list.",
    ),
    Ingredient(
        "nlte",
        "Fe I lines are weakened by departures from LTE; K I, Na I, Ba II and the "
        "O I triplet are stronger than in LTE by 0.01 to 0.15 dex.",
    ),
    Ingredient(
        "lsf",
        "The resolution runs from 23500 to 26000 along each piece and the instrument "
        "profile is skewed by 5 per cent, instead of a Gaussian of R = 25000.",
    ),
    Ingredient(
        "broadening",
        "Lines are broadened by macroturbulence (3-6 km/s) and rotation (1-4 km/s) "
        "instead of one Gaussian of the equivalent vbroad.",
    ),
    Ingredient(
        "rv", "The radial velocity was corrected with an error of 0.3 km/s (rms)."
    ),
    Ingredient(
        "continuum",
        "The continuum of each piece is wrong by a parabola of 0.5 per cent (rms).",
    ),
    Ingredient(
        "telluric",
        "Telluric lines were removed from the pieces at 6300 and 7699 Å but for a "
        "residual of 1 to 2 per cent.",
    ),
    Ingredient(
        "noise",
        "Gaussian noise: S/N 40 to 150 per pixel, falling to the blue.",
    ),
    Ingredient(
        "bad_pixels",
        "0.3 per cent of the pixels and one block of the detector are bad: ivar 0.",
    ),
)

LOG_GF_SIGMA = 0.08
SPECIES_SIGMA = 0.05
MISSING_SHARE = 0.2
WEAK_DEPTH = 0.4
_SAME_TRANSITION = 0.5  # Angstrom: hyperfine and isotopic parts lie closer than this

# Departure coefficients of Fe I, the mean over 300 levels, on lg tau5000 -4 ... 0
_FE_LG_TAU = (-4.0, -3.0, -2.0, -1.0, 0.0)
_FE_SOLAR = (0.75, 0.82, 0.91, 0.94, 0.97)
_FE_POOR = (0.44, 0.66, 0.88, 0.92, 0.96)  # at [Fe/H] = -2

_K, _NA, _BA = 0.15, 0.07, 0.05  # dex
_O_RANGE = (0.01, 0.14)  # dex, from the coolest to the hottest star
_O_TEFF = (4200.0, 6500.0)
_O_TRIPLET_ENERGY = 5.0  # eV: the forbidden lines start from below


def check_without(without) -> frozenset[str]:
    """Return the names of the ingredients to leave out.

    Raises ValueError, with the nearest name, if one is not an ingredient.
    """
    names = tuple(ingredient.name for ingredient in INGREDIENTS)
    return frozenset(check_label_names(without, names, what="ingredient"))


def stream(seed: int, name: str) -> np.random.Generator:
    """The random stream of one ingredient; streams of other names do not touch it."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


class LineChanges(NamedTuple):
    """What is wrong with the synthetic list, (n_lines,) each.

    ``log_gf``: true minus listed, dex; ``missing``: not in the synthetic list.
    """

    log_gf: np.ndarray
    missing: np.ndarray


def draw_line_changes(lines, seed: int, without=frozenset()) -> LineChanges:
    """Draw the errors of a line list, for whole transitions.

    All hyperfine and isotopic parts of a transition share their fate, as one laboratory
    measured them together.
    """
    log_gf = np.zeros(len(lines.wavelength))
    missing = np.zeros(len(lines.wavelength), dtype=bool)
    transition = transitions(lines)
    if "log_gf" not in without:
        rng = stream(seed, "log_gf")
        _, species = np.unique([lines.z, lines.ion], axis=1, return_inverse=True)
        of_transition = rng.normal(0.0, LOG_GF_SIGMA, transition.max() + 1)
        of_species = rng.normal(0.0, SPECIES_SIGMA, species.max() + 1)
        log_gf = of_transition[transition] + of_species[species]
    if "missing_lines" not in without:
        drawn = stream(seed, "missing_lines").random(transition.max() + 1)
        depth = np.bincount(transition, weights=lines.max_depth)  # of all parts
        gone = (drawn < MISSING_SHARE) & (depth < WEAK_DEPTH)
        missing = gone[transition]
    return LineChanges(log_gf, missing)


def transitions(lines) -> np.ndarray:
    """Return the number of the transition that each line is a part of, (n_lines,).

    Parts have the same species and lower level and lie within 0.5 Å of a neighbour.
    """
    order = np.lexsort((lines.wavelength, lines.e_low, lines.ion, lines.z))
    keys = [np.asarray(column)[order] for column in (lines.z, lines.ion, lines.e_low)]
    new = np.zeros(len(order), dtype=bool)
    for key in keys:
        new[1:] |= np.diff(key) != 0
    new[1:] |= np.diff(np.asarray(lines.wavelength)[order]) > _SAME_TRANSITION
    number = np.empty(len(order), dtype=int)
    number[order] = np.cumsum(new)
    return number


def iron_departure(fe_h, lg_tau5000) -> np.ndarray:
    """Factor on the opacity of Fe I lines, (n_stars, n_depth): below 1 outside.

    Linear in [Fe/H] between the two tabulated stars, held beyond them.

    >>> iron_departure(np.array([0.0, -2.0]), np.array([-2.0]))
    array([[0.91],
           [0.88]])
    """
    poor = np.clip(-np.asarray(fe_h, dtype=float) / 2.0, 0.0, 1.0)[:, np.newaxis]
    at = lambda values: np.interp(lg_tau5000, _FE_LG_TAU, values)  # noqa: E731
    return (1.0 - poor) * at(_FE_SOLAR) + poor * at(_FE_POOR)


def nlte_like_offsets(labels, lines) -> np.ndarray:
    """Dex by which lines are stronger than in LTE, (n_stars, n_lines).

    K I, Na I and Ba II by a constant; the O I triplet more in hotter stars.
    """
    teff = np.asarray(labels)[:, SYNTHETIC_LABELS.index("teff")]
    is_species = lambda z, ion: (lines.z == z) & (lines.ion == ion)  # noqa: E731
    constant = (
        _K * is_species(19, 1) + _NA * is_species(11, 1) + _BA * is_species(56, 2)
    )
    oxygen = np.interp(teff, _O_TEFF, _O_RANGE)
    triplet = is_species(8, 1) & (lines.e_low > _O_TRIPLET_ENERGY)
    return constant + oxygen[:, np.newaxis] * triplet
