"""A survey folder of a few stars of the sample, its truth included."""

from pathlib import Path

import h5py
import numpy as np

from stellar_gui.io import read_spectra, write_spectra
from stellar_gui.paths import sample_data


def small_folder(out: Path, n_train=100, n_validation=30, n_test=40) -> Path:
    """Write observed.h5 and truth.h5 of the first disc stars of each split."""
    source = sample_data() / "survey"
    observed = read_spectra(source / "observed.h5")
    split = observed.star_data["split"].astype(str)
    disc = observed.star_data["population"].astype(str) != "halo"
    wanted = {"train": n_train, "validation": n_validation, "test": n_test}
    rows = np.concatenate(
        [np.flatnonzero((split == name) & disc)[:n] for name, n in wanted.items()]
    )
    for name in ("observed.h5", "truth.h5"):
        write_spectra(out / name, read_spectra(source / name)[rows])
    with (
        h5py.File(source / "truth.h5") as whole,
        h5py.File(out / "truth.h5", "r+") as f,
    ):
        whole.copy("lines", f)
    return out
