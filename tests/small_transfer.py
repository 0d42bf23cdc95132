"""A small Cycle-StarNet with random weights: what tests of its mechanics share."""

import numpy as np
import torch

from stellar_gui.models import Broadened, CycleStarNet
from stellar_gui.models.autoencoder import build_autoencoders
from stellar_gui.models.blocks import Nuisance
from stellar_gui.models.dense import dense_config
from stellar_gui.models.payne import Payne, untrained
from tests.line_model import log_grid

NAMES = ("teff", "logg", "fe_h", "mg_h")
LOW = np.array([4000.0, 1.0, -1.5, -1.7])
HIGH = np.array([6500.0, 4.5, 0.5, 0.7])
GRID = log_grid(lengths=(60, 80))


def small_emulator(dtype=torch.float32, depth=0.05, seed=0) -> Payne:
    """A Payne of 140 pixels in two pieces, whose spectra vary by about ``depth``."""
    labels = np.random.default_rng(seed).uniform(LOW, HIGH, (200, 4))
    payne = untrained(NAMES, labels, GRID, n_hidden=20, seed=seed)
    net = payne.network
    net = net._replace(weight3=2 * depth * net.weight3, bias3=0.9 + 0 * net.bias3)
    tensors = payne.to_tensors() | net._asdict()
    tensors = {k: v.to(dtype) if k in net._fields else v for k, v in tensors.items()}
    tensors["training_labels"] = torch.tensor(labels)
    header = payne.header() | {"medium": "air", "resolution": 25000.0}
    return Payne.from_tensors(tensors, header)


def small_networks(dtype=torch.float32, seed=1):
    """Dense autoencoders of 140 pixels, of which the domains differ."""
    config = dense_config(
        len(GRID), n_features=24, n_inner=12, n_shared=6, n_split=2, n_split_inner=5
    )
    networks = build_autoencoders(config, seed).requires_grad_(False).eval()
    return networks.to(dtype)


def small_transfer(dtype=torch.float32, broadened=False, **changes) -> CycleStarNet:
    """An untrained Cycle-StarNet of four labels and two ``z_split``."""
    emulator, networks = small_emulator(dtype), small_networks(dtype)
    labels = emulator.training_labels
    parts = {
        "emulator": Broadened(emulator) if broadened else emulator,
        "networks": networks,
        "nuisance": Nuisance(
            ("z_split_1", "z_split_2"), torch.full((2,), 0.1), torch.full((2,), 0.4)
        ),
        "training_labels": labels[:50],
    }
    return CycleStarNet(**parts | changes)


def some_labels(n=3, seed=5):
    """Labels (n, 4) inside the emulator's range."""
    middle, half = (LOW + HIGH) / 2, 0.3 * (HIGH - LOW)
    rng = np.random.default_rng(seed)
    return torch.tensor(rng.uniform(middle - half, middle + half, (n, 4)))
