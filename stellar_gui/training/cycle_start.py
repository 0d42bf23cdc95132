"""A Cycle-StarNet trainer from what a command line or a form says: files and names."""

import dataclasses
from pathlib import Path

import torch

from stellar_gui.models import load_model
from stellar_gui.spectra import Spectra
from stellar_gui.training.cycle_labels import assumed_labels
from stellar_gui.training.cycle_settings import PRESETS
from stellar_gui.training.cycle_starnet import CycleStarNetTrainer


def cycle_starnet(
    training: Spectra,
    validation: Spectra,
    *,
    seed: int,
    device: str | torch.device,
    emulator: str | Path | None = None,
    labels: str = "training",
    preset: str = "demo",
    steps: int | None = None,
    **changes,
) -> CycleStarNetTrainer:
    """Return a trainer on observed spectra.

    emulator: a model file; labels: as in `cycle_labels.assumed_labels`; preset: of
    `cycle_settings.PRESETS`; steps: of both phases together, in the preset's shares;
    changes: other settings of the preset, None for its own. Raises ValueError for an
    unknown preset, and without an emulator.
    """
    if preset not in PRESETS:
        raise ValueError(f"preset is {preset!r}, expected {' or '.join(PRESETS)}")
    if emulator is None:
        raise ValueError(
            "no emulator: name the model file of one that was trained on synthetic "
            "spectra, such as a Payne, with --emulator"
        )
    settings = PRESETS[preset]
    if steps is not None:
        settings = settings.lasting(steps)
    chosen = {name: value for name, value in changes.items() if value is not None}
    settings = dataclasses.replace(settings, **chosen)
    model = load_model(emulator)
    return CycleStarNetTrainer(
        model,
        training,
        validation,
        labels=assumed_labels(labels, model, training),
        settings=settings,
        seed=seed,
        device=device,
    )
