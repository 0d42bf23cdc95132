"""A survey that takes no time: quadratic spectra of made-up lines, in two pieces."""

import numpy as np

from stellar_gui.models import Cannon
from stellar_gui.spectra import Spectra

LABEL_NAMES = ("teff", "logg", "fe_h", "mg_h")
CENTRE = np.array([5000.0, 3.0, -0.2, -0.1])
SPREAD = np.array([400.0, 0.8, 0.3, 0.3])
SIGMA = np.array([40.0, 0.1, 0.03, 0.04])


def wavelength():
    """(240,) Angstrom: two pieces with a gap."""
    return np.concatenate([5200 + 0.1 * np.arange(140), 5300 + 0.1 * np.arange(100)])


def noise_free(labels):
    """Flux (n_stars, 240) of labels (n_stars, 4)."""
    rng = np.random.default_rng(7)
    grid, scaled = wavelength(), (labels - CENTRE) / SPREAD
    flux = np.ones((len(labels), len(grid)))
    for center in rng.uniform(grid[0], grid[-1], 60):
        slopes = rng.normal(0, 0.025, 4)
        depth = 0.2 + scaled @ slopes + 0.01 * (scaled**2) @ np.sign(slopes)
        flux -= depth[:, None] * np.exp(-0.5 * ((grid - center) / 0.25) ** 2)
    return flux


def small_survey(n_stars=80, seed=1, prefix="star", medium="air"):
    """Spectra of ``n_stars`` stars of known labels at S/N 60 to 150."""
    rng = np.random.default_rng(seed)
    labels = CENTRE + SPREAD * rng.uniform(-1, 1, (n_stars, 4))
    snr = rng.uniform(60, 150, n_stars)
    flux = noise_free(labels)
    ivar = np.repeat(snr[:, None] ** 2, flux.shape[1], axis=1)
    flux = flux + rng.normal(size=flux.shape) / np.sqrt(ivar)
    ivar[rng.random(ivar.shape) < 0.01] = 0.0
    return Spectra(
        wavelength(),
        flux,
        ivar,
        ids=[f"{prefix}-{k:04d}" for k in range(n_stars)],
        labels=labels + SIGMA * rng.normal(size=labels.shape),
        labels_sigma=np.tile(SIGMA, (n_stars, 1)),
        label_names=LABEL_NAMES,
        medium=medium,
        resolution=20000.0,
        star_data={"snr": snr, "rv": rng.normal(0, 0.2, n_stars)},
    )


def small_cannon(order=2, label_names=LABEL_NAMES):
    """A Cannon trained on another draw of the survey."""
    return Cannon.train(small_survey(300, seed=2), label_names, order=order)
