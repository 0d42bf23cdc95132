"""Launch: a worker of its own, which outlives its parent and leaves nothing behind."""

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from stellar_gui.io import read_spectra
from stellar_gui.training import launch, train
from stellar_gui.training.config import new_config
from stellar_gui.training.control import write_control
from stellar_gui.training.process import process_start
from stellar_gui.training.run import Run
from stellar_gui.training.start import prepare, split
from tests.tiny_survey import TINY_PAYNE, write_tiny_survey

ENDLESS = TINY_PAYNE | {"steps": 10**6}


@pytest.fixture
def survey(tmp_path):
    return write_tiny_survey(tmp_path / "survey.h5")


@pytest.fixture
def ends(tmp_path):
    """Kill whatever still trains one of the test's runs at its end."""
    yield
    for file in tmp_path.glob("**/status.json"):
        status = Run(file.parent).status()
        if status.active and status.pid not in (0, os.getpid()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(status.pid, signal.SIGKILL)


def wait_for(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "what was waited for did not come"
        time.sleep(0.05)


def wait_for_state(run, *states):
    wait_for(lambda: run.status().state in states or run.status().state == "failed")
    status = run.status()
    assert status.state in states, f"{status}\n{run.log_tail()}"
    return status


@pytest.mark.usefixtures("ends")
def test_a_worker_is_launched_paused_killed_resumed_and_stopped(survey, tmp_path):
    """One life of a run, because each process takes seconds to begin."""
    run = launch.launch("payne", data=survey, run=tmp_path / "run", **ENDLESS)
    assert run.status().state == "starting"
    with pytest.raises(RuntimeError, match="is being trained already"):
        launch.resume(run)
    status = wait_for_state(run, "running")
    wait_for(lambda: run.status().rate > 0)
    if hasattr(os, "getpriority"):
        own = os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getpriority(os.PRIO_PROCESS, status.pid) == max(own, 10)
        assert os.getsid(status.pid) == status.pid

    write_control(run.path, "pause")
    step = wait_for_state(run, "paused").step
    assert run.load()["step"] == step
    launch.resume(run)
    wait_for_state(run, "running")

    wait_for(lambda: run.status().step > step)
    os.kill(status.pid, signal.SIGKILL)
    wait_for_state(run, "crashed")
    assert "ended without a word" in run.status().message
    assert "paused at step" in run.log_tail()
    wait_for(lambda: process_start(status.pid) is None)

    launch.resume(run)
    assert run.status().state == "starting"
    again = wait_for_state(run, "running")
    assert again.pid != status.pid
    os.kill(again.pid, signal.SIGTERM)
    stopped = wait_for_state(run, "stopped")
    assert stopped.step >= step
    steps = [row["step"] for row in run.metrics()]
    assert steps == list(range(1, stopped.step + 1))
    assert not (run.path / "lock").exists()


@pytest.mark.usefixtures("ends")
@pytest.mark.parametrize("signal_name", ["SIGTERM", "SIGKILL"])
def test_a_worker_outlives_the_server_that_started_it(survey, tmp_path, signal_name):
    """Ended politely or outright, with all of its process group."""
    code = (
        "import sys, time\n"
        "from stellar_gui.training import launch\n"
        f"launch.launch('payne', data={str(survey)!r}, run={str(tmp_path / 'run')!r},"
        f" **{ENDLESS!r})\n"
        "print('launched', flush=True)\n"
        "time.sleep(600)"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert server.stdout.readline() == "launched\n"
    os.killpg(server.pid, getattr(signal, signal_name))
    server.communicate()
    run = Run(tmp_path / "run")
    assert run.status().state in ("starting", "running")
    wait_for_state(run, "running")
    write_control(run.path, "stop")
    wait_for_state(run, "stopped")


def test_what_a_worker_cannot_do_is_told_in_its_run(tmp_path):
    """Data that are not there: the run has failed, and says why."""
    run = launch.launch("cannon", data=tmp_path / "nowhere.h5", run=tmp_path / "run")
    wait_for(lambda: not run.status().active)
    status = run.status()
    assert status.state == "failed"
    assert "nowhere.h5" in status.message
    assert "nowhere.h5" in run.log_tail()


def test_options_that_a_method_does_not_know_leave_no_run(survey, tmp_path):
    with pytest.raises(ValueError, match=r"no option 'ordr'.*did you mean 'order'"):
        launch.launch("cannon", data=survey, run=tmp_path / "run", ordr=2)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("has_checkpoint", [True, False])
def test_too_little_memory_is_mended_by_a_run_with_the_batch_that_fits(
    survey, tmp_path, monkeypatch, has_checkpoint
):
    monkeypatch.setenv("STELLAR_GUI_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(launch, "_COMMAND", (sys.executable, "-c", _LIGHT))
    options = TINY_PAYNE | {"steps": 6}
    config = new_config("payne", survey, {"seed": 3, "device": "cpu", **options})
    run = Run.create(tmp_path / "runs" / "payne-001", config)
    if has_checkpoint:
        train(prepare(config).trainer, run)
        run.write_data(*split(read_spectra(survey), 3))
    with pytest.raises(ValueError, match="no batch size is known"):
        launch.retry_smaller(run)
    run.write_status(dataclasses.replace(run.status(), fitting_batch=4))
    again = launch.retry_smaller(run)
    wait_for_state(again, "stopped")
    wait_for(lambda: not children())
    assert again.config["options"] == options | {"batch_size": 4}
    assert again.config["seed"] == 3
    assert again.has_checkpoint == has_checkpoint


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts files in /proc")
def test_twenty_trainings_leave_no_thread_and_no_open_file(survey, tmp_path):
    """Of a real Payne, which takes two steps and is stopped, again and again."""
    config = new_config("payne", survey, {"device": "cpu", **ENDLESS})
    run = Run.create(tmp_path / "run", config)
    me, left = psutil.Process(), []
    for cycle in range(20):
        step = two_steps(prepare(config).trainer, run, resume=cycle > 0).step
        left.append((open_files(), me.num_threads(), len(me.children())))
    assert step == 40
    assert len(set(left[2:])) == 1, left


def two_steps(trainer, run, resume):
    """Train two steps further, and stop."""
    until = 2 + (run.status().step if resume else 0)
    return train(trainer, run, resume=resume, stop=lambda: trainer.steps_done == until)


_LIGHT = """
import sys
from stellar_gui.training.run import Run, Status
run = Run(sys.argv[sys.argv.index("--run") + 1])
with run.claimed():
    run.write_status(Status("stopped"))
"""


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts files in /proc")
def test_twenty_starts_leave_no_process_and_no_open_file(survey, tmp_path, monkeypatch):
    """With a worker that does nothing but take its run over and end."""
    monkeypatch.setattr(launch, "_COMMAND", (sys.executable, "-c", _LIGHT))
    run = launch.launch("cannon", data=survey, run=tmp_path / "run")
    files = None
    for _ in range(20):
        wait_for_state(run, "stopped")
        wait_for(lambda: not children())
        files = files or open_files()
        assert open_files() == files
        launch.resume(run)
    wait_for_state(run, "stopped")
    wait_for(lambda: not children())
    assert not (run.path / "lock").exists()


def open_files():
    return len(os.listdir("/proc/self/fd"))


def children():
    """Children of this process, zombies among them, but for one that always stays.

    It is the resource tracker of `multiprocessing`, which other tests may have started.
    """
    return [c for c in psutil.Process().children() if not is_tracker(c)]


def is_tracker(process):
    with contextlib.suppress(psutil.Error):  # as a zombie's
        return "resource_tracker" in " ".join(process.cmdline())
    return False


def test_devices_are_found_in_a_process_of_their_own():
    found = launch.find_devices()
    assert found[-1]["name"] == "cpu"
    assert found[-1]["usable"]
    assert all(device["usable"] or device["reason"] for device in found)


def test_the_cost_of_a_training_is_measured_without_a_run(
    survey, tmp_path, monkeypatch
):
    monkeypatch.setenv("STELLAR_GUI_RUNS", str(tmp_path / "runs"))
    pace = launch.measure("payne", data=survey, **ENDLESS)
    assert pace.total_steps == 10**6
    assert pace.device == "cpu" or pace.device.startswith(("cuda", "mps"))
    assert pace.seconds == pytest.approx(
        pace.first_step + pace.seconds_per_step * (10**6 - 1)
    )
    assert 1e-6 < pace.seconds_per_step < 1
    assert not (tmp_path / "runs").exists()


def test_a_measurement_that_fails_says_why(survey, monkeypatch):
    fails = "import sys; print('noise'); sys.exit('stellar-gui train: no room')"
    monkeypatch.setattr(launch, "_COMMAND", (sys.executable, "-c", fails))
    with pytest.raises(ValueError, match="stellar-gui train: no room"):
        launch.measure("cannon", data=survey)
