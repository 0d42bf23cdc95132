"""A survey on the pixels of `small_transfer`, and that model: both domains at once."""

import numpy as np
import torch

from stellar_gui.models import CycleStarNet
from stellar_gui.spectra import Spectra
from tests.small_transfer import HIGH, LOW, NAMES, small_transfer

NOISE = 0.01


def _labels(n, seed):
    return np.random.default_rng(seed).uniform(LOW, HIGH, (n, len(NAMES)))


def wide_transfer(n=60, seed=7) -> CycleStarNet:
    """`small_transfer`, trained as if on ``n`` stars."""
    return small_transfer(training_labels=torch.tensor(_labels(n, seed)))


def small_domains(n=60, seed=8, prefix="star") -> Spectra:
    """``n`` observed stars: those of the model, with noise and with bad pixels."""
    model, labels = wide_transfer(), _labels(n, seed)
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        flux = model(torch.tensor(labels)).numpy()
    ivar = np.full(flux.shape, NOISE**-2)
    ivar[rng.random(flux.shape) < 0.01] = 0.0
    return Spectra(
        model.wavelength.numpy(),
        flux + rng.normal(0, NOISE, flux.shape),
        ivar,
        ids=[f"{prefix}-{k:04d}" for k in range(n)],
        labels=labels,
        label_names=NAMES,
        medium=model.medium,
        resolution=model.resolution,
        star_data={"snr": np.full(n, 1 / NOISE)},
    )
