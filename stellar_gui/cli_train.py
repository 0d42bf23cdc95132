"""``stellar-gui train METHOD``: the only thing that trains, for a button or a cluster.

Its flags come from the tables of `training.options`, which the Training page shows too.
"""

import argparse
import json
from pathlib import Path

from stellar_gui.training.config import GENERAL
from stellar_gui.training.options import OPTIONS, Option

_HELP = {
    "cannon": "a polynomial for every pixel",
    "payne": "a network that emulates a grid",
    "cycle-starnet": "an emulator, taught to look like observed spectra",
}


def add_train(commands) -> None:
    """Add the command and its methods to argparse's sub-commands."""
    command = commands.add_parser("train", help="train a model on a survey")
    methods = command.add_subparsers(dest="method", required=True, metavar="METHOD")
    for name, options in OPTIONS.items():
        method = methods.add_parser(name, help=_HELP[name])
        for option in options:
            _add_option(method, option)
        _add_general(method)
        method.set_defaults(run_command=_train)


def _add_option(method, option: Option):
    told = option.help
    if option.default is not None:
        told += f"; default: {option.default} {option.unit}".rstrip()
    shape = {"nargs": "+"} if option.kind is list else {"type": option.kind}
    if option.choices:
        shape["choices"] = option.choices
    method.add_argument(option.flag, dest=option.name, help=told, **shape)


def _add_general(method):
    method.add_argument("--data", type=Path, help="a survey file")
    method.add_argument("--run", type=Path, help="run directory; default: new")
    method.add_argument("--out", type=Path, help="write the finished model here")
    method.add_argument("--seed", type=int, help="default: 1")
    method.add_argument(
        "--device", help="auto, cpu, cuda, cuda:1 or mps; default: auto"
    )
    method.add_argument("--threads", type=int, help="default: torch's own choice")
    method.add_argument("--resume", action="store_true", help="go on with --run")
    method.add_argument(
        "--tensorboard", action="store_true", help="write event files too"
    )
    method.add_argument(
        "--measure",
        action="store_true",
        help="take a few steps, say how long training would take, and leave no run",
    )
    method.add_argument("--nice", type=int, default=0, help=argparse.SUPPRESS)


def _train(arguments):
    names = [*GENERAL, *(option.name for option in OPTIONS[arguments.method])]
    options = {
        name: getattr(arguments, name)
        for name in names
        if getattr(arguments, name) is not None
    }
    if arguments.measure:
        _measure(arguments, options)
        return
    from stellar_gui.training.start import start

    run = start(
        arguments.method,
        data=arguments.data,
        run=arguments.run,
        out=arguments.out,
        resume=arguments.resume,
        progress=True,
        tensorboard=arguments.tensorboard,
        nice=arguments.nice,
        **options,
    )
    state = run.status().state
    print(f"run {run.path}: {state}")
    if state != "finished":
        resume = f"stellar-gui train {arguments.method} --resume --run {run.path}"
        print(f"go on with: {resume}")
    elif arguments.out:
        print(f"wrote {arguments.out}")


def _measure(arguments, options):
    from stellar_gui.training.config import new_config
    from stellar_gui.training.pace import measure_pace, warning
    from stellar_gui.training.start import prepare

    made = prepare(new_config(arguments.method, arguments.data, options))
    pace = measure_pace(made.trainer)
    device = str(made.trainer.device)
    print(
        f"{pace['total_steps']} steps on {device} take about {pace['seconds']:.0f} s, "
        f"the first of them {pace['first_step']:.1f} s"
    )
    if long := warning(pace["seconds"], device):
        print(long)
    print(json.dumps({**pace, "device": device}))
