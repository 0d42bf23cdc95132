"""What a run logged, as a table to take elsewhere: ECSV with its settings."""

import json
from pathlib import Path

import numpy as np
from astropy.table import Table

from stellar_gui.io.ecsv import table_text
from stellar_gui.training.run import Run


def metrics_text(path: str | Path) -> str:
    """Return the metrics of the run in a folder as ECSV, one row for each logged step.

    A number that a step did not log is NaN. Raises FileNotFoundError without a run,
    ValueError if nothing was logged.
    """
    run = Run(path)
    rows = run.metrics()
    if not rows:
        raise ValueError(
            f"the run {run.path.name} has logged nothing yet; export it after its "
            "first step"
        )
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = Table(
        {name: np.array([row.get(name, np.nan) for row in rows]) for name in names}
    )
    table["elapsed"].unit = "s"
    config = json.loads(json.dumps(run.config))
    table.meta = {"run": run.path.name, "config": config}
    return table_text(table)
