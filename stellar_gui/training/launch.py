"""Launch: training in a process of its own, which outlives whoever started it.

What is started is the command line, ``python -m stellar_gui train ...``, so that a
button and a batch job do the same. The process leads a session of its own, so closing
the server, or the terminal it runs in, does not end it.
"""

import dataclasses
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stellar_gui.training.claim import hand_over
from stellar_gui.training.config import GENERAL, new_config
from stellar_gui.training.control import write_control
from stellar_gui.training.fork import prepare_fork
from stellar_gui.training.options import option
from stellar_gui.training.run import Run, new_folder

_COMMAND = (sys.executable, "-m", "stellar_gui")
_NICE = 10  # whoever looks at spectra goes before whoever trains
_ON_WINDOWS = ("DETACHED_PROCESS", "BELOW_NORMAL_PRIORITY_CLASS")
_DETACHED = sum(getattr(subprocess, name, 0) for name in _ON_WINDOWS)
# glibc keeps the memory of a step for the next one, which then takes a fifth less time;
# not of larger blocks, whose gaps would add up to several times what is in use
_MALLOC = {
    "MALLOC_TRIM_THRESHOLD_": "2000000000",
    "MALLOC_MMAP_THRESHOLD_": "100000000",
}
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class Pace:
    """What training costs on this machine, measured in a few real steps."""

    first_step: float  # s; it may prepare what later steps use
    seconds: float  # of the whole training, without reading the data
    total_steps: int
    device: str

    @property
    def seconds_per_step(self) -> float:
        """Mean over the steps after the first."""
        return (self.seconds - self.first_step) / max(self.total_steps - 1, 1)


def launch(
    method: str,
    *,
    data: str | Path,
    run: str | Path | None = None,
    seed: int = 1,
    device: str = "auto",
    threads: int | None = 1,
    **options,
) -> Run:
    """Start a new training; return its run at once, whose state is "starting".

    run: the folder, by default a new one among the user's runs; options as in
    `training.options`. Raises ValueError for options that the method does not know,
    FileExistsError if the folder holds a run already.
    """
    asked = {"seed": seed, "device": device, "threads": threads, **options}
    config = new_config(method, data, asked)
    folder = new_folder(method) if run is None else Path(run)
    created = Run.create(folder, config)
    command = ["train", method, "--run", str(folder.resolve()), *_flags(config)]
    _start(created, command, threads)
    return created


def resume(run: Run) -> None:
    """Let a run go on: a paused one in its process, another in a new process.

    Raises ValueError if it is finished, RuntimeError if it is being trained.
    """
    status, config = run.status(), run.config
    if status.state == "paused":
        write_control(run.path, "resume")
        return
    if status.state == "finished":
        raise ValueError(
            f"the run {run.name} is finished, at step {status.step}. To train further, "
            "fork it with more steps."
        )
    command = ["train", config["method"], "--run", str(run.path.resolve()), "--resume"]
    _start(run, command, config.get("threads"))


def fork(
    run: Run, step: int, changes: Mapping[str, Any], path: str | Path | None = None
) -> Run:
    """Start a new run from the checkpoint of ``step`` with other settings; return it.

    Arguments and errors as in `fork.prepare_fork`.
    """
    forked = prepare_fork(run, step, changes, path)
    resume(forked)
    return forked


def retry_smaller(run: Run) -> Run:
    """Go on with the batch size that fits, in a new run; return it.

    From the last checkpoint of a run that needed too much memory, or from the start if
    it has none. Raises ValueError if no batch size is known to fit.
    """
    batch, kept = run.status().fitting_batch, run.kept.steps()
    if batch is None:
        raise ValueError(f"no batch size is known that the run {run.name} fits with")
    if kept:
        return fork(run, kept[-1], {"batch_size": batch})
    config = run.config
    general = {name: config[name] for name in GENERAL}
    options = config["options"] | {"batch_size": batch}
    return launch(config["method"], data=config["data"], **general, **options)


def measure(
    method: str,
    *,
    data: str | Path,
    seed: int = 1,
    device: str = "auto",
    threads: int = 1,
    **options,
) -> Pace:
    """Take a few steps in a process and return what the whole training will cost.

    Waits for it: seconds, or a minute for the Payne's teacher. Raises ValueError with
    the process's own words if it fails.
    """
    asked = {"seed": seed, "device": device, "threads": threads, **options}
    flags = _flags(new_config(method, data, asked))
    return Pace(**_ask(["train", method, *flags, "--measure"], threads))


def find_devices() -> list[dict[str, Any]]:
    """The devices of this machine, as `device.devices` lists them, as dicts.

    Asked in a process, so that this one never claims memory on a GPU; takes seconds.
    Raises ValueError with the process's own words if it fails.
    """
    return _ask(["devices", "--json"], 1)


def _flags(config):
    method = config["method"]
    asked = {name: config[name] for name in ("data", *GENERAL)}
    words = {f"--{name}": value for name, value in asked.items()}
    words |= {option(method, k).flag: v for k, v in config["options"].items()}
    flags = []
    for flag, value in words.items():
        if value is not None:
            values = value if isinstance(value, list) else [value]
            flags += [flag, *(str(value) for value in values)]
    return flags


def _start(run: Run, words: list[str], threads: int | None) -> None:
    """Start a worker that holds the run from now on. Raises RuntimeError if held."""
    with run.claimed():
        starting = dataclasses.replace(run.status(), state="starting", message="")
        run.write_status(starting)
        try:
            worker = _worker(run, words, threads)
        except OSError as fault:
            run.write_status(
                dataclasses.replace(starting, state="failed", message=str(fault))
            )
            raise
        hand_over(run.path, worker.pid)
    # waited for, or it would stay as a zombie until this process ends
    threading.Thread(target=worker.wait, daemon=True).start()


def _worker(run, words, threads):
    with (run.path / "log.txt").open("ab") as log:
        return subprocess.Popen(
            [*_COMMAND, *words, "--nice", str(_NICE)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=_environment(threads),
            start_new_session=True,
            creationflags=_DETACHED,
        )


def _ask(words: list[str], threads: int | None) -> Any:
    """Run a command that prints JSON in its last line, and return what it says."""
    done = subprocess.run(
        [*_COMMAND, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=_environment(threads),
        check=False,
    )
    if done.returncode != 0:
        told = done.stderr.strip().splitlines() or [f"it ended with {done.returncode}"]
        raise ValueError(told[-1])
    return json.loads(done.stdout.splitlines()[-1])


def _environment(threads):
    """The worker's: a fault in native code leaves its traceback in the log."""
    count = {name: str(threads) for name in _THREAD_VARIABLES} if threads else {}
    told = {"PYTHONFAULTHANDLER": "1", "PYTHONUNBUFFERED": "1", **count}
    return {**_MALLOC, **os.environ, **told}
