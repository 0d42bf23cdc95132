"""Kept checkpoints: few, well spread, whole, and there when the last one is damaged."""

import itertools
import os

import pytest
import torch

from stellar_gui.training import Run, train
from stellar_gui.training.kept import FEWEST, MOST, planned_steps
from tests.line_trainer import LineTrainer


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path / "run", {})


def test_kept_steps_are_few_and_spread_in_their_logarithm(run):
    train(LineTrainer(400), run, checkpoint_every=20)
    steps = run.kept.steps()
    assert steps[:3] == [1, 2, 3]
    assert steps[-1] == 400
    assert 15 < len(steps) <= MOST + 2
    assert max(b / a for a, b in itertools.pairwise(steps)) <= 2


@pytest.mark.parametrize("total", [1, 7, 500, 500_000])
@pytest.mark.parametrize("size", [0, 10**7, 10**12])
def test_planned_steps_begin_at_the_first_and_end_at_the_last(total, size):
    steps = planned_steps(total, size)
    assert (steps[0], steps[-1]) == (1, total)
    assert len(steps) <= (FEWEST if size == 10**12 else MOST)


def test_training_goes_on_from_any_kept_step(run, tmp_path):
    """From each of them, the weights at the end are the same."""
    trainer = LineTrainer(40)
    train(trainer, run)
    for step in run.kept.steps()[3:6]:
        again = Run.create(tmp_path / str(step), {})
        again.save(run.load(step))
        second = LineTrainer(40, seed=5)
        train(second, again, resume=True)
        assert torch.equal(second.net.weight, trainer.net.weight)


def test_a_damaged_checkpoint_falls_back_to_the_one_before_and_says_so(run, tmp_path):
    train(LineTrainer(30), run, stop=lambda: len(run.metrics()) == 24)
    before = run.kept.steps()[-2]
    checkpoint = run.path / "checkpoint.pt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:300])  # kept under two names
    trainer = LineTrainer(30)
    status = train(trainer, run, resume=True)
    assert f"Went back to the checkpoint of step {before}" in status.message
    assert "checkpoint.pt is no readable checkpoint" in run.log_tail()
    unbroken = LineTrainer(30)
    train(unbroken, Run.create(tmp_path / "unbroken", {}))
    assert torch.equal(trainer.net.weight, unbroken.net.weight)
    assert [row["step"] for row in run.metrics()] == list(range(1, 31))


def test_where_no_checkpoint_can_be_read_the_run_says_so(run):
    train(LineTrainer(3), run)
    for file in run.path.glob("**/*.pt"):
        file.write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"checkpoint\.pt is no readable checkpoint"):
        train(LineTrainer(3), run, resume=True)


def test_later_checkpoints_go_when_their_steps_are_made_again(run):
    train(LineTrainer(30), run)
    run.forget_after(9)
    assert run.kept.steps()[-1] == 9


def test_checkpoints_are_copied_where_files_cannot_have_two_names(run, monkeypatch):
    def refuse(source, target):
        raise OSError("links are not known here")

    monkeypatch.setattr(os, "link", refuse)
    train(LineTrainer(3), run)
    assert run.load(2)["step"] == 2
