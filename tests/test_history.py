"""Reading what a run logs while it logs it."""

import itertools
import json

from stellar_gui.training.history import History


def _log(path, steps, every=10):
    with (path / "metrics.jsonl").open("a") as file:
        for step in steps:
            row = {"step": step, "loss": 1 / step}
            if step % every == 0:
                row["validation_score"] = 2 / step
            file.write(json.dumps(row) + "\n")


def test_only_what_is_new_is_read(tmp_path):
    history = History(tmp_path)
    assert history.read() == ([], [], False)
    _log(tmp_path, range(1, 6))
    assert [row["step"] for row in history.read().rows] == [1, 2, 3, 4, 5]
    _log(tmp_path, range(6, 11))
    added = history.read()
    assert [row["step"] for row in added.rows] == [6, 7, 8, 9, 10]
    assert [row["step"] for row in added.scores] == [10]
    assert not added.renewed
    assert history.unread == 0


def test_half_a_line_waits_for_its_other_half(tmp_path):
    _log(tmp_path, [1])
    history = History(tmp_path)
    history.read()
    file = tmp_path / "metrics.jsonl"
    file.write_text(file.read_text() + '{"step": 2, "lo')
    assert history.read().rows == []
    file.write_text(file.read_text() + 'ss": 0.5}\n')
    history.read()
    assert history.latest == {"step": 2, "loss": 0.5}


def test_a_torn_line_is_passed_over(tmp_path):
    _log(tmp_path, [1, 2])
    with (tmp_path / "metrics.jsonl").open("ab") as file:
        file.write(b'{"step": 3, "validation_score\n' + bytes(20) + b"\n")
    _log(tmp_path, [4])
    history = History(tmp_path)
    assert [row["step"] for row in history.read().rows] == [1, 2, 4]
    assert history.latest["step"] == 4


def test_lines_that_a_resume_took_back_are_forgotten(tmp_path):
    _log(tmp_path, range(1, 21))
    history = History(tmp_path)
    history.read()
    (tmp_path / "metrics.jsonl").rename(tmp_path / "old")
    _log(tmp_path, range(1, 12))
    added = history.read()
    assert added.renewed
    assert [row["step"] for row in history.rows] == list(range(1, 12))
    (tmp_path / "metrics.jsonl").unlink()
    assert history.read() == ([], [], True)
    assert history.rows == []


def test_a_long_run_is_thinned_and_keeps_scores_and_the_last_step(tmp_path):
    history = History(tmp_path, capacity=50)
    for start in range(1, 1001, 97):
        _log(tmp_path, range(start, min(start + 97, 1001)))
        history.read()
    at_once = History(tmp_path, capacity=50)
    at_once.read()
    for read in (history, at_once):
        assert 50 <= len(read.rows) <= 101
        assert len(read.scores) == 100
        assert read.latest["step"] == 1000
        steps = [row["step"] for row in read.rows]
        gaps = {b - a for a, b in itertools.pairwise(steps)}
        assert gaps == {16}
    assert history.rows == at_once.rows
