"""One spectrum in a FITS image of one axis, wavelengths from its header.

Linear and logarithmic axes: CRVAL1, CRPIX1, CDELT1 or CD1_1, and CTYPE1 or IRAF's
DC-FLAG (Greisen et al. 2006, A&A 446, 747, for CTYPE ``WAVE``, ``AWAV``, ``-LOG``).
"""

from pathlib import Path

import numpy as np

from stellar_gui.io.fitsfile import is_fits, opened
from stellar_gui.io.onedim import (
    assumed_unit,
    make_spectrum,
    sigma_from_ivar,
    sigma_from_variance,
    to_angstrom,
)
from stellar_gui.spectra import Spectra

TITLE = "1-D FITS image with a linear or logarithmic wavelength axis"

_SIGMA_NAMES = ("ERR", "SIG", "UNC", "STD", "NOISE")
_MEDIUM_CARDS = ("AIRORVAC", "MEDIUM", "WAVEMED")


def identify(path: Path) -> bool:
    """Whether this is FITS with an image of one axis."""
    if not is_fits(path):
        return False
    with opened(path) as hdus:
        return any(_is_line(hdu) for hdu in hdus)


def load(
    path: str | Path,
    *,
    medium: str | None = None,
    resolution: float | None = None,
    normalised: bool | None = None,
    snr: float | None = None,
) -> Spectra:
    """Read the first image of one axis, and its errors where an image holds them.

    Errors are an image of the same length whose EXTNAME begins with ERR, SIG, UNC, STD
    or NOISE (standard deviations), VAR or IVAR. medium and resolution: None takes them
    from the header; what no header says is assumed, see `onedim`. snr: used where there
    are no errors.

    Raises ValueError for a header without a wavelength axis, or with an unknown one.
    """
    path = Path(path)
    with opened(path) as hdus:
        lines = [hdu for hdu in hdus if _is_line(hdu)]
        if not lines:
            raise ValueError(
                f"{path.name} has no image of one axis, expected a 1-D spectrum. "
                "Extract it first, or convert it to a table."
            )
        header = hdus[0].header.copy()
        header.update(lines[0].header)
        flux = np.asarray(lines[0].data, float).ravel()
        sigma = _sigma(lines[1:], flux.shape)
    wavelength = header_wavelength(header, len(flux), path.name)
    assumed = assumed_unit(wavelength, header.get("CUNIT1"))
    return make_spectrum(
        wavelength,
        flux,
        sigma,
        name=str(header.get("OBJECT") or path.stem).strip(),
        medium=medium or header_medium(header),
        resolution=resolution or _resolution(header),
        normalised=normalised,
        snr=snr,
        metadata={"source": path.name, "format": TITLE, "assumed": assumed},
    )


def header_wavelength(header, n_pixels: int, name: str) -> np.ndarray:
    """(n_pixels,) Angstrom from the cards of a linear or logarithmic axis."""
    step = header.get("CDELT1", header.get("CD1_1"))
    if "CRVAL1" not in header or not step:
        raise ValueError(
            f"{name} has no wavelength axis: expected the cards CRVAL1 and CDELT1 (or "
            "CD1_1). Convert it to a table with the columns wavelength, flux, error."
        )
    first = header["CRVAL1"]
    offset = (np.arange(n_pixels) + 1 - header.get("CRPIX1", 1)) * step
    kind = str(header.get("CTYPE1", "")).upper().strip()
    if kind.endswith("-LOG"):
        axis = first * np.exp(offset / first)
    elif header.get("DC-FLAG") == 1 or "LOG" in kind:
        axis = 10.0 ** (first + offset)
    else:
        axis = first + offset
    return to_angstrom(axis, header.get("CUNIT1"), name)


def header_medium(header) -> str | None:
    """ "air" or "vacuum" as CTYPE1 or a card of its own says, None if none does."""
    kind = str(header.get("CTYPE1", "")).upper()
    if kind.startswith("AWAV"):
        return "air"
    said = " ".join(str(header.get(card, "")) for card in _MEDIUM_CARDS).lower()
    if header.get("VACUUM") in (True, 1) or kind.startswith("WAVE") or "vac" in said:
        return "vacuum"
    return "air" if "air" in said or header.get("VACUUM") in (False, 0) else None


def _is_line(hdu):
    shape = getattr(hdu, "shape", ()) if hdu.is_image else ()
    return len(shape) >= 1 and shape[-1] > 1 and all(n == 1 for n in shape[:-1])


def _sigma(lines, shape):
    """Standard deviations from the image that holds them in any form, or None."""
    for hdu in lines:
        name = hdu.name.upper()
        values = np.asarray(hdu.data, float).ravel()
        if values.shape != shape:
            continue
        if name.startswith(_SIGMA_NAMES):
            return values
        if name.startswith("VAR"):
            return sigma_from_variance(values)
        if name.startswith("IVAR"):
            return sigma_from_ivar(values)
    return None


def _resolution(header):
    for card in ("SPEC_RES", "RESOLUTI", "SPECRES", "R"):
        value = header.get(card)
        if isinstance(value, (int, float)) and value > 100:
            return float(value)
    return None
