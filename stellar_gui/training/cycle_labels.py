"""Which labels synthetic stars are given: the distribution that Cycle-StarNet assumes.

Unpaired spectra set no zero points, so this choice does: those of the emulator's own
training set, of a table, or of fits of the observed stars themselves.
"""

from pathlib import Path

import numpy as np
import torch
from astropy.table import Table
from torch import Tensor

from stellar_gui.fitting import fit_labels
from stellar_gui.io import read_spectra
from stellar_gui.labels import check_label_names
from stellar_gui.models.base import SpectralModel
from stellar_gui.models.broadened import Broadened
from stellar_gui.spectra import Spectra

_TABLES = {".ecsv": "ascii.ecsv", ".csv": "ascii.csv"}


def assumed_labels(
    source: str, emulator: SpectralModel, observed: Spectra
) -> Tensor | None:
    """Return the labels (n, n_labels) of a source, float64; None for the emulator's.

    source: "training" for the labels that the emulator was trained on, "fits" for those
    of the observed stars, fitted with the emulator first, or a file: a survey with
    labels, or a table (ECSV, CSV) with a column for each. Stars without a finite value
    in every label are left out. Raises ValueError if a label is missing or no star is
    left, FileNotFoundError if there is no such file.
    """
    if source == "training":
        return None
    names = emulator.label_names
    labels = fitted(emulator, observed) if source == "fits" else _read(source, names)
    labels = labels[np.isfinite(labels).all(1)]
    if len(labels) < 2:
        raise ValueError(
            f"{source} has {len(labels)} stars with a value in every label, expected "
            f"two or more, with {', '.join(names)}"
        )
    return torch.tensor(labels)


def fitted(emulator: SpectralModel, observed: Spectra) -> np.ndarray:
    """Labels (n_stars, n_labels) of observed stars through the emulator alone.

    With a broadening beside them, where no label of the emulator stands for it: lines
    too narrow would be made up for by other labels.
    """
    broad = "vbroad" in emulator.label_names or hasattr(emulator, "nuisance")
    model = emulator if broad else Broadened(emulator)
    return fit_labels(model, observed).labels


def _read(path, names):
    path = Path(path)
    if path.suffix.lower() in _TABLES:
        if not path.is_file():
            raise FileNotFoundError(f"there is no table of labels {path}")
        table = Table.read(path, format=_TABLES[path.suffix.lower()])
        check_label_names(names, table.colnames)
        columns = [np.ma.filled(np.ma.asarray(table[n], float), np.nan) for n in names]
        return np.stack(columns, 1)
    return read_spectra(path).with_labels(names).labels
