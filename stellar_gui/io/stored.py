"""Stored arrays: rows of a survey file that are read when they are asked for.

A stored array opens its file for every read. It can therefore be pickled, shared by
threads and never keeps a file from being replaced; opening costs about a millisecond.
"""

from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np


def file_stamp(path: Path) -> tuple[int, int]:
    """Size and time of change: what tells a file from the one that replaced it."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns


@dataclass(frozen=True)
class StoredRows:
    """A dataset (n_stars, n_pixels) of an HDF5 file, unpacked to float32 when read.

    Packed integers follow the CF convention: value = stored * scale_factor +
    add_offset, and ``_FillValue`` stands for NaN.
    """

    path: Path
    name: str
    shape: tuple[int, int]
    stamp: tuple[int, int]
    dtype = np.dtype(np.float32)
    ndim = 2

    def __len__(self) -> int:
        return self.shape[0]

    def read_rows(self, rows) -> np.ndarray:
        """Return some rows, (n_rows, n_pixels) float32, in the order asked for.

        rows: indices from 0 to n_stars - 1, repeats allowed. Raises ValueError if the
        file changed since it was opened or is damaged, and for ivar that is
        negative or not finite.
        """
        rows = np.asarray(rows, dtype=int)
        if file_stamp(self.path) != self.stamp:
            raise ValueError(
                f"{self.path.name} changed on disk after it was opened; expected the "
                "file as it was. Open it again."
            )
        if not rows.size:
            return np.zeros((0, self.shape[1]), np.float32)
        unique, back = np.unique(rows, return_inverse=True)
        try:
            with h5py.File(self.path, "r") as file:
                values = self._read(file[self.name], unique)
        except (OSError, RuntimeError, KeyError) as fault:
            raise ValueError(
                f"{self.name} of {self.path.name} cannot be read, the file is damaged "
                f"({fault}). Copy or make the file again."
            ) from fault
        if self.name == "ivar":
            self._check_ivar(values)
        return values[back]

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        if copy is False:
            raise ValueError("spectra on disk cannot be had without reading a copy")
        return self.read_rows(np.arange(len(self))).astype(dtype or self.dtype)

    def _check_ivar(self, ivar):
        # the smallest value says it all: it is NaN if any is
        if ivar.size and not (ivar.min() >= 0 and np.isfinite(ivar.max())):
            count = int((~np.isfinite(ivar) | (ivar < 0)).sum())
            raise ValueError(
                f"ivar of {self.path.name} is negative or not finite in {count} "
                "pixels, expected 0 or more. Set ivar to 0 where a pixel is bad."
            )

    def _read(self, stored, rows):
        return unpack(_take(stored, rows), stored.attrs)


class StoredIvar(StoredRows):
    """ivar stored as profile (n_pixels,), snr (n_stars,) and packed bits of good."""

    def _read(self, stored, rows):
        bits = np.unpackbits(
            _take(stored["good"], rows), axis=1, count=self.shape[1]
        )  # (n_rows, n_pixels)
        snr = _take(stored["snr"], rows)[:, np.newaxis]
        return ((stored["profile"][:] * snr) ** 2 * bits).astype(np.float32)


def unpack(stored: np.ndarray, attrs) -> np.ndarray:
    """Return float32 values of an array packed as integers, NaN where it was filled."""
    if stored.dtype.kind == "f":
        return stored.astype(np.float32, copy=False)
    values = stored * np.float64(attrs["scale_factor"]) + np.float64(
        attrs["add_offset"]
    )
    return np.where(stored == attrs["_FillValue"], np.nan, values).astype(np.float32)


def _take(dataset, rows):
    """Rows of a dataset, increasing: one slice where they are dense, far faster."""
    first, last = int(rows[0]), int(rows[-1])
    if last - first + 1 <= 2 * len(rows):
        return dataset[first : last + 1][rows - first]
    return dataset[rows]
