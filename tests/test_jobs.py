"""Jobs are processes of their own: seen, stopped, and never taken for running."""

import json
import os
import signal
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
