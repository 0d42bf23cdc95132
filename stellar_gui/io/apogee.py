"""APOGEE apStar files (SDSS-IV): one star, combined and by visit, with its pixel mask.

Our own adapter, because the loader of specutils drops the mask. Rows of the images: 0
is the combination weighted pixel by pixel, 1 weighted by visit, from 2 on the visits; a
star of one visit has no visits beside it. Wavelengths are vacuum and the star at rest.
Data model: data.sdss.org/datamodel/files/APOGEE_REDUX, Nidever et al. (2015, AJ 150,
173).
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from stellar_gui.io.clean import clean_ivar
from stellar_gui.io.fitsfile import is_fits, opened
from stellar_gui.spectra import Spectra

TITLE = "APOGEE apStar (FITS)"
RESOLUTION = 22500.0

PIXMASK_BITS = {
    0: "BADPIX",
    1: "CRPIX",
    2: "SATPIX",
    3: "UNFIXABLE",
    4: "BADDARK",
    5: "BADFLAT",
    6: "BADERR",
    7: "NOSKY",
    8: "LITTROW_GHOST",
    9: "PERSIST_HIGH",
    10: "PERSIST_MED",
    11: "PERSIST_LOW",
    12: "SIG_SKYLINE",
    13: "SIG_TELLURIC",
    14: "NOT_ENOUGH_PSF",
}
"""APOGEE_PIXMASK: what each bit of the mask says of a pixel."""

BAD_BITS = tuple(range(8))
"""Bits that make a pixel bad by default; the others warn, and may be added."""

_COMBINED = {"pixel": 0, "visit": 1}
_LABELS = {"teff": "RV_TEFF", "logg": "RV_LOGG", "fe_h": "RV_FEH"}
_COLUMNS = {"rv": "VHELIO", "rv_sigma": "VERR", "ra": "RA", "dec": "DEC"}


def identify(path: Path) -> bool:
    """Whether this is FITS that lists apVisit or asVisit spectra as its sources."""
    if not is_fits(path):
        return False
    with opened(path) as hdus:
        source = str(hdus[0].header.get("SFILE1", ""))
        return source.startswith(("apVisit", "asVisit"))


def load(
    path: str | Path,
    *,
    combined: str = "pixel",
    visits: bool = False,
    bad_bits: Iterable[int] = BAD_BITS,
) -> Spectra:
    """Read an apStar file: the combined spectrum, and its visits if asked for.

    combined: "pixel" or "visit", how the visits were weighted. visits: each visit
    follows as a star of its own, named id/1, id/2, ... bad_bits: bits of PIXMASK_BITS
    that make a pixel bad. Flux in the file's unit, not normalised; labels are those of
    the survey's velocity fit (RV_TEFF, RV_LOGG, RV_FEH).

    Raises ValueError for images that do not fit together, unknown bits or weighting.
    """
    path = Path(path)
    bad_bits = tuple(bad_bits)
    with opened(path) as hdus:
        header = hdus[0].header
        flux, sigma, mask = _images(hdus, path)
        metadata = _metadata(hdus, path)
    rows = _chosen_rows(flux, combined, visits, path)
    flux, sigma = flux[rows], sigma[rows]
    bad = (mask[rows] & bit_value(bad_bits)) != 0
    # files of before DR17 hold 0 where the chips see nothing, later ones NaN
    ivar = clean_ivar(flux, sigma, bad | (flux == 0))
    labels = [_number(header, card) for card in _LABELS.values()]
    return Spectra(
        wavelength=log_wavelength(header, flux.shape[1]),
        flux=flux,
        ivar=ivar,
        ids=_ids(header, path, rows),
        labels=np.tile(labels, (len(rows), 1)),
        label_names=tuple(_LABELS),
        medium="vacuum",
        resolution=RESOLUTION,
        normalised=False,
        star_data={
            name: np.array([_of_row(header, card, row) for row in rows])
            for name, card in _COLUMNS.items()
        },
        metadata={**metadata, "bad_bits": list(bad_bits)},
    )


def bit_value(bits: Iterable[int]) -> int:
    """Return the integer with these bits set.

    Raises ValueError for a bit that APOGEE_PIXMASK does not have.

    >>> bit_value(range(8))
    255
    """
    value = 0
    for bit in bits:
        if bit not in PIXMASK_BITS:
            raise ValueError(
                f"bit {bit!r} is not in APOGEE_PIXMASK, expected 0 to "
                f"{max(PIXMASK_BITS)}: {', '.join(PIXMASK_BITS.values())}."
            )
        value |= 1 << int(bit)
    return value


def log_wavelength(header, n_pixels: int) -> np.ndarray:
    """(n_pixels,) Angstrom of APOGEE's grid, even in log10 of the wavelength."""
    pixel = np.arange(n_pixels) + 1 - header.get("CRPIX1", 1)
    return 10 ** (header["CRVAL1"] + header["CDELT1"] * pixel)


def _images(hdus, path):
    """Flux, sigma and mask, (n_rows, n_pixels) each, of the first three images."""
    images = [np.atleast_2d(hdu.data) for hdu in hdus[1:4] if hdu.data is not None]
    shapes = [image.shape for image in images]
    if len(images) < 3 or len(set(shapes)) > 1 or images[0].ndim != 2:
        raise ValueError(
            f"{path.name} has images of shapes {shapes}, expected flux, error and mask "
            "of one shape (n_rows, n_pixels) in HDU 1 to 3. Fetch the file again."
        )
    flux, sigma, mask = images
    return flux.astype(float), sigma.astype(float), mask.astype(np.int64)


def _chosen_rows(flux, combined, visits, path):
    if combined not in _COMBINED:
        raise ValueError(
            f"combined is {combined!r}, expected 'pixel' or 'visit': how the visits of "
            "a star are weighted."
        )
    row = _COMBINED[combined]
    if row >= len(flux) or not np.nan_to_num(flux[row]).any():
        raise ValueError(
            f"{path.name} has no flux in row {row} (combined by {combined}); a star of "
            "one visit has only row 0. Read it with combined='pixel'."
        )
    return [row, *range(2, len(flux))] if visits else [row]


def _ids(header, path, rows):
    name = str(header.get("OBJID", path.stem)).strip()
    return [name if row < 2 else f"{name}/{row - 1}" for row in rows]


def _of_row(header, card, row):
    """A number of the header: of the visit where the row is one and has its own."""
    own = f"{card}{row - 1}"
    return _number(header, own if row >= 2 and own in header else card)


def _number(header, card):
    """A number of the header; NaN for none and for the survey's -9999."""
    value = header.get(card, np.nan)
    return float(value) if value > -9998 else np.nan


def _metadata(hdus, path):
    return {
        "source": path.name,
        "format": TITLE,
        "flux_unit": str(hdus[1].header.get("BUNIT", "")),
        "n_visits": int(hdus[0].header.get("NVISITS", 0)),
        "star_data_units": {
            "rv": "km/s",
            "rv_sigma": "km/s",
            "ra": "deg",
            "dec": "deg",
        },
    }
