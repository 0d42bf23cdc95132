"""What a training will take, from a few of its steps."""

import pytest

from stellar_gui.training import pace
from stellar_gui.training.pace import LONG, measure_pace, warning
from tests.test_cycle_merged import new_trainer


@pytest.fixture(autouse=True)
def fewest_steps(monkeypatch):
    monkeypatch.setattr(pace, "_SECONDS", 0.0)


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
    assert measure_pace(trainer)["seconds"] == pytest.approx(100 + 2000, rel=0.01)


def test_only_long_trainings_are_warned_of():
    assert warning(LONG - 1, "cpu") is None
    assert "about 12 hours on cpu. Choose the demo preset or a GPU" in warning(
        LONG, "cpu"
    )
    assert "GPU" not in warning(LONG, "cuda:1")
