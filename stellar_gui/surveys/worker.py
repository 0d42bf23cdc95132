"""The worker of a survey: ``python -m stellar_gui.surveys.worker FOLDER``.

Fits the stars whose batches are missing, one batch after the other.
"""

import sys
import time
from pathlib import Path

import numpy as np

from stellar_gui.fitting.cache import model_fingerprint
from stellar_gui.io import read_spectra
from stellar_gui.jobs import working
from stellar_gui.models import load_model
from stellar_gui.pruning import prune
from stellar_gui.surveys.batches import (
    BATCH,
    MODEL_FILE,
    SPECTRA_FILE,
    Sizes,
    batch_columns,
    batch_file,
    batch_starts,
    fit_each,
    join_pixels,
    typical_flux,
    write_batch,
)
from stellar_gui.surveys.key import data_fingerprint


def main(folder: str | Path) -> None:
    """Do the job in ``folder``: see `Survey.start`."""
    folder = Path(folder)
    with working(folder) as job:
        model, stars = _inputs(job)
        options = job.request["options"]
        fit_missing(folder, model, *stars, options=options, report=job.report)
        for name in (MODEL_FILE, SPECTRA_FILE):  # what only the worker reads
            (folder / name).unlink(missing_ok=True)
        prune(folder.parent.parent)


def _inputs(job):
    """Model, spectra and rows. Raises ValueError if they are not those asked for."""
    request = job.request
    model = load_model(job.folder / MODEL_FILE)
    spectra = read_spectra(request["spectra"])
    rows = np.asarray(request["rows"], dtype=int)
    found = model_fingerprint(model), data_fingerprint(spectra, rows)
    for what, expected, got in zip(
        ("model", "spectra"), (request["model"], request["data"]), found, strict=True
    ):
        if got != expected:
            raise ValueError(
                f"the {what} changed since the fits were asked for: fingerprint {got}, "
                f"expected {expected}. Open the file again and start the fits anew."
            )
    return model, (spectra, rows)


def fit_missing(folder: Path, model, spectra, rows, *, options, report) -> None:
    """Fit the stars of ``rows`` whose batches are not in ``folder``.

    options: of `fit_labels`; report(done, total, words) is called before each batch and
    at the end, and may raise to stop.
    """
    nuisance = getattr(model, "nuisance", None)
    n_nuisance = 0 if nuisance is None else len(nuisance.names)
    sizes = Sizes(len(model.label_names), n_nuisance, spectra.n_pixels)
    for start in batch_starts(len(rows)):
        report(start, len(rows), f"{start} of {len(rows)} stars")
        if batch_file(folder, start).exists():
            continue
        began = time.process_time()
        stars = spectra[rows[start : start + BATCH]]
        outcomes = fit_each(model, stars, **options)
        write_batch(
            folder,
            start,
            batch_columns(stars, outcomes, sizes),
            typical_flux=typical_flux(outcomes, spectra.n_pixels),
            seconds=time.process_time() - began,
        )
    join_pixels(folder, len(rows))
    report(len(rows), len(rows), f"{len(rows)} of {len(rows)} stars")


if __name__ == "__main__":
    main(sys.argv[1])
