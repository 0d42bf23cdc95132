"""Config: what a run was asked for, checked before anything is read or started."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stellar_gui.training.fingerprint import code_version
from stellar_gui.training.options import checked_options
from stellar_gui.training.run import Run

GENERAL = ("seed", "device", "threads")
"""Options of every method."""


def new_config(
    method: str, data: str | Path | None, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what ``config.json`` says of a new run.

    options: `GENERAL` ones and those of the method. Raises ValueError with a sentence.
    """
    own = {name: value for name, value in options.items() if name not in GENERAL}
    own = checked_options(method, own)
    if data is None:
        raise ValueError("no data: name a survey file with --data")
    return {
        "method": method,
        "data": str(Path(data).resolve()),
        "seed": options.get("seed", 1),
        "device": options.get("device", "auto"),
        "threads": options.get("threads"),
        "options": own,
        "code": code_version(),
    }


def kept_config(method: str, run: str | Path | None, given: list[str]) -> dict:
    """Return the config of a run that is to be resumed with ``method``.

    given: names of what was asked for beside it, which must be nothing. Raises
    ValueError with a sentence.
    """
    if run is None:
        raise ValueError("nothing to resume: name the run's folder with --run")
    config = Run(run).config
    if config["method"] != method:
        raise ValueError(
            f"{run} is a run of {config['method']}, not of {method}. "
            f"Resume it with: stellar-gui train {config['method']} --resume --run {run}"
        )
    if given:
        raise ValueError(
            f"a resumed run keeps its own settings, but {', '.join(given)} was given. "
            "Leave it out, fork the run, or start a new one."
        )
    return config


def same_request(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two configs ask for the same, whatever the code."""
    asked = [{k: v for k, v in c.items() if k != "code"} for c in (one, other)]
    return asked[0] == asked[1]
