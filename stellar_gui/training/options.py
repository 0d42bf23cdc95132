"""Options: what each method can be asked for, said once for every way to ask.

The flags of ``stellar-gui train`` and the form of the Training page are made from these
tables. Imports no torch, so that ``--help`` answers at once; tests hold the defaults
to those of the trainers.
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

METHOD_TITLES = {
    "cannon": "Cannon",
    "payne": "Payne",
    "cycle-starnet": "Cycle-StarNet",
}

NO_LEARNING_RATE = {
    "cannon": "The Cannon solves linear equations; it has no learning rate to change."
}
"""Method -> why its learning rate cannot be changed."""

NEEDS_DOUBLE = {
    "cannon": "the Cannon solves equations with 64-bit numbers, which it does not have"
}
"""Method -> why it cannot use a device of 32-bit numbers, as MPS is."""

CHECKPOINT_EVERY = {"cannon": 1, "payne": 500, "cycle-starnet": 500}
"""Method -> steps between its checkpoints; the Cannon's are few, each long."""


@dataclass(frozen=True)
class Option:
    """One setting of a method; ``--learning-rate`` on the command line.

    default None: the method's own choice, which ``help`` tells. forkable: a fork may
    change it, because the weights and the data stay what they are.
    """

    name: str
    kind: type  # int, float, str, Path, or list of words
    help: str
    default: Any = None
    unit: str = ""
    choices: tuple[Any, ...] = ()
    low: float | None = None  # the smallest value that makes sense
    forkable: bool = False
    advanced: bool = False

    @property
    def flag(self) -> str:
        """The option on the command line."""
        return "--" + self.name.replace("_", "-")

    def parse(self, text: str) -> Any:
        """The value that ``text`` says. Raises ValueError with a sentence."""
        if self.kind is list:
            return text.replace(",", " ").split()
        try:
            return self.checked(self.kind(text))
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"{self.name} is {text!r}, expected {self._expected()}"
            ) from error

    def checked(self, value: Any) -> Any:
        """Return a value as the method takes it. Raises ValueError with a sentence."""
        kinds = {float: (int, float), Path: (str, Path), list: (list, tuple)}
        right = isinstance(value, kinds.get(self.kind, self.kind))
        if (
            not right
            or isinstance(value, bool)
            or (self.choices and value not in self.choices)
            or (self.low is not None and not value >= self.low)
        ):
            raise ValueError(f"{self.name} is {value!r}, expected {self._expected()}")
        if self.kind is Path:
            return str(Path(value).resolve())
        return list(value) if self.kind is list else self.kind(value)

    def _expected(self):
        if self.choices:
            return "one of " + ", ".join(str(choice) for choice in self.choices)
        kind = {int: "a whole number", float: "a number", list: "a list of names"}
        least = "" if self.low is None else f" of at least {self.low:g}"
        return kind.get(self.kind, "a path" if self.kind is Path else "a word") + least


LABELS = Option("labels", list, "label names; default: all that the data have")

OPTIONS: dict[str, tuple[Option, ...]] = {
    "cannon": (
        LABELS,
        Option(
            "order", int, "degree of the polynomial in the labels", 2, "", (1, 2, 3)
        ),
        Option("steps", int, "iterations of the scatter", 10, low=1, forkable=True),
    ),
    "payne": (
        LABELS,
        Option("steps", int, "optimizer updates", 40_000, low=1, forkable=True),
        Option(
            "batch_size", int, "in one update", 128, "spectra", low=1, forkable=True
        ),
        Option(
            "learning_rate",
            float,
            "the highest of its one cycle, reached after a tenth of the steps",
            3e-3,
            low=1e-9,
            forkable=True,
        ),
        Option("hidden", int, "units in each of two layers", 300, low=1),
        Option(
            "components",
            int,
            "principal components that the network learns",
            150,
            low=1,
            advanced=True,
        ),
        Option(
            "taught",
            int,
            "spectra between those of the grid that a Gaussian process adds; 0: none",
            30_000,
            "spectra",
            low=0,
            advanced=True,
        ),
    ),
    "cycle-starnet": (
        Option("emulator", Path, "model file of the emulator, such as a Payne"),
        Option(
            "preset",
            str,
            "demo: minutes on a CPU; paper: as published",
            "demo",
            choices=("demo", "paper"),
        ),
        Option(
            "labels",
            str,
            "assumed of the synthetic stars: 'training' takes the emulator's, 'fits' "
            "those of the observed stars, or a file",
            "training",
        ),
        Option(
            "steps",
            int,
            "optimizer updates in all; default: the preset's",
            low=1,
            forkable=True,
        ),
        Option(
            "batch_size",
            int,
            "of each domain in one update; default: the preset's",
            unit="spectra",
            low=1,
            forkable=True,
        ),
        Option(
            "learning_rate",
            float,
            "the highest of the schedule; default: the preset's",
            low=1e-9,
            forkable=True,
        ),
        Option(
            "link",
            str,
            "how labels reach observed flux; default: the preset's",
            choices=("difference", "decode"),
            advanced=True,
        ),
        Option(
            "jacobian",
            float,
            "weight of the penalty on derivatives that differ from the emulator's; 0 "
            "lets lines that it lacks bring their own; default: the preset's",
            low=0,
            advanced=True,
        ),
    ),
}

PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "cannon": {"Quick look": {"order": 1}, "Standard": {}, "Cubic": {"order": 3}},
    "payne": {"Quick look": {"steps": 4000, "taught": 5000}, "Standard": {}},
    "cycle-starnet": {"Demo": {"preset": "demo"}, "As published": {"preset": "paper"}},
}
"""Method -> title -> options that differ from the defaults."""


def option(method: str, name: str) -> Option:
    """Return an option of a method. Raises ValueError if there is none."""
    known = {o.name: o for o in options_of(method)}
    if name not in known:
        close = difflib.get_close_matches(name, known, 1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(
            f"{method} has no option {name!r}, expected one of {', '.join(known)}{hint}"
        )
    return known[name]


def options_of(method: str) -> tuple[Option, ...]:
    """Return all options of a method. Raises ValueError if it is unknown.

    >>> [o.flag for o in options_of("cannon")]
    ['--labels', '--order', '--steps']
    """
    if method not in OPTIONS:
        raise ValueError(f"method is {method!r}, expected one of {', '.join(OPTIONS)}")
    return OPTIONS[method]


def checked_options(method: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options as the method takes them. Raises ValueError with a sentence.

    >>> checked_options("cannon", {"order": 5})
    Traceback (most recent call last):
    ...
    ValueError: order is 5, expected one of 1, 2, 3
    """
    return {name: option(method, name).checked(v) for name, v in options.items()}


def with_defaults(method: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return all options of a method, those not given at their defaults."""
    return {o.name: options.get(o.name, o.default) for o in options_of(method)}
