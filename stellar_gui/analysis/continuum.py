"""Continuum pixels of a survey, found with a model trained on it (Ness et al. 2015).

A continuum pixel is one whose flux is near 1 and hardly depends on the labels. Ness et
al. cut in theta_0 and in the leading derivatives; one number says the same here: the
rms of flux - 1 over the training stars.
"""

from pathlib import Path

import numpy as np
import torch
from astropy.table import Table

from stellar_gui.io.whole import written_whole
from stellar_gui.models.cannon import Cannon


def find_continuum_pixels(
    model: Cannon, share: float = 0.08, window: int = 150
) -> np.ndarray:
    """Return the indices of the model's continuum pixels.

    In every ``window`` of modelled pixels the ``share`` with the smallest rms of
    flux - 1 over the training stars, the model's scatter included; windows keep them
    spread over the spectrum. Raises ValueError if the windows would hold none.
    """
    if not 1 <= share * window <= window:
        raise ValueError(
            f"a share of {share:g} of {window} pixels is {share * window:g}, expected "
            f"1 to {window} continuum pixels in a window. Widen the window."
        )
    away = model(model.training_labels).sub(1.0).square().mean(0).numpy()
    rms = np.sqrt(away + model.scatter.numpy() ** 2)
    modelled = np.flatnonzero(model.modelled.numpy())
    pieces = np.array_split(modelled, max(1, len(modelled) // window))
    chosen = [
        piece[np.argsort(rms[piece])[: int(share * len(piece))]] for piece in pieces
    ]
    return np.sort(np.concatenate(chosen))


def write_continuum_pixels(path: Path, wavelength: torch.Tensor, chosen, **provenance):
    """Write the wavelengths of the chosen pixels, with ``provenance`` in the header."""
    table = Table(
        {"wavelength": np.round(wavelength.numpy()[chosen], 3)}, meta=provenance
    )
    table["wavelength"].unit = "Angstrom"
    with written_whole(path) as part:
        table.write(part, format="ascii.ecsv", overwrite=True)
