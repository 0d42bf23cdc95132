"""Bring spectra to a model's grid: medium, resolution and pixels, in this order."""

from stellar_gui.preprocess.medium import to_medium
from stellar_gui.preprocess.resample import resample
from stellar_gui.preprocess.resolution import degrade
from stellar_gui.spectra import Spectra


def match(
    spectra: Spectra, wavelength, *, medium: str, resolution: float | None = None
) -> Spectra:
    """Return the spectra in ``medium``, at ``resolution``, on the grid ``wavelength``.

    wavelength (n_new,), Angstrom in ``medium``. The resolution changes only where the
    spectra have a known one that is higher. Velocity and continuum are left alone.
    Raises ValueError as `to_medium` and `resample` do.
    """
    spectra = to_medium(spectra, medium)
    known = spectra.resolution is not None and resolution is not None
    if known and spectra.resolution > resolution:
        spectra = degrade(spectra, resolution)
    return resample(spectra, wavelength)
