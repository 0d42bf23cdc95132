"""The scores of a run's transfer, kept in its folder, and the lights they put on.

``scores/scores.json`` holds a `ScoreTable` and the step whose model was scored;
`experiments.run_scores` makes it, when the run is finished.
"""

import functools
import json
import os
from pathlib import Path
from typing import NamedTuple

from stellar_gui.analysis.score_meanings import MEANINGS
from stellar_gui.analysis.scores import UNKNOWN, ScoreRow, ScoreTable
from stellar_gui.analysis.transfer_words import verdict
from stellar_gui.io.whole import write_text
from stellar_gui.training.diagnosis import Check

FOLDER = "scores"
_KINDS = {"ok": "ok", "warn": "warning", "bad": "bad"}
_SWAP = "swap_of_ceiling"


class RunScores(NamedTuple):
    """What was scored: the model at ``step``, on ``n_stars`` that it never saw."""

    step: int
    n_stars: int
    table: ScoreTable


def write_run_scores(path: Path, scores: RunScores) -> None:
    """Keep scores in the folder of a run."""
    plain = scores._asdict() | {"table": scores.table.to_plain()}
    (path / FOLDER).mkdir(exist_ok=True)
    write_text(path / FOLDER / "scores.json", json.dumps(plain))


def read_run_scores(path: Path) -> RunScores | None:
    """Return the scores in the folder of a run; None if it has none, or damaged ones.

    A file that has not changed is not read again.
    """
    file = path / FOLDER / "scores.json"
    try:
        return _read(file, os.stat(file).st_mtime_ns)
    except (OSError, ValueError, KeyError, TypeError):
        return None


@functools.lru_cache(maxsize=64)
def _read(file, written):
    plain = json.loads(file.read_text(encoding="utf-8"))
    table = ScoreTable.from_plain(plain["table"])
    return RunScores(plain["step"], plain["n_stars"], table)


def lights(scores: RunScores) -> list[Check]:
    """Return what the scores say together, and a light for each that is judged."""
    table = scores.table
    about = f"{verdict(table)}; {scores.n_stars} stars that it never saw"
    checks = [Check(_KINDS[table.state], "Transfer", about)]
    if _SWAP not in table:
        checks.append(
            Check(
                "idle",
                "Swapped gap is not known",
                "its physical ceiling needs the truth, which these spectra do not have",
                MEANINGS[_SWAP].sentence,
            )
        )
    return [*checks, *(_light(row) for row in table if row.state != UNKNOWN)]


def _light(row: ScoreRow) -> Check:
    title = row.title[:1].upper() + row.title[1:]
    return Check(_KINDS[row.state], title, _numbers(row), row.sentence)


def _numbers(row):
    parts = [f"{row.value:.2f}, {_range(row.healthy, 'healthy')}"]
    usable = MEANINGS[row.key].usable
    if usable is not None:
        parts.append(_range(usable, "usable"))
    if row.baseline is not None:
        parts.append(f"trivial {row.baseline:.2f}")
    return "; ".join(parts).replace("-", "\u2212")


def _range(ends, word):
    low, high = ends
    if low is None:
        return f"{word} up to {high:.2f}"
    return f"{word} from {low:.2f}" + ("" if high is None else f" to {high:.2f}")
