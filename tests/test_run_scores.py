"""Scores of a run's transfer: made on unseen stars, kept, and told as lights."""

import json
import shutil
import time

import numpy as np
import psutil
import pytest

from stellar_gui.analysis.score_meanings import score_row
from stellar_gui.analysis.scores import ScoreTable
from stellar_gui.cli import main
from stellar_gui.experiments.run_scores import score_run, unseen
from stellar_gui.io import write_spectra
from stellar_gui.jobs import Job
from stellar_gui.models import save_model
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.training.run import Run, Status
from stellar_gui.training.run_scores import (
    RunScores,
    lights,
    read_run_scores,
    write_run_scores,
)
from stellar_gui.training.runs import summary
from stellar_gui.training.start import start
from stellar_gui.views.training import TrainingPage
from stellar_gui.views.training_scores import TransferScores
from tests.cycle_mock import observed, trained_emulator
from tests.small_survey import small_cannon, small_survey


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run of a few steps, on 260 stars, a tenth of which validate."""
    folder = tmp_path_factory.mktemp("scored")
    save_model(trained_emulator(), folder / "payne.safetensors")
    write_spectra(folder / "observed.h5", observed(260, 3)[0])
    return start(
        "cycle-starnet",
        data=folder / "observed.h5",
        run=folder / "cycle-starnet-001",
        emulator=folder / "payne.safetensors",
        steps=12,
    )


def test_a_run_is_scored_on_stars_it_never_saw_and_keeps_the_scores(run):
    told = []
    made = score_run(run, lambda *call: told.append(call))
    kept = read_run_scores(run.path)
    assert made.step == kept.step == 12
    assert kept.n_stars == len(run.data["validation_ids"])
    assert not kept.table.differing(made.table)
    assert "mixing_spectra" in kept.table
    assert "gap" not in kept.table  # no truth lies beside these spectra
    assert told[0] == (0, 4, "reading the model")


def test_the_command_line_scores_a_run(run, capsys):
    main(["runs", "score", str(run.path)])
    told = capsys.readouterr().out
    assert "the model of step 12 on 26 unseen stars:" in told
    assert "mixing of spectra" in told


def test_stars_marked_for_tests_are_scored_before_those_that_validate():
    stars = observed(6, 1)[0]
    marks = np.array(["train", "test", "validation", "test", "test", "train"])
    marked = stars.replace(star_data={"split": marks})
    assert unseen(marked, [], 10).ids.tolist() == stars.ids[[1, 3, 4]].tolist()
    assert unseen(marked, [], 2).ids.tolist() == stars.ids[[1, 4]].tolist()
    assert unseen(stars, stars.ids[:2].tolist(), 10).ids.tolist() == (
        stars.ids[:2].tolist()
    )


def test_a_run_of_a_method_without_transfer_is_refused(tmp_path):
    payne = Run.create(tmp_path / "payne-001", {"method": "payne"})
    with pytest.raises(ValueError, match="payne, which transfers nothing; expected"):
        score_run(payne)


@pytest.fixture
def table():
    return ScoreTable(
        (
            score_row("mixing_spectra", 0.49, baseline=0.12, ceiling=0.5),
            score_row("zscore_std", 1.1, baseline=1.3, ceiling=1.0, usable=(0.7, 1.3)),
            score_row("derivatives", 0.9, baseline=0.0),
            score_row("latent_split", 0.02, ceiling=0.0),
        )
    )


def test_scores_are_lights_with_their_ranges(table):
    first, swap, mixing, width, derivatives = lights(RunScores(100, 60, table))
    assert first.kind == "bad"
    assert "1 of 3 scores failed" in first.text
    assert "60 stars that it never saw" in first.text
    assert (swap.kind, swap.title) == ("idle", "Swapped gap is not known")
    assert mixing.kind == "ok"
    assert mixing.text == "0.49, healthy from 0.44; usable from 0.30; trivial 0.12"
    assert (width.kind, derivatives.kind) == ("warning", "bad")
    assert "healthy from 0.90 to 1.06" in width.text
    assert "photon noise" in width.tip


def test_the_swapped_gap_is_judged_against_its_ceiling(table):
    swapped = score_row(
        "swap_of_ceiling", 0.9, ceiling=1.0, healthy=(0.86, None), state="ok"
    )
    scores = RunScores(100, 60, ScoreTable((*table.rows, swapped)))
    light = lights(scores)[-1]
    assert (light.kind, light.title) == ("ok", "Swapped gap, of its ceiling")
    assert light.text == "0.90, healthy from 0.86"


def test_damaged_scores_count_as_none(tmp_path, table):
    assert read_run_scores(tmp_path) is None
    write_run_scores(tmp_path, RunScores(3, 5, table))
    assert read_run_scores(tmp_path).n_stars == 5
    (tmp_path / "scores" / "scores.json").write_text("{")
    assert read_run_scores(tmp_path) is None


def test_a_finished_run_that_is_looked_at_is_scored_in_a_process(run):
    shutil.rmtree(run.path / "scores", ignore_errors=True)
    view = TransferScores()
    (first,) = view.lights(summary(run))
    assert first.text.startswith("is being scored on unseen stars")
    end = time.monotonic() + 120
    while len(view.lights(summary(run))) == 1:
        assert time.monotonic() < end, Job(run.path / "scores").error
        time.sleep(0.1)
    titles = [light.title for light in view.lights(summary(run))]
    assert titles[:2] == ["Transfer", "Swapped gap is not known"]
    assert "Mixing of spectra" in titles


@pytest.fixture
def finished(run, tmp_path):
    """A copy of the run, not scored."""
    copy = shutil.copytree(run.path, tmp_path / "copy")
    shutil.rmtree(copy / "scores", ignore_errors=True)
    return Run(copy)


def _until(state, job):
    end = time.monotonic() + 120
    while job.state != state:
        assert time.monotonic() < end, f"the job is {job.state}: {job.error}"
        time.sleep(0.05)


def test_a_job_that_failed_says_why_and_is_not_started_again(finished):
    config = finished.path / "config.json"
    config.write_text(config.read_text().replace("observed.h5", "gone.h5"))
    job = Job(finished.path / "scores")
    TransferScores().lights(summary(finished))
    _until("failed", job)
    (light,) = TransferScores().lights(summary(finished))
    assert (light.kind, light.title) == ("warning", "Transfer was not scored")
    assert "gone.h5" in light.text
    assert light.text.endswith("; it is not tried again by itself")
    assert light.tip.endswith("stellar-gui runs score copy")
    assert job.state == "failed"


@pytest.fixture
def killed(finished):
    """A view of the run whose scoring was killed on the way."""
    view, job = TransferScores(), Job(finished.path / "scores")
    view.lights(summary(finished))
    _until("running", job)
    pid = json.loads((job.folder / "worker.json").read_text())["pid"]
    psutil.Process(pid).kill()
    _until("failed", job)
    return view


def test_the_page_scores_again_what_was_killed(finished, killed, monkeypatch):
    (light,) = killed.lights(summary(finished))
    assert light.action == ("Score again", "score_again")
    monkeypatch.setenv("STELLAR_GUI_RUNS", str(finished.path.parent))
    session = Session(small_survey(), {"cannon": small_cannon()})
    page = TrainingPage(Selection(run=finished.name, page="training"), session)
    assert list(light.action) in [list(c["action"] or ()) for c in lit(page)]
    page.run("score_again")
    _until("finished", Job(finished.path / "scores"))
    page.update()
    assert "Mixing of spectra" in [check["title"] for check in lit(page)]


def lit(page):
    """The lights that a page shows."""
    return page.health.list.state["checks"]


def test_the_command_line_scores_what_was_killed(finished, killed):
    main(["runs", "score", str(finished.path)])
    titles = [light.title for light in killed.lights(summary(finished))]
    assert "Mixing of spectra" in titles


def test_runs_that_transfer_nothing_yet_are_not_scored(tmp_path):
    payne = Run.create(tmp_path / "payne-001", {"method": "payne"})
    assert TransferScores().lights(summary(payne)) == []
    assert TransferScores().lights(None) == []
    cycle = Run.create(tmp_path / "cycle-starnet-001", {"method": "cycle-starnet"})
    (light,) = TransferScores().lights(summary(cycle))
    assert "when the run is finished" in light.text
    table = ScoreTable((score_row("mixing_spectra", 0.5),))
    cycle.write_status(Status("stopped", 40, 100))
    for step, n_lights in ((30, 1), (40, 3)):  # scored by the command line
        write_run_scores(cycle.path, RunScores(step, 60, table))
        assert len(TransferScores().lights(summary(cycle))) == n_lights
