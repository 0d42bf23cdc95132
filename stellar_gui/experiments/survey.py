"""A survey end to end: fits, zero points, training, fits through the transfer, tables.

1. Fit the training stars with the emulator and all that one would fit beside labels.
2. Take the mean offset of the anchor stars off these labels, if there are anchors.
3. Draw the synthetic stars of a Cycle-StarNet from them, and train it, in a `Run`.
4. Fit the test stars through the transfer and through every baseline; score them all.

What a stage leaves in the work folder serves a second call with the same request: an
experiment that was interrupted goes on.
"""

import dataclasses
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from astropy.table import Table

from stellar_gui.analysis.transfer_scores import score_transfer
from stellar_gui.experiments import baselines
from stellar_gui.experiments.anchors import (
    Offsets,
    anchor_offsets,
    assumed_labels,
    choose_anchors,
)
from stellar_gui.experiments.baselines import RV_RANGE, Baseline
from stellar_gui.experiments.survey_data import SurveyData, read_survey
from stellar_gui.experiments.survey_result import SurveyResult, gathered
from stellar_gui.experiments.zero_points import (
    ZeroPoints,
    compare_zero_points,
    parse_shift,
)
from stellar_gui.fitting import fit_labels
from stellar_gui.io.whole import write_text
from stellar_gui.models import load_model, save_model
from stellar_gui.models.cycle_starnet import CycleStarNet
from stellar_gui.training.run import Run
from stellar_gui.training.start import start

Tell = Callable[[str], None]

ANCHORS = 30
_TRANSFER_FIT = {"rv_range": RV_RANGE}


@dataclass(frozen=True)
class Request:
    """What is asked of the experiment; the same request finds its work again.

    anchors: how many training stars' labels are trusted, 0 for none; anchor_labels:
    "true" for the true ones, where a sample knows them, or "catalogue" for those of the
    file, errors and all; preset, steps: of the training; degree: of the continuum that
    is fitted beside the emulator's labels; stars: how many test stars at most, None for
    all; ceiling_stars: how many of them are synthesised anew to find the ceilings.
    """

    folder: str
    emulator: str | None = None
    seed: int = 1
    anchors: int = ANCHORS
    anchor_labels: str = "true"
    preset: str = "demo"
    steps: int | None = None
    degree: int = 2
    stars: int | None = None
    ceiling_stars: int = 100
    device: str = "auto"


class Assumed(NamedTuple):
    """The assumed labels in a file, and how their zero points were set."""

    file: Path
    offsets: Offsets | None
    best: Baseline  # the emulator with all that was fitted beside the labels


class Clock:
    """Seconds of this process by stage, told as they end."""

    def __init__(self, tell: Tell):
        self.seconds: dict[str, float] = {}
        self._tell = tell

    def measure(self, stage: str, function: Callable, *arguments, **options):
        """Call a function, and remember how long it took."""
        started = time.process_time()
        result = function(*arguments, **options)
        spent = time.process_time() - started
        self.seconds[stage] = self.seconds.get(stage, 0.0) + spent
        self._tell(f"{stage}: {spent:.0f} s")
        return result


def run_survey(
    request: Request,
    work: Path,
    *,
    shift: Sequence[str] = (),
    tell: Tell = lambda _: None,
) -> tuple[CycleStarNet, SurveyResult]:
    """Run the experiment in the folder ``work``; returns the model and what was found.

    shift: such as "teff=60": the assumed labels are shifted so, another transfer is
    trained, and `zero_points` compares the two. Raises ValueError if the folder holds
    the work of another request, and as `read_survey` does.
    """
    work = Path(work)
    work.mkdir(parents=True, exist_ok=True)
    _check_request(request, work)
    clock = Clock(tell)
    data = clock.measure(
        "emulator",
        read_survey,
        Path(request.folder),
        work,
        emulator=None if request.emulator is None else Path(request.emulator),
        seed=request.seed,
        stars=request.stars,
    )
    shift = parse_shift(shift, data.emulator.label_names)
    assumed = clock.measure("assumed labels", assume, data, request, work)
    model = clock.measure("training", train, data, request, assumed.file, work)
    result, fit = judge(data, request, assumed, model, work, clock)
    if shift:
        found = follow(data, request, assumed, shift, (model, fit), work, clock)
        result = result._replace(zero_points=found)
    return with_result(model, result, work / "cycle_starnet.safetensors"), result


def _check_request(request, work):
    file, asked = work / "request.json", dataclasses.asdict(request)
    if not file.exists():
        write_text(file, json.dumps(asked, indent=2))
        return
    kept = json.loads(file.read_text(encoding="utf-8"))
    other = [k for k in asked if asked[k] != kept.get(k)]
    if other:
        raise ValueError(
            f"{work} holds an experiment with another {', '.join(other)}. Ask for the "
            "same to go on with it, or choose another folder."
        )


def assume(data: SurveyData, request: Request, work: Path) -> Assumed:
    """Fit the training stars, and write down the labels that synthetic ones get."""
    best = baselines.well_parametrised(data.emulator, data.training, request.degree)
    file = work / "assumed_labels.ecsv"
    offsets = _offsets(best, data, request)
    if not file.exists():
        fit = fit_labels(best.model, data.training, **{**best.options, "starts": 1})
        labels = assumed_labels(fit, best.model, offsets)
        write_labels(file, labels, data.emulator.label_names)
    return Assumed(file, offsets, best)


def write_labels(file: Path, labels, label_names) -> None:
    """Write labels (n, n_labels) as the table that a training run reads."""
    columns = dict(zip(label_names, np.asarray(labels).T, strict=True))
    Table(columns).write(file, format="ascii.ecsv", overwrite=True)


