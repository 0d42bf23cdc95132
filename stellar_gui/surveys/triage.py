"""Triage: what users decide on stars, kept as a journal with one line a decision.

A line is appended and never changed, so that two browsers, or two servers, lose nothing
of each other: of one star the last line counts. A line that a crash has cut is left out
and said to be.
"""

import json
import os
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from stellar_gui import paths

ACCEPTED, FLAGGED, OPEN = "accepted", "flagged", ""
_LONGEST_NOTE = 2000  # characters
_WRITING = threading.Lock()


@dataclass(frozen=True)
class Decision:
    """What was decided on a star: "accepted", "flagged" or "" and a free note."""

    verdict: str = OPEN
    note: str = ""
    made: float = 0.0  # s since 1970

    @property
    def decided(self) -> bool:
        return bool(self.verdict)


class Triage:
    """The decisions on the stars of one survey, by star id.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     triage = Triage("a1b2", Path(folder))
    ...     _ = triage.accept("sg-1"), triage.note("sg-1", "a fine star")
    ...     found = triage.decision("sg-1")
    >>> found.verdict, found.note
    ('accepted', 'a fine star')
    """

    def __init__(self, survey: str, folder: Path | None = None):
        """survey: the fingerprint of its data; folder: of all journals.

        The folder is beside that of the training runs if None: what users made is no
        cache.
        """
        folder = paths.runs().parent / "triage" if folder is None else Path(folder)
        self.path = folder / f"{survey}.jsonl"
        self._undo: list[tuple[str, Decision]] = []

    def decisions(self) -> dict[str, Decision]:
        """Return the last decision on each star, as the journal has them now."""
        return self._read()[0]

    def decision(self, star_id: str) -> Decision:
        """Return the last decision on a star; an open one if there is none."""
        return self.decisions().get(star_id, Decision())

    @property
    def n_unreadable(self) -> int:
        """How many lines of the journal are damaged; they stay, and do not count."""
        return self._read()[1]

    @property
    def version(self) -> tuple[int, int]:
        """What changes with every decision of anybody: cheap to ask for often."""
        try:
            status = self.path.stat()
        except OSError:
            return 0, 0
        return status.st_size, status.st_mtime_ns

    def accept(self, star_id: str) -> Decision:
        """Accept a star; its note stays. Raises as `decide`."""
        return self.decide(star_id, verdict=ACCEPTED)

    def flag(self, star_id: str) -> Decision:
        """Flag a star; its note stays. Raises as `decide`."""
        return self.decide(star_id, verdict=FLAGGED)

    def note(self, star_id: str, text: str) -> Decision:
        """Write a note on a star; its verdict stays. Raises as `decide`."""
        return self.decide(star_id, note=text)

    def decide(
        self, star_id: str, *, verdict: str | None = None, note: str | None = None
    ) -> Decision:
        """Decide on a star, saved when this returns; what is None stays as it was.

        Raises ValueError for another verdict, a longer note than 2000 characters, or no
        star, and OSError if it cannot be saved; nothing has changed then.
        """
        before = self.decision(star_id)
        verdict = before.verdict if verdict is None else verdict
        note = before.note if note is None else note.strip()
        _check(star_id, verdict, note)
        after = Decision(verdict, note, time.time())
        self._append(star_id, after)
        self._undo.append((star_id, before))
        return after

    @property
    def can_undo(self) -> bool:
        """Whether something was decided here that `undo` can take back."""
        return bool(self._undo)

    def undo(self) -> str | None:
        """Take back what was decided last through this object; return the star's id.

        Others' decisions on other stars stay. None if there is nothing to take back.
        Raises OSError if it cannot be saved.
        """
        if not self._undo:
            return None
        star_id, before = self._undo[-1]
        self._append(star_id, Decision(before.verdict, before.note, time.time()))
        self._undo.pop()
        return star_id

    def _append(self, star_id, decision):
        line = json.dumps({"star": star_id, **asdict(decision)}, ensure_ascii=False)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with _WRITING, self.path.open("ab+") as journal:
            # behind a line that a crash has cut, a new one begins
            cut = journal.tell() > 0 and _last_byte(journal) != b"\n"
            journal.write((b"\n" if cut else b"") + line.encode() + b"\n")
            journal.flush()
            os.fsync(journal.fileno())

    def _read(self):
        """Decisions by star, and how many lines say none."""
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return {}, 0
        decisions, unreadable = {}, 0
        for line in filter(None, lines):
            try:
                star_id, decision = _parse(line)
            except (ValueError, KeyError, TypeError, AttributeError):
                unreadable += 1
                continue
            decisions.pop(star_id, None)  # so that the last decided stands last
            decisions[star_id] = decision
        return decisions, unreadable


def _last_byte(journal):
    journal.seek(-1, os.SEEK_END)
    return journal.read(1)


def _parse(line):
    told = json.loads(line.decode())
    star_id = told.pop("star")
    decision = Decision(**told)
    _check(star_id, decision.verdict, decision.note)
    return star_id, decision


def _check(star_id, verdict, note):
    if not star_id or not isinstance(star_id, str):
        raise ValueError("no star was named, expected the id of one")
    if verdict not in (ACCEPTED, FLAGGED, OPEN):
        raise ValueError(
            f"the verdict is {verdict!r}, expected {ACCEPTED!r}, {FLAGGED!r} or ''"
        )
    if len(note) > _LONGEST_NOTE:
        raise ValueError(
            f"the note has {len(note)} characters, expected {_LONGEST_NOTE} at most. "
            "Shorten it."
        )
