"""Claims: of all who start a run at the same time, one trains it."""

import json
import os
import subprocess
import sys
import time

import pytest

from stellar_gui.training.claim import Owner, claimed, hand_over, identity
from stellar_gui.training.run import Run

_CLAIM = """
import sys
from stellar_gui.training.run import Run
run = Run(sys.argv[1])
print("ready", flush=True)
input()
try:
    with run.claimed():
        print("held", flush=True)
        input()
except RuntimeError as error:
    print(error, flush=True)
"""


@pytest.fixture
def run(tmp_path):
    return Run.create(tmp_path / "run", {})


@pytest.fixture
def starters(run):
    """Four processes that wait for a line before each of their two moves."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", _CLAIM, str(run.path)]
    children = [subprocess.Popen(command, **pipes) for _ in range(4)]
    yield children
    for child in children:
        child.kill()
        child.communicate()


@pytest.mark.parametrize("stale", [False, True])
def test_of_starters_at_the_same_time_one_holds_the_run(run, starters, stale):
    if stale:
        gone = {"pid": os.getpid(), "process_start": "long ago"}
        (run.path / "lock").write_text(json.dumps(gone))
    for child in starters:
        assert child.stdout.readline() == "ready\n"
    for child in starters:
        child.stdin.write("\n")
        child.stdin.flush()
    told = sorted(child.stdout.readline().strip() for child in starters)
    assert [line == "held" for line in told].count(True) == 1
    others = [line for line in told if line != "held"]
    assert all("is being trained already by process" in line for line in others)


def test_a_killed_owner_leaves_a_lock_that_is_no_obstacle(run, starters):
    child = starters[0]
    assert child.stdout.readline() == "ready\n"
    child.stdin.write("\n")
    child.stdin.flush()
    assert child.stdout.readline() == "held\n"
    assert Owner(run.path).alive
    child.kill()
    child.wait()
    assert not Owner(run.path).alive
    with run.claimed():
        assert Owner(run.path).alive
    assert not list(run.path.glob("lock*"))


def test_a_lock_that_is_handed_over_is_taken_by_its_new_owner_alone(run):
    with run.claimed():
        hand_over(run.path, os.getpid())
    assert Owner(run.path).waits_for_me
    with claimed(run.path) as handed:
        assert handed
        with pytest.raises(RuntimeError, match="trained already"):
            Run(run.path).claimed().__enter__()
    assert not Owner(run.path)


def test_a_worker_waits_for_the_lock_that_its_starter_hands_over(run, starters):
    child = starters[0]
    assert child.stdout.readline() == "ready\n"
    with run.claimed():
        child.stdin.write("\n")
        child.stdin.flush()
        time.sleep(0.3)  # it asks for the lock before it is its own
        hand_over(run.path, child.pid)
    assert child.stdout.readline() == "held\n"


def test_a_lock_may_be_handed_to_a_python_that_starts_another(run):
    """As that of a virtual environment does on Windows."""
    between = (
        "import subprocess, sys\n"
        f"sys.exit(subprocess.call([sys.executable, '-c', {_CLAIM!r}, sys.argv[1]]))"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", between, str(run.path)]
    with subprocess.Popen(command, **pipes) as first:
        assert first.stdout.readline() == "ready\n"
        with run.claimed():
            hand_over(run.path, first.pid)
        first.stdin.write("\n")
        first.stdin.flush()
        assert first.stdout.readline() == "held\n"
        first.communicate("\n")
    assert not Owner(run.path)


def test_what_was_asked_of_a_handed_run_is_kept(run):
    """Who presses stop while a worker still starts is not forgotten."""
    with run.claimed():
        hand_over(run.path, os.getpid())
    (run.path / "control.json").write_text('{"wanted": "stop"}')
    with run.claimed():
        assert (run.path / "control.json").exists()
    with run.claimed():
        assert not (run.path / "control.json").exists()


def test_a_process_of_another_machine_is_believed_while_it_gives_a_sign(run):
    elsewhere = identity(os.getpid()) | {"host": "another", "pid": 1}
    (run.path / "lock").write_text(json.dumps(elsewhere))
    assert Owner(run.path).alive
    with pytest.raises(RuntimeError, match="by process 1 on another"), run.claimed():
        pass
    long_ago = 1e9
    os.utime(run.path / "status.json", (long_ago, long_ago))
    with run.claimed():
        assert not Owner(run.path).waits_for_me
