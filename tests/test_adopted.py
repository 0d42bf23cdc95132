"""Adopted: a run's best model in a file, found again by the name of the run."""

import pytest

from stellar_gui.analysis.score_meanings import score_row
from stellar_gui.analysis.scores import ScoreTable
from stellar_gui.app import App
from stellar_gui.library import Library
from stellar_gui.models import load_model
from stellar_gui.training.adopted import adopt, adopted_files
from stellar_gui.training.run import Run
from stellar_gui.training.run_scores import RunScores, write_run_scores
from stellar_gui.training.start import start
from tests.tiny_survey import write_tiny_survey


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """The user's folder of runs, with a Cannon of two steps."""
    folder = tmp_path / "runs"
    monkeypatch.setenv("STELLAR_GUI_RUNS", str(folder))
    survey = write_tiny_survey(tmp_path / "survey.h5")
    start("cannon", data=survey, run=folder / "cannon-001", order=1, steps=2)
    return folder


def test_an_adopted_model_needs_its_data_no_more(runs):
    run = Run(runs / "cannon-001")
    assert adopted_files(["cannon-001"]) == {}
    adopt(run)
    (runs.parent / "survey.h5").unlink()
    (file,) = adopted_files(
        ["cannon-001", "cannon-002", "../runs/cannon-001", ""]
    ).values()
    assert load_model(file).provenance["run"] == {"name": "cannon-001", "step": 2}


def test_scores_go_with_the_model_that_was_scored(runs):
    run = Run(runs / "cannon-001")
    table = ScoreTable((score_row("mixing_spectra", 0.5),))
    write_run_scores(run.path, RunScores(1, 60, table))
    assert "scores" not in load_model(adopt(run)).provenance
    write_run_scores(run.path, RunScores(2, 60, table))
    kept = load_model(adopt(run)).provenance["scores"]
    assert ScoreTable.from_plain(kept)["mixing_spectra"].value == 0.5


def test_a_damaged_file_is_no_model(runs):
    adopt(Run(runs / "cannon-001")).write_bytes(b"half")
    assert adopted_files(["cannon-001"]) == {}


def test_a_reload_brings_the_adopted_model_back(runs):
    library = Library([runs.parent / "survey.h5"])
    first = App(library, "?page=star")
    model = load_model(adopt(Run(runs / "cannon-001")))
    first.show_adopted(first.session.adopt(model, "cannon-001"))
    query = first.selection.to_query()
    first.close()
    again = App(library, query)
    assert again.selection.models == ("cannon-001",)
    assert "cannon-001" in again.session.models
    star = again.selection.star
    assert "cannon-001" in again.session.fits_of(star, ["cannon-001"])
    notes = again.view("star").labels.table.state["notes"]
    told = "cannon-001 is the model of the run cannon-001 at step 2"
    assert told in [note["text"] for note in notes]
    again.close()
