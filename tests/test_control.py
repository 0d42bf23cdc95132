"""Controls: what is asked of a run by a file in its folder is done at the next step."""

import threading

import pytest
import torch

from stellar_gui.training import Run, train
from stellar_gui.training.control import Controls, write_control
from tests.line_trainer import LineTrainer

MANY = 10**6


class RatedTrainer(LineTrainer):
    """One whose learning rate can be changed, and kept."""

    def set_learning_rate(self, rate):
        self.optimizer.param_groups[0]["lr"] = rate


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path / "run", {})


def asks_at(run, step, *command, **values):
    """Return a progress callback that asks for something after a step."""

    def progress(now, total, losses):
        if now == step:
            write_control(run.path, *command, **values)

    return progress


def until(condition):
    """Wait in a thread beside the training for what it does."""
    waiting = threading.Event()
    for _ in range(600):
        if condition():
            return
        waiting.wait(0.02)
    raise TimeoutError("what was waited for did not come")


class Watcher(threading.Thread):
    """Does something beside the training once the run is in a state."""

    def __init__(self, run, state, act):
        super().__init__(daemon=True)
        self.run_folder, self.state, self.act = run, state, act
        self.start()

    def run(self):
        until(lambda: self.run_folder.status().state == self.state)
        self.act()


def test_stop_is_obeyed_before_the_next_step_and_saves(run):
    status = train(LineTrainer(MANY), run, progress=asks_at(run, 7, "stop"))
    assert (status.state, status.step) == ("stopped", 7)
    assert run.load()["step"] == 7


def test_a_stop_does_not_outlive_the_process_it_was_meant_for(run):
    train(LineTrainer(), run, progress=asks_at(run, 7, "stop"))
    assert train(LineTrainer(), run, resume=True).state == "finished"


def test_pause_saves_and_waits_until_resumed(run):
    seen = []

    def resume():
        seen.append((run.status().step, run.load()["step"], len(run.metrics())))
        write_control(run.path, "resume")

    watcher = Watcher(run, "paused", resume)
    status = train(LineTrainer(), run, progress=asks_at(run, 5, "pause"))
    watcher.join()
    assert seen == [(5, 5, 5)]
    assert status.state == "finished"
    assert status.elapsed < 5
    assert [row["step"] for row in run.metrics()] == list(range(1, 21))


def test_pausing_changes_no_loss(run, tmp_path):
    Watcher(run, "paused", lambda: write_control(run.path, "resume"))
    train(LineTrainer(), run, progress=asks_at(run, 5, "pause"))
    unbroken = Run.create(tmp_path / "unbroken", {})
    train(LineTrainer(), unbroken)
    losses = [[row["rec"] for row in one.metrics()] for one in (run, unbroken)]
    assert losses[0] == losses[1]


def test_a_paused_run_can_be_stopped(run):
    watcher = Watcher(run, "paused", lambda: write_control(run.path, "stop"))
    status = train(LineTrainer(), run, progress=asks_at(run, 5, "pause"))
    watcher.join()
    assert (status.state, status.step) == ("stopped", 5)


def test_learning_rate_changes_from_the_next_step_on(run):
    trainer = RatedTrainer()
    asked = asks_at(run, 4, "learning_rate", learning_rate=0.5)
    status = train(trainer, run, progress=asked)
    assert trainer.optimizer.param_groups[0]["lr"] == 0.5
    assert status.message == "learning rate set to 0.5 at step 4"


def test_a_learning_rate_outlives_a_process_that_is_killed(run):
    """Before the next checkpoint that would have been made anyway."""

    def asks_and_dies(step, total, losses):
        asks_at(run, 4, "learning_rate", learning_rate=0.5)(step, total, losses)
        if step == 7:
            raise SystemExit

    with pytest.raises(SystemExit):
        train(RatedTrainer(MANY), run, progress=asks_and_dies)
    (run.path / "control.json").unlink()
    resumed = RatedTrainer()
    assert train(resumed, run, resume=True).state == "finished"
    assert resumed.optimizer.param_groups[0]["lr"] == 0.5


def test_a_learning_rate_is_asked_for_once(run):
    controls = Controls(run.path)
    write_control(run.path, "learning_rate", learning_rate=1e-3)
    write_control(run.path, "pause")
    controls.poll()
    assert controls.wanted == "pause"
    assert controls.take_learning_rate() == 1e-3
    write_control(run.path, "resume")
    controls.poll()
    assert controls.take_learning_rate() is None


def test_a_method_without_learning_rate_says_so(run):
    trainer = LineTrainer()
    trainer.no_learning_rate = "it solves equations"
    asked = asks_at(run, 4, "learning_rate", learning_rate=0.5)
    assert train(trainer, run, progress=asked).message == "it solves equations"


@pytest.mark.parametrize("rate", [0, -1e-3, "fast", float("inf"), None])
def test_odd_learning_rates_are_refused(run, rate):
    with pytest.raises(ValueError, match="expected a positive number such as 1e-4"):
        write_control(run.path, "learning_rate", learning_rate=rate)


def test_unknown_command_is_refused(run):
    with pytest.raises(ValueError, match="'hurry', expected one of pause, resume"):
        write_control(run.path, "hurry")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1]", '{"wanted": "dance"}', '{"wanted": []}', '{"rate_token": "a"}'],
)
def test_a_damaged_control_file_asks_for_nothing(run, text):
    def spoil(step, total, losses):
        (run.path / "control.json").write_text(text)

    assert train(LineTrainer(3), run, progress=spoil).state == "finished"


def test_weights_are_unmoved_while_paused(run):
    trainer, seen = LineTrainer(), []

    def look():
        before = trainer.net.weight.clone()
        threading.Event().wait(0.5)
        seen.append(torch.equal(before, trainer.net.weight))
        write_control(run.path, "resume")

    watcher = Watcher(run, "paused", look)
    train(trainer, run, progress=asks_at(run, 5, "pause"))
    watcher.join()
    assert seen == [True]
