"""Two domains that Cycle-StarNet learns in seconds: lines, some of them missing."""

import functools

import numpy as np
import torch

from stellar_gui import Spectra
from stellar_gui.models import Payne
from stellar_gui.training.payne import PayneTrainer
from tests.line_model import LineModel, random_labels


class Incomplete(LineModel):
    """The same lines, a part of them missing, as line lists are."""

    def __init__(self):
        super().__init__()
        self.strength = self.strength.clone()
        self.strength[::4] = -12.0


def synthetic(n, seed):
    model = Incomplete()
    labels = random_labels(model, n, seed)
    flux = model(torch.tensor(labels)).numpy()
    return spectra_of(model, flux, np.full(flux.shape, 1e8), labels)


def observed(n, seed):
    """Spectra of nature, noisy and with holes, under other labels than the emulator's;
    and the truth without noise."""
    model, rng = LineModel(), np.random.default_rng(seed)
    labels = random_labels(model, n, seed + 100)
    truth = model(torch.tensor(labels)).numpy()
    ivar = np.full(truth.shape, 1e4) * (rng.random(truth.shape) > 0.03)
    flux = truth + 0.01 * rng.standard_normal(truth.shape)
    flux[ivar == 0] = np.nan
    return spectra_of(model, flux, ivar, None), labels, truth


def spectra_of(model, flux, ivar, labels):
    return Spectra(
        model.wavelength.numpy(),
        flux,
        ivar,
        labels=labels,
        label_names=() if labels is None else model.label_names,
        medium=model.medium,
        resolution=model.resolution,
    )


@functools.cache
def trained_emulator() -> Payne:
    """A Payne of the incomplete lines."""
    trainer = PayneTrainer(
        synthetic(600, 0), synthetic(100, 1), steps=800, n_taught=0, n_components=20
    )
    for _ in range(trainer.total_steps):
        trainer.step()
    return trainer.model()
