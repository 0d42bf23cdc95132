"""Scores of a run's transfer: made on unseen stars, kept, and told as lights."""

import shutil
import time

import numpy as np
import pytest

from stellar_gui.analysis.score_meanings import score_row
from stellar_gui.analysis.scores import ScoreTable
from stellar_gui.cli import main
from stellar_gui.experiments.run_scores import score_run, unseen
from stellar_gui.io import write_spectra
from stellar_gui.jobs import Job
from stellar_gui.models import save_model
from stellar_gui.training.run import Run, Status
from stellar_gui.training.run_scores import (
    RunScores,
    lights,
    read_run_scores,
    write_run_scores,
)
from stellar_gui.training.runs import summary
from stellar_gui.training.start import start
from stellar_gui.views.training_scores import TransferScores
from tests.cycle_mock import observed, trained_emulator


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


def test_a_job_that_failed_says_why_and_is_not_started_again(run, tmp_path):
    copy = shutil.copytree(run.path, tmp_path / "copy")
    shutil.rmtree(copy / "scores", ignore_errors=True)
    (copy / "config.json").write_text(
        (copy / "config.json").read_text().replace("observed.h5", "gone.h5")
    )
    view = TransferScores()
    view.lights(summary(Run(copy)))
    end = time.monotonic() + 120
    while Job(copy / "scores").state != "failed":
        assert time.monotonic() < end
        time.sleep(0.1)
    (light,) = TransferScores().lights(summary(Run(copy)))
    assert light.kind == "idle"
    assert "was not scored" in light.text
    assert "gone.h5" in light.text
    assert light.text.endswith("To try again: stellar-gui runs score copy")
    assert Job(copy / "scores").state == "failed"


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
