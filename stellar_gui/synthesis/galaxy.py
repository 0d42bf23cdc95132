"""A toy Galaxy: whom a survey meets, with the labels of each star.

Thin and thick disc with their two alpha sequences, and a halo tail; red giants, clump
giants and dwarfs. The relations are simple fits by eye to what large surveys show (two
sequences in [alpha/Fe], odd-even and neutron-capture trends, mixed carbon in giants):
right in kind, not in detail. It draws labels only.
"""

from typing import NamedTuple

import numpy as np

from stellar_gui.labels import ELEMENTS
from stellar_gui.synthesis.grid import assemble, inside

POPULATIONS = ("thin disc", "thick disc", "halo")
POPULATION_SHARES = (0.55, 0.30, 0.15)
DISC_SHARES = (0.65, 0.35, 0.0)
STAGES = ("giant", "clump", "dwarf")
_STAGE_SHARES = (0.5, 0.3, 0.2)

_FE_H = {"thin disc": (-0.05, 0.20), "thick disc": (-0.50, 0.25), "halo": (-1.5, 0.45)}
_FE_H_RANGE = (-2.6, 0.45)

VMACRO = (3.0, 6.0)
VSINI = (1.0, 4.0)


class Trend(NamedTuple):
    """[X/Fe] = alpha * [alpha/Fe] + iron * [Fe/H] (held below -1) + N(0, scatter)."""

    alpha: float
    iron: float
    scatter: float


TRENDS = {
    "C": Trend(0.4, 0.0, 0.05),
    "O": Trend(1.3, -0.05, 0.04),
    "Na": Trend(0.1, 0.12, 0.05),
    "Mg": Trend(1.1, 0.0, 0.03),
    "Al": Trend(0.7, 0.08, 0.04),
    "Si": Trend(0.8, 0.0, 0.03),
    "K": Trend(0.6, 0.0, 0.05),
    "Ca": Trend(0.7, 0.0, 0.03),
    "Sc": Trend(0.4, 0.0, 0.04),
    "Ti": Trend(0.8, 0.0, 0.03),
    "V": Trend(0.3, 0.0, 0.04),
    "Cr": Trend(0.0, 0.03, 0.03),
    "Mn": Trend(0.0, 0.25, 0.04),
    "Co": Trend(0.3, 0.05, 0.04),
    "Ni": Trend(0.1, 0.04, 0.03),
    "Cu": Trend(0.2, 0.30, 0.05),
    "Y": Trend(-0.3, 0.02, 0.05),
    "Ba": Trend(-0.4, -0.05, 0.10),
    "La": Trend(-0.1, -0.05, 0.05),
    "Eu": Trend(1.1, -0.05, 0.10),
}
_MIXED_CARBON = -0.15  # what the first dredge-up takes from a giant, dex


class Stars(NamedTuple):
    """Stars of the Galaxy, one entry each; ``vbroad`` is NaN until it is known.

    labels (n_stars, 25) as `SYNTHETIC_LABELS`; vmacro and vsini in km/s.
    """

    labels: np.ndarray
    vmacro: np.ndarray
    vsini: np.ndarray
    population: np.ndarray
    stage: np.ndarray


def alpha_sequence(fe_h, population) -> np.ndarray:
    """Mean [alpha/Fe] of a population at [Fe/H]: two sequences and the halo, dex.

    >>> alpha_sequence(np.array([-0.5, -0.5]), np.array(["thin disc", "thick disc"]))
    array([0.06, 0.27])
    """
    thin = np.clip(-0.12 * fe_h, -0.02, 0.10)
    thick = np.clip(0.12 - 0.30 * fe_h, 0.06, 0.30)
    halo = np.clip(0.18 - 0.12 * (fe_h + 1.0), 0.12, 0.30)
    return np.select([population == name for name in POPULATIONS], [thin, thick, halo])


