"""Marks: who needs a folder is known by files, and only while it lives."""

import gc
import os
import subprocess
import sys
import time

from stellar_gui import marks
from stellar_gui.marks import Mark, is_marked


def test_a_mark_is_of_one_kind_and_goes_with_its_object(tmp_path):
    folder = tmp_path / "new"
    one, two = Mark(folder, "open"), Mark(folder, "waiting")
    assert is_marked(folder, "open")
    assert not is_marked(folder, "other")
    one.remove()
    one.remove()
    assert not is_marked(folder, "open")
    del two
    gc.collect()
    assert not is_marked(folder)
    assert list(folder.iterdir()) == []


def test_a_mark_of_a_process_that_was_killed_does_not_count(tmp_path):
    code = (
        "import os, sys; from stellar_gui.marks import Mark\n"
        "mark = Mark(sys.argv[1], 'open'); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path], check=False)
    assert len(list(tmp_path.iterdir())) == 1
    assert not is_marked(tmp_path)
    mark = Mark(tmp_path, "open")  # clears up after it
    assert len(list(tmp_path.iterdir())) == 1
    mark.remove()


def test_a_mark_of_a_process_that_ends_is_taken_away(tmp_path):
    code = (
        "import sys; from stellar_gui.marks import Mark; mark = Mark(sys.argv[1], 'x')"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True)
    assert list(tmp_path.iterdir()) == []


def test_a_mark_of_another_machine_counts_for_a_day(tmp_path, monkeypatch):
    mark = Mark(tmp_path, "open")
    monkeypatch.setattr(marks.platform, "node", lambda: "elsewhere")
    assert is_marked(tmp_path)
    (path,) = tmp_path.iterdir()
    long_ago = time.time() - 2 * 86_400
    os.utime(path, (long_ago, long_ago))
    assert not is_marked(tmp_path)
    mark.remove()


def test_a_folder_that_is_not_there_bears_no_mark(tmp_path):
    assert not is_marked(tmp_path / "nowhere")


def test_a_file_of_that_ending_by_somebody_else_is_no_mark(tmp_path):
    (tmp_path / "open~of~me.mark").touch()
    assert not is_marked(tmp_path)


def test_a_folder_that_is_removed_while_it_is_marked_is_made_anew(
    tmp_path, monkeypatch
):
    folder, touch = tmp_path / "folder", marks.Path.touch
    removed = []

    def beaten(path):
        if not removed:
            removed.append(path)
            folder.rmdir()
        touch(path)

    monkeypatch.setattr(marks.Path, "touch", beaten)
    mark = Mark(folder, "open")
    assert is_marked(folder)
    mark.remove()
