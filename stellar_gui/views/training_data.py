"""What a run can be trained on: survey files this server knows, with what they hold."""

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from stellar_gui.labels import describe
from stellar_gui.paths import sample_data
from stellar_gui.plots.style import number
from stellar_gui.training.size import DataSize
from stellar_gui.training.split import marked

MODEL_SUFFIX = ".safetensors"
_NOISE_FREE = 1000  # S/N above which spectra are a model's, not a telescope's


class Choice(NamedTuple):
    """One entry of a list to choose from: what it says, and why it cannot be taken."""

    value: str
    text: str
    note: str = ""
    reason: str = ""


class Held(NamedTuple):
    """What a file of spectra holds, as far as a training asks for it."""

    synthetic: bool  # noise-free
    labelled: bool
    short: str  # for a list
    words: str  # sizes and ranges
    size: DataSize


def spectra_paths(opened: Iterable[Path]) -> list[Path]:
    """Files of spectra to choose from: those the server was given, then the sample."""
    sample = sample_data() / "survey"
    shipped = [sample / "observed.h5", sample / "synthetic.h5"]
    return list(dict.fromkeys([*map(Path, opened), *shipped]))


def model_paths(opened: Iterable[Path]) -> list[Path]:
    """Model files to choose an emulator from."""
    shipped = sorted((sample_data() / "models").glob(f"*{MODEL_SUFFIX}"))
    return list(dict.fromkeys([*map(Path, opened), *shipped]))


def title_of(path: Path) -> str:
    """A file as a list names it."""
    if sample_data() in path.parents:
        return f"Sample, {path.stem}"
    return path.stem


@functools.cache
def held(path: Path) -> Held:
    """Read what a file holds, a few of its spectra at most. Raises as `read_spectra`.

    May be called from any thread.
    """
    from stellar_gui.io import read_spectra

    spectra = read_spectra(path)
    first = spectra[: min(len(spectra), 3)]
    with np.errstate(all="ignore"):
        synthetic = bool(np.median(first.snr()) > _NOISE_FREE)
    known = _known_ranges(spectra)
    low, high = spectra.wavelength[0], spectra.wavelength[-1]
    kind = "noise-free" if synthetic else "observed"
    words = [
        f"{number(len(spectra))} {kind} spectra of {number(spectra.n_pixels)} pixels",
        f"{number(low)}–{number(high)} Å ({spectra.medium})",
        *(f"{title} {span}" for title, span in known[:3]),
    ]
    if len(known) > 3:
        words.append(f"{len(known)} labels")
    words = " · ".join(words).replace("\u2009", "\u202f")  # numbers stay on one line
    training, validation = marked(spectra, seed=0)  # how many, whatever the seed
    counts = int(training.sum()), int(validation.sum())
    size = DataSize(*counts, spectra.n_pixels, len(spectra.label_names))
    short = f"{number(len(spectra))} stars"
    return Held(synthetic, bool(known), short, words, size)


def _known_ranges(spectra):
    """(title, range) of every label that some star has."""
    ranges = []
    for name in spectra.label_names:
        values = spectra.label(name)
        values = values[np.isfinite(values)]
        if values.size:
            known = describe(name)
            span = f"{number(values.min(), known.decimals)} to "
            span += number(values.max(), known.decimals)
            unit = f" {known.unit}" if known.unit not in ("", "dex") else ""
            ranges.append((known.title, span + unit))
    return ranges
