"""Forks and replays: from any kept checkpoint, to another run or to a model."""

import numpy as np
import pytest
import torch

from stellar_gui.training.fork import prepare_fork
from stellar_gui.training.replay import Replay, model_of
from stellar_gui.training.run import Run
from stellar_gui.training.start import prepare, start
from tests.tiny_survey import TINY_PAYNE, write_tiny_survey

STEPS = 60


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    return write_tiny_survey(tmp_path_factory.mktemp("data") / "survey.h5")


@pytest.fixture(scope="module")
def run(survey, tmp_path_factory):
    """A finished run of the Payne."""
    folder = tmp_path_factory.mktemp("runs") / "first"
    return start("payne", data=survey, run=folder, steps=STEPS, **TINY_PAYNE)


def losses(run):
    return [(row["step"], row["loss"]) for row in run.metrics()]


def test_a_fork_without_changes_makes_the_same_steps(run, tmp_path):
    step = run.kept.steps()[-4]
    forked = prepare_fork(run, step, {}, tmp_path / "fork")
    assert forked.status().state == "stopped"
    start("payne", run=forked.path, resume=True)
    assert losses(forked) == losses(run)
    assert torch.equal(model_of(forked, "last").network.weight1, last(run))


def last(run):
    return model_of(run, "last").network.weight1


def test_a_fork_names_where_it_comes_from_and_what_changed(run, tmp_path):
    step = run.kept.steps()[3]
    forked = prepare_fork(run, step, {"learning_rate": 1e-3}, tmp_path / "fork")
    assert forked.config["parent"] == {
        "run": "first",
        "step": step,
        "changes": {"learning_rate": 1e-3},
    }
    assert forked.config["options"] == run.config["options"] | {"learning_rate": 1e-3}
    assert losses(forked) == losses(run)[:step]
    assert forked.status().step == step
    assert forked.status().best_step is None


def test_a_fork_takes_the_new_learning_rate_and_number_of_steps(run, tmp_path):
    step = run.kept.steps()[-4]
    changes = {"learning_rate": 3e-4, "steps": 100, "batch_size": 4}
    forked = prepare_fork(run, step, changes, tmp_path / "fork")
    start("payne", run=forked.path, resume=True)
    fresh = prepare(forked.config).trainer
    rates = {row["step"]: row["learning_rate"] for row in forked.metrics()}
    assert len(rates) == 100
    for _ in range(step):
        fresh.step()
    expected = [fresh.step()["learning_rate"] for _ in range(step, 100)]
    assert [rates[s] for s in range(step + 1, 101)] == expected


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"hidden": 9}, r"hidden cannot change in a fork.* Start a new run"),
        ({"seed": 2}, "seed cannot change in a fork"),
        ({"steps": 1}, r"steps is 1, expected more than the \d+ that are done"),
        ({"batch_size": 0}, "batch_size is 0, expected a whole number of at least 1"),
    ],
)
def test_what_cannot_change_on_the_way_is_refused(run, tmp_path, changes, told):
    with pytest.raises(ValueError, match=told):
        prepare_fork(run, run.kept.steps()[5], changes, tmp_path / "fork")
    assert not (tmp_path / "fork").exists()


def test_a_step_that_was_not_kept_is_refused(run, tmp_path):
    with pytest.raises(KeyError, match=r"no checkpoint of step 59, expected one of: 1"):
        prepare_fork(run, 59, {}, tmp_path / "fork")


def test_a_changed_learning_rate_survives_a_resume_to_the_last_bit(survey):
    config = {
        "method": "payne",
        "data": str(survey),
        "seed": 1,
        "device": "cpu",
        "options": TINY_PAYNE | {"steps": STEPS},
    }
    unbroken, first, second = (prepare(config).trainer for _ in range(3))
    for trainer in (unbroken, first):
        for _ in range(10):
            trainer.step()
        trainer.set_learning_rate(1e-4)
    second.load_state_dict(first.state_dict())
    told = [[trainer.step() for _ in range(5)] for trainer in (unbroken, second)]
    assert told[0] == told[1]
    assert told[0][0]["learning_rate"] == pytest.approx(1e-4)


def test_replay_shows_the_model_as_it_was(run):
    replay = Replay(run)
    assert replay.steps() == run.kept.steps()
    labels = torch.tensor([[5200.0, 2.5]], dtype=torch.float64)
    early, late = (replay.model(step)(labels) for step in (1, STEPS))
    assert not torch.equal(early, late)
    assert torch.equal(replay.model(1)(labels), early)


def test_a_model_knows_the_run_it_comes_from(run):
    best = model_of(run)
    assert best.provenance["run"] == {"name": "first", "step": run.status().best_step}
    assert best.provenance["steps"] == run.status().best_step


def test_a_preview_of_the_cannon_costs_no_calibration(survey, tmp_path):
    run = start("cannon", data=survey, run=tmp_path / "run", order=1, steps=2)
    replay = Replay(run)
    preview, model = replay.model(2, preview=True), replay.model(2)
    np.testing.assert_array_equal(preview.theta, model.theta)
    assert preview.provenance["run"] == {"name": "run", "step": 2}


def test_replay_of_changed_data_is_refused(run, tmp_path):
    other = write_tiny_survey(tmp_path / "survey.h5", n_stars=50)
    forked = prepare_fork(run, run.kept.steps()[4], {}, tmp_path / "fork")
    text = (forked.path / "config.json").read_text()
    text = text.replace(run.config["data"], str(other))
    (forked.path / "config.json").write_text(text)
    with pytest.raises(ValueError, match="trained on other data"):
        Replay(Run(forked.path)).model()
