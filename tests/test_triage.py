"""Decisions are saved at once, never lost, and taken back one by one."""

import json

import pytest

from stellar_gui.surveys.triage import ACCEPTED, FLAGGED, OPEN, Decision, Triage


@pytest.fixture
def triage(tmp_path):
    return Triage("a1b2", tmp_path)


def test_decisions_are_found_by_whoever_opens_them_later(triage, tmp_path):
    triage.accept("sg-1")
    triage.flag("sg-2")
    triage.note("sg-2", "  two stars?\nseen twice  ")
    found = Triage("a1b2", tmp_path).decisions()
    assert found["sg-1"].verdict == ACCEPTED
    assert found["sg-2"].verdict == FLAGGED
    assert found["sg-2"].note == "two stars?\nseen twice"
    assert found["sg-2"].made > 0
    assert Triage("other", tmp_path).decisions() == {}


def test_of_two_browsers_nothing_is_lost_and_the_last_word_counts(triage, tmp_path):
    other = Triage("a1b2", tmp_path)
    triage.accept("sg-1")
    other.flag("sg-2")
    triage.note("sg-2", "really?")
    other.flag("sg-1")
    assert triage.decisions() == other.decisions()
    assert triage.decision("sg-1").verdict == FLAGGED
    assert triage.decision("sg-2") == other.decision("sg-2")
    assert triage.decision("sg-2").note == "really?"
    assert triage.decision("sg-2").verdict == FLAGGED


def test_undo_takes_back_step_by_step(triage):
    triage.accept("sg-1")
    triage.note("sg-1", "fine")
    triage.flag("sg-2")
    assert [triage.undo(), triage.undo()] == ["sg-2", "sg-1"]
    assert triage.decision("sg-2").verdict == OPEN
    assert triage.decision("sg-1") == Decision(
        ACCEPTED, "", triage.decision("sg-1").made
    )
    assert triage.can_undo
    assert triage.undo() == "sg-1"
    assert triage.undo() is None
    assert not any(d.decided for d in triage.decisions().values())


def test_undo_leaves_what_others_decided_on_other_stars(triage, tmp_path):
    triage.accept("sg-1")
    Triage("a1b2", tmp_path).flag("sg-2")
    triage.undo()
    assert triage.decision("sg-2").verdict == FLAGGED


def test_a_torn_line_loses_itself_alone(triage):
    triage.accept("sg-1")
    with triage.path.open("ab") as journal:
        journal.write(b'{"star": "sg-2", "verd')
    triage.flag("sg-3")
    assert set(triage.decisions()) == {"sg-1", "sg-3"}
    assert triage.n_unreadable == 1


@pytest.mark.parametrize(
    "line",
    [b"\xff\xfe", b"[]", b"7", b'{"star": 3}', b'{"star": "a", "verdict": "maybe"}'],
)
def test_what_is_no_decision_is_counted_and_stays(triage, line):
    triage.accept("sg-1")
    before = triage.path.read_bytes()
    triage.path.write_bytes(line + b"\n" + before)
    assert set(triage.decisions()) == {"sg-1"}
    assert triage.n_unreadable == 1
    triage.flag("sg-1")
    assert triage.path.read_bytes().startswith(line)


@pytest.mark.parametrize(
    ("star_id", "decision", "sentence"),
    [
        ("sg-1", {"verdict": "perhaps"}, "the verdict is 'perhaps', expected"),
        ("sg-1", {"note": "x" * 2001}, "2001 characters, expected 2000 at most"),
        ("", {"verdict": ACCEPTED}, "no star was named"),
    ],
)
def test_bad_input_is_refused_and_changes_nothing(triage, star_id, decision, sentence):
    triage.accept("sg-1")
    before = triage.path.read_bytes()
    with pytest.raises(ValueError, match=sentence):
        triage.decide(star_id, **decision)
    assert triage.path.read_bytes() == before
    triage.undo()
    assert not triage.can_undo


def test_the_journal_has_a_line_for_every_decision(triage):
    version = triage.version
    triage.flag("Gaia 1 – α")
    assert triage.version != version
    line = json.loads(triage.path.read_text("utf-8"))
    assert (line["star"], line["verdict"]) == ("Gaia 1 – α", FLAGGED)
