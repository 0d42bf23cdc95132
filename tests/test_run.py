"""Runs and the loop: what is on disk can be trusted, and resuming changes nothing."""

import dataclasses
import errno
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from stellar_gui.spectra import Spectra
from stellar_gui.training import Run, train
from stellar_gui.training.checkpoint import load_checkpoint, save_checkpoint
from stellar_gui.training.fingerprint import data_fingerprint
from stellar_gui.training.run import Status
from tests.line_trainer import LineTrainer


class BreakingTrainer(LineTrainer):
    """Its loss is NaN at one step."""

    breaks_at = 13

    def __init__(self):
        super().__init__()
        self.count = 0

    def step(self):
        self.count += 1
        losses = super().step()
        return {"rec": float("nan")} if self.count == self.breaks_at else losses


class PoisonedTrainer(BreakingTrainer):
    """Its weights become NaN while its loss still looks well."""

    breaks_at = -1

    def step(self):
        losses = super().step()
        if self.count == 10:
            with torch.no_grad():
                self.net.weight.fill_(float("nan"))
        return losses


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path / "run", {"seed": 0})


def losses_of(run):
    return [(row["step"], row["rec"]) for row in run.metrics()]


def test_resumed_training_equals_unbroken_training(tmp_path):
    """Stop, load into a fresh trainer, go on: the same losses, to the last bit."""
    unbroken = Run.create(tmp_path / "unbroken", {})
    whole = LineTrainer()
    train(whole, unbroken, validate_every=5)
    stopped = Run.create(tmp_path / "stopped", {})
    first = LineTrainer()
    status = train(
        first, stopped, validate_every=5, stop=lambda: len(losses_of(stopped)) == 7
    )
    assert (status.state, status.step) == ("stopped", 7)
    second = LineTrainer(seed=99)  # its own start must not matter
    status = train(second, stopped, resume=True, validate_every=5)
    assert (status.state, status.step) == ("finished", 20)
    assert losses_of(stopped) == losses_of(unbroken)
    assert torch.equal(second.net.weight, whole.net.weight)
    assert status.best_score == unbroken.status().best_score


def test_resume_after_a_crash_replays_the_lost_steps(tmp_path, run):
    """Steps after the last checkpoint are made again and stand only once."""

    def crash(step, total_steps, losses):
        if step == 13:
            raise MemoryError("gone")

    with pytest.raises(MemoryError):
        train(LineTrainer(), run, checkpoint_every=5, progress=crash)
    assert run.status().state == "failed"
    assert run.load()["step"] == 12
    train(LineTrainer(), run, resume=True)
    unbroken = Run.create(tmp_path / "unbroken", {})
    train(LineTrainer(), unbroken)
    assert losses_of(run) == losses_of(unbroken)


def test_best_state_is_that_of_the_lowest_score(run):
    trainer = LineTrainer(total_steps=60)
    status = train(trainer, run, validate_every=10)
    scores = {
        row["step"]: row["validation_score"]
        for row in run.metrics()
        if "validation_score" in row
    }
    assert status.best_step == min(scores, key=scores.get)
    trainer.load_state_dict(run.load("best")["trainer"])
    assert trainer.validate()["score"] == scores[status.best_step]


class SteadyTrainer(LineTrainer):
    """Its last state counts as its best, whatever the scores."""

    best_score = None


def test_where_no_score_may_decide_the_last_state_is_the_best(run):
    status = train(SteadyTrainer(), run, validate_every=5)
    assert (status.best_score, status.best_step) == (None, None)
    assert run.load("best")["step"] == 20
    assert any("validation_score" in row for row in run.metrics())


def test_the_score_that_decides_is_the_one_the_trainer_names(run):
    class Trainer(LineTrainer):
        best_score = "other"

        def validate(self):
            return super().validate() | {"other": abs(len(run.metrics()) - 9)}

    assert train(Trainer(), run, validate_every=5).best_step == 10


class HeavyTrainer(LineTrainer):
    """Its state is large, so that it does not fit where its metrics still do."""

    def state_dict(self):
        grown = torch.zeros(100_000 if self.heavy else 1)
        return super().state_dict() | {"grown": grown}

    heavy = False


