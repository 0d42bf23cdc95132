"""The laboratory's panel: what it shows of a trial, and what it does when asked."""

import json

import pytest

from stellar_gui.experiments.laboratory import emulator_file
from stellar_gui.experiments.trial import Trial, known_trials, read_plain
from stellar_gui.experiments.verdict import verdict
from stellar_gui.jobs import Job, Progress
from stellar_gui.paths import sample_data
from stellar_gui.selection import Selection
from stellar_gui.training.fingerprint import file_fingerprint
from stellar_gui.views.laboratory import LaboratoryView
from stellar_gui.views.laboratory_state import estimate, progress_state, result_state

SHIPPED = sample_data() / "laboratory"


@pytest.fixture
def findings():
    return read_plain(SHIPPED / "lines-30-seed-1.json")


@pytest.fixture
def started(monkeypatch, tmp_path):
    """What is started, in place of processes."""
    monkeypatch.setenv("STELLAR_GUI_RUNS", str(tmp_path))
    asked = []
    monkeypatch.setattr(
        Job, "start", lambda job, module, request: asked.append((module, request))
    )
    return asked


@pytest.fixture
def view(started):
    view = LaboratoryView(Selection(), download=lambda *file: view.files.append(file))
    view.files = []
    view.open(True)
    return view


def test_the_shipped_reference_is_of_the_shipped_emulator():
    made = read_plain(SHIPPED / "lines-0-seed-0.json")
    assert made["emulator"] == file_fingerprint(emulator_file())
    assert Trial(**made["trial"]) == Trial().reference


def test_the_shipped_trial_shows_at_once_and_says_what_it_is(view):
    state = view.panel.state
    assert "ships with the sample" in state["origin"]
    assert state["start"] == {"text": "Train it here", "reason": ""}
    assert state["progress"] is None
    assert len(state["result"]["candidates"]) > 30
    assert state["trials"][0]["on"]


def test_another_trial_starts_in_a_process_of_its_own(view, started):
    view.run("share", 0.2)
    view.run("seed", "7")
    assert view.panel.state["result"] is None
    assert view.panel.state["start"] == {"text": "Start", "reason": ""}
    view.run("start")
    module, request = started[0]
    assert module == "stellar_gui.experiments.laboratory_job"
    assert Trial(**request) == Trial(0.2, 7)


def test_a_seed_that_is_no_number_is_refused_in_words(view, started):
    view.run("seed", "many")
    assert "expected a whole number" in view.panel.state["problem"]
    assert view.panel.state["start"]["reason"]
    view.run("start")
    assert not started
    view.run("seed", "2")
    assert not view.panel.state["problem"]


def test_what_was_carried_out_here_goes_before_what_ships(view, findings):
    trial = Trial()
    trial.folder.mkdir(parents=True)
    kept = {**findings, "candidates": findings["candidates"][:3]}
    (trial.folder / "findings.json").write_text(json.dumps(kept))
    view.tick()
    assert len(view.panel.state["result"]["candidates"]) == 3
    assert not view.panel.state["origin"]
    assert "done" in view.panel.state["start"]["reason"]
    assert known_trials() == [trial]


def test_a_candidate_is_looked_at_by_all_pages(view):
    at = view.panel.state["result"]["candidates"][0]["wavelength"]
    view.run("line", at)
    selection = view._selection
    assert selection.pixel == at
    assert selection.window == (at - 6.0, at + 6.0)


def test_both_tables_are_given_as_files(view):
    view.run("export")
    view.run("export_confusion")
    (stub, lines), (matrix, counts) = view.files
    assert stub == "lines-30-seed-1-candidates.ecsv"
    assert "log_gf" in lines
    assert matrix == "lines-30-seed-1-confusion.ecsv"
    assert "own" in counts


def test_a_closed_panel_is_left_alone(view):
    view.open(False)
    before = view.panel.state
    view._seed = "5"
    view.tick()
    assert view.panel.state is before


def test_every_share_stands_beside_its_yardstick(findings):
    shares = {row[0]: row for row in result_state(findings)["shares"]}
    assert shares["precision"][3].startswith("no network")
    assert "always Fe" in shares["element right"][3]
    assert "ceiling" in shares["element right"][3]
    assert "of 196 dips" in shares["false positives, nothing hidden"][3]


def test_what_is_not_known_yet_is_said(findings):
    unknown = {**findings, "reference": None}
    shares = {row[0]: row for row in result_state(unknown)["shares"]}
    assert shares["false positives, nothing hidden"][3] == "not known yet"
    assert verdict(unknown)[-1].kind == "warning"


@pytest.mark.parametrize(
    ("low", "high", "kind", "words"),
    [
        (0.5, 0.78, "ok", "more than the 42 %"),
        (0.3, 0.5, "warning", "something is learnt"),
        (0.1, 0.3, "bad", "fewer than the 42 %"),
    ],
)
def test_elements_are_told_from_always_iron_or_it_is_said(
    findings, low, high, kind, words
):
    named = {**findings["named"], "own": {"value": 0.4, "low": low, "high": high}}
    first = verdict({**findings, "named": named | {"always_iron": 0.42}})[0]
    assert first.kind == kind
    assert words in first.text


def test_a_few_right_elements_are_not_taken_for_more(findings):
    wrong = {"value": 0.05, "low": 0.01, "high": 0.2}
    own = {"value": 0.4, "low": 0.3, "high": 0.5}
    named = {**findings["named"], "not_iron": wrong, "own": own}
    first = verdict({**findings, "named": named})[0]
    assert first.text.endswith("Nothing says that these elements mean anything.")


def test_a_training_that_found_nothing_says_so(findings):
    assert "found nothing" in verdict({**findings, "candidates": []})[0].text


def test_false_candidates_of_a_short_training_are_bad(findings):
    many = {**findings["reference"], "candidates": 60}
    assert verdict({**findings, "reference": many})[-1].kind == "bad"


def test_the_estimate_names_its_origin():
    trial = Trial()
    assert "Two trainings" in estimate(trial, False, None)
    assert "on a shared core" in estimate(trial, False, None)
    assert "About 12 min, at the pace of the last" in estimate(trial, True, 0.1)


def test_progress_says_how_long_it_takes_and_what_went_wrong():
    half = Progress(700.0, 1400.0, "training")
    assert progress_state("new", half, None, "") is None
    assert progress_state("running", half, 90.0, "")["words"].endswith("2 min left")
    assert progress_state("running", Progress(), None, "")["words"] == "starting"
    assert "is kept" in progress_state("stopped", half, None, "")["words"]
    failed = progress_state("failed", half, None, "RuntimeError: no disk")
    assert (failed["tone"], failed["words"]) == ("bad", "RuntimeError: no disk")
