"""Mock stars of a few hundred made-up lines, five of them odd in a known way each."""

import numpy as np

from stellar_gui.models import Cannon
from stellar_gui.spectra import Spectra

LABEL_NAMES = ("teff", "logg", "fe_h")
CENTRE = np.array([5000.0, 3.0, -0.2])
SPREAD = np.array([300.0, 0.6, 0.3])
SIGMA = np.array([40.0, 0.1, 0.04])
N_PIXELS = 1500
WAVELENGTH = 5000.0 * np.exp(1.5e-5 * np.arange(N_PIXELS))
ODD = {
    "binary": 20,
    "continuum": 60,
    "missing": 100,
    "emission": 140,
    "outside": 180,
}


def noise_free(labels):
    """Flux (n_stars, 1500) of labels (n_stars, 3)."""
    rng = np.random.default_rng(8)
    scaled = (labels - CENTRE) / SPREAD
    flux = np.ones((len(labels), N_PIXELS))
    pixel = np.arange(N_PIXELS)
    for centre in rng.uniform(0, N_PIXELS, 70):
        depth = rng.uniform(0.1, 0.4) * np.exp(scaled @ rng.normal(0, 0.12, 3))
        flux -= depth[:, None] * np.exp(-0.5 * ((pixel - centre) / 1.8) ** 2)
    return flux


def mock_stars(n_stars, seed, odd=False, snr=(60, 150)):
    """Spectra with catalogue labels; with ``odd`` those of `ODD` are spoilt."""
    rng = np.random.default_rng(seed)
    labels = CENTRE + SPREAD * rng.uniform(-1, 1, (n_stars, 3))
    if odd:
        labels[ODD["outside"]] = CENTRE + SPREAD * [2.6, -2.6, 2.6]
    flux = noise_free(labels)
    if odd:
        _spoil(flux)
    snr = rng.uniform(*snr, n_stars)
    ivar = np.repeat(snr[:, None] ** 2, N_PIXELS, axis=1)
    flux = flux + rng.normal(size=flux.shape) / np.sqrt(ivar)
    ivar[rng.random(ivar.shape) < 0.01] = 0.0
    return Spectra(
        WAVELENGTH,
        flux,
        ivar,
        ids=[f"mock-{k:03d}" for k in range(n_stars)],
        labels=labels + SIGMA * rng.normal(size=labels.shape),
        labels_sigma=np.tile(SIGMA, (n_stars, 1)),
        label_names=LABEL_NAMES,
        medium="air",
        star_data={"snr": snr},
    )


def _spoil(flux):
    """Make five stars odd, in place: the array is the caller's own draft."""
    binary = flux[ODD["binary"]]
    flux[ODD["binary"]] = 0.65 * binary + 0.35 * np.roll(binary, 15)
    flux[ODD["continuum"]] *= 1 + 0.04 * np.sin(np.linspace(0, 9, N_PIXELS))
    flux[ODD["missing"], 700:800] = 1.0
    bump = np.exp(-0.5 * ((np.arange(N_PIXELS) - 1200) / 2.0) ** 2)
    flux[ODD["emission"]] += 0.25 * bump


def mock_cannon():
    """A Cannon that knows these stars, without the odd ones."""
    return Cannon.train(mock_stars(300, seed=3), LABEL_NAMES)
