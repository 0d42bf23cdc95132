"""Processes: told apart from others that get their number later."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from stellar_gui.training.process import is_running, process_start


def test_process_start_tells_the_living_from_the_gone():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    start = process_start(child.pid)
    assert is_running(child.pid, start)
    assert not is_running(child.pid, start - 60)  # another process of this number
    child.stdin.close()
    while is_running(child.pid, start):
        time.sleep(0.01)
    assert process_start(child.pid) is None  # a zombie, as nobody has waited for it
    child.wait()
    assert process_start(child.pid) is None


def test_a_clock_that_is_set_makes_no_process_another(monkeypatch):
    if not psutil.LINUX:
        pytest.skip("elsewhere the system tells the time of the start itself")
    start, boot = process_start(os.getpid()), psutil.boot_time()
    born = psutil.Process().create_time()
    monkeypatch.setattr(psutil, "boot_time", lambda: boot + 3600)
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: born + 3600)
    assert is_running(os.getpid(), start)


def test_a_process_that_may_not_be_asked_about_lives(monkeypatch):
    """Another user's, on a machine that several train on."""
    start = process_start(os.getpid())

    def refuse(process):
        raise psutil.AccessDenied(process.pid)

    monkeypatch.setattr(psutil.Process, "create_time", refuse)
    assert is_running(os.getpid(), start)
