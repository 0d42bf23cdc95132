"""What a sample survey consists of, before any spectrum is made: labels and draws.

A `Preset` says which stars and labels; a `Plan` holds all that was drawn for them. The
preset "note" is the simpler sample on which Cycle-StarNet was measured: fifteen labels,
a synthetic set scattered around the Galaxy, and an observed set of its two discs
without tellurics, bad pixels and velocity errors.
"""

from typing import NamedTuple

import numpy as np

from stellar_gui.labels import SYNTHETIC_LABELS
from stellar_gui.synthesis import grid
from stellar_gui.synthesis.broadening import equivalent_vbroad
from stellar_gui.synthesis.galaxy import (
    DISC_SHARES,
    POPULATION_SHARES,
    Stars,
    draw_stars,
)
from stellar_gui.synthesis.imperfections import stream
from stellar_gui.synthesis.observing import Exposures, draw_exposures

NOTE_LABELS = (
    *("teff", "logg", "vmicro", "fe_h"),
    *("o_h", "na_h", "mg_h", "al_h", "si_h", "ca_h", "ti_h"),
    *("cr_h", "mn_h", "ni_h", "ba_h"),
)
CATALOGUE_SIGMA = {"teff": 40.0, "logg": 0.08, "vmicro": 0.08, "vbroad": 0.5} | {
    name: 0.04
    if name == "fe_h"
    else 0.08
    if name in {"y_h", "ba_h", "la_h", "eu_h"}
    else 0.05
    for name in SYNTHETIC_LABELS[4:]
}
"""Standard deviation of the observed set's labels, K, dex and km/s: a catalogue's."""

SYNTHETIC_SPLIT = {"train": 18, "validation": 1, "test": 1}
OBSERVED_SPLIT = {"train": 7, "validation": 1, "test": 2}
"""Stars of each split in every block of as many."""

_NOTE_WIDTHS = {
    "teff": 300.0,
    "logg": 0.5,
    "vmicro": 0.4,
    "fe_h": 0.35,
}  # half, uniform
_NOTE_X_FE_WIDTH = 0.3
_NOTE_VELOCITIES = (3.0, 1.0)  # vmacro and vsini of its synthetic set, km/s


class Preset(NamedTuple):
    """Sizes, labels and shape of a sample survey."""

    n_synthetic: int
    n_observed: int
    label_names: tuple[str, ...]
    without: frozenset[str]
    around_galaxy: bool  # the synthetic set: around the Galaxy's stars, else a grid
    continuum: str  # "parabola" in each piece, or one "slope"
    populations: tuple[float, ...] = POPULATION_SHARES  # of its stars


PRESETS = {
    "default": Preset(4800, 2000, SYNTHETIC_LABELS, frozenset(), False, "parabola"),
    "note": Preset(
        2000,
        2150,
        NOTE_LABELS,
        frozenset({"telluric", "bad_pixels", "rv"}),
        True,
        "slope",
        DISC_SHARES,
    ),
}


class Plan(NamedTuple):
    """All that is drawn for a survey; labels are (n_stars, 25), the true ones."""

    label_names: tuple[str, ...]  # that the survey publishes
    synthetic_labels: np.ndarray
    synthetic_split: np.ndarray
    stars: Stars
    catalogue: np.ndarray  # (n_observed, 25): labels with a catalogue's errors
    exposures: Exposures
    observed_split: np.ndarray

    def published(self, labels) -> np.ndarray:
        """The columns of (n_stars, 25) labels that the survey publishes."""
        return labels[:, [SYNTHETIC_LABELS.index(name) for name in self.label_names]]


def draw_plan(preset: Preset, wavelength, pieces, sizes, seed, without) -> Plan:
    """Draw a survey of sizes = (n_synthetic, n_observed)."""
    n_synthetic, n_observed = sizes
    draw = grid.sample_grid if not preset.around_galaxy else sample_around_discs
    stars = draw_stars(n_observed, stream(seed, "galaxy"), preset.populations)
    labels = stars.labels.copy()
    vbroad = SYNTHETIC_LABELS.index("vbroad")
    labels[:, vbroad] = equivalent_vbroad(stars.vmacro, stars.vsini)
    labels = _rounded(labels)
    sigma = np.array([CATALOGUE_SIGMA[name] for name in SYNTHETIC_LABELS])
    errors = stream(seed, "catalogue").normal(size=labels.shape) * sigma
    exposures = draw_exposures(
        wavelength, pieces, n_observed, seed, without, preset.continuum
    )
    return Plan(
        preset.label_names,
        _rounded(draw(n_synthetic, seed)),
        split_stars(n_synthetic, SYNTHETIC_SPLIT, stream(seed, "synthetic split")),
        stars._replace(labels=labels),
        _rounded(labels + errors),
        exposures,
        split_stars(n_observed, OBSERVED_SPLIT, stream(seed, "observed split")),
    )


def _rounded(labels) -> np.ndarray:
    """Labels to seven digits, which take half the room in a compressed file."""
    return labels.astype(np.float32).astype(np.float64)


def split_stars(n_stars: int, shares: dict[str, int], rng) -> np.ndarray:
    """Deal stars to splits, block by block; a longer survey begins as a shorter one.

    >>> split = split_stars(20, {"train": 3, "test": 1}, np.random.default_rng(0))
    >>> [int((split == name).sum()) for name in ("train", "test")]
    [15, 5]
    """
    block = np.repeat(list(shares), list(shares.values()))
    n_blocks = -(-n_stars // len(block))
    return np.concatenate([rng.permutation(block) for _ in range(n_blocks)])[:n_stars]


def sample_around_discs(n_stars: int, seed: int) -> np.ndarray:
    """Labels (n_stars, 25) spread widely and evenly around stars of the two discs.

    Only the labels of the preset "note" are spread; every other element follows iron.
    """
    rng = stream(seed, "around galaxy")
    vbroad = float(equivalent_vbroad(*_NOTE_VELOCITIES)[0])
    found = np.zeros((0, len(SYNTHETIC_LABELS)))
    while len(found) < n_stars:
        centres = dict(
            zip(
                SYNTHETIC_LABELS,
                draw_stars(n_stars, rng, DISC_SHARES).labels.T,
                strict=True,
            )
        )
        spread = {
            name: centres[name] + rng.uniform(-width, width, n_stars)
            for name, width in _NOTE_WIDTHS.items()
        }
        x_fe = {
            name[:-2].capitalize(): centres[name]
            - centres["fe_h"]
            + rng.uniform(-_NOTE_X_FE_WIDTH, _NOTE_X_FE_WIDTH, n_stars)
            for name in NOTE_LABELS[4:]
        }
        labels = grid.assemble(**spread, vbroad=np.full(n_stars, vbroad), x_fe=x_fe)
        found = np.concatenate([found, labels[grid.inside(labels)]])
    return found[:n_stars]
