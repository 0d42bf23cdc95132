"""Adopted: the best model of a run in a file of its own, opened like any other.

So a model that was taken into use is there again after a reload, and without the data
that it was trained on.
"""

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from stellar_gui import paths
from stellar_gui.io.model_header import read_model_header
from stellar_gui.training.run import Run
from stellar_gui.training.run_scores import read_run_scores

_FILE = "model.safetensors"


def adopt(run: Run) -> Path:
    """Write the best model of a run, with its scores if there are any; return the file.

    Its provenance names the run and the step. Raises as `training.replay.model_of`.
    """
    # here, because files are looked for by those who need no torch
    from stellar_gui.models import save_model
    from stellar_gui.training.replay import model_of

    model = model_of(run)
    scores = read_run_scores(run.path)
    if scores is not None and scores.step == model.provenance["run"]["step"]:
        known = {**model.provenance, "scores": scores.table.to_plain()}
        model = dataclasses.replace(model, provenance=known)
    return save_model(model, run.path / _FILE)


def adopted_files(
    names: Iterable[str], folder: str | Path | None = None
) -> dict[str, Path]:
    """Return the files of those of the named runs that were adopted.

    folder: of the runs, by default the user's. A file that is no model is left out.
    """
    folder = paths.runs() if folder is None else Path(folder)
    found = {}
    for name in names:
        file = folder / name / _FILE
        if Path(name).name != name or not file.is_file():
            continue
        try:
            read_model_header(file)
        except (OSError, ValueError):
            continue
        found[name] = file
    return found
