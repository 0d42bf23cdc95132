"""The time a training takes, measured without disturbing it."""

import itertools

import pytest
import torch

from stellar_gui.training import pace
from stellar_gui.training.checkpoint import entries
from stellar_gui.training.eta import LONG, measured_eta, warning
from tests.test_cycle_merged import SLIM, new_trainer

PRESETS = {"paper": {"network": SLIM}, "demo": {"pretraining_steps": 5}}


@pytest.fixture(autouse=True)
def fewest_steps(monkeypatch):
    monkeypatch.setattr(pace, "_SECONDS", 0.0)


def same(first, second) -> bool:
    """Whether two states are equal, to the last bit."""
    pairs = itertools.zip_longest(entries(first), entries(second))
    return all(
        a[0] == b[0]
        and (torch.equal(a[1], b[1]) if torch.is_tensor(a[1]) else a[1] == b[1])
        for a, b in pairs
    )


@pytest.mark.parametrize("done", [0, 2])
@pytest.mark.parametrize("preset", ["paper", "demo"])
def test_measuring_leaves_the_trainer_as_it_was(preset, done):
    trainer, undisturbed = (new_trainer(preset, **PRESETS[preset]) for _ in range(2))
    for each in (trainer, undisturbed):
        for _ in range(done):
            each.step()
    measured_eta(trainer)
    assert same(trainer.state_dict(), undisturbed.state_dict())
    for _ in range(4):
        assert trainer.step() == undisturbed.step()


def test_a_trainer_comes_back_even_if_measuring_fails(monkeypatch):
    trainer = new_trainer("demo")
    before = trainer.state_dict()

    def failing(trainer):
        trainer.step()
        raise MemoryError

    monkeypatch.setattr("stellar_gui.training.eta.measure_pace", failing)
    with pytest.raises(MemoryError):
        measured_eta(trainer)
    assert same(trainer.state_dict(), before)


def test_each_phase_counts_at_its_own_pace(monkeypatch):
    """A clock that a pretraining step moves by 1 s and a full one by 10 s."""
    trainer = new_trainer("demo", pretraining_steps=100, full_steps=200)
    now = [0.0]
    step = trainer.step

    def timed_step():
        now[0] += 1.0 if trainer.pretraining else 10.0
        return step()

    trainer.step = timed_step
    monkeypatch.setattr(pace.time, "perf_counter", lambda: now[0])
    assert measured_eta(trainer) == pytest.approx(100 + 2000, rel=0.01)


def test_only_long_trainings_are_warned_of():
    assert warning(LONG - 1, "cpu") is None
    assert "about 12 hours on cpu. Choose the demo preset or a GPU" in warning(
        LONG, "cpu"
    )
    assert "GPU" not in warning(LONG, "cuda:1")
