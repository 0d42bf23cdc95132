"""Fits through Cycle-StarNet beside fits through its emulator.

The sample's emulator, dense networks of the demo preset and stars of the sample survey,
25 labels, three ``z_split`` and a velocity; in turns in one process, one thread, CPU
seconds. The time hardly depends on what the networks have learnt, so they are untrained
but tied. Bars: at most twice the emulator's own fit a star; a Jacobian of labels and
``z_split`` at most four times the emulator's for the labels.
"""

import os
import sys
import time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
import torch

from stellar_gui.fitting import fit_labels
from stellar_gui.io import read_spectra
from stellar_gui.models import CycleStarNet, load_model
from stellar_gui.models.autoencoder import build_autoencoders
from stellar_gui.models.cycle_starnet import split_prior
from stellar_gui.models.dense import dense_config
from stellar_gui.paths import sample_data

ROUNDS, STARS = 5, 64
FIT_BAR, JACOBIAN_BAR = 2.0, 4.0


def main():
    """Print milliseconds a star and their ratios."""
    torch.set_num_threads(1)
    emulator = load_model(sample_data() / "models" / "payne.safetensors")
    stars = read_spectra(sample_data() / "survey" / "observed.h5")[:STARS]
    model = transfer(emulator, stars)
    labels = emulator.training_labels[:STARS]
    split = model.nuisance.mean.expand(STARS, -1)
    fits = compared(
        lambda: fit_labels(model, stars), lambda: fit_labels(emulator, stars)
    )
    jacobians = compared(
        lambda: model.jacobian(labels, split), lambda: emulator.jacobian(labels)
    )
    missed = []
    for name, (through, plain), bar in (
        ("fit", fits, FIT_BAR),
        ("Jacobian", jacobians, JACOBIAN_BAR),
    ):
        ratio = through / plain
        print(
            f"{name}: {through:.2f} ms a star through the transfer, {plain:.2f} ms "
            f"through the emulator, ratio {ratio:.2f} (bar {bar:g})"
        )
        missed += [name] if ratio > bar else []
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


def transfer(emulator, stars) -> CycleStarNet:
    """Dense networks of the demo preset, one domain a copy of the other."""
    networks = build_autoencoders(dense_config(len(emulator.wavelength)))
    networks.requires_grad_(False).tie_domains()
    z_split = networks.encode(torch.tensor(stars.flux), "obs").z_split
    labels = emulator.training_labels
    return CycleStarNet(emulator, networks, split_prior(z_split), labels)


def compared(*ways):
    """Median CPU milliseconds a star of each way, in turns, the first turn left out."""
    spent = [[_seconds(way) for way in ways] for _ in range(ROUNDS + 1)]
    return np.median(spent[1:], axis=0) / STARS * 1e3


def _seconds(way):
    started = time.process_time()
    way()
    return time.process_time() - started


if __name__ == "__main__":
    main()
