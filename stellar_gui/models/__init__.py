"""Spectral models: labels in, flux out, differentiably; and their files."""

from stellar_gui.models.base import SpectralModel
from stellar_gui.models.broadened import Broadened
from stellar_gui.models.cannon import Cannon
from stellar_gui.models.cycle_starnet import CycleStarNet
from stellar_gui.models.files import load_model, save_model
from stellar_gui.models.payne import Payne

__all__ = [
    "Broadened",
    "Cannon",
    "CycleStarNet",
    "Payne",
    "SpectralModel",
    "load_model",
    "save_model",
]
