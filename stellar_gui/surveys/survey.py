"""Survey: the fits of some stars by one model, made in a process of its own.

The worker is `surveys.worker`; what it has made is read here while it works.
"""

import contextlib
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stellar_gui import paths
from stellar_gui.fitting.cache import model_fingerprint
from stellar_gui.io import write_spectra
from stellar_gui.io.stored import StoredRows
from stellar_gui.jobs import Job, Progress
from stellar_gui.marks import Mark
from stellar_gui.models import save_model
from stellar_gui.models.base import SpectralModel
from stellar_gui.pruning import prune
from stellar_gui.spectra import Spectra
from stellar_gui.surveys.batches import (
    BATCH,
    MODEL_FILE,
    SPECTRA_FILE,
    batch_file,
    batch_starts,
)
from stellar_gui.surveys.fits import SurveyFits, read_fits
from stellar_gui.surveys.key import data_fingerprint, survey_key

_WORKER = "stellar_gui.surveys.worker"


class Survey:
    """Fits of some stars of a set by one model, in a folder of the cache.

    The folder is named by the content of the stars' spectra, of the model and of the
    options of `fit_labels`: what was fitted before is found again, also by another
    server, and what a stopped or killed job has left is gone on from. Making one reads
    all pixels of the stars; do it in a thread. Methods may be called from any thread.
    """

    def __init__(
        self,
        spectra: Spectra,
        rows: np.ndarray,
        model: SpectralModel,
        *,
        options: Mapping[str, Any] | None = None,
        data: str | None = None,
        root: Path | None = None,
    ):
        """rows (n_stars,): which stars of ``spectra``; options: of `fit_labels`.

        data: their `data_fingerprint`, if it is known already; root: the folder of all
        surveys, that in the cache if None. Raises ValueError without any star.
        """
        self._rows = np.asarray(rows, dtype=int)
        if not len(self._rows):
            raise ValueError(
                "a survey of no stars was asked for, expected one star or more. Choose "
                "another sample."
            )
        self._spectra, self._model = spectra, model
        data = data_fingerprint(spectra, self._rows) if data is None else data
        self.facts = {
            "kind": getattr(model, "kind", ""),
            "model": model_fingerprint(model),
            "data": data,
            "options": dict(options or {}),
        }
        root = paths.cache() / "surveys" if root is None else Path(root)
        key = survey_key(data, self.facts["model"], self.facts["options"])
        self.folder = root / key
        self.ids = spectra.ids[self._rows]
        self._job = Job(self.folder)
        self._mark: Mark | None = None
        self._known: dict[int, dict[str, np.ndarray]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def n_done(self) -> int:
        """How many stars are done, by the files that are there."""
        return sum(
            min(BATCH, len(self) - start)
            for start in batch_starts(len(self))
            if batch_file(self.folder, start).exists()
        )

    @property
    def state(self) -> str:
        """ "new", "running", "stopped", "failed" or "finished".

        "finished" as soon as every star is done, whatever the job says of itself;
        "stopped" also for fits whose job left no word.
        """
        n_done = self.n_done
        if n_done == len(self):
            return "finished"
        state = self._job.state
        # files were removed behind its back: what is missing can be made again
        if state == "finished" or (state == "new" and n_done):
            return "stopped"
        return state

    @property
    def progress(self) -> Progress:
        """Stars done of all, and in words."""
        n_done = self.n_done
        return Progress(n_done, len(self), f"{n_done} of {len(self)} stars")

    @property
    def error(self) -> str:
        """What a failed job died of; empty for every other."""
        return self._job.error if self.state == "failed" else ""

    def start(self) -> None:
        """Fit the stars that are missing, in a process of its own; at once if none is.

        A job that runs already is joined. Raises OSError if the cache cannot be
        written, ValueError if the model cannot be stored, or as `prune`.
        """
        with self._lock:
            state = self.state
            if state == "finished":
                return
            self._job.join()
            if state == "running":
                return
            self.open()
            prune(self.folder.parent.parent)
            save_model(self._model, self.folder / MODEL_FILE)
            self._job.start(_WORKER, self._request())

    def open(self) -> None:
        """Have what is made stay in the cache until `leave`, or while this lives."""
        # where nobody may write, nobody prunes either
        with contextlib.suppress(OSError):
            if self._mark is None and self.folder.is_dir():
                self._mark = Mark(self.folder, "open")

    def join(self) -> None:
        """Wait for a job that runs: it goes on until `stop` or `leave`, see `jobs`."""
        self._job.join()

    def stop(self) -> None:
        """Wait no more. The job stops after a batch, unless somebody else waits."""
        self._job.stop()

    @property
    def is_awaited(self) -> bool:
        """Whether anybody waits for the job, in whatever session."""
        return self._job.is_awaited

    def leave(self) -> None:
        """Need nothing of it any more; a job that runs goes on."""
        self._job.leave()
        if self._mark is not None:
            self._mark.remove()
            self._mark = None

    def fits(self) -> SurveyFits:
        """Return what is made so far, which stays from now on, see `open`.

        Raises ValueError if a file of it is damaged.
        """
        self.open()
        with self._lock:
            return read_fits(
                self.folder,
                self.ids,
                self._spectra.wavelength,
                self._model,
                self.facts,
                self._known,
            )

    def _request(self):
        """What the worker has to know; spectra that are in no file are written to one.

        The file of a stored set is read again by the worker, which checks that it is
        the same.
        """
        flux = self._spectra.flux
        if isinstance(flux, StoredRows):
            where, rows = flux.path, self._rows
        else:
            where, rows = self.folder / SPECTRA_FILE, np.arange(len(self))
            write_spectra(where, self._spectra[self._rows].replace(metadata={}))
        return {**self.facts, "spectra": str(where), "rows": rows.tolist()}
