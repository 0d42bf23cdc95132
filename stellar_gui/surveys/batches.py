"""Batches: the files of a survey, each with what came of fitting some of its stars.

Every file is written whole, so that after a worker was killed the next one goes on
behind the last. Pixels are in half precision: a z-score of 5 is kept to 0.004.
"""

import contextlib
import time
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stellar_gui.analysis.residuals import residual_zscore
from stellar_gui.fitting.cache import Outcome
from stellar_gui.fitting.outcome import fit_outcome, single
from stellar_gui.io.whole import written_whole
from stellar_gui.spectra import Spectra

BATCH = 16  # stars
MODEL_FILE, SPECTRA_FILE = "model.safetensors", "spectra.h5"  # for the worker
PIXELS = ("zscore", "difference")
_LARGEST = 6e4  # what half precision holds


class Sizes(NamedTuple):
    """What a model gives of every star, known before any is fitted."""

    n_labels: int
    n_nuisance: int
    n_pixels: int


def batch_file(folder: Path, start: int) -> Path:
    """The file of the batch that begins with star ``start``."""
    return folder / f"batch-{start:06d}.npz"


def batch_starts(n_stars: int) -> range:
    """The first star of every batch."""
    return range(0, n_stars, BATCH)


def fit_each(model, stars: Spectra, **options) -> list[Outcome]:
    """Fit some stars together; where that is refused, each alone.

    So a star that cannot be fitted spoils no other. Returns an outcome for each.
    """
    together = fit_outcome(model, stars, **options)
    if together.result is not None or len(stars) == 1:
        return [single(together, place) for place in range(len(stars))]
    return [fit_outcome(model, stars[place], **options) for place in range(len(stars))]


def blank(n_stars: int, sizes: Sizes) -> dict[str, np.ndarray]:
    """Columns of stars without a fit: NaN, 0 for counts and flags."""
    n_labels, n_nuisance, n_pixels = sizes
    shapes = {
        "labels": (n_labels,),
        "covariance": (n_labels, n_labels),
        "chi2": (),
        "rv": (),
        "rv_sigma": (),
        "nuisance": (n_nuisance,),
        "nuisance_sigma": (n_nuisance,),
        "snr": (),
        "masked": (),
    }
    columns = {
        name: np.full((n_stars, *shape), np.nan) for name, shape in shapes.items()
    }
    columns["covariance"] = columns["covariance"].astype(np.float32)
    for name in ("n_good", "flags", "n_parameters"):
        columns[name] = np.zeros(n_stars, dtype=int)
    columns["sentences"] = np.full(n_stars, "", dtype=object)
    for name in PIXELS:
        columns[name] = np.full((n_stars, n_pixels), np.nan, dtype=np.float16)
    return columns


def batch_columns(stars: Spectra, outcomes: list[Outcome], sizes: Sizes):
    """Columns of stars from what came of fitting them, (n_stars, ...) each."""
    columns = blank(len(stars), sizes)
    columns["snr"][:] = stars.snr()
    for place, outcome in enumerate(outcomes):
        if outcome.result is None:
            columns["sentences"][place] = outcome.sentence
            continue
        for name, value in _of_fit(stars[place], outcome.result).items():
            columns[name][place] = value
    return columns


def _of_fit(star, fit):
    """What a batch keeps of the fit of one star."""
    columns = {
        name: getattr(fit, name)[0]
        for name in ("labels covariance chi2 n_good flags rv rv_sigma").split()
    }
    columns["n_parameters"] = fit.n_parameters
    if fit.nuisance is not None:
        columns["nuisance"] = fit.nuisance[0]
        columns["nuisance_sigma"] = fit.nuisance_sigma[0]
    covered = np.isfinite(fit.model_flux[0])
    if covered.any():
        columns["masked"] = 1.0 - star.good[0][covered].mean()
    zscore = residual_zscore(star.flux, star.ivar, fit.model_flux, fit.model_sigma)
    difference = np.where(star.good, star.flux - fit.model_flux, np.nan)
    for name, pixels in zip(PIXELS, (zscore[0], difference[0]), strict=True):
        columns[name] = np.clip(pixels, -_LARGEST, _LARGEST)
    return columns


def write_batch(path: Path, columns, seconds: float) -> None:
    """Write a batch, whole or not at all. seconds: of a processor, that it took."""
    stored = columns | {"sentences": columns["sentences"].astype(str)}
    with written_whole(path) as part, part.open("wb") as file:
        np.savez(file, **stored, seconds=seconds, made=time.time())


def read_batch(path: Path) -> dict[str, np.ndarray]:
    """Read all of a batch but its pixels. Raises as `_opened`."""
    with _opened(path) as file:
        return {name: file[name] for name in file.files if name not in PIXELS}


def read_pixels(path: Path, name: str) -> np.ndarray:
    """Read one of `PIXELS`, (n_stars, n_pixels) float16. Raises as `_opened`."""
    with _opened(path) as file:
        return file[name]


@contextlib.contextmanager
def _opened(path):
    """Raises ValueError with a sentence if the file is damaged."""
    try:
        with path.open("rb") as file, np.load(file) as columns:
            yield columns
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as fault:
        raise ValueError(
            f"{path.name} of the survey's fits is damaged ({fault}). Remove it from "
            f"{path.parent} and fit the survey again: only its stars are missing."
        ) from fault
