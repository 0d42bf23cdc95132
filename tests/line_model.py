"""A small spectral model of a few lines: the truth that tests of fits know exactly."""

from typing import ClassVar

import numpy as np
import torch

from stellar_gui import Spectra
from stellar_gui.models.blocks import Nuisance

STEP = 1.0 / 67500.0  # in ln(wavelength)
STARTS, LENGTHS = (4800.0, 5680.0), (260, 300)


def log_grid(starts=STARTS, lengths=LENGTHS, step=STEP):
    """Pieces of logarithmic pixels with a gap between them, Angstrom."""
    pieces = [
        a * np.exp(np.arange(n) * step) for a, n in zip(starts, lengths, strict=True)
    ]
    return np.concatenate(pieces)


class LineModel:
    """Gaussian lines whose depth follows teff, fe_h and mg_h along a curve of growth.

    With ``nuisance`` a common factor of all depths is fitted beside the labels.
    """

    kind = "lines"
    label_names = ("teff", "fe_h", "mg_h")
    medium = "air"
    resolution = 25000.0
    width: ClassVar[float] = 1.2 / 25000.0 / 2.3548

    def __init__(self, wavelength=None, nuisance=False, n_lines=40, seed=2):
        rng = np.random.default_rng(seed)
        grid = log_grid() if wavelength is None else wavelength
        self.wavelength = torch.tensor(grid)
        self.label_ranges = torch.tensor([[4200.0, 6500.0], [-1.5, 0.5], [-2.1, 1.1]])
        spans = [
            (a, a * np.exp(n * STEP)) for a, n in zip(STARTS, LENGTHS, strict=True)
        ]
        centres = np.concatenate(
            [rng.uniform(a * 0.9995, b * 1.0005, n_lines // 2) for a, b in spans]
        )
        self.centres = torch.tensor(np.log(centres))
        self.strength = torch.tensor(rng.uniform(-1.5, 1.0, n_lines))
        self.warmth = torch.tensor(rng.uniform(-2.0, 0.3, n_lines))
        self.is_iron = torch.tensor(rng.random(n_lines) < 0.6)
        if nuisance:
            self.nuisance = Nuisance(("depth",), torch.zeros(1), torch.full((1,), 0.1))

    def __call__(self, labels, nuisance=None):
        labels = labels.double()
        warm = (labels[:, :1] - 5000.0) / 1000.0
        abundance = torch.where(self.is_iron, labels[:, 1:2], labels[:, 2:3])
        tau = torch.exp(self.strength + self.warmth * warm + 2.3 * abundance)
        depth = 0.75 * tau / (1.0 + tau)
        if nuisance is not None:
            depth = depth * (1.0 + nuisance)
        return 1.0 - depth @ self._profiles(self.wavelength.log())

    def moved(self, labels, velocity):
        """The exact spectra (n_stars, n_pixels) of stars receding at km/s."""
        spectra = []
        for label, v in zip(labels, velocity, strict=True):
            copy = LineModel.__new__(LineModel)
            copy.__dict__ |= self.__dict__
            copy.wavelength = self.wavelength * np.exp(-np.arctanh(v / 299792.458))
            spectra.append(copy(label[None])[0])
        return torch.stack(spectra).numpy()

    def _profiles(self, log_wavelength):
        x = (log_wavelength - self.centres[:, None]) / self.width
        return torch.exp(-0.5 * x**2)


def random_labels(model, n, seed=0, part=0.7):
    """Labels (n, 3) in the inner ``part`` of the ranges, [Mg/Fe] within 0.3."""
    rng = np.random.default_rng(seed)
    low, high = model.label_ranges.numpy().T
    middle, half = (low + high) / 2, part * (high - low) / 2
    labels = rng.uniform(middle - half, middle + half, (n, 3))
    labels[:, 2] = labels[:, 1] + rng.uniform(-0.3, 0.3, n)
    return labels


def observed(model, labels, velocity=None, snr=100.0, seed=1):
    """Noisy `Spectra` of stars with these labels and velocities in km/s."""
    rng = np.random.default_rng(seed)
    labels = torch.as_tensor(labels)
    velocity = np.zeros(len(labels)) if velocity is None else velocity
    flux = model.moved(labels, velocity)
    flux = flux + rng.standard_normal(flux.shape) / snr
    ivar = np.full(flux.shape, snr**2)
    return Spectra(model.wavelength.numpy(), flux, ivar, medium=model.medium)
