"""The truth of a sample survey: what nature knew when the observed set was made.

Only `analysis` and tests read it, to judge what models found; a model that saw it would
be judged on its own answers.
"""

import json
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from stellar_gui.io import hdf5
from stellar_gui.spectra import Spectra
from stellar_gui.synthesis.imperfections import LineChanges
from stellar_gui.synthesis.lines import LineList

_LINE_COLUMNS = {
    "wavelength": "Angstrom",
    "z": "",
    "ion": "",
    "e_low": "eV",
    "log_gf": "dex",
    "max_depth": "",
}


class Truth(NamedTuple):
    """The truth of the observed set, star by star and line by line.

    spectra: `Spectra` with the true 25 labels and the noise-free flux, free of
    continuum errors, tellurics and bad pixels but as the instrument saw it; star_data
    holds rv, vmacro, vsini (km/s) and the Legendre coefficients of the continuum error
    (n_stars, n_pieces, 3). lines: columns of the complete line list, (n_lines,) each,
    log_gf as listed. changes: what the list has wrong. without: ingredients left out.
    """

    spectra: Spectra
    lines: dict[str, np.ndarray]
    changes: LineChanges
    without: frozenset[str]


def write_truth(path, lines: LineList, changes: LineChanges, without) -> None:
    """Add the truth about the lines to a survey file with the true labels and flux.

    The file is not whole before this returns: add where nobody reads, then move it.
    """
    columns = {name: getattr(lines, name) for name in _LINE_COLUMNS}
    columns |= {"log_gf_change": changes.log_gf, "missing": changes.missing}
    units = _LINE_COLUMNS | {"log_gf_change": "dex"}
    with h5py.File(path, "r+") as file:
        group = file.create_group("lines")
        group.attrs["without"] = json.dumps(sorted(without))
        for name, values in columns.items():
            stored = group.create_dataset(
                name, data=values, shuffle=True, compression="gzip"
            )
            stored.attrs["unit"] = units.get(name, "")


def read_truth(path: str | Path) -> Truth:
    """Read the truth beside a survey's observed set.

    Raises ValueError if the file is a survey file without a truth.
    """
    spectra = hdf5.load(path)
    with h5py.File(path, "r") as file:
        if "lines" not in file:
            raise ValueError(
                f"{Path(path).name} holds spectra but no group 'lines', expected the "
                "truth.h5 that stellar-gui sample writes beside observed.h5"
            )
        columns = {name: values[:] for name, values in file["lines"].items()}
        without = frozenset(json.loads(file["lines"].attrs["without"]))
    changes = LineChanges(columns.pop("log_gf_change"), columns.pop("missing"))
    return Truth(spectra, columns, changes, without)
