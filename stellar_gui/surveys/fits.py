"""SurveyFits: what is known of all stars of a survey, in the order of the sample."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from stellar_gui.fitting.result import FitFlag
from stellar_gui.surveys.batches import (
    BATCH,
    PIXELS,
    Sizes,
    batch_file,
    batch_starts,
    blank,
    read_batch,
    read_pixels,
)

_NO_FIT = FitFlag.NOT_CONVERGED | FitFlag.ALL_BAD


@dataclass(frozen=True, eq=False)
class SurveyFits:
    """Fits of ``n_stars`` stars by one model, as far as they are made.

    Names and units are those of `FitResult`; NaN where there is no fit. done (n_stars,)
    bool: what came of a star is known; sentences (n_stars,) text: why it has no fit,
    empty where it has one; snr (n_stars,) per pixel; masked (n_stars,): part of the
    pixels that the model covers which are bad; n_parameters (n_stars,); typical_flux
    (n_pixels,): mean of the fitted spectra, NaN where there is none; made: time of
    the last batch, seconds since 1970, NaN before any; seconds: of a processor, that
    the stars took. ``folder`` holds the pixels, read when they are first asked for.
    """

    ids: np.ndarray
    label_names: tuple[str, ...]
    nuisance_names: tuple[str, ...]
    wavelength: np.ndarray
    done: np.ndarray
    sentences: np.ndarray
    labels: np.ndarray
    covariance: np.ndarray
    chi2: np.ndarray
    n_good: np.ndarray
    n_parameters: np.ndarray
    flags: np.ndarray
    rv: np.ndarray
    rv_sigma: np.ndarray
    nuisance: np.ndarray
    nuisance_sigma: np.ndarray
    snr: np.ndarray
    masked: np.ndarray
    typical_flux: np.ndarray
    made: float
    seconds: float
    facts: Mapping[str, Any]
    folder: Path

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def fitted(self) -> np.ndarray:
        """(n_stars,) bool: stars with a fit, whatever its flags."""
        return np.isfinite(self.chi2)

    @property
    def converged(self) -> np.ndarray:
        """(n_stars,) bool: stars whose fit came to an end on good pixels."""
        return self.fitted & ((self.flags & int(_NO_FIT)) == 0)

    @property
    def failed(self) -> np.ndarray:
        """(n_stars,) bool: stars that were tried and have no converged fit."""
        return self.done & ~self.converged

    @property
    def sigma(self) -> np.ndarray:
        """(n_stars, n_labels) standard deviations of the labels."""
        return np.sqrt(np.diagonal(self.covariance, axis1=1, axis2=2).astype(float))

    @property
    def reduced_chi2(self) -> np.ndarray:
        """(n_stars,) chi2 / (good pixels - parameters); NaN without pixels left."""
        freedom = self.n_good - self.n_parameters
        return np.where(freedom > 0, self.chi2 / np.maximum(freedom, 1), np.nan)

    def label(self, name: str) -> np.ndarray:
        """(n_stars,) values of one label. Raises KeyError if it was not fitted."""
        if name not in self.label_names:
            raise KeyError(f"no label {name!r} in these fits, only {self.label_names}")
        return self.labels[:, self.label_names.index(name)]

    def why(self, row: int) -> str:
        """Return why star ``row`` has no converged fit; empty if it has one.

        Its flags' sentences if it was fitted, else the refusal.
        """
        if self.sentences[row]:
            return str(self.sentences[row])
        return "; ".join(FitFlag(int(self.flags[row])).sentences)

    @cached_property
    def zscore(self) -> np.ndarray:
        """(n_stars, n_pixels) float16 z-scores; NaN in bad pixels and without a fit."""
        return self._pixels("zscore")

    @cached_property
    def difference(self) -> np.ndarray:
        """(n_stars, n_pixels) float16, flux - model_flux; NaN as in ``zscore``."""
        return self._pixels("difference")

    def _pixels(self, name):
        return read_pixels(self.folder, name, self.done, len(self.wavelength))


def read_fits(folder: Path, ids, wavelength, model, facts, known) -> SurveyFits:
    """Gather what is there of a survey.

    known: start -> columns of batches that were read before, to which new ones are
    added. Raises ValueError if a batch is damaged.
    """
    nuisance = getattr(model, "nuisance", None)
    nuisance_names = () if nuisance is None else tuple(nuisance.names)
    sizes = Sizes(len(model.label_names), len(nuisance_names), len(wavelength))
    columns = blank(len(ids), sizes._replace(n_pixels=0))
    columns = {name: c for name, c in columns.items() if name not in PIXELS}
    done = np.zeros(len(ids), dtype=bool)
    made, seconds = np.nan, 0.0
    for start in batch_starts(len(ids)):
        path = batch_file(folder, start)
        if start not in known and path.exists():
            known[start] = read_batch(path)
        if start not in known:
            continue
        rows = slice(start, start + BATCH)
        done[rows] = True
        for name, column in columns.items():
            column[rows] = known[start][name]
        made = np.fmax(made, float(known[start]["made"]))
        seconds += float(known[start]["seconds"])
    return SurveyFits(
        ids=np.asarray(ids),
        label_names=tuple(model.label_names),
        nuisance_names=nuisance_names,
        wavelength=np.asarray(wavelength),
        done=done,
        typical_flux=_typical_flux(known, len(wavelength)),
        made=float(made),
        seconds=seconds,
        facts=facts,
        folder=folder,
        **columns,
    )


def _typical_flux(known, n_pixels):
    """Mean over all fitted stars (n_pixels,), of the means of their batches."""
    total, count = np.zeros(n_pixels), np.zeros(n_pixels)
    for batch in known.values():
        n_stars = np.isfinite(batch["chi2"]).sum()
        here = np.isfinite(batch["typical_flux"])
        total += np.where(here, n_stars * batch["typical_flux"], 0.0)
        count += here * n_stars
    return total / np.where(count > 0, count, np.nan)
