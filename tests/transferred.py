"""A transferred model of a few numbers, whose scores can be worked out by hand.

Nature adds a pattern of missing lines to what the emulator knows, and a nuisance times
a second pattern. `Transferred` may know all of it, or less.
"""

import numpy as np
import torch

from stellar_gui.models.autoencoder import Latents
from stellar_gui.spectra import Spectra

N_PIXELS = 60
LABEL_NAMES = ("teff", "fe_h", "mg_h")
WAVELENGTH = 5000.0 + 0.1 * np.arange(N_PIXELS)
_CENTRE = torch.tensor([5000.0, 0.0, 0.0], dtype=torch.float64)
_WIDTH = torch.tensor([400.0, 0.3, 0.3], dtype=torch.float64)


def _pattern(seed, n=None):
    shape = (N_PIXELS,) if n is None else (n, N_PIXELS)
    return torch.tensor(np.random.default_rng(seed).normal(size=shape))


SLOPES = 0.06 * _pattern(1, 3)
MISSING = 0.05 * _pattern(2)  # what the synthetic domain lacks, in every star
HIDDEN = 0.02 * _pattern(3)  # what it lacks in proportion to [Mg/H]
NUISANCE = 0.02 * _pattern(4)


def random_labels(n_stars, seed=0):
    """Labels (n_stars, 3), drawn around a centre."""
    draw = np.random.default_rng(seed).normal(size=(n_stars, 3))
    return _CENTRE.numpy() + _WIDTH.numpy() * draw


class Emulator:
    """Flux linear in the labels."""

    kind = "lines"
    label_names = LABEL_NAMES
    wavelength = torch.tensor(WAVELENGTH)
    medium = "air"
    resolution = 25000.0
    label_ranges = torch.stack([_CENTRE - 5 * _WIDTH, _CENTRE + 5 * _WIDTH], 1)

    def __call__(self, labels):
        return 1.0 + (labels - _CENTRE) / _WIDTH @ SLOPES


class Networks:
    """Of `Autoencoders`, what scores ask for."""

    def filled(self, flux, good):
        return torch.where(good, flux, 1.0)

    def decode(self, latents, domain):
        assert domain == "obs"
        z, split = latents
        return 1.0 + z @ SLOPES + z[:, 2:] * HIDDEN + MISSING + split * NUISANCE


class Transferred(Emulator):
    """The emulator plus the parts of nature that ``knows`` names.

    "missing", "hidden", "nuisance"; "leak" takes the hidden part from z_split, which is
    then [Mg/H] itself; "lost" forgets what the emulator knows of [Mg/H].
    """

    def __init__(self, knows=("missing", "hidden", "nuisance"), training_labels=None):
        self.emulator, self.networks = Emulator(), Networks()
        self.knows = set(knows)
        labels = random_labels(2000, 99) if training_labels is None else training_labels
        self.training_labels = torch.as_tensor(labels)
        self.offsets = torch.zeros(3, dtype=torch.float64)

    def __call__(self, labels, nuisance=None):
        flux = self.emulator(labels)
        split = torch.zeros(len(labels), 1) if nuisance is None else nuisance
        return self.transfer(flux, split)

    def transfer(self, flux_synth, z_split):
        flux = flux_synth.double()
        if "hidden" in self.knows:
            flux = flux + self._scaled(flux, torch.zeros(N_PIXELS))[:, 2:] * HIDDEN
        if "lost" in self.knows:  # the flux of [Mg/H] = 0
            flux = flux - self._scaled(flux, torch.zeros(N_PIXELS))[:, 2:] * SLOPES[2]
        if "missing" in self.knows:
            flux = flux + MISSING
        if "leak" in self.knows:
            return flux + z_split * HIDDEN
        return flux + z_split * NUISANCE if "nuisance" in self.knows else flux

    def obs_to_synth(self, flux_obs):
        return 1.0 + self.encode(flux_obs, "obs").z_shared @ SLOPES

    def encode(self, flux, domain):
        if domain == "synth":
            return Latents(self._scaled(flux.double(), torch.zeros(N_PIXELS)), None)
        z = self._solved(flux)
        return Latents(z[:, :3], z[:, 2:3] if "leak" in self.knows else z[:, 3:])

    def own_nuisance(self, spectra):
        flux, good = torch.tensor(spectra.flux), torch.tensor(spectra.good)
        return self.encode(self.networks.filled(flux, good), "obs").z_split

    def _scaled(self, flux, extra):
        away = flux - 1.0 - extra
        return torch.linalg.lstsq(SLOPES.T, away.T).solution.T

    def _solved(self, flux):
        """Scaled labels and nuisance of an observation, by least squares."""
        parts = torch.cat([SLOPES[:2], SLOPES[2:] + HIDDEN, NUISANCE[None]])
        away = flux.double() - 1.0 - MISSING
        return torch.linalg.lstsq(parts.T, away.T).solution.T


def observe(n_stars=120, seed=5, snr=500.0):
    """Return observed `Spectra`, their true labels and true flux."""
    rng = np.random.default_rng(seed)
    labels = random_labels(n_stars, seed + 1)
    nature = Transferred()
    split = torch.tensor(rng.normal(0.0, 1.0, (n_stars, 1)))
    flux = nature(torch.tensor(labels), split).numpy()
    noise = rng.normal(size=flux.shape) / snr
    ivar = np.full(flux.shape, snr**2)
    spectra = Spectra(
        WAVELENGTH,
        flux + noise,
        ivar,
        medium="air",
        labels=labels,
        label_names=LABEL_NAMES,
    )
    return spectra, labels, flux