def read_labels(file: Path, label_names) -> np.ndarray:
    """Read what `write_labels` wrote, (n, n_labels)."""
    table = Table.read(file, format="ascii.ecsv")
    return np.stack([np.asarray(table[name]) for name in label_names], axis=1)


def _offsets(baseline: Baseline, data, request) -> Offsets | None:
    """Zero points of one way to labels, by the same anchors as all others."""
    if not request.anchors:
        return None
    stars = data.training
    if request.anchor_labels == "true" and data.truth is not None:
        stars = stars.with_labels(data.emulator.label_names)
        stars = stars.replace(labels=data.true_training_labels)
    anchors = stars[choose_anchors(stars, request.anchors, request.seed)]
    return anchor_offsets(baseline.fit(anchors), anchors)


def train(
    data: SurveyData, request: Request, labels: Path, work: Path, name: str = "training"
) -> CycleStarNet:
    """Train the transfer in the run ``work / name``, or go on where it stopped.

    Raises RuntimeError if the run was told to stop before its end.
    """
    run, out = work / name, work / f"{name}.safetensors"
    if out.exists():
        return load_model(out)
    if (run / "config.json").exists() and Run(run).has_checkpoint:
        ended = start("cycle-starnet", run=run, out=out, resume=True)
    else:
        options = {} if request.steps is None else {"steps": request.steps}
        ended = start(
            "cycle-starnet",
            data=data.observed_file,
            run=run,
            out=out,
            emulator=data.emulator_file,
            labels=str(labels),
            preset=request.preset,
            seed=request.seed,
            device=request.device,
            **options,
        )
    if not out.exists():
        raise RuntimeError(
            f"training is {ended.status().state} at step {ended.status().step}; the "
            "same command goes on from there"
        )
    return narrowed(out)


def narrowed(file: Path) -> CycleStarNet:
    """Store a model in as few bits as it bears, and read it back: so it is judged."""
    model = load_model(file)
    save_model(model, file, **model.narrow_tensors)
    return load_model(file)


def judge(data, request, assumed, model, work, clock):
    """Fit and score the test stars by the transfer and by every baseline.

    Returns a `SurveyResult` and the fits through the transfer.
    """
    others = {
        "emulator": baselines.plain_emulator(data.emulator),
        "broadened": assumed.best,
    }
    learn = {
        "mean shift": lambda: baselines.shifted(data.emulator, data.training),
        "self-calibrated": lambda: baselines.calibrated(data.emulator, data.training),
    }
    if data.truth is not None:
        true, names = data.true_training_labels, data.emulator.label_names
        learn["Cannon"] = lambda: baselines.cannon(data.training, true, names)
    for name, function in learn.items():
        others[name] = clock.measure(f"learning: {name}", function)
    others["transfer"] = Baseline("transfer", model, _TRANSFER_FIT, 0.0)
    freer = {**_TRANSFER_FIT, "continuum_degree": request.degree}
    others["transfer + continuum"] = Baseline("transfer", model, freer, 0.0)
    fits = {
        name: clock.measure(f"fits: {name}", baseline.fit, data.test)
        for name, baseline in others.items()
    }
    anchored = {
        f"{name}, anchored": _offsets(others[name], data, request).removed_from(fit)
        for name, fit in fits.items()
        if request.anchors and not name.startswith(("transfer", "Cannon"))
    }
    scores = clock.measure(
        "scores",
        score_transfer,
        model,
        data.test,
        data.truth,
        fits=fits,
        ceiling_stars=min(request.ceiling_stars, len(data.test)),
        critic_accuracy=last_accuracies(work / "training"),
        seed=request.seed,
    )
    result = gathered(data, request, assumed.offsets, scores, fits | anchored, clock)
    return result, fits["transfer"]


def follow(data, request, assumed, shift, before, work, clock) -> ZeroPoints:
    """Train again on assumed labels shifted on purpose, and see what follows.

    shift: label -> number; before: the model on the labels as they are, and its fits.
    """
    names = data.emulator.label_names
    moved = [shift.get(name, 0.0) for name in names]
    labels = read_labels(assumed.file, names) + moved
    file = work / "shifted_labels.ecsv"
    write_labels(file, labels, names)
    train_again = (train, data, request, file, work, "training-shifted")
    model = clock.measure("training, shifted", *train_again)
    fit = clock.measure("fits: shifted", fit_labels, model, data.test, **_TRANSFER_FIT)
    plain = clock.measure(
        "fits: emulator", baselines.plain_emulator(data.emulator).fit, data.test
    )
    tables = [
        score_transfer(
            each,
            data.test,
            fits={"emulator": plain, "transfer": of_each},
            critic_accuracy=last_accuracies(work / run),
            seed=request.seed,
        )
        for each, of_each, run in (
            (*before, "training"),
            (model, fit, "training-shifted"),
        )
    ]
    return compare_zero_points(shift, (before[1], fit), tuple(tables))


def last_accuracies(run: Path) -> dict[str, float] | None:
    """Validated accuracies of a run's critics by domain, None if it had none."""
    name = "validation_critic_accuracy_{}".format
    for row in reversed(Run(run).metrics()):
        if name("obs") in row:
            return {domain: row[name(domain)] for domain in ("synth", "obs")}
    return None


def with_result(model: CycleStarNet, result: Any, file: Path) -> CycleStarNet:
    """Write the model with its scores in its provenance; returns it."""
    provenance = {**model.provenance, **result.provenance()}
    model = dataclasses.replace(model, provenance=provenance)
    save_model(model, file, **model.narrow_tensors)
    return model
