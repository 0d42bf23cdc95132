"""History: what a run has logged, read as it grows and thinned to what a plot can show.

Reads ``metrics.jsonl`` of `training.run` from where it stopped reading, whole lines
only, so that looking at a run of any length again costs nothing.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

VALIDATION = "validation_"
"""What the names of scores begin with, in a line of the metrics."""

_CAPACITY = 1500  # rows that are kept at least, once so many were logged


class Added(NamedTuple):
    """What a `History.read` brought: ``rows`` and those of them with scores.

    renewed: all that was read before is to be forgotten, these are all rows there are.
    """

    rows: list[dict[str, float]]
    scores: list[dict[str, float]]
    renewed: bool


def read_rows(lines: Iterable[bytes]) -> list[dict[str, float]]:
    """Return the logged steps of lines of the metrics, without those that are damaged.

    >>> read_rows([b'{"step": 1}', b'{"step": 2, "lo', bytes(9), b"3"])
    [{'step': 1}]
    """
    rows = []
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and "step" in row:
            rows.append(row)
    return rows


class History:
    """The logged steps of one run: ``rows``, thinned, and all ``scores``.

    Each is a list of dicts as the run wrote them, with ``step`` and ``elapsed``;
    ``latest`` is the last row, never thinned out.
    """

    def __init__(self, path: str | Path, capacity: int = _CAPACITY):
        """path: the folder of the run, which need not hold metrics yet."""
        self._file = Path(path) / "metrics.jsonl"
        self._capacity = capacity
        self._forget(None)

    def _forget(self, identity):
        self._identity, self._offset = identity, 0
        self._every, self._count = 1, 0
        self.rows: list[dict[str, float]] = []
        self.scores: list[dict[str, float]] = []
        self.latest: dict[str, float] = {}

    @property
    def unread(self) -> int:
        """Bytes that `read` would have to look at."""
        try:
            return max(self._file.stat().st_size - self._offset, 0)
        except FileNotFoundError:
            return 0

    def read(self) -> Added:
        """Take in what was logged since; a resumed run may have taken lines back."""
        try:
            with self._file.open("rb") as file:
                return self._take(file)
        except FileNotFoundError:
            renewed = bool(self._count)
            self._forget(None)
            return Added([], [], renewed)

    def _take(self, file):
        stat = os.fstat(file.fileno())
        renewed = False
        if stat.st_ino != self._identity or stat.st_size < self._offset:
            renewed = self._count > 0
            self._forget(stat.st_ino)
        file.seek(self._offset)
        text = file.read()
        whole = text[: text.rfind(b"\n") + 1]
        self._offset += len(whole)
        lines = whole.splitlines()
        thinned = self._thin(len(lines))
        rows, scores = self._parse(lines)
        self.rows += rows
        self.scores += scores
        if renewed or thinned:
            return Added(self.rows, self.scores, True)
        return Added(rows, scores, False)

    def _thin(self, n_new):
        """Keep fewer rows where there would be too many; True if some were dropped."""
        before = self._every
        while (self._count + n_new) // self._every > 2 * self._capacity:
            self._every *= 2
        step = self._every // before
        self.rows = self.rows[::step]
        return step > 1 and self._count > 0

    def _parse(self, lines):
        rows, scores = [], []
        mark = VALIDATION.encode()
        for number, line in enumerate(lines, self._count):
            kept, scored = number % self._every == 0, mark in line
            last = number == self._count + len(lines) - 1
            if not (kept or scored or last):
                continue
            found = read_rows([line])
            if not found:
                continue
            row = found[0]
            if kept:
                rows.append(row)
            if scored:
                scores.append(row)
            if last:
                self.latest = row
        self._count += len(lines)
        return rows, scores
