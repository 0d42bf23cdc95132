"""Air and vacuum wavelengths, by formulas with a name (from specutils)."""

import numpy as np

from stellar_gui.spectra import MEDIA, Spectra

FORMULAS = (
    "Morton2000",
    "Edlen1953",
    "Edlen1966",
    "PeckReeder1972",
    "Ciddor1996",
    "Greisen2006",
)
"""Refraction of air: Morton (2000, ApJS 130, 403), the default, is the one of VALD."""

_SHORTEST = 2000.0  # Angstrom; below, wavelengths are vacuum by convention


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
    # specutils takes two seconds to import, and few sessions need it
    from astropy import units
    from specutils.utils import wcs_utils

    given = wavelength * units.AA
    if target == "vacuum":
        # the exact inverse of the other direction, not the usual approximation
        converted = wcs_utils.air_to_vac(given, scheme="iteration", method=formula)
    else:
        converted = wcs_utils.vac_to_air(given, method=formula)
    return converted.to_value(units.AA)


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
