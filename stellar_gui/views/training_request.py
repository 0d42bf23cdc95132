"""What a user asks of a new run or of a fork, as far as it was typed; no Panel."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from stellar_gui.training.options import OPTIONS, PRESETS, options_of

METHODS = tuple(m for m in ("cycle-starnet", "payne", "cannon") if m in OPTIONS)
_GENERAL = {"data": "", "device": "auto", "seed": "1", "threads": "1"}
_LEAST = {"seed": 0, "threads": 1}


class Parent(NamedTuple):
    """The run that is forked, at a step, and the options it had."""

    name: str
    step: int
    options: dict


class Request:
    """Method, preset, data and settings as they stand in the form.

    ``values`` by option and ``general`` (data, device, seed, threads) hold what was
    typed, right or wrong; `checked` tells. ``parent`` is what a fork comes from.
    """

    def __init__(self, models: list[Path]):
        """models: files to choose an emulator from."""
        self._models = models
        self.general = dict(_GENERAL)
        self.choose_method(METHODS[0])

    def choose_method(self, method: str) -> None:
        """Start afresh with a method, at its first preset."""
        self.method, self.parent = method, None
        self.general["data"] = ""
        self.choose_preset(next(iter(PRESETS[method]), ""))

    def choose_preset(self, preset: str) -> None:
        """Take the values of a preset; the rest is the method's own choice."""
        self.preset = preset
        self.values = self.of_preset(preset)

    def of_preset(self, preset: str) -> dict:
        """All options of a preset, those that it does not name at their defaults."""
        chosen = PRESETS[self.method].get(preset, {})
        values = {o.name: o.default for o in options_of(self.method)} | chosen
        for option in options_of(self.method):
            if option.kind is Path and values[option.name] is None:
                values[option.name] = self._emulator()
        return values

    def _emulator(self):
        payne = [path for path in self._models if "payne" in path.stem]
        return str((payne or self._models or [""])[0])

    def fork(self, name: str, step: int, method: str, config: Mapping) -> None:
        """Take the settings of a run, to fork it at a step."""
        kept = config.get("options", {})
        self.method, self.preset = method, ""
        self.values = {o.name: kept.get(o.name, o.default) for o in options_of(method)}
        self.general = {n: str(config.get(n, v)) for n, v in _GENERAL.items()}
        self.parent = Parent(name, step, kept)

    def set(self, name: str, value) -> None:
        """Take what was typed or chosen in a field."""
        if name == "method":
            self.choose_method(value)
        elif name in self.general:
            self.general[name] = value
        elif name in self.values:
            self.values[name] = value
            self.preset = ""

    def checked(self) -> tuple[dict, dict[str, str]]:
        """Return the options as the method takes them, and what is wrong by field."""
        options, problems = {}, {}
        for option in options_of(self.method):
            try:
                value = parsed(option.kind, self.values[option.name])
                if value is not None:
                    options[option.name] = option.checked(value)
                elif option.kind is Path:
                    problems[option.name] = f"choose the {option.name}: a model file"
            except ValueError as error:
                problems[option.name] = str(error)
        for name, least in _LEAST.items():
            try:
                number = parsed(int, self.general[name])
                if number is None or number < least:
                    problems[name] = f"{name} must be {least} or more"
            except ValueError as error:
                problems[name] = str(error)
        return options, problems

    def changes(self, options: Mapping) -> dict:
        """What a fork does other than its parent, of what a fork may do."""
        free = {option.name for option in options_of(self.method) if option.forkable}
        return {
            name: value
            for name, value in options.items()
            if name in free and self.parent.options.get(name) != value
        }

    def launched(self) -> dict:
        """data, device, seed and threads as `training.launch` takes them."""
        numbers = {name: parsed(int, self.general[name]) for name in _LEAST}
        return self.general | numbers

    def pace_key(self, options: Mapping) -> tuple:
        """What the time of a step depends on."""
        rest = {name: value for name, value in options.items() if name != "steps"}
        general = [self.general[name] for name in ("data", "device", "threads")]
        return (self.method, *general, repr(sorted(rest.items())))


def parsed(kind, value):
    """Return what was typed as a value of ``kind``; None if nothing was.

    Raises ValueError with a sentence if it is none.

    >>> parsed(int, "100 000"), parsed(float, "1e-4"), parsed(list, "teff logg")
    (100000, 0.0001, ['teff', 'logg'])
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if kind is list:
        return value.replace(",", " ").split() if isinstance(value, str) else value
    if kind not in (int, float):
        return str(value)
    text = "".join(str(value).split()).replace("\u2212", "-")
    try:
        number = float(text)
        if kind is int and number != int(number):
            raise ValueError
    except (ValueError, OverflowError):
        whole = "a whole number" if kind is int else "a number"
        raise ValueError(f"{value!r} is not {whole}") from None
    return int(number) if kind is int else number
