"""Batches: the files of a survey, each with what came of fitting some of its stars.

Every file is written whole, and that of a batch last, so that after a worker was killed
the next one goes on behind it. Pixels stand in files of their own, in the end in one
that all readers map into memory, in half precision: a z-score of 5 is kept to 0.004.
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


def typical_flux(outcomes: list[Outcome], n_pixels: int) -> np.ndarray:
    """Mean of the fitted spectra, (n_pixels,) float32; NaN where there is none."""
    total, count = np.zeros(n_pixels), np.zeros(n_pixels)
    for outcome in outcomes:
        if outcome.result is not None:
            known = np.isfinite(outcome.result.model_flux[0])
            total += np.where(known, outcome.result.model_flux[0], 0.0)
            count += known
    return (total / np.where(count > 0, count, np.nan)).astype(np.float32)


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


def write_batch(folder: Path, start: int, columns, **more) -> None:
    """Write a batch, whole or not at all.

    more: ``typical_flux``, and ``seconds`` of a processor that the batch took.
    """
    for name in PIXELS:
        path = _pixel_file(folder, name, start)
        with written_whole(path) as part, part.open("wb") as file:
            np.save(file, columns[name])
    stored = {name: c for name, c in columns.items() if name not in PIXELS}
    stored["sentences"] = stored["sentences"].astype(str)
    with written_whole(batch_file(folder, start)) as part, part.open("wb") as file:
        np.savez(file, **stored, **more, made=time.time())


def read_batch(path: Path) -> dict[str, np.ndarray]:
    """Read all of a batch but its pixels. Raises ValueError if it is damaged."""
    with _damage_told(path), path.open("rb") as file, np.load(file) as columns:
        return dict(columns)


def join_pixels(folder: Path, n_stars: int) -> None:
    """Make one file of the pixels of all batches, once all of them are there.

    Raises FileNotFoundError if one of them is not.
    """
    for name in PIXELS:
        files = [_pixel_file(folder, name, start) for start in batch_starts(n_stars)]
        whole = _joined(folder, name)
        try:
            if not whole.exists():
                _join(whole, files, n_stars)
        except FileNotFoundError:
            if not whole.exists():  # else another worker was faster
                raise
        for file in files:
            file.unlink(missing_ok=True)


def _join(path, files, n_stars):
    n_pixels = _mapped(files[0]).shape[1]
    about = {"descr": "<f2", "fortran_order": False, "shape": (n_stars, n_pixels)}
    with written_whole(path) as part, part.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, about)
        for batch in files:
            file.write(_mapped(batch).astype("<f2", copy=False).tobytes())


def read_pixels(folder: Path, name: str, done: np.ndarray, n_pixels: int) -> np.ndarray:
    """Return one of `PIXELS`, (n_stars, n_pixels) float16, not to be changed.

    done (n_stars,) bool: stars whose batches are there; NaN of the others. Raises
    ValueError if a file is damaged or gone.
    """
    try:
        return _read_pixels(folder, name, done, n_pixels)
    except FileNotFoundError:  # a worker has just made one file of them
        pass
    try:
        return _read_pixels(folder, name, done, n_pixels)
    except FileNotFoundError as fault:
        raise ValueError(
            f"the {name} files of a survey's fits are gone from {folder}. Remove that "
            "folder and fit the survey again."
        ) from fault


def _read_pixels(folder, name, done, n_pixels):
    if _joined(folder, name).exists():
        return _mapped(_joined(folder, name))
    pixels = np.full((len(done), n_pixels), np.nan, dtype=np.float16)
    for start in batch_starts(len(done)):
        if done[start]:
            pixels[start : start + BATCH] = _mapped(_pixel_file(folder, name, start))
    pixels.flags.writeable = False
    return pixels


def _mapped(path):
    with _damage_told(path):
        return np.load(path, mmap_mode="r")


def _pixel_file(folder, name, start):
    return folder / f"{name}-{start:06d}.npy"


def _joined(folder, name):
    return folder / f"{name}.npy"


@contextlib.contextmanager
def _damage_told(path):
    """Turn what a damaged file raises into ValueError with a sentence."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as fault:
        raise ValueError(
            f"{path.name} of a survey's fits is damaged ({fault}). Remove the folder "
            f"{path.parent} and fit the survey again."
        ) from fault
