"""A survey folder as the experiment needs it: emulator, stars by split, and the truth.

Test stars are for the final tables and for nothing else.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from stellar_gui.io import read_spectra
from stellar_gui.models import load_model
from stellar_gui.models.base import SpectralModel
from stellar_gui.paths import sample_data
from stellar_gui.spectra import Spectra
from stellar_gui.synthesis.truth import Truth, read_truth
from stellar_gui.training.start import split, start

EMULATOR_STEPS = 15_000  # two minutes; more changes nothing that a transfer can see


class SurveyData(NamedTuple):
    """The stars of a survey, in memory, and its emulator."""

    emulator: SpectralModel
    emulator_file: Path
    observed_file: Path
    training: Spectra
    validation: Spectra
    test: Spectra
    truth: Truth | None  # of all observed stars

    @property
    def true_training_labels(self) -> np.ndarray:
        """(n_stars, n_labels) of the training stars, in the emulator's order."""
        return self.true_labels(self.training)

    def true_labels(self, stars: Spectra) -> np.ndarray:
        """(n_stars, n_labels) of some of the stars, in the emulator's order."""
        spectra = self.truth.spectra
        rows = [spectra.row(star) for star in stars.ids]
        return spectra[rows].with_labels(self.emulator.label_names).labels


def read_survey(
    folder: Path, work: Path, *, emulator: Path | None, seed: int, stars: int | None
) -> SurveyData:
    """Read ``observed.h5`` of a survey and, where it is there, ``truth.h5``.

    emulator: a model file; None takes the shipped one for the sample survey and trains
    one on ``synthetic.h5`` for any other, into ``work``. stars: how many test stars at
    most. Raises FileNotFoundError without observed spectra, ValueError if none of them
    is marked as a test star.
    """
    observed_file = Path(folder) / "observed.h5"
    if not observed_file.is_file():
        raise FileNotFoundError(
            f"there is no {observed_file}; expected a survey folder as stellar-gui "
            "sample writes it, with observed.h5 and synthetic.h5"
        )
    observed = read_spectra(observed_file)
    training, validation = split(observed, seed)
    marks = np.asarray(observed.star_data.get("split", np.full(len(observed), "")))
    test = np.flatnonzero(marks.astype(str) == "test")[:stars]
    if not len(test):
        raise ValueError(
            f"no star of {observed_file.name} is marked 'test' in star_data['split'], "
            "so nothing is left to judge by. Mark some that nothing is learnt from."
        )
    truth = Path(folder) / "truth.h5"
    emulator = _emulator_file(Path(folder), work, emulator, seed)
    return SurveyData(
        emulator=load_model(emulator),
        emulator_file=emulator,
        observed_file=observed_file,
        training=training,
        validation=validation,
        test=observed[test],
        truth=read_truth(truth) if truth.is_file() else None,
    )


def _emulator_file(folder, work, given, seed):
    if given is not None:
        return Path(given)
    if folder.resolve() == (sample_data() / "survey").resolve():
        return sample_data() / "models" / "payne.safetensors"
    made = work / "payne.safetensors"
    if not made.is_file():
        start(
            "payne",
            data=folder / "synthetic.h5",
            run=work / "payne",
            out=made,
            resume=(work / "payne" / "checkpoint.pt").exists(),
            **_unless_resumed(work / "payne", seed),
        )
    return made


def _unless_resumed(run, seed):
    if (run / "checkpoint.pt").exists():
        return {}
    return {"steps": EMULATOR_STEPS, "seed": seed}
