"""A few stars as a small Cycle-StarNet has them, and that model with stored figures."""

import dataclasses

import numpy as np

from stellar_gui.analysis.label_errors import error_table
from stellar_gui.analysis.score_meanings import score_row
from stellar_gui.analysis.scores import ScoreTable
from stellar_gui.spectra import Spectra
from tests.small_transfer import GRID, NAMES, small_transfer, some_labels

_SNR = 200.0


def transfer_survey(n_stars=12, seed=3) -> Spectra:
    """Spectra that the model has right, with noise, on its own grid."""
    labels = some_labels(n_stars)
    rng = np.random.default_rng(seed)
    flux = small_transfer()(labels).numpy()
    return Spectra(
        GRID,
        flux + rng.normal(size=flux.shape) / _SNR,
        np.full(flux.shape, _SNR**2),
        ids=[f"obs-{k:04d}" for k in range(n_stars)],
        medium="air",
        resolution=25000.0,
        labels=labels.numpy(),
        label_names=NAMES,
    )


def scored_transfer():
    """The model, with scores, label errors and a retraining in its provenance."""
    true = some_labels(40).numpy()
    noise = np.random.default_rng(1).normal(size=true.shape) * [40.0, 0.1, 0.05, 0.05]
    ways = {"emulator": 2.0, "mean shift": 1.0, "Cannon": 0.5, "transfer": 1.0}
    fits = {way: (NAMES, true + factor * noise) for way, factor in ways.items()}
    scores = ScoreTable(
        (
            score_row("gap", 0.9, 0.01, baseline=0.7, ceiling=1.0, healthy=(0.8, None)),
            score_row("mixing_spectra", 0.2, baseline=0.1, ceiling=0.5),
            score_row("latent_split", 0.02, ceiling=0.0),
        )
    )
    provenance = {
        "scores": scores.to_plain(),
        "label_errors": error_table(fits, true, NAMES, "emulator").to_plain(),
        "settings": {"link": "difference", "split_noise": 0.1, "batch_size": 8},
        "zero_points": {
            "label_names": list(NAMES),
            "shift": [60.0, 0.0, 0.0, 0.1],
            "followed": [58.0, 0.01, 0.0, 0.09],
            "scores": {
                "mixing of spectra": [0.45, 0.44],
                "labels in z_split, mean R²": [0.22, 0.19],
            },
            "chi2": [1.01, 1.02],
        },
    }
    return dataclasses.replace(small_transfer(), provenance=provenance)
