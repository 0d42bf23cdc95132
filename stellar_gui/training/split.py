"""Split: which stars of a file train, and which validate. Imports no torch."""

import numpy as np

from stellar_gui.spectra import Spectra

HELD_OUT = 0.1  # share of the stars that validate, where a file has no split


def split(spectra: Spectra, seed: int) -> tuple[Spectra, Spectra]:
    """Return the stars to train on and those to validate with, read into memory.

    The file's own split counts ("train", "validation", "test": test stars are never
    returned); without one a tenth is held out, drawn with ``seed``. Raises ValueError
    if either set is empty.
    """
    training, validation = marked(spectra, seed)
    if not training.any() or not validation.any():
        raise ValueError(
            f"{int(training.sum())} stars to train on and {int(validation.sum())} to "
            f"validate with among {len(spectra)}, expected some of both. Mark them "
            "'train' and 'validation' in star_data['split']."
        )
    return spectra[training], spectra[validation]


def marked(spectra: Spectra, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which stars train and which validate, (n_stars,) bool each."""
    if "split" in spectra.star_data:
        column = spectra.star_data["split"].astype(str)
        return column == "train", column == "validation"
    order = np.random.default_rng(seed).permutation(len(spectra))
    validation = np.zeros(len(spectra), dtype=bool)
    validation[order[: int(len(spectra) * HELD_OUT)]] = True
    return ~validation, validation
