"""The lines of a list near a wavelength, and how strong each is in a given star.

The nearest listed line is rarely the one that is seen. Depths are estimated from those
that the list states: each line's largest depth over five bounding stars
(`synthesis.reach`) is carried over to the star's labels with the opacity of one layer,
gf N(X) exp(-chi/kT) times the share of the ionisation stage (Saha), over the opacity of
H-. Relative to each other they are within a factor of two of a synthesis, instantly.
Knows nothing of models.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from stellar_gui.preprocess.medium import convert_wavelength
from stellar_gui.synthesis.elements import IONISATION_ENERGY, SYMBOLS
from stellar_gui.synthesis.imperfections import transitions
from stellar_gui.synthesis.lines import LineList
from stellar_gui.synthesis.reach import BOUNDING_STARS, METALLICITY

COVERED = 10.0  # Angstrom around a listed line that the list speaks for
_DEEPEST = 0.95  # central depth that no line exceeds
_LAYER = 0.87  # temperature where lines form, in Teff
_H_MINUS = 0.754  # eV
_EV = 5039.8  # K; theta = this / T is ln(10) / kT in 1/eV
_TYPICAL = 25000.0  # resolution where none is known
_WIDEST = 3.0  # sigmas of the instrument beyond which a line is not near
_LEAST = 0.003  # depth at the pixel below which a line is not worth a row


class Line(NamedTuple):
    """One transition, all hyperfine and isotopic parts of it together."""

    wavelength: float  # Angstrom, in the medium of the spectrum
    species: str  # "Ca I"
    element: str  # "Ca"
    excitation: float  # eV, of the lower level
    log_gf: float  # of all parts
    depth: float  # estimated central depth in the star, alone and fully resolved
    share: float  # of the absorption at the pixel, among all listed lines there


@dataclass(frozen=True, eq=False)
class StarLines:
    """Lines as they are expected in one star, (n,) each, ordered by wavelength."""

    wavelength: np.ndarray
    species: np.ndarray
    element: np.ndarray
    excitation: np.ndarray
    log_gf: np.ndarray
    depth: np.ndarray
    medium: str

    def covers(self, wavelength: float) -> bool:
        """Whether the list says anything of a wavelength, Angstrom."""
        return bool((np.abs(self.wavelength - wavelength) < COVERED).any())

    def near(self, wavelength: float, resolution=None, count: int = 5) -> list[Line]:
        """Return the lines that absorb at a wavelength, what absorbs most first.

        wavelength: Angstrom; resolution: of the spectrum, which tells how far a line
        reaches. Empty where no listed line is expected to be seen.
        """
        sigma = wavelength / (resolution or _TYPICAL) / 2.3548
        away = (self.wavelength - wavelength) / sigma
        here = np.flatnonzero(np.abs(away) < _WIDEST)
        at_pixel = self.depth[here] * np.exp(-0.5 * away[here] ** 2)
        total = at_pixel.sum()
        order = np.argsort(-at_pixel, kind="stable")[:count]
        return [
            Line(
                float(self.wavelength[k]),
                str(self.species[k]),
                str(self.element[k]),
                float(self.excitation[k]),
                float(self.log_gf[k]),
                float(self.depth[k]),
                float(strength / total),
            )
            for k, strength in zip(here[order], at_pixel[order], strict=True)
            if strength > _LEAST
        ]


def star_lines(lines: LineList, labels: Mapping[str, float], medium: str) -> StarLines:
    """Return the lines of a list as a star with these labels shows them.

    labels: teff (K), logg and [X/H] by name; an element without one follows fe_h, which
    is 0 if absent. medium: of the wavelengths returned. Milliseconds for thousands of
    lines. Raises ValueError without teff and logg.
    """
    if not {"teff", "logg"} <= set(labels):
        raise ValueError(
            f"the labels are {', '.join(labels) or 'none'}, expected teff and logg at "
            "least: line strengths follow them. Use a model that has both."
        )
    depth = _star_depth(lines, labels)
    number = transitions(lines)
    first = np.unique(number, return_index=True)[1]
    weight = np.maximum(depth, 1e-9)
    total = np.bincount(number, weights=weight)
    centre = np.bincount(number, weights=weight * lines.wavelength) / total
    gf = np.bincount(number, weights=10**lines.log_gf * lines.isotope_fraction)
    wavelength = convert_wavelength(centre, lines.medium, medium)
    order = np.argsort(wavelength)
    first = first[order]
    return StarLines(
        wavelength=wavelength[order],
        species=np.array(lines.name)[first],
        element=np.array(SYMBOLS)[lines.z[first]],
        excitation=lines.e_low[first],
        log_gf=np.log10(np.maximum(gf, 1e-30))[order],
        depth=_saturated(np.bincount(number, weights=_opacity(depth)))[order],
        medium=medium,
    )


def _star_depth(lines, labels):
    """(n_lines,) the listed depth carried over to the star."""
    known = np.clip(np.nan_to_num(lines.max_depth), 1e-6, 0.99 * _DEEPEST)
    at_bounds = [
        _lg_strength(lines, teff, logg, METALLICITY, {})
        for teff, logg, _ in BOUNDING_STARS
    ]
    own = {k[:-2].capitalize(): v for k, v in labels.items() if k.endswith("_h")}
    iron = float(labels.get("fe_h", labels.get("m_h", 0.0)))
    star = _lg_strength(lines, labels["teff"], labels["logg"], iron, own)
    change = np.clip(star - np.max(at_bounds, axis=0), -8.0, 1.0)
    return _saturated(_opacity(known) * 10**change)


def _opacity(depth):
    """Opacity of a line's centre in units of the continuum's, from its depth."""
    return depth / (_DEEPEST - depth)


def _saturated(opacity):
    return _DEEPEST * opacity / (1.0 + opacity)


def _lg_strength(lines, teff, logg, metallicity, abundances):
    """lg of line over continuous opacity, up to a constant of each line, (n_lines,)."""
    temperature = _LAYER * float(teff)
    theta = _EV / temperature
    lg_pressure = _lg_electron_pressure(teff, logg, metallicity)
    x_h = np.full(len(SYMBOLS), float(metallicity))
    for z, symbol in enumerate(SYMBOLS):
        x_h[z] = abundances.get(symbol, x_h[z])
    # Saha: lg N+/N0 without the ratio of partition functions, a constant of each line
    ratio = [
        2.5 * np.log10(temperature) - 0.48 - theta * IONISATION_ENERGY[lines.z, stage]
        for stage in (1, 2)
    ]
    once, twice = (10 ** np.clip(r - lg_pressure, -12, 12) for r in ratio)
    parts = np.stack([np.ones_like(once), once, once * twice])
    stage = parts[lines.ion - 1, np.arange(len(lines))] / parts.sum(axis=0)
    h_minus = lg_pressure - 2.5 * np.log10(temperature) + theta * _H_MINUS
    return x_h[lines.z] + np.log10(stage) - theta * lines.e_low - h_minus


def _lg_electron_pressure(teff, logg, metallicity):
    """lg of electron pressure, dyn/cm², where lines form (Gray 2005, chapter 9).

    Of a third of the gravity, of a third of the metals that give the electrons, rising
    with temperature; 0.7 in the Sun.
    """
    return (
        0.7 + (logg - 4.44) / 3 + metallicity / 3 + 0.65 * (float(teff) - 5777.0) / 1000
    )
