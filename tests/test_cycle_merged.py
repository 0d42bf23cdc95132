"""The merged training step against the plain one: the same losses, the same weights."""

import dataclasses

import numpy as np
import pytest
import torch

from stellar_gui import Spectra
from stellar_gui.models.payne import Payne, untrained
from stellar_gui.training.cycle_settings import PRESETS
from stellar_gui.training.cycle_starnet import CycleStarNetTrainer
from tests.plain_cycle_step import PlainStep

NAMES = ("teff", "logg", "fe_h")
N_PIXELS = 300
PLAIN = {  # what the plain step knows nothing of
    "pretraining_steps": 0,
    "link": "decode",
    "jacobian": 0.0,
    "gradient_penalty": 0.0,
    "split_noise": 0.0,
    "autocast": False,
    "warm_up": 0,
}

SLIM = (  # the published layers with fewer channels
    ("outer", (8, 16)),
    ("inner", (16, 24, 32)),
    ("split_inner", (8, 8, 8)),
    ("critic_flux", (4, 8, 8, 16, 16)),
    ("critic_latent", (8, 8, 16, 16, 32)),
)
NETWORKS = {"paper": {"network": SLIM}, "demo": {}}


def emulator(n_pixels=N_PIXELS) -> Payne:
    """Spectra with a continuum of one and random features."""
    rng = np.random.default_rng(0)
    labels = rng.uniform([4000, 1, -1], [6500, 5, 0.5], (200, 3))
    model = untrained(NAMES, labels, 5000.0 + 0.1 * np.arange(n_pixels), n_hidden=20)
    lines = 0.05 * torch.randn(n_pixels, 20, generator=torch.Generator().manual_seed(0))
    layers = model.network._replace(weight3=lines, bias3=torch.ones(n_pixels))
    tensors = model.to_tensors() | layers._asdict()
    tensors["training_labels"] = torch.tensor(labels)
    return Payne.from_tensors(tensors, model.header())


def observed(model: Payne, n_stars=40, seed=1) -> Spectra:
    """Noisy spectra of the emulator, some pixels bad and some of a large sigma."""
    rng = np.random.default_rng(seed)
    labels = model.training_labels[:n_stars]
    flux = model(labels).numpy().astype(np.float64)
    ivar = rng.choice([0.0, 100.0, 1e4, 1e6], flux.shape, p=[0.05, 0.05, 0.6, 0.3])
    flux += rng.normal(size=flux.shape) * 0.01
    return Spectra(model.wavelength.numpy(), flux, ivar, medium=model.medium)


def new_trainer(preset, n_pixels=N_PIXELS, seed=0, **changes) -> CycleStarNetTrainer:
    model = emulator(n_pixels)
    settings = dataclasses.replace(PRESETS[preset], **changes)
    spectra = observed(model)
    return CycleStarNetTrainer(
        model, spectra[:30], spectra[30:], settings=settings, seed=seed
    )


@pytest.mark.parametrize("preset", ["paper", "demo"])
def test_the_merged_step_has_the_losses_of_the_plain_one(preset):
    trainer = new_trainer(preset, **PLAIN, **NETWORKS[preset])
    plain = PlainStep(trainer)
    batches = [trainer._batch() for _ in range(4)]
    trainer._batch = iter(batches).__next__
    tolerances = [1e-5, 1e-3, 1e-3, 1e-3]  # updates multiply what rounding differs
    for batch, tolerance in zip(batches, tolerances, strict=True):
        merged, expected = trainer.step(), plain(batch)
        assert len(expected) == 8
        for name, loss in expected.items():
            assert merged[name] == pytest.approx(loss, rel=tolerance), name


@pytest.mark.parametrize("preset", ["paper", "demo"])
def test_the_merged_step_moves_every_weight_as_the_plain_one(preset):
    trainer = new_trainer(preset, **PLAIN, **NETWORKS[preset])
    plain = PlainStep(trainer)
    batch = trainer._batch()
    trainer._batch = lambda: batch
    trainer.step()
    plain(batch)
    for ours, theirs in (
        (trainer.networks, plain.networks),
        (trainer.critics, plain.critics),
    ):
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            # rounding carries some features over the kink of a rectifier, and is all
            # that biases under an instance norm feel
            allowed = 1e-2 * float(b.grad.norm()) + 1e-4
            assert float((a.grad - b.grad).norm()) < allowed
