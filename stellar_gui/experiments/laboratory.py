"""The missing-line laboratory: lines are hidden, and a transfer asked for them.

As `masked_lines`, by way of files: the training is an ordinary run, which can be
watched, paused and resumed. What a user without the truth could do, `look` does: the
spectra and derivatives that the transfer adds to the emulator's. `judge` alone knows
what was hidden. No line list tells the elements apart here: derivatives do.
"""

import dataclasses
import json
from pathlib import Path

import numpy as np
import torch

from stellar_gui.analysis.attribution import abundance_columns
from stellar_gui.analysis.candidates import (
    Dips,
    find_dips,
    mean_change,
    mean_difference,
    name_elements,
)
from stellar_gui.analysis.transfer_gap import evaluate
from stellar_gui.experiments.masked_lines import MaskedRequest, make_domains
from stellar_gui.experiments.trial import Trial, read_plain
from stellar_gui.io import write_spectra
from stellar_gui.io.whole import write_text
from stellar_gui.models import Payne, load_model, save_model
from stellar_gui.models.cycle_starnet import CycleStarNet
from stellar_gui.paths import sample_data
from stellar_gui.spectra import Spectra
from stellar_gui.training.fingerprint import file_fingerprint

_FLUX_STEP = 1e-4  # of stored flux: a hundredth of its noise
_COMPARED = 400  # synthetic stars over which what the transfer adds is averaged
_DERIVED = 100  # of them, those whose derivatives are
_AVERAGED = 2000  # stars of each domain for the mean difference


def emulator_file() -> Path:
    """Nature, as far as the laboratory is concerned: the sample's Payne."""
    return sample_data() / "models" / "payne.safetensors"


def full_emulator() -> Payne:
    """The emulator that knows all lines."""
    return load_model(emulator_file())


def prepare(trial: Trial) -> None:
    """Write what a trial trains on into its folder, unless it is there already.

    ``observed.h5``: noisy spectra without labels; ``emulator.safetensors``: the one
    that lacks lines, carrying the assumed labels; ``hidden.json``: the answer.
    """
    if (trial.folder / "hidden.json").is_file():
        return
    trial.folder.mkdir(parents=True, exist_ok=True)
    request = MaskedRequest(share=trial.share or 0.5, stars=trial.stars)
    made = make_domains(full_emulator(), request, trial.seed)
    hidden = made.features if trial.share else made.features.of(slice(0))
    lacking = made.masked if trial.share else made.full
    save_model(
        dataclasses.replace(lacking, training_labels=made.assumed),
        trial.folder / "emulator.safetensors",
    )
    write_spectra(
        trial.folder / "observed.h5",
        _unlabelled(made.training, made.validation),
        flux_step=_FLUX_STEP,
        ivar_profile=np.ones(made.training.n_pixels),
    )
    answer = {name: part.tolist() for name, part in hidden._asdict().items()}
    write_text(trial.folder / "hidden.json", json.dumps(answer))


def _unlabelled(training: Spectra, validation: Spectra) -> Spectra:
    """Both sets in one, marked, without the labels that made them."""
    parts = training, validation
    marks = np.repeat(["train", "validation"], [len(part) for part in parts])
    return Spectra(
        training.wavelength,
        np.concatenate([part.flux for part in parts]),
        np.concatenate([part.ivar for part in parts]),
        ids=np.concatenate([part.ids for part in parts]),
        star_data={"split": marks},
        medium=training.medium,
        resolution=training.resolution,
    )


def training_options(trial: Trial) -> dict:
    """What ``stellar-gui train cycle-starnet`` is asked for.

    Without the penalty on derivatives, which would forbid those that are looked for.
    """
    return {
        "data": trial.folder / "observed.h5",
        "emulator": str(trial.folder / "emulator.safetensors"),
        "jacobian": 0.0,
        "steps": trial.steps,
        "seed": trial.seed,
        "threads": 1,
    }


def look(trial: Trial, model: CycleStarNet, observed: Spectra) -> None:
    """Find where a trained transfer adds lines and what names them: ``dips.json``.

    observed: those that it was trained on. Knows nothing of what was hidden.
    """
    labels = _spread(model.training_labels, _COMPARED)
    added = evaluate(model, labels) - evaluate(model.emulator, labels)
    dips = find_dips(mean_change(added))
    columns, elements = abundance_columns(model.label_names)
    changes = _added_derivatives(model, model.emulator, labels, dips.pixel, columns)
    naming = name_elements(changes, elements)
    synthetic = evaluate(model.emulator, _spread(model.training_labels, _AVERAGED))
    few = observed[:_AVERAGED]
    flux = np.where(few.good, np.asarray(few.flux, float), np.nan)
    write_text(
        trial.folder / "dips.json",
        json.dumps(
            {
                "trial": trial.request,
                "emulator": file_fingerprint(emulator_file()),
                "dips": _plain(dips),
                "naming": _plain(naming),
                "elements": list(elements),
                "recovered": changes.mean(axis=0).round(6).tolist(),
                "without_network": _plain(find_dips(mean_difference(flux, synthetic))),
            }
        ),
    )


def _spread(labels, n):
    """n of the labels, all over them, float64."""
    return labels[torch.arange(min(n, len(labels))) * len(labels) // n].double()


def _added_derivatives(model, emulator, labels, pixels, columns):
    """d flux / d [X/H] of one model minus another's, (_DERIVED, n_dips, n_elements)."""
    few = labels[:: max(len(labels) // _DERIVED, 1)]
    with torch.no_grad():
        added = model.jacobian(few) - emulator.jacobian(few)
    return added.numpy()[:, pixels][:, :, columns].astype(float)


def true_derivatives(trial: Trial, pixels) -> np.ndarray:
    """What the hidden lines add to derivatives, mean over stars, (n_dips, n_elements).

    pixels (n_dips,); at the same labels as `look` takes.
    """
    full, lacking = full_emulator(), load_model(trial.folder / "emulator.safetensors")
    columns, _ = abundance_columns(full.label_names)
    labels = _spread(lacking.training_labels, _COMPARED)
    return _added_derivatives(full, lacking, labels, pixels, columns).mean(axis=0)


def read_dips(file: Path, name: str = "dips") -> Dips:
    """Return the dips of a ``dips.json``; name: "dips" or "without_network"."""
    return Dips(*(np.asarray(part) for part in read_plain(file)[name].values()))


def _plain(parts) -> dict[str, list]:
    return {
        name: part.tolist() if part.dtype.kind in "iU" else part.round(5).tolist()
        for name, part in parts._asdict().items()
    }
