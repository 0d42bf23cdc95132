"""Trial: one training with hidden lines, what it is asked for and where its files lie.

The folder is that of an ordinary training run, so that the Training page has it; the
spectra it trains on, what was hidden and what was found lie beside. Imports no torch.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stellar_gui import paths

SHARES = (0.1, 0.3)
STEPS = 7000  # the demo preset's
STARS = 6000
_USUAL = {"stars": STARS, "steps": STEPS}


@dataclass(frozen=True)
class Trial:
    """share: of the lines, that is hidden; 0 for none. seed: draws all that is drawn.

    stars: observed ones to train on; steps: of the training. Raises ValueError for a
    share that is neither 0 nor within `SHARES`, and for too few stars or steps.

    >>> Trial(share=0.2, seed=3).name, Trial(share=0.2).reference.name
    ('lines-20-seed-3', 'lines-0-seed-0')
    """

    share: float = SHARES[1]
    seed: int = 1
    stars: int = STARS
    steps: int = STEPS

    def __post_init__(self):
        low, high = SHARES
        if self.share and not low <= self.share <= high:
            raise ValueError(
                f"share is {self.share}, expected {low} to {high}: the part of the "
                "lines that is hidden, or 0 for none"
            )
        for name, least in (("seed", 0), ("stars", 30), ("steps", 2)):
            if getattr(self, name) < least:
                raise ValueError(
                    f"{name} is {getattr(self, name)}, expected {least} or more"
                )

    @property
    def name(self) -> str:
        """That of its run; settings other than the usual ones are in it."""
        parts = [f"lines-{100 * self.share:.3g}-seed-{self.seed}"]
        for name, usual in _USUAL.items():
            if getattr(self, name) != usual:
                parts.append(f"{getattr(self, name)}-{name}")
        return "-".join(parts)

    @property
    def folder(self) -> Path:
        """The folder of its run, among the user's."""
        return paths.runs() / self.name

    @property
    def reference(self) -> "Trial":
        """The trial in which nothing is hidden: one for all shares and seeds."""
        return dataclasses.replace(self, share=0.0, seed=0)

    @property
    def job(self) -> Path:
        """The folder of the process that carries the trial out."""
        return self.folder / "laboratory"

    @property
    def request(self) -> dict[str, Any]:
        """The fields, in values that JSON has."""
        return dataclasses.asdict(self)


def read_findings(trial: Trial) -> dict[str, Any] | None:
    """What was found, as `findings.judge` wrote it; None before that.

    Of a trial that was not carried out here, what ships with the sample.
    """
    return read_plain(trial.folder / "findings.json") or read_plain(_shipped(trial))


def known_trials() -> list[Trial]:
    """The trials with hidden lines that were judged: newest first, the shipped last."""
    own = sorted(
        paths.runs().glob("lines-*/findings.json"),
        key=lambda file: file.stat().st_mtime,
        reverse=True,
    )
    shipped = sorted(_shipped(Trial()).parent.glob("lines-*.json"))
    found = [Trial(**read_plain(file)["trial"]) for file in (*own, *shipped)]
    return [trial for trial in dict.fromkeys(found) if trial.share]


def _shipped(trial):
    return paths.sample_data() / "laboratory" / f"{trial.name}.json"


def read_plain(file: Path) -> dict[str, Any] | None:
    """Return what a JSON file holds; None if there is none."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def reference_file(trial: Trial) -> Path | None:
    """Where the dips of the run in which nothing is hidden lie; None before it ran.

    For the usual settings they ship with the sample.
    """
    own = trial.reference.folder / "dips.json"
    shipped = _shipped(trial.reference)
    return next((file for file in (own, shipped) if file.is_file()), None)
