"""Files written whole or not at all."""

from pathlib import Path

import pytest

from stellar_gui.io.whole import write_text, written_whole


def test_new_content_replaces_the_old_at_the_end(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with written_whole(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def write_half(path):
    with written_whole(path) as part:
        part.write_text("ne")
        raise RuntimeError("half way")


def test_error_leaves_the_old_file_and_no_litter(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(RuntimeError, match="half way"):
        write_half(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_writers_do_not_mix(tmp_path):
    path = tmp_path / "a.txt"
    with written_whole(path) as one, written_whole(path) as other:
        assert one != other
        one.write_text("one")
        other.write_text("other")
    assert path.read_text() == "one"


def test_missing_folder_is_named(tmp_path):
    with (
        pytest.raises(FileNotFoundError, match=r"cannot write a\.txt: the folder"),
        written_whole(tmp_path / "none" / "a.txt"),
    ):
        pass


def test_a_file_that_is_being_read_is_replaced_when_its_reader_has_done(
    tmp_path, monkeypatch
):
    """Windows refuses to replace a file while it is open elsewhere."""
    path, replace, left = tmp_path / "a.txt", Path.replace, [2]

    def refuse_twice(part, target):
        if left[0]:
            left[0] -= 1
            raise PermissionError("the file is in use")
        return replace(part, target)

    monkeypatch.setattr(Path, "replace", refuse_twice)
    write_text(path, "new")
    assert path.read_text() == "new"
    left[0] = 100
    with pytest.raises(PermissionError, match="in use"):
        write_text(path, "newer")
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]
