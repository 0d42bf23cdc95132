"""The laboratory from data to findings: each stage is left out where it is done.

Whatever ends it, a stop, a crash, a power cut, it goes on from there when it is carried
out again. Trainings are processes of their own, in which this one only looks.
"""

import time
from collections.abc import Callable

from stellar_gui.experiments.trial import Trial, reference_file
from stellar_gui.training.control import write_control
from stellar_gui.training.launch import launch, resume
from stellar_gui.training.run import Run

_LOOK_SECONDS = 0.5
_STOP_SECONDS = 30.0  # that a training gets to save its state

Report = Callable[[float, float, str], None]


def carry_out(trial: Trial, report: Report) -> dict:
    """Make data, train, look, and judge; return the findings.

    First with hidden lines, then, for the false-positive rate, with none hidden, unless
    that was done with the same settings. report(done, total, words) may raise to end
    it; the training then saves its state and stops. Raises RuntimeError if a training
    ends without a model.
    """
    trials = [trial]
    if trial.share and reference_file(trial) is None:
        trials.append(trial.reference)
    total = float(trial.steps * len(trials))
    for place, each in enumerate(trials):
        _train(each, place * float(trial.steps), total, report)
        _look(each, report, (place + 1.0) * trial.steps, total)
        if each == trial:
            _judge(trial)  # the table is there before the false-positive rate
    report(total, total, "judging the candidates")
    return _judge(trial)


def _train(trial, before, total, report):
    from stellar_gui.experiments.laboratory import prepare, training_options

    what = "with hidden lines" if trial.share else "with nothing hidden"
    report(before, total, f"making spectra {what}")
    prepare(trial)
    run = _begun(trial, training_options(trial))
    try:
        while (status := run.status()).active:
            words = f"training {what}: step {status.step} of {trial.steps}"
            if status.state != "running":
                words += f", {status.state}"
            report(before + status.step, total, words)
            time.sleep(_LOOK_SECONDS)
    except BaseException:
        _end(run)
        raise
    if status.state != "finished":
        raise RuntimeError(
            f"the training {run.name} is {status.state} at step {status.step} of "
            f"{trial.steps}. {_reason(run, status)}"
        )


def _reason(run, status):
    if status.state == "crashed":
        return run.log_tail(1) or status.message
    return status.message or "Go on to resume it."


def _begun(trial, options) -> Run:
    """The run of a trial, at work unless it is finished."""
    if not (trial.folder / "config.json").exists():
        return launch("cycle-starnet", run=trial.folder, **options)
    run = Run(trial.folder)
    status = run.status()
    if not status.active and status.state != "finished":
        resume(run)
    return run


def _end(run):
    """Have the training save its state; it may be resumed."""
    write_control(run.path, "stop")
    until = time.monotonic() + _STOP_SECONDS
    while run.status().active and time.monotonic() < until:
        time.sleep(_LOOK_SECONDS)


def _look(trial, report, done, total):
    from stellar_gui.experiments.laboratory import look
    from stellar_gui.io import read_spectra
    from stellar_gui.training.replay import model_of
    from stellar_gui.training.start import split

    if (trial.folder / "dips.json").is_file():
        return
    report(done, total, "looking for lines that the transfer adds")
    observed, _ = split(read_spectra(trial.folder / "observed.h5"), trial.seed)
    look(trial, model_of(Run(trial.folder)), observed)


def _judge(trial):
    from stellar_gui.experiments.findings import judge

    return judge(trial)
