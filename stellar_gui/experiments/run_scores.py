"""Score the transfer of a training run on stars that it never saw, as a job.

``python -m stellar_gui.experiments.run_scores FOLDER`` scores the run around the job's
folder. Where the truth lies beside the spectra, as in a sample survey, the gap and its
ceilings are scored too; it judges, and nothing is learnt from it.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from stellar_gui.analysis.transfer_scores import score_transfer, truth_of
from stellar_gui.experiments.baselines import RV_RANGE, plain_emulator
from stellar_gui.experiments.survey import last_accuracies
from stellar_gui.fitting import fit_labels
from stellar_gui.io import read_spectra
from stellar_gui.jobs import working
from stellar_gui.spectra import Spectra
from stellar_gui.synthesis.truth import Truth, read_truth
from stellar_gui.training.replay import model_of
from stellar_gui.training.run import Run
from stellar_gui.training.run_scores import RunScores, write_run_scores

STARS, CEILINGS = 200, 60  # scored; synthesised anew for the ceilings, at 0.4 s each
_METHOD = "cycle-starnet"

Tell = Callable[[float, float, str], None]


def score_run(
    run: Run, tell: Tell = lambda *told: None, *, stars=STARS, ceilings=CEILINGS
) -> RunScores:
    """Score the best model of a run, and keep the scores in its folder.

    stars, ceilings: how many at most. tell(done, total, words) hears how far it is.
    Raises ValueError for a run of a method without a transfer, and as
    `training.replay.model_of` does.
    """
    config = run.config
    if config["method"] != _METHOD:
        raise ValueError(
            f"the run {run.name} is of {config['method']}, which transfers nothing; "
            f"expected a run of {_METHOD}"
        )
    tell(0, 4, "reading the model")
    model = model_of(run)
    scored = unseen(read_spectra(config["data"]), run.data["validation_ids"], stars)
    truth = _truth_beside(Path(config["data"]), scored)
    tell(1, 4, "fits through the emulator")
    fits = {"emulator": plain_emulator(model.emulator).fit(scored)}
    tell(2, 4, "fits through the transfer")
    fits["transfer"] = fit_labels(model, scored, rv_range=RV_RANGE)
    tell(3, 4, "scores")
    table = score_transfer(
        model,
        scored,
        truth,
        fits=fits,
        ceiling_stars=min(ceilings, len(scored)),
        critic_accuracy=last_accuracies(run.path),
        seed=config["seed"],
        progress=lambda done, total: tell(3 + done / total, 4, "ceilings"),
    )
    scores = RunScores(model.provenance["run"]["step"], len(scored), table)
    write_run_scores(run.path, scores)
    return scores


def unseen(spectra: Spectra, validation_ids, most: int) -> Spectra:
    """Return stars that no step has seen, in memory: test stars, else those validated.

    Spread evenly over all there are, where they are more than ``most``.
    """
    marks = np.asarray(spectra.star_data.get("split", np.full(len(spectra), "")))
    chosen = np.flatnonzero(marks.astype(str) == "test")
    if not len(chosen):
        chosen = np.flatnonzero(np.isin(spectra.ids, validation_ids))
    few = np.linspace(0, len(chosen) - 1, min(len(chosen), most)).round().astype(int)
    return spectra[chosen[few]]


def _truth_beside(data: Path, stars: Spectra) -> Truth | None:
    """The truth of these stars, if the folder of the spectra has it."""
    file = data.with_name("truth.h5")
    if not file.is_file():
        return None
    try:
        return truth_of(read_truth(file), stars)
    except ValueError:  # it is that of other stars, or none
        return None


def main(folder: str | Path) -> None:
    """Do the job whose folder lies in that of a run."""
    with working(folder) as job:
        score_run(Run(Path(folder).resolve().parent), job.report)


if __name__ == "__main__":
    main(sys.argv[1])
