"""Options: what is offered is what the trainers take, with the defaults they have."""

import inspect
from pathlib import Path

import pytest

from stellar_gui.training.cannon import CannonTrainer
from stellar_gui.training.cycle_settings import PRESETS as CYCLE_PRESETS
from stellar_gui.training.cycle_settings import Settings
from stellar_gui.training.options import (
    METHOD_TITLES,
    NO_LEARNING_RATE,
    OPTIONS,
    PRESETS,
    checked_options,
    option,
    with_defaults,
)
from stellar_gui.training.payne import PayneTrainer
from stellar_gui.training.start import _PAYNE_NAMES, METHODS


def test_every_method_has_options_presets_and_a_title():
    assert OPTIONS.keys() == METHODS.keys() == PRESETS.keys() == METHOD_TITLES.keys()


@pytest.mark.parametrize(
    ("method", "trainer", "names"),
    [("cannon", CannonTrainer, {}), ("payne", PayneTrainer, _PAYNE_NAMES)],
)
def test_defaults_are_those_of_the_trainer(method, trainer, names):
    taken = inspect.signature(trainer).parameters
    for offered in OPTIONS[method]:
        if offered.name == "labels":
            continue
        assert taken[names.get(offered.name, offered.name)].default == offered.default


def test_cycle_starnet_is_offered_settings_that_it_has():
    known = set(Settings.__dataclass_fields__)
    own = {"emulator", "preset", "labels", "steps"}
    assert {o.name for o in OPTIONS["cycle-starnet"]} - own <= known
    assert set(option("cycle-starnet", "preset").choices) == CYCLE_PRESETS.keys()


@pytest.mark.parametrize("method", PRESETS)
def test_presets_hold_allowed_options(method):
    for options in PRESETS[method].values():
        assert checked_options(method, options) == options


def test_a_method_has_a_learning_rate_or_says_why_not():
    for method in OPTIONS:
        names = {o.name for o in OPTIONS[method]}
        assert ("learning_rate" in names) != (method in NO_LEARNING_RATE)


@pytest.mark.parametrize(
    ("method", "name", "text", "value"),
    [
        ("payne", "steps", "500", 500),
        ("payne", "learning_rate", "1e-4", 1e-4),
        ("payne", "labels", "teff, logg", ["teff", "logg"]),
        ("cycle-starnet", "preset", "paper", "paper"),
        ("cycle-starnet", "emulator", "payne.h5", str(Path("payne.h5").resolve())),
    ],
)
def test_text_becomes_a_value(method, name, text, value):
    assert option(method, name).parse(text) == value


@pytest.mark.parametrize(
    ("method", "name", "value", "told"),
    [
        ("payne", "steps", 0, "steps is 0, expected a whole number of at least 1"),
        ("payne", "steps", 2.5, "steps is 2.5, expected a whole number"),
        ("payne", "steps", True, "steps is True, expected a whole number"),
        ("payne", "learning_rate", float("nan"), "expected a number of at least 1e-09"),
        ("cannon", "labels", "teff", "labels is 'teff', expected a list of names"),
        ("cycle-starnet", "preset", "fast", "expected one of demo, paper"),
        ("cannon", "oder", 2, r"no option 'oder'.* did you mean 'order'\?"),
        ("ferre", "order", 2, "method is 'ferre', expected one of cannon, payne"),
    ],
)
def test_odd_values_are_refused(method, name, value, told):
    with pytest.raises(ValueError, match=told):
        checked_options(method, {name: value})


def test_text_that_says_no_value_is_refused():
    with pytest.raises(ValueError, match="steps is 'many', expected a whole number"):
        option("payne", "steps").parse("many")


def test_options_not_given_stand_at_their_defaults():
    assert with_defaults("cannon", {"order": 3}) == {
        "labels": None,
        "order": 3,
        "steps": 10,
    }
