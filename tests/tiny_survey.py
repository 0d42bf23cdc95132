"""A survey file on which a training takes no time."""

import numpy as np

from stellar_gui import Spectra, write_spectra


def write_tiny_survey(path, n_stars=60):
    """Write spectra of one line, whose depth is the temperature's; return the path."""
    rng = np.random.default_rng(3)
    labels = np.c_[rng.normal(5000, 200, n_stars), rng.normal(2.5, 0.4, n_stars)]
    wavelength = np.arange(5000.0, 5030.0)
    line = np.exp(-((wavelength - 5015) ** 2) / 9)
    flux = 1 - 1e-4 * (labels[:, :1] - 4000) * line
    spectra = Spectra(
        wavelength,
        flux + rng.normal(0, 1e-3, flux.shape),
        np.full(flux.shape, 1e6),
        labels=labels,
        label_names=("teff", "logg"),
    )
    write_spectra(path, spectra)
    return path


TINY_PAYNE = {"hidden": 6, "components": 4, "taught": 0, "batch_size": 8}
"""Options of a Payne that such a survey can feed."""
