"""Fork: a new run that goes on from a checkpoint of another, with other settings."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stellar_gui.io.whole import write_text
from stellar_gui.training.config import GENERAL
from stellar_gui.training.fingerprint import code_version
from stellar_gui.training.options import option
from stellar_gui.training.run import Run, Status, new_folder


def prepare_fork(
    run: Run, step: int, changes: Mapping[str, Any], path: str | Path | None = None
) -> Run:
    """Return a new run, stopped at ``step``, that a resume lets go on.

    It holds the checkpoint, and the metrics up to it; its config names the run it comes
    from. changes: options that get another value. path: the new folder, by default a
    new one among the user's runs. Raises ValueError for a setting that cannot change on
    the way, KeyError if no checkpoint of that step is kept.
    """
    config = run.config
    changes = _checked(config["method"], step, changes)
    if step not in run.kept.steps():
        kept = ", ".join(str(s) for s in run.kept.steps()) or "none"
        raise KeyError(
            f"{run.name} has no checkpoint of step {step}, expected one of: {kept}"
        )
    state = run.load(step) | {"best_score": None, "best_step": None}
    if "learning_rate" in changes:
        state["trainer"]["rate_scale"] = 1.0  # the new rate is meant as it stands
    config |= {k: v for k, v in changes.items() if k in GENERAL}
    config["options"] |= {k: v for k, v in changes.items() if k not in GENERAL}
    config["code"] = code_version()
    config["parent"] = {"run": run.name, "step": step, "changes": changes}
    fork = Run.create(new_folder(config["method"]) if path is None else path, config)
    shutil.copyfile(run.path / "data.json", fork.path / "data.json")
    rows = [json.dumps(row) + "\n" for row in run.metrics() if row["step"] <= step]
    write_text(fork.path / "metrics.jsonl", "".join(rows))
    fork.save(state)
    total = config["options"].get("steps", state["total_steps"])
    fork.write_status(Status("stopped", step, total, elapsed=state["elapsed"]))
    told = ", ".join(f"{k} = {v}" for k, v in changes.items()) or "nothing changed"
    fork.log(f"forked from {run.name} at step {step}: {told}")
    return fork


def _checked(method, step, changes):
    checked = {}
    for name, value in changes.items():
        if name in ("device", "threads"):
            checked[name] = value
            continue
        if name == "seed" or not (known := option(method, name)).forkable:
            raise ValueError(
                f"{name} cannot change in a fork, because the state at step {step} was "
                "made with it. Start a new run."
            )
        checked[name] = known.checked(value)
    if checked.get("steps", step + 1) <= step:
        raise ValueError(
            f"steps is {checked['steps']}, expected more than the {step} that are done"
        )
    return checked
