"""Scores that never stand alone: beside a trivial baseline, a ceiling, a sentence.

What a table of them holds and how it is stored and compared; `transfer_scores` fills
it. Knows nothing of models and spectra.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

OK, WARN, BAD, UNKNOWN = "ok", "warn", "bad", "unknown"


class ScoreRow(NamedTuple):
    """One score; numbers are None where there is none.

    healthy: (lowest, highest) of good runs, either may be None; state: "ok", "warn",
    "bad", or "unknown" where nothing says what is healthy.
    """

    key: str  # "gap_swapped"
    title: str  # "gap closed with another star's z_split"
    value: float
    error: float | None = None  # standard deviation over the draw of stars
    baseline: float | None = None  # what the trivial way scores
    ceiling: float | None = None  # what a perfect transfer would score
    healthy: tuple[float | None, float | None] | None = None
    state: str = UNKNOWN
    sentence: str = ""  # what it means, and what the baseline and the ceiling are


@dataclass(frozen=True)
class ScoreTable:
    """Scores of one model on one set of stars.

    conditions: what they depend on, in plain values (stars, seed, ...), and what else
    must be kept to compute them again.
    """

    rows: tuple[ScoreRow, ...]
    conditions: dict[str, Any] = field(default_factory=dict)

    def __iter__(self) -> Iterator[ScoreRow]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, key: str) -> ScoreRow:
        """Return the row of a key. Raises KeyError if there is none."""
        for row in self.rows:
            if row.key == key:
                return row
        raise KeyError(f"no score {key!r}, only {', '.join(r.key for r in self.rows)}")

    def __contains__(self, key: str) -> bool:
        return any(row.key == key for row in self.rows)

    @property
    def state(self) -> str:
        """The worst state of a row: "ok", "warn" or "bad"."""
        states = {row.state for row in self.rows}
        return BAD if BAD in states else WARN if WARN in states else OK

    def to_plain(self) -> dict[str, Any]:
        """Return it in values that JSON has: None for what is not a number."""
        rows = [
            {name: _plain(value) for name, value in row._asdict().items()}
            for row in self.rows
        ]
        return {"rows": rows, "conditions": dict(self.conditions)}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> "ScoreTable":
        """The inverse of `to_plain`. Raises KeyError if an entry is missing."""
        rows = []
        for entry in plain["rows"]:
            entry = {name: entry[name] for name in ScoreRow._fields}
            if entry["value"] is None:
                entry["value"] = math.nan
            if entry["healthy"] is not None:
                entry["healthy"] = tuple(entry["healthy"])
            rows.append(ScoreRow(**entry))
        return cls(tuple(rows), dict(plain["conditions"]))

    def differing(self, other: "ScoreTable", tolerance: float = 1e-3) -> list[str]:
        """Return the keys whose value, baseline or ceiling differ by more.

        Relative to the larger of 1 and the value itself. A score of one table alone
        differs.
        """
        mine, others = ({row.key: row for row in table} for table in (self, other))
        return [
            key
            for key in {**mine, **others}
            if key not in mine
            or key not in others
            or not _same(mine[key], others[key], tolerance)
        ]

    def lines(self) -> list[str]:
        """Return the table as lines of text, the header first."""
        width = max((len(row.title) for row in self.rows), default=0)
        columns = ("value", "±", "baseline", "ceiling", "healthy", "")
        texts = ["".join([" " * width, *(f"{name:>11}" for name in columns)]).rstrip()]
        for row in self.rows:
            numbers = (row.value, row.error, row.baseline, row.ceiling)
            cells = [*map(_text, numbers), _range_text(row.healthy), row.state]
            texts.append(f"{row.title:<{width}}" + "".join(f"{c:>11}" for c in cells))
        return texts


def judged(value: float, healthy, bad) -> str:
    """Return the state of a value, by two ranges (lowest, highest).

    "ok" inside ``healthy``, "bad" outside of ``bad``, else "warn"; None for an end that
    is open, and "unknown" without a number or without a healthy range.

    >>> [judged(x, healthy=(0.8, None), bad=(0.5, None)) for x in (0.9, 0.6, 0.3)]
    ['ok', 'warn', 'bad']
    """
    if healthy is None or not math.isfinite(value):
        return UNKNOWN
    if _inside(value, healthy):
        return OK
    return WARN if bad is None or _inside(value, bad) else BAD


def _inside(value, limits):
    low, high = limits
    return (low is None or value >= low) and (high is None or value <= high)


def _same(row, other, tolerance):
    for name in ("value", "baseline", "ceiling"):
        pair = getattr(row, name), getattr(other, name)
        if (pair[0] is None) != (pair[1] is None):
            return False
        if pair[0] is None:
            continue
        scale = max(1.0, abs(np.nan_to_num(pair[0])))
        if not np.isclose(*pair, rtol=0.0, atol=tolerance * scale, equal_nan=True):
            return False
    return True


def _plain(value):
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value


def _text(value):
    return "" if value is None else f"{value:.3f}"


def _range_text(healthy):
    if healthy is None:
        return ""
    low, high = healthy
    if low is None:
        return f"<= {high:.2f}"
    return f">= {low:.2f}" if high is None else f"{low:.2f}-{high:.2f}"
