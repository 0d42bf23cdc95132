"""The spectrum of one star with its fits as a table, pixel by pixel."""

from collections.abc import Mapping

import numpy as np
from astropy.table import Column, Table

from stellar_gui import __version__
from stellar_gui.analysis.residuals import residual_zscore
from stellar_gui.fitting.result import FitResult
from stellar_gui.io.ecsv import table_text
from stellar_gui.spectra import Spectra


def spectrum_table(star: Spectra, fits: Mapping[str, FitResult]) -> Table:
    """Return one row for each pixel of a container of one star.

    Columns wavelength (Angstrom), flux, sigma (NaN where bad), and for each fit by name
    its flux and z-score. The table's metadata name the star, the medium and the labels.
    """
    good = star.ivar[0] > 0
    sigma = np.full(star.n_pixels, np.nan)
    sigma[good] = star.ivar[0][good].astype(float) ** -0.5
    table = Table()
    table["wavelength"] = Column(
        star.wavelength, unit="Angstrom", description=star.medium
    )
    table["flux"] = star.flux[0]
    table["sigma"] = sigma
    labels = {}
    for name, fit in fits.items():
        key = name.lower().replace(" ", "_").replace("-", "_")
        zscore = residual_zscore(star.flux, star.ivar, fit.model_flux, fit.model_sigma)
        table[f"{key}_flux"] = fit.model_flux[0]
        table[f"{key}_zscore"] = zscore[0]
        labels[name] = dict(zip(fit.label_names, fit.labels[0].tolist(), strict=True))
    table.meta = {
        "star": str(star.ids[0]),
        "medium": star.medium,
        "normalised": bool(star.normalised),
        "labels": labels,
        "stellar_gui": __version__,
    }
    return table


def spectrum_text(star: Spectra, fits: Mapping[str, FitResult]) -> str:
    """Return `spectrum_table` as the text of an ECSV file."""
    return table_text(spectrum_table(star, fits))
