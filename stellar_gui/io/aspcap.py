"""APOGEE aspcapStar files (SDSS-IV): normalised spectrum, error and ASPCAP's best fit.

HDU 1 flux, 2 error, 3 best-fit spectrum, 4 table of the fit (García Pérez et al. 2016,
AJ 151, 144). There is no pixel mask: ASPCAP's bad pixels have large errors.
"""

from pathlib import Path

import numpy as np

from stellar_gui.io.apogee import RESOLUTION, log_wavelength
from stellar_gui.io.clean import clean_ivar
from stellar_gui.io.fitsfile import is_fits, opened
from stellar_gui.spectra import Spectra

TITLE = "APOGEE aspcapStar (FITS)"
_LARGEST_SIGMA = 1.0
"""Of normalised flux: the pipeline marks what it did not use with errors far above."""


def identify(path: Path) -> bool:
    """Whether this is FITS whose last table has the column ASPCAPFLAG."""
    if not is_fits(path):
        return False
    with opened(path) as hdus:
        return len(hdus) > 4 and "ASPCAPFLAG" in _column_names(hdus[-1])


def load(path: str | Path) -> Spectra:
    """Read the normalised spectrum of one star; ``star_data["aspcap_flux"]`` its fit.

    Labels are PARAM's Teff, log g and [M/H] where the table has them. Raises ValueError
    for images that do not fit together.
    """
    path = Path(path)
    with opened(path) as hdus:
        images = [np.atleast_2d(hdu.data).astype(float) for hdu in hdus[1:4]]
        if len({image.shape for image in images}) > 1 or images[0].shape[0] != 1:
            raise ValueError(
                f"{path.name} has images of shapes {[i.shape for i in images]}, "
                "expected flux, error and best fit of one row each. Fetch it again."
            )
        header = hdus[0].header.copy()
        header.update(hdus[1].header)
        table = hdus[-1].data[:1]
    flux, sigma, best_fit = images
    return Spectra(
        wavelength=log_wavelength(header, flux.shape[1]),
        flux=flux,
        ivar=clean_ivar(flux, sigma, (flux <= 0) | (sigma > _LARGEST_SIGMA)),
        ids=[_name(table, path)],
        medium="vacuum",
        resolution=RESOLUTION,
        star_data={"aspcap_flux": best_fit},
        metadata={"source": path.name, "format": TITLE},
        **_labels(table),
    )


def _column_names(hdu):
    return [] if hdu.is_image else [name.upper() for name in hdu.columns.names]


def _name(table, path):
    names = {name.upper(): name for name in table.names}
    if "APOGEE_ID" in names:
        return str(table[names["APOGEE_ID"]][0]).strip()
    return path.stem


def _labels(table):
    """Teff, log g and [M/H] of columns of their own; NaN for the survey's -9999."""
    columns = {"teff": "TEFF", "logg": "LOGG", "m_h": "M_H"}
    names = {name.upper(): name for name in table.names}
    if not set(columns.values()) <= set(names):
        return {}
    values = np.array([[table[names[column]][0] for column in columns.values()]], float)
    values[values < -9998] = np.nan
    return {"labels": values, "label_names": tuple(columns)}
