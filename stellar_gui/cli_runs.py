"""``stellar-gui runs`` and ``stellar-gui devices``: what trains, and on what it could.

What is asked of a run that trains goes through its folder, so it may be of any process.
"""

import argparse
import dataclasses
import json

from stellar_gui.training import runs
from stellar_gui.training.control import write_control
from stellar_gui.training.options import option

_GIB = 1 << 30


def add_runs(commands) -> None:
    """Add the command and what can be done with a run."""
    command = commands.add_parser("runs", help="list training runs, and act on them")
    command.set_defaults(run_command=_list)
    actions = command.add_subparsers(dest="action", metavar="ACTION")
    actions.add_parser("list", help="all runs, those made last first")
    for name, (act, told) in _ACTIONS.items():
        action = actions.add_parser(name, help=told)
        action.add_argument("name", metavar="NAME", help="name or path of a run")
        action.set_defaults(run_command=act)
        if name == "fork":
            _add_fork(action)
        if name == "rate":
            action.add_argument("rate", type=float, help="of the next step")


def _add_fork(action):
    action.add_argument("--step", type=int, help="of a checkpoint; default: the last")
    action.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="OPTION=VALUE",
        help="a setting that changes, as in learning_rate=1e-4; may be repeated",
    )
    action.add_argument("--run", help="the new folder; default: new")


def _list(arguments):
    found = runs.list_runs()
    if not found:
        print(f"no runs in {runs.paths.runs()}")
    for one in found:
        print(_line(one))


def _line(one):
    status = one.status
    parts = [f"{one.name:24} {one.method:14} {one.state:9}"]
    if status.total_steps:
        parts.append(f"{status.step}/{status.total_steps} ({status.progress:.0%})")
    if status.state == "running" and status.rate:
        parts.append(f"{status.rate:.3g} steps/s")
    if status.seconds_left is not None:
        parts.append(f"{_duration(status.seconds_left)} left")
    if status.best_score is not None:
        parts.append(f"best {status.best_score:.4g} at {status.best_step}")
    return "  ".join(parts)


def _show(arguments):
    run = runs.find_run(arguments.name)
    one = runs.summary(run)
    print(_line(one))
    if one.status.message:
        print(one.status.message)
    print(f"folder       {run.path}")
    for name, value in runs.settings(one.config).items():
        if value is not None:
            print(f"{name:12} {value}")
    if one.parent:
        print(f"forked from  {one.parent['run']} at step {one.parent['step']}")
    kept = run.kept.steps()
    print(f"checkpoints  {' '.join(str(step) for step in kept) or 'none'}")
    if one.state in ("failed", "crashed"):
        print(f"\n{run.log_tail()}")


def _ask(command, states):
    """An action that asks a run for something, if it is in one of ``states``."""

    def act(arguments):
        run = runs.find_run(arguments.name)
        state = run.status().state
        if state not in states:
            raise ValueError(f"{run.name} is {state}; there is nothing to {command}")
        write_control(run.path, command)
        print(f"asked {run.name} to {command}")

    return act


def _resume(arguments):
    from stellar_gui.training.launch import resume

    run = runs.find_run(arguments.name)
    resume(run)
    print(f"{run.name} goes on; follow it with: stellar-gui runs show {run.name}")


def _rate(arguments):
    run = runs.find_run(arguments.name)
    if not run.status().active:
        raise ValueError(f"{run.name} is {run.status().state}; fork it instead")
    write_control(run.path, "learning_rate", learning_rate=arguments.rate)
    print(f"asked {run.name} for the learning rate {arguments.rate:g}")


def _fork(arguments):
    from stellar_gui.training.launch import fork

    run = runs.find_run(arguments.name)
    kept = run.kept.steps()
    if not kept:
        raise ValueError(f"{run.name} has no checkpoint to fork from yet")
    step = kept[-1] if arguments.step is None else arguments.step
    method = run.config["method"]
    forked = fork(
        run, step, dict(_change(method, s) for s in arguments.set), arguments.run
    )
    print(f"{forked.name} goes on from step {step} of {run.name}")


def _score(arguments):
    from stellar_gui.experiments.run_scores import score_run

    run = runs.find_run(arguments.name)
    if run.status().active:
        raise ValueError(f"{run.name} is {run.status().state}; wait for its end")
    said = [""]

    def tell(done, total, words):
        if words != said[0]:
            said[0] = words
            print(f"{words} ...", flush=True)

    scores = score_run(run, tell)
    print(f"the model of step {scores.step} on {scores.n_stars} unseen stars:")
    print("\n".join(scores.table.lines()))


def _change(method, text):
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--set is {text!r}, expected OPTION=VALUE")
    name = name.replace("-", "_")
    if name == "device":
        return name, value
    return name, int(value) if name == "threads" else option(method, name).parse(value)


_ACTIONS = {
    "show": (_show, "settings, checkpoints, and the end of the log if it died"),
    "pause": (_ask("pause", ("starting", "running")), "save, and wait"),
    "resume": (_resume, "go on, in its process or in a new one"),
    "stop": (_ask("stop", ("starting", "running", "paused")), "save, and end"),
    "rate": (_rate, "change the learning rate from the next step on"),
    "score": (_score, "score the transfer of a Cycle-StarNet on unseen stars"),
    "fork": (_fork, "go on from a checkpoint with other settings, in a new run"),
}


def add_devices(commands) -> None:
    """Add the command that lists devices."""
    command = commands.add_parser("devices", help="list what can be computed on")
    command.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
    command.set_defaults(run_command=_devices)


def _devices(arguments):
    from stellar_gui.training.device import devices

    found = devices()
    if arguments.json:
        print(json.dumps([dataclasses.asdict(device) for device in found]))
        return
    for device in found:
        size = f"{device.memory / _GIB:.0f} GiB" if device.memory else ""
        print(f"{device.name:8} {device.title:32} {device.reason or size}")


def _duration(seconds):
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