def test_a_full_disk_fails_the_run_and_keeps_its_last_files(run):
    """The system itself refuses to write, as it does when no room is left."""
    resource = pytest.importorskip("resource", reason="limits files on POSIX only")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    trainer = HeavyTrainer(40)

    def fill(step, total, losses):
        if step == 17:
            trainer.heavy = True
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))

    try:
        with pytest.raises(OSError, match=r"checkpoint\.pt could not be written"):
            train(trainer, run, progress=fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    status = run.status()
    assert status.state == "failed"
    assert re.search(r"could not be written.*The checkpoint of step 15", status.message)
    assert run.load()["step"] == 15
    assert not list(run.path.glob("**/*.part"))
    assert train(LineTrainer(40), run, resume=True).state == "finished"


def test_a_disk_too_full_even_for_the_status_still_raises_what_happened(
    run, monkeypatch
):
    """Then the state on disk is old, and reads as crashed once the process is gone."""

    def refuse(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    def fill(step, total, losses):
        if step == 7:
            monkeypatch.setattr(Run, "write_status", refuse)
            monkeypatch.setattr(Run, "log", refuse)
            monkeypatch.setattr(Run, "save", refuse)

    with pytest.raises(OSError, match="No space left on device"):
        train(LineTrainer(), run, progress=fill)
    monkeypatch.undo()
    assert run.load()["step"] == 6


def test_runs_one_after_another_leave_no_file_open(tmp_path):
    descriptors = Path("/proc/self/fd")
    if not descriptors.exists():
        pytest.skip("counts open files in /proc")
    counts = []
    for number in range(20):
        run = Run.create(tmp_path / str(number), {})
        train(LineTrainer(3), run)
        counts.append(len(list(descriptors.iterdir())))
    assert len(set(counts[1:])) == 1


def test_progress_sees_every_step(run):
    seen = []
    train(LineTrainer(3), run, progress=lambda *call: seen.append(call))
    assert [(step, total) for step, total, _ in seen] == [(1, 3), (2, 3), (3, 3)]
    assert set(seen[0][2]) == {"rec"}
    assert "validation_score" in seen[-1][2]


def test_non_finite_loss_stops_and_keeps_the_last_good_checkpoint(run):
    with pytest.raises(
        FloatingPointError, match=r"loss 'rec' is nan.*step 13.*step 12 is kept"
    ):
        train(BreakingTrainer(), run, checkpoint_every=5)
    assert run.status().state == "failed"
    assert "rec" in run.status().message
    assert run.load()["step"] == 12
    assert len(run.metrics()) == 12


def test_non_finite_weights_are_never_saved(run):
    with pytest.raises(FloatingPointError, match=r"net\.weight"):
        train(PoisonedTrainer(), run, checkpoint_every=5)
    assert run.load()["step"] == 9


def test_run_with_a_checkpoint_is_not_trained_over(run):
    train(LineTrainer(3), run)
    with pytest.raises(ValueError, match=r"trained to step 3\. Resume it"):
        train(LineTrainer(3), run)


def test_resume_without_checkpoint_says_so(run):
    with pytest.raises(FileNotFoundError, match="before its first one"):
        train(LineTrainer(3), run, resume=True)


def test_run_is_trained_by_one_process_at_a_time(run):
    held = Run(run.path)
    with held.claimed(), pytest.raises(RuntimeError, match="trained already by proc"):
        train(LineTrainer(3), run)
    assert train(LineTrainer(3), run).state == "finished"


def test_lock_of_a_dead_process_is_no_obstacle(run):
    owner = {"pid": os.getpid(), "process_start": "long ago"}
    (run.path / "lock").write_text(json.dumps(owner))
    assert train(LineTrainer(3), run).state == "finished"


def test_gone_process_reads_as_crashed(run):
    run.write_status(Status(state="running", step=4))
    assert run.status().state == "running"
    status = dataclasses.asdict(run.status()) | {"process_start": "another process"}
    (run.path / "status.json").write_text(json.dumps(status))
    assert run.status().state == "crashed"
    assert "log.txt" in run.status().message


def test_half_written_metrics_line_is_left_out(run):
    (run.path / "metrics.jsonl").write_text('{"step": 1, "rec": 0.5}\n{"step": 2, "r')
    assert run.metrics() == [{"step": 1, "rec": 0.5}]


def test_a_torn_line_of_the_metrics_is_dropped_on_resume_and_told(run):
    """As a machine that crashed may leave one, in the middle too."""
    train(LineTrainer(), run, stop=lambda: len(losses_of(run)) == 9)
    file = run.path / "metrics.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([*lines[:3], b'{"step": 4, "r\n', *lines[4:], bytes(40)]))
    status = train(LineTrainer(), run, resume=True)
    assert status.state == "finished"
    assert status.message == "Damaged lines of metrics.jsonl that were dropped: 1."
    assert status.message in run.log_tail()
    steps = [row["step"] for row in run.metrics()]
    assert steps == [1, 2, 3, *range(5, 21)]


def test_what_a_killed_process_left_half_written_is_removed(run):
    train(LineTrainer(), run, stop=lambda: len(losses_of(run)) == 9)
    names = (
        ".checkpoint.pt.0f.part",
        ".best.pt.0f.part",
        "checkpoints/.step-3.pt.part",
    )
    for name in names:
        (run.path / name).write_bytes(b"half")
    other = run.path / ".control.json.0f.part"  # being written by another process
    other.write_text("{}")
    train(LineTrainer(), run, resume=True)
    assert [file.name for file in run.path.glob("**/.*.part")] == [other.name]


def test_run_is_not_made_twice(run):
    with pytest.raises(FileExistsError, match="Resume it"):
        Run.create(run.path, {})


def test_folder_without_run_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="no training run"):
        Run(tmp_path)


@pytest.fixture
def spectra():
    rng = np.random.default_rng(1)
    flux = 1 + 0.01 * rng.normal(size=(5, 8))
    ids = [f"star-{row}" for row in range(5)]
    return Spectra(np.arange(5000.0, 5008), flux, np.full((5, 8), 1e4), ids=ids)


def test_run_stores_the_ids_it_trains_on(tmp_path, spectra):
    run = Run.create(tmp_path / "run", {}, training=spectra[:3], validation=spectra[3:])
    data = Run(run.path).data
    assert data["training_ids"] == ["star-0", "star-1", "star-2"]
    assert data["validation_ids"] == ["star-3", "star-4"]


def test_other_data_are_refused_on_resume(tmp_path, spectra):
    run = Run.create(tmp_path / "run", {}, training=spectra)
    run.check_data(spectra)
    flux = np.array(spectra.flux)
    flux[2, 2] += 1e-3
    with pytest.raises(ValueError, match="other data"):
        run.check_data(spectra.replace(flux=flux))
    assert data_fingerprint(spectra) != data_fingerprint(spectra[:4])


def test_checkpoint_refuses_what_could_not_be_read_back(tmp_path):
    with pytest.raises(TypeError, match=r"'a\.b' of the checkpoint is a ndarray"):
        save_checkpoint(tmp_path / "x.pt", {"a": {"b": np.ones(2)}})
    assert not list(tmp_path.iterdir())


def test_checkpoint_survives_a_failed_write(tmp_path, monkeypatch):
    path = tmp_path / "x.pt"
    save_checkpoint(path, {"step": 1})

    def half(state, part):
        part.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(path, {"step": 2})
    monkeypatch.undo()
    assert load_checkpoint(path) == {"step": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["x.pt"]


def test_damaged_checkpoint_is_named(tmp_path):
    path = tmp_path / "x.pt"
    save_checkpoint(path, {"weights": torch.ones(1000)})
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ValueError, match="no readable checkpoint"):
        load_checkpoint(path)


def test_checkpoint_runs_no_code(tmp_path):
    torch.save({"step": Path("x")}, tmp_path / "x.pt")
    with pytest.raises(ValueError, match="no readable checkpoint"):
        load_checkpoint(tmp_path / "x.pt")


_SLOW = """
import sys, time
from stellar_gui.training import Run, train
from tests.line_trainer import LineTrainer
run = Run(sys.argv[1])
train(LineTrainer(10**6), run, progress=lambda *_: time.sleep(0.002))
"""


def test_sigterm_saves_and_stops(run):
    root = Path(__file__).parents[1]
    child = subprocess.Popen([sys.executable, "-c", _SLOW, str(run.path)], cwd=root)
    deadline = time.monotonic() + 60
    while not run.metrics() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert run.status().state == "running"
    child.send_signal(signal.SIGTERM)
    assert child.wait(30) == 0
    status = run.status()
    assert status.state == "stopped"
    assert run.load()["step"] == status.step == len(run.metrics())


def test_kill_leaves_a_run_that_says_it_crashed(run):
    root = Path(__file__).parents[1]
    child = subprocess.Popen([sys.executable, "-c", _SLOW, str(run.path)], cwd=root)
    deadline = time.monotonic() + 60
    while not run.metrics() and time.monotonic() < deadline:
        time.sleep(0.05)
    child.kill()
    child.wait(30)
    assert run.status().state == "crashed"
