"""Start or resume a training run: from a survey file to a finished model.

The one way to train, for the command line and for whoever starts it: what a run needs
to go on is in its own ``config.json``, so that ``--resume`` asks for nothing else.
"""

from pathlib import Path

import numpy as np
from tqdm import tqdm

from stellar_gui import __version__, paths
from stellar_gui.io import read_spectra
from stellar_gui.models import save_model
from stellar_gui.spectra import Spectra
from stellar_gui.training.cannon import CannonTrainer
from stellar_gui.training.cycle_start import cycle_starnet
from stellar_gui.training.device import choose_device
from stellar_gui.training.loop import train
from stellar_gui.training.payne import PayneTrainer
from stellar_gui.training.run import Run

HELD_OUT = 0.1  # share of the stars that validate, where a file has no split


def _cannon(training, validation, *, seed, device, labels=None, order=2, steps=None):
    chosen = {} if steps is None else {"steps": steps}
    return CannonTrainer(
        training, validation, label_names=labels, order=order, device=device, **chosen
    )


def _payne(training, validation, *, seed, device, labels=None, hidden=300, steps=None):
    chosen = {} if steps is None else {"steps": steps}
    return PayneTrainer(
        training,
        validation,
        label_names=labels,
        n_hidden=hidden,
        seed=seed,
        device=device,
        **chosen,
    )


METHODS = {"cannon": _cannon, "payne": _payne, "cycle-starnet": cycle_starnet}


def start(
    method: str,
    *,
    data: str | Path | None = None,
    run: str | Path | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    progress: bool = False,
    **options,
) -> Run:
    """Train with ``method`` on a survey file; return the run.

    run: the folder, by default a new one among the user's runs; out: where to write the
    finished model; options: seed, device and those of the method (labels, order,
    hidden, steps). With ``resume`` the run's own data and options count, and none may
    be given.

    Raises ValueError for an unknown method, for options or data that the method cannot
    use, and for a run of another method; FileNotFoundError if there is nothing to
    resume, or no folder to write ``out`` to.
    """
    if method not in METHODS:
        raise ValueError(f"method is {method!r}, expected one of {', '.join(METHODS)}")
    if out is not None and not Path(out).resolve().parent.is_dir():
        raise FileNotFoundError(
            f"the folder {Path(out).parent} for the model does not exist; make it first"
        )
    if resume:
        config = _kept_config(method, run, data, options)
    else:
        config = _new_config(method, data, options)
    training, validation = split(read_spectra(config["data"]), config["seed"])
    trainer = METHODS[method](
        training,
        validation,
        seed=config["seed"],
        device=choose_device(config["device"]),
        **config["options"],
    )
    if resume:
        opened = Run(run)
        opened.check_data(training)
    else:
        folder = new_folder(method) if run is None else run
        opened = Run.create(folder, config, training=training, validation=validation)
    with tqdm(total=trainer.total_steps, unit="step", disable=not progress) as bar:
        status = train(trainer, opened, resume=resume, progress=_shown_on(bar))
    if out is not None and status.state == "finished":
        save_model(trainer.model(), out)
    return opened


def _new_config(method, data, options):
    if data is None:
        raise ValueError("no data: name a survey file with --data")
    options = dict(options)
    return {
        "method": method,
        "data": str(Path(data).resolve()),
        "seed": options.pop("seed", 1),
        "device": options.pop("device", "auto"),
        "options": options,
        "version": __version__,
    }


def _kept_config(method, run, data, options):
    if run is None:
        raise ValueError("nothing to resume: name the run's folder with --run")
    config = Run(run).config
    if config["method"] != method:
        raise ValueError(
            f"{run} is a run of {config['method']}, not of {method}. "
            f"Resume it with: stellar-gui train {config['method']} --resume --run {run}"
        )
    given = [*(["data"] if data is not None else []), *options]
    if given:
        raise ValueError(
            f"a resumed run keeps its own settings, but {', '.join(given)} was given. "
            "Leave it out, or start a new run."
        )
    return config


def split(spectra: Spectra, seed: int) -> tuple[Spectra, Spectra]:
    """Return the stars to train on and those to validate with, read into memory.

    The file's own split counts ("train", "validation", "test": test stars are never
    returned); without one a tenth is held out, drawn with ``seed``. Raises ValueError
    if either set is empty.
    """
    if "split" in spectra.star_data:
        column = spectra.star_data["split"].astype(str)
        training, validation = column == "train", column == "validation"
    else:
        order = np.random.default_rng(seed).permutation(len(spectra))
        validation = np.zeros(len(spectra), dtype=bool)
        validation[order[: int(len(spectra) * HELD_OUT)]] = True
        training = ~validation
    if not training.any() or not validation.any():
        raise ValueError(
            f"{int(training.sum())} stars to train on and {int(validation.sum())} to "
            f"validate with among {len(spectra)}, expected some of both. Mark them "
            "'train' and 'validation' in star_data['split']."
        )
    return spectra[training], spectra[validation]


def new_folder(method: str) -> Path:
    """Return a folder among the user's runs that does not exist yet: cannon-001, ..."""
    number = 1
    while (folder := paths.runs() / f"{method}-{number:03d}").exists():
        number += 1
    return folder


def _shown_on(bar):
    def show(step, total, losses):
        bar.update(step - bar.n)
        bar.set_postfix(
            {name: f"{value:.3g}" for name, value in list(losses.items())[:2]},
            refresh=False,
        )

    return show
