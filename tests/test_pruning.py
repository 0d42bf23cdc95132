"""The cache is kept small: whole folders go, the longest unused first, none in use."""

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from stellar_gui import pruning
from stellar_gui.marks import Mark
from stellar_gui.pruning import cache_limit, prune

KB = 1e-6  # GB


@pytest.fixture
def cache(tmp_path):
    """Six folders of 1 kB each, used one after the other, of maps and of fits."""
    for k in range(6):
        folder = _folder(tmp_path, k)
        folder.mkdir(parents=True)
        for name in ("a.npz", "b.npy"):
            (folder / name).write_bytes(bytes(500))
        os.utime(folder, (1000.0 + k, 1000.0 + k))
    return tmp_path


def _folder(cache, k):
    return cache / ("maps" if k % 2 else "surveys") / f"{k:032x}"


def _left(cache):
    return [k for k in range(6) if _folder(cache, k).is_dir()]


def test_what_was_used_longest_ago_goes_first_and_as_a_whole(cache):
    gone = prune(cache, 3.5 * KB)
    assert gone == [_folder(cache, k) for k in range(3)]
    assert _left(cache) == [3, 4, 5]
    assert prune(cache, 3.5 * KB) == []
    for k in (3, 4, 5):
        assert len(list(_folder(cache, k).iterdir())) == 2
    assert {path.name for path in cache.rglob(".*")} == set()


def test_looking_at_what_is_there_is_using_it(cache):
    Mark(_folder(cache, 0), "open").remove()
    prune(cache, 2.5 * KB)
    assert _left(cache) == [0, 5]


def test_what_a_session_or_a_worker_needs_stays(cache):
    marks = [Mark(_folder(cache, 0), "open"), Mark(_folder(cache, 3), "working")]
    prune(cache, 0.0)
    assert _left(cache) == [0, 3]
    for mark in marks:
        mark.remove()
    prune(cache, 0.0)
    assert _left(cache) == []


def test_what_users_made_stays(cache):
    users = [cache / "maps" / "my maps", cache / "runs" / f"{1:032x}", cache / "triage"]
    for folder in users:
        folder.mkdir(parents=True)
        (folder / "decisions.jsonl").write_bytes(bytes(5000))
    (cache / "maps" / f"{9:032x}").write_text("a file and no folder")
    prune(cache, 0.0)
    assert all((folder / "decisions.jsonl").exists() for folder in users)
    assert (cache / "maps" / f"{9:032x}").exists()


def test_no_cache_yet_is_nothing_to_prune(tmp_path):
    assert prune(tmp_path / "nowhere", 0.0) == []


def test_who_comes_while_a_folder_is_put_aside_keeps_it(cache, monkeypatch):
    folder, rename, marks = _folder(cache, 0), pruning.Path.rename, []

    def beaten(path, target):
        if path == folder:
            marks.append(Mark(folder, "open"))
        return rename(path, target)

    monkeypatch.setattr(pruning.Path, "rename", beaten)
    prune(cache, 5.5 * KB)
    assert _left(cache) == [0, 2, 3, 4, 5]
    assert len(list(folder.iterdir())) == 3
    marks[0].remove()
    assert len(list(folder.iterdir())) == 2


def test_what_another_process_removes_meanwhile_is_gone_too(cache, monkeypatch):
    is_marked = pruning.is_marked

    def slow(folder):
        shutil.rmtree(folder)
        return is_marked(folder)

    monkeypatch.setattr(pruning, "is_marked", slow)
    assert len(prune(cache, 3.5 * KB)) == 3
    assert _left(cache) == [3, 4, 5]


def test_files_that_go_while_they_are_counted_do_not_count(cache, monkeypatch):
    walk = os.walk

    def slow(folder):
        for place, folders, names in walk(folder):
            Path(place, "b.npy").unlink(missing_ok=True)
            yield place, folders, names

    monkeypatch.setattr(pruning.os, "walk", slow)
    assert prune(cache, 3.1 * KB) == []
    assert prune(cache, 0.0) != []


def test_processes_prune_at_the_same_time(cache):
    code = "import sys; from stellar_gui.pruning import prune; prune(sys.argv[1], 3e-6)"
    command = [sys.executable, "-c", code, str(cache)]
    others = [subprocess.Popen(command) for _ in range(2)]
    threads = [threading.Thread(target=prune, args=(cache, 3 * KB)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait() for other in others] == [0, 0]
    assert _left(cache) == [3, 4, 5]
    assert not list(cache.rglob("*.going"))


def test_what_a_killed_process_had_put_aside_goes(cache):
    aside = _folder(cache, 4).with_name(f".{4:032x}.0123abcd.going")
    _folder(cache, 4).rename(aside)
    prune(cache, 100 * KB)
    assert not aside.exists()
    assert _left(cache) == [0, 1, 2, 3, 5]


def test_the_limit_is_said_by_a_variable(cache, monkeypatch):
    monkeypatch.delenv("STELLAR_GUI_CACHE_GB", raising=False)
    assert cache_limit() == 10.0
    monkeypatch.setenv("STELLAR_GUI_CACHE_GB", f"{2.5 * KB:f}")
    monkeypatch.setenv("STELLAR_GUI_CACHE", str(cache))
    prune()
    assert _left(cache) == [4, 5]


@pytest.mark.parametrize("chosen", ["plenty", "-1", "nan"])
def test_a_limit_that_cannot_be_is_refused(chosen, monkeypatch):
    monkeypatch.setenv("STELLAR_GUI_CACHE_GB", chosen)
    with pytest.raises(ValueError, match=f"CACHE_GB is '{chosen}', expected a number"):
        cache_limit()
