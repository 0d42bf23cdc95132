"""Runs: listed, found and compared, whoever started them."""

import json
import os
import shutil

import pytest

from stellar_gui.cli import main
from stellar_gui.training.control import Controls
from stellar_gui.training.run import Run, Status
from stellar_gui.training.runs import (
    compare,
    find_run,
    list_runs,
    live_runs,
    summary,
)


def config(**options):
    return {
        "method": "payne",
        "data": "/survey.h5",
        "seed": 1,
        "device": "auto",
        "threads": 1,
        "options": options,
    }


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of three runs, made one after the other."""
    monkeypatch.setenv("STELLAR_GUI_RUNS", str(tmp_path))
    for number, steps in enumerate((100, 200, 200), 1):
        run = Run.create(tmp_path / f"payne-{number:03d}", config(steps=steps))
        run.write_status(Status("stopped", 50, steps, 0.002, 40))
        os.utime(run.path / "config.json", (number, number))
    return tmp_path


def test_runs_are_listed_those_made_last_first(folder):
    listed = list_runs()
    assert [one.name for one in listed] == ["payne-003", "payne-002", "payne-001"]
    assert [one.status.progress for one in listed] == [0.25, 0.25, 0.5]
    assert {one.method for one in listed} == {"payne"}


def test_other_folders_are_no_runs(folder):
    (folder / "notes").mkdir()
    assert len(list_runs()) == 3


def test_no_runs_yet(tmp_path):
    assert list_runs(tmp_path / "nowhere") == []


def test_a_damaged_run_is_listed_as_unreadable(folder):
    (folder / "payne-002" / "status.json").write_text("{")
    damaged = list_runs()[1]
    assert damaged.state == "unreadable"
    assert damaged.status.message


def test_a_run_that_is_removed_while_it_is_listed_is_left_out(folder, monkeypatch):
    read = Run.told_status

    def remove_first(run):
        shutil.rmtree(folder / "payne-002", ignore_errors=True)
        return read(run)

    monkeypatch.setattr(Run, "told_status", remove_first)
    assert [one.name for one in list_runs()] == ["payne-003", "payne-001"]


def test_live_runs_are_those_that_a_process_is_at_work_on(folder):
    assert live_runs() == []
    Run(folder / "payne-002").write_status(Status("running", 3, 10))
    assert live_runs() == ["payne-002"]
    (folder / "payne-001" / "status.json").write_text("{")
    (folder / "payne-003" / "status.json").write_text('{"state": "running", "pid": 0}')
    assert live_runs() == ["payne-002"]
    Run(folder / "payne-002").write_status(Status("stopped", 3, 10))
    assert live_runs() == []


def test_a_run_of_a_newer_version_can_be_read(folder):
    file = folder / "payne-002" / "status.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"mood": "good"}))
    assert list_runs()[1].state == "stopped"


def test_a_run_is_found_by_name_and_by_path(folder):
    assert find_run("payne-002").path == folder / "payne-002"
    assert find_run(folder / "payne-002").name == "payne-002"
    with pytest.raises(FileNotFoundError, match=r"Did you mean payne-00\d\?"):
        find_run("payne-00")


def test_only_settings_that_differ_are_compared_defaults_filled_in(folder):
    other = Run.create(folder / "other", config(learning_rate=1e-4, steps=40_000))
    assert compare([Run(folder / "payne-001"), other]) == [
        ("steps", [100, 40_000]),
        ("learning_rate", [3e-3, 1e-4]),
    ]
    assert compare([other, other]) == []


def test_time_left_follows_from_the_rate():
    status = Status("running", 50, 200, rate=3.0)
    assert status.seconds_left == 50
    assert Status("finished", 200, 200, rate=3.0).seconds_left is None
    assert Status("running", 0, 200).seconds_left is None


def test_a_fork_knows_its_parent(folder):
    parent = {"run": "payne-001", "step": 5, "changes": {"steps": 300}}
    run = Run.create(folder / "fork", config(steps=300) | {"parent": parent})
    assert summary(run).parent["step"] == 5


def test_command_line_lists_runs(folder, capsys):
    main(["runs"])
    first = capsys.readouterr().out.splitlines()[0]
    assert first.split()[:4] == ["payne-003", "payne", "stopped", "50/200"]
    assert "best 0.002 at 40" in first


def test_command_line_shows_a_run(folder, capsys):
    Run(folder / "payne-001").write_status(Status("failed", message="no room"))
    main(["runs", "show", "payne-001"])
    told = capsys.readouterr().out
    assert "no room" in told
    assert "steps        100" in told
    assert told.rstrip().endswith("created")


def test_command_line_asks_a_living_run(folder, capsys):
    run = Run(folder / "payne-001")
    run.write_status(Status("running", 1, 100))
    main(["runs", "pause", "payne-001"])
    controls = Controls(run.path)
    controls.poll()
    assert controls.wanted == "pause"
    main(["runs", "rate", "payne-001", "1e-4"])
    controls.poll()
    assert controls.take_learning_rate() == 1e-4
    assert "asked payne-001" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["pause", "payne-001"], "payne-001 is stopped; there is nothing to pause"),
        (["rate", "payne-001", "1e-4"], "payne-001 is stopped; fork it instead"),
        (["fork", "payne-001"], "has no checkpoint to fork from yet"),
        (["show", "payne-009"], r"there is no run payne-009.* Did you mean payne-00"),
    ],
)
def test_what_cannot_be_asked_says_why(folder, words, told):
    with pytest.raises(SystemExit, match=told):
        main(["runs", *words])


def test_command_line_lists_devices(capsys):
    main(["devices"])
    assert capsys.readouterr().out.splitlines()[-1].startswith("cpu ")
