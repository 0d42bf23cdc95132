"""Jobs are processes of their own: seen, stopped, and never taken for running."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from stellar_gui import jobs
from stellar_gui.jobs import Job, Progress

_COUNTING = "tests.counting_job"


@pytest.fixture
def job(tmp_path):
    job = Job(tmp_path / "job")
    yield job
    if job.state == "running":
        job.stop()
        _until(lambda: job.state != "running")


def _until(true, seconds=60):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def test_a_job_finishes_and_leaves_its_result(job):
    assert (job.state, job.progress) == ("new", Progress())
    job.start(_COUNTING, {"to": 3, "seconds": 0})
    _until(lambda: job.state == "finished")
    assert (job.folder / "result.txt").read_text() == "3"
    assert job.progress == Progress(2, 3, "at 2")


def test_a_running_job_is_not_started_twice_and_can_be_stopped(job):
    job.start(_COUNTING, {"to": 10_000, "seconds": 0.02})
    _until(lambda: job.progress.done > 1)
    worker = (job.folder / "worker.json").read_text()
    job.start(_COUNTING, {"to": 1, "seconds": 0})
    assert (job.folder / "worker.json").read_text() == worker
    job.stop()
    _until(lambda: job.state == "stopped")
    assert 0 < job.progress.share < 1
    assert not (job.folder / "result.txt").exists()


def test_a_stopped_job_can_be_started_again(job):
    job.start(_COUNTING, {"to": 10_000, "seconds": 0.02})
    job.stop()
    _until(lambda: job.state == "stopped")
    job.start(_COUNTING, {"to": 1, "seconds": 0})
    _until(lambda: job.state == "finished")


# ---- several sessions


def _joined(job):
    """Start a job that two wait for; return the job of the other."""
    other = Job(job.folder)
    for each in (job, other):
        each.join()
        each.start(_COUNTING, {"to": 10_000, "seconds": 0.02})
    return other


def test_a_job_is_stopped_when_the_last_who_waits_for_it_stops(job):
    other = _joined(job)
    other.stop()
    _goes_on(job)
    assert job.is_awaited
    job.stop()
    _until(lambda: job.state == "stopped")
    assert not job.is_awaited


def test_a_job_that_one_has_stopped_ends_when_the_other_leaves(job):
    other = _joined(job)
    job.stop()
    _goes_on(job)
    other.leave()
    _until(lambda: job.state == "stopped")


def test_a_job_goes_on_when_all_leave_without_a_word(job):
    _joined(job).leave()
    job.leave()
    _goes_on(job)


def test_who_has_stopped_can_wait_again(job):
    other = _joined(job)
    job.stop()
    job.join()
    other.stop()
    _goes_on(job)


_WAITS = """
import sys
from stellar_gui.jobs import Job
job = Job(sys.argv[1])
job.join()
print("waits", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("end", ["leaves", "is killed"])
def test_a_session_of_another_server_keeps_a_job_going_until_it(job, end):
    job.start(_COUNTING, {"to": 10_000, "seconds": 0.02})
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    other = subprocess.Popen([sys.executable, "-c", _WAITS, job.folder], **pipes)
    with other:
        assert other.stdout.readline() == b"waits\n"
        job.stop()
        _goes_on(job)
        other.kill() if end == "is killed" else other.stdin.close()
    _until(lambda: job.state == "stopped")


def _goes_on(job):
    """It looks whether it is wanted before each step: two more, and it has seen."""
    done = job.progress.done
    _until(lambda: job.progress.done > done + 2)
    assert job.state == "running"


def test_a_job_that_nobody_has_joined_is_stopped_by_anybody(job):
    job.start(_COUNTING, {"to": 10_000, "seconds": 0.02})
    assert not job.is_awaited
    Job(job.folder).stop()
    _until(lambda: job.state == "stopped")


# ---- faults


def test_what_a_job_died_of_is_said(job):
    job.start(_COUNTING, {"to": 1, "seconds": 0, "fault": "no such star"})
    _until(lambda: job.state == "failed")
    assert job.error == "ValueError: no such star"


def test_a_job_has_not_failed_before_its_log_says_why(job, monkeypatch):
    job.start(_COUNTING, {"to": 1, "seconds": 0, "fault": "no such star"})
    _until(lambda: job.state == "failed")
    monkeypatch.setattr("stellar_gui.jobs.is_running", lambda pid, start: True)
    assert job.state == "running"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
def test_a_killed_job_is_not_running(job):
    job.start(_COUNTING, {"to": 10_000, "seconds": 0.02})
    _until(lambda: job.progress.done > 0)
    os.kill(json.loads((job.folder / "worker.json").read_text())["pid"], 9)
    _until(lambda: job.state == "failed")
    assert job.error == "the process ended without a word"


def test_a_job_that_is_started_again_never_looks_failed(job, monkeypatch):
    job.start(_COUNTING, {"to": 1, "seconds": 0})
    _until(lambda: job.state == "finished")
    begin, seen = jobs.subprocess.Popen, []

    def begun(*args, **options):
        worker = begin(*args, **options)
        seen.append(job.state)
        return worker

    monkeypatch.setattr(jobs.subprocess, "Popen", begun)
    job.start(_COUNTING, {"to": 1, "seconds": 0})
    assert seen == ["new"]
    _until(lambda: job.state == "finished")