def draw_stars(
    n_stars: int, rng: np.random.Generator, shares=POPULATION_SHARES
) -> Stars:
    """Draw stars of the toy Galaxy that lie inside the domain of the synthetic grid.

    shares: of each of `POPULATIONS`, summing to 1.
    """
    drawn, found = [], 0
    while found < n_stars:
        stars = _draw(n_stars, rng, shares)
        broadening_known = stars.labels.copy()
        broadening_known[:, 3] = 0.0
        keep = inside(broadening_known)
        drawn.append(Stars(*(column[keep] for column in stars)))
        found += int(keep.sum())
    return Stars(*(np.concatenate(c)[:n_stars] for c in zip(*drawn, strict=True)))


def _draw(n_stars, rng, shares) -> Stars:
    population = rng.choice(POPULATIONS, n_stars, p=shares)
    stage = rng.choice(STAGES, n_stars, p=_STAGE_SHARES)
    # a core-helium-burning halo star is hotter than the clump: on the giant branch
    stage = np.where((stage == "clump") & (population == "halo"), "giant", stage)
    centre, width = np.array([_FE_H[name] for name in population]).T
    fe_h = rng.normal(centre, width)
    fe_h = np.where((fe_h > _FE_H_RANGE[0]) & (fe_h < _FE_H_RANGE[1]), fe_h, np.nan)
    teff, logg = _teff_logg(stage, fe_h, rng)
    giant = np.clip(3.9 - logg, 0.0, None)
    hot = np.clip(teff - 5500.0, 0.0, None)
    vmicro = 1.05 + 0.28 * giant + 3e-4 * hot + rng.normal(0.0, 0.08, n_stars)
    x_fe = _abundance_ratios(fe_h, alpha_sequence(fe_h, population), rng)
    x_fe["C"] = x_fe["C"] + np.where(stage == "dwarf", 0.0, _MIXED_CARBON)
    unknown = np.full(n_stars, np.nan)
    return Stars(
        assemble(teff, logg, vmicro, unknown, fe_h, x_fe),
        rng.uniform(*VMACRO, n_stars),
        rng.uniform(*VSINI, n_stars),
        population,
        stage,
    )


def _teff_logg(stage, fe_h, rng):
    """Temperature and gravity on three loci of the Kiel diagram, with their widths."""
    n_stars = len(stage)
    metal_poor = 300.0 * np.tanh(-fe_h)
    logg_giant = 3.4 - 2.4 * rng.beta(1.0, 1.3, n_stars)
    teff_giant = 4750.0 + 350.0 * (logg_giant - 2.5) + metal_poor
    teff_giant += rng.normal(0.0, 60.0, n_stars)
    logg_clump = rng.normal(2.45, 0.08, n_stars)
    teff_clump = 4800.0 - 220.0 * fe_h + rng.normal(0.0, 70.0, n_stars)
    teff_dwarf = rng.uniform(4250.0, 6450.0, n_stars)
    age = np.clip((teff_dwarf - 5000.0) / 1000.0, 0.0, 1.0)
    logg_dwarf = 4.70 - 1e-4 * (teff_dwarf - 4200.0) + 0.05 * metal_poor / 300.0
    logg_dwarf -= age * rng.exponential(0.18, n_stars)
    chosen = [stage == name for name in STAGES]
    teff = np.select(chosen, [teff_giant, teff_clump, teff_dwarf])
    return teff, np.select(chosen, [logg_giant, logg_clump, logg_dwarf])


def _abundance_ratios(fe_h, alpha, rng) -> dict[str, np.ndarray]:
    """[X/Fe] of every element but iron, drawn around its trend."""
    iron = np.clip(fe_h, -1.0, None)
    return {
        element: TRENDS[element].alpha * alpha
        + TRENDS[element].iron * iron
        + rng.normal(0.0, TRENDS[element].scatter, len(fe_h))
        for element in ELEMENTS
        if element != "Fe"
    }
