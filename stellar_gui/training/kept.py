"""Kept checkpoints: some along the run, so that it can be seen and forked from there.

They lie at steps spaced evenly in their logarithm, because models change most at first;
their number is bounded, and so are their bytes. Each is a whole checkpoint, from which
training goes on bit for bit. The last two are always among them: one may be damaged.
"""

import os
import shutil
from pathlib import Path

import numpy as np

from stellar_gui.io.whole import written_whole

MOST, FEWEST = 20, 5
_BYTES = 1 << 30  # of all of them together, unless that leaves too few
_RECENT = 2


class Kept:
    """The folder ``checkpoints`` of a run."""

    def __init__(self, run_path: Path):
        """run_path: the folder of the run, whose ``checkpoint.pt`` is kept."""
        self._newest = run_path / "checkpoint.pt"
        self._folder = run_path / "checkpoints"

    def steps(self) -> list[int]:
        """The steps of the kept checkpoints, in order."""
        return sorted(int(f.stem[5:]) for f in self._folder.glob("step-*.pt"))

    def file(self, step: int) -> Path:
        """Where the checkpoint of a step lies, if it is kept."""
        return self._folder / f"step-{step}.pt"

    def planned(self, total_steps: int) -> list[int]:
        """The steps at which a checkpoint is to stay: fewer where they are large."""
        try:
            size = self._newest.stat().st_size
        except OSError:
            size = 0
        return planned_steps(total_steps, size)

    def keep(self, step: int, total_steps: int) -> None:
        """Keep the newest checkpoint, which is that of ``step``; drop what may go."""
        self._folder.mkdir(exist_ok=True)
        _link(self._newest, self.file(step))
        held = self.steps()
        wanted = {*self.planned(total_steps), *held[-_RECENT:]}
        for old in held:
            if old not in wanted:
                self.file(old).unlink(missing_ok=True)

    def forget_after(self, step: int) -> None:
        """Drop the checkpoints of steps that will be made again."""
        for later in self.steps():
            if later > step:
                self.file(later).unlink(missing_ok=True)


def planned_steps(total_steps: int, size: int = 0) -> list[int]:
    """Steps from the first to the last, evenly spaced in their logarithm.

    size: bytes of a checkpoint; large ones are kept at fewer steps.

    >>> planned_steps(1000, 200_000_000)
    [1, 6, 32, 178, 1000]
    >>> planned_steps(4)
    [1, 2, 3, 4]
    """
    if total_steps < 1:
        return []
    count = min(MOST, max(FEWEST, _BYTES // max(size, 1)))
    return np.unique(np.geomspace(1, total_steps, count).round().astype(int)).tolist()


def _link(source, target):
    """Give the file a second name, or copy it where the file system cannot.

    The source is only ever replaced, never written into, so the target stays.
    """
    with written_whole(target) as part:
        try:
            os.link(source, part)
        except OSError:
            shutil.copyfile(source, part)
