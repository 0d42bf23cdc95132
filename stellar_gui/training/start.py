"""Start or resume a training run: from a survey file to a finished model.

The one way to train, for the command line and for whoever starts it: what a run needs
to go on is in its own ``config.json``, so that ``--resume`` asks for nothing else.
"""

import contextlib
import dataclasses
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from tqdm import tqdm

from stellar_gui.io import read_spectra
from stellar_gui.models import save_model
from stellar_gui.models.base import SpectralModel
from stellar_gui.spectra import Spectra
from stellar_gui.training.cannon import CannonTrainer
from stellar_gui.training.config import kept_config, new_config, same_request
from stellar_gui.training.cycle_start import cycle_starnet
from stellar_gui.training.device import choose_device
from stellar_gui.training.event_files import event_files
from stellar_gui.training.fingerprint import code_version
from stellar_gui.training.loop import train
from stellar_gui.training.options import NEEDS_DOUBLE, options_of
from stellar_gui.training.payne import PayneTrainer
from stellar_gui.training.run import Run, new_folder
from stellar_gui.training.split import split
from stellar_gui.training.trainer import Trainer


def _cannon(training, validation, *, seed, device, labels=None, **options):
    return CannonTrainer(
        training, validation, label_names=labels, device=device, **options
    )


_PAYNE_NAMES = {
    "hidden": "n_hidden",
    "components": "n_components",
    "taught": "n_taught",
}


def _payne(training, validation, *, seed, device, labels=None, **options):
    chosen = {_PAYNE_NAMES.get(name, name): value for name, value in options.items()}
    return PayneTrainer(
        training, validation, label_names=labels, seed=seed, device=device, **chosen
    )


METHODS = {"cannon": _cannon, "payne": _payne, "cycle-starnet": cycle_starnet}

Tell = Callable[[int, int, Mapping[str, float]], None]


class Prepared(NamedTuple):
    """A trainer and the spectra it was made of."""

    trainer: Trainer
    training: Spectra
    validation: Spectra


def prepare(config: Mapping[str, Any], device: str | None = None) -> Prepared:
    """Read the data of a run's ``config`` and make its trainer.

    device: another one than the run's. Raises ValueError or OSError with a sentence.
    """
    method = config["method"]
    training, validation = split(read_spectra(config["data"]), config["seed"])
    trainer = METHODS[method](
        training,
        validation,
        seed=config["seed"],
        device=choose_device(device or config["device"], double=method in NEEDS_DOUBLE),
        **config["options"],
    )
    return Prepared(trainer, training, validation)


def start(
    method: str,
    *,
    data: str | Path | None = None,
    run: str | Path | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    progress: bool = False,
    tensorboard: bool = False,
    nice: int = 0,
    **options,
) -> Run:
    """Train with ``method`` on a survey file; return the run.

    run: the folder, by default a new one among the user's runs; out: where to write the
    finished model; tensorboard: write event files beside the metrics; nice: lowers the
    priority of this process; options: seed, device, threads, and those of the method
    (`training.options`). With ``resume`` the run's own data and options count, and none
    may be given.

    Raises ValueError for an unknown method, for options or data that the method cannot
    use, and for a run of another method; FileNotFoundError if there is nothing to
    resume, or no folder to write ``out`` to; ImportError without TensorBoard.
    """
    if method not in METHODS:
        raise ValueError(f"method is {method!r}, expected one of {', '.join(METHODS)}")
    if out is not None and not Path(out).resolve().parent.is_dir():
        raise FileNotFoundError(
            f"the folder {Path(out).parent} for the model does not exist; make it first"
        )
    if resume:
        given = [*(["data"] if data is not None else []), *options]
        config = kept_config(method, run, given)
    else:
        config = new_config(method, data, options)
    if nice and hasattr(os, "nice"):
        os.nice(max(nice - os.nice(0), 0))  # whoever started it may be nice already
    if config.get("threads"):
        torch.set_num_threads(config["threads"])
    opened = _opened(run, config, resume)
    with contextlib.ExitStack() as stack:
        if opened is not None:
            stack.enter_context(opened.claimed())
            stack.enter_context(_told_in(opened))
        made = prepare(config)
        opened = _with_data(opened, config, made, run, resume)
        told = [stack.enter_context(_progress_bar(made.trainer.total_steps, progress))]
        if tensorboard:
            told.append(stack.enter_context(event_files(opened.path)))
        status = train(
            made.trainer,
            opened,
            resume=resume and opened.has_checkpoint,
            progress=lambda *call: [tell(*call) for tell in told],
        )
    if out is not None and status.state == "finished":
        save_model(_best_model(made.trainer, opened), out)
    return opened


def _opened(run, config, resume):
    """The run that is there already: to be resumed, or prepared for this process."""
    if run is None or not (Path(run) / "config.json").exists():
        return None
    opened = Run(run)
    meant = opened.prepared and same_request(config, opened.config)
    if not resume and not meant:
        raise FileExistsError(
            f"{run} holds a training run already. Resume it, or choose another folder."
        )
    return opened


def _with_data(opened, config, made, run, resume):
    """The run, told of its data, or checked against them if it knows them."""
    files = {
        o.name: config["options"][o.name]
        for o in options_of(config["method"])
        if o.kind is Path and config["options"].get(o.name)
    }
    if opened is None:
        folder = new_folder(config["method"]) if run is None else run
        opened = Run.create(folder, config)
    if opened.prepared:
        opened.write_data(made.training, made.validation, files)
        return opened
    opened.check_data(made.training, files)
    if resume and opened.config.get("code") != code_version():
        opened.log("the code has changed since the run began")
    return opened


@contextlib.contextmanager
def _told_in(run: Run) -> Iterator[None]:
    """Say in the run that it starts, and why it could not be trained."""
    run.write_status(dataclasses.replace(run.status(), state="starting", message=""))
    try:
        with _ended_by_sigterm():
            yield
    except BaseException as fault:
        if run.status().state == "starting":
            asked = isinstance(fault, (KeyboardInterrupt, SystemExit))
            state = "stopped" if asked else "failed"
            message = "stopped before the first step" if asked else str(fault)
            run.write_status(
                dataclasses.replace(run.status(), state=state, message=message)
            )
            run.log(f"{state}: {fault!r}")
        raise


@contextlib.contextmanager
def _ended_by_sigterm():
    """End as by Ctrl-C on SIGTERM, until the loop listens to it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to stop"))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _best_model(trainer, run):
    checkpoint = run.load("best")
    trainer.load_state_dict(checkpoint["trainer"])
    return trained_in(run, trainer.model(), checkpoint["step"])


def trained_in(run: Run, model: SpectralModel, step: int) -> SpectralModel:
    """Return the model with the run it comes from in its provenance."""
    origin = {"name": run.name, "step": step}
    provenance = {**model.provenance, "run": origin}
    return dataclasses.replace(model, provenance=provenance)


@contextlib.contextmanager
def _progress_bar(total: int, shown: bool) -> Iterator[Tell]:
    """Show how far training is, on a terminal only."""
    with tqdm(total=total, unit="step", disable=None if shown else True) as bar:

        def show(step, total, losses):
            bar.update(step - bar.n)
            bar.set_postfix(
                {name: f"{value:.3g}" for name, value in list(losses.items())[:2]},
                refresh=False,
            )

        yield show
