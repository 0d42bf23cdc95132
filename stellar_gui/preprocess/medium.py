"""Air and vacuum wavelengths, by formulas with a name.

Written out, because the functions of specutils, which the tests hold these against,
cost two seconds of import for two lines, and the application would wait for it.
"""

import numpy as np

from stellar_gui.spectra import MEDIA, Spectra

FORMULAS = {
    "Morton2000": (8.34254e-5, 2.406147e-2, 130.0, 1.5998e-4, 38.9),
    "Edlen1953": (6.4328e-5, 2.94981e-2, 146.0, 2.5540e-4, 41.0),
    "Edlen1966": (8.34213e-5, 2.406030e-2, 130.0, 1.5997e-4, 38.9),
    "PeckReeder1972": (0.0, 5.791817e-2, 238.0185, 1.67909e-3, 57.362),
    "Ciddor1996": (0.0, 5.792105e-2, 238.0185, 1.67917e-3, 57.362),
}
"""Refraction of dry air, n - 1 = a + b / (c - s**2) + d / (e - s**2), s in 1/um.

Morton (2000, ApJS 130, 403), the default, is the formula of VALD; Edlén (1953, J. Opt.
Soc. Am. 43, 339; 1966, Metrologia 2, 71); Peck and Reeder (1972, J. Opt. Soc. Am. 62,
958); Ciddor (1996, Appl. Opt. 35, 1566).
"""

_SHORTEST = 2000.0  # Angstrom; below, wavelengths are vacuum by convention
_ITERATIONS = 6  # each gains four digits


def convert_wavelength(wavelength, source: str, target: str, formula="Morton2000"):
    """Return wavelengths (n,) Angstrom of medium ``source`` in medium ``target``.

    Raises ValueError for an unknown medium or formula, and below 2000 Angstrom.

    >>> convert_wavelength(np.array([5000.0]), "air", "vacuum").round(3)
    array([5001.395])
    """
    for medium in (source, target):
        if medium not in MEDIA:
            raise ValueError(f"medium is {medium!r}, expected 'air' or 'vacuum'")
    if formula not in FORMULAS:
        raise ValueError(
            f"formula is {formula!r}, expected one of {', '.join(FORMULAS)}"
        )
    wavelength = np.array(wavelength, dtype=float)
    if source == target:
        return wavelength
    if wavelength.size and wavelength.min() < _SHORTEST:
        raise ValueError(
            f"wavelengths start at {wavelength.min():.1f} Å, expected {_SHORTEST:.0f} "
            "Å or more: below, all are vacuum by convention. Cut the spectra first."
        )
    if target == "air":
        return wavelength / _refraction(wavelength, formula)
    vacuum = wavelength
    for _ in range(_ITERATIONS):  # the formulas take vacuum wavelengths
        vacuum = wavelength * _refraction(vacuum, formula)
    return vacuum


def _refraction(vacuum, formula):
    a, b, c, d, e = FORMULAS[formula]
    squared = (1e4 / vacuum) ** 2
    return 1 + a + b / (c - squared) + d / (e - squared)


def to_medium(spectra: Spectra, medium: str, formula: str = "Morton2000") -> Spectra:
    """Return the spectra with their wavelengths in ``medium``, "air" or "vacuum".

    Only the grid changes. The formula is written to ``metadata["medium_formula"]``.
    Raises ValueError as `convert_wavelength` does.
    """
    wavelength = convert_wavelength(spectra.wavelength, spectra.medium, medium, formula)
    if medium == spectra.medium:
        return spectra
    return spectra.replace(
        wavelength=wavelength,
        medium=medium,
        metadata={**spectra.metadata, "medium_formula": formula},
    )
