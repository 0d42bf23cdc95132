"""The missing-line laboratory: a trial by way of files, from data to findings."""

import json
from argparse import ArgumentParser

import numpy as np
import pytest
from astropy.table import Table

from stellar_gui.experiments import EXPERIMENTS, laboratory_chain, trial
from stellar_gui.experiments.laboratory import prepare, training_options
from stellar_gui.experiments.laboratory_chain import carry_out
from stellar_gui.experiments.laboratory_command import finding_lines
from stellar_gui.experiments.line_stub import stub_text
from stellar_gui.experiments.trial import Trial, read_findings, reference_file
from stellar_gui.io import read_spectra
from stellar_gui.models import load_model
from stellar_gui.synthesis.lines import read_line_list
from stellar_gui.training.config import new_config
from stellar_gui.training.run import Run, Status
from stellar_gui.training.runs import list_runs
from stellar_gui.training.start import start

TINY = Trial(share=0.3, seed=2, stars=40, steps=6)


def said_nothing(done, total, words):
    pass


@pytest.fixture(scope="module")
def carried(tmp_path_factory):
    """A trial and its reference, trained here and carried to the end."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STELLAR_GUI_RUNS", str(folder))
        for each in (TINY, TINY.reference):
            prepare(each)
            start("cycle-starnet", run=each.folder, **training_options(each))
        told = []
        findings = carry_out(TINY, lambda *step: told.append(step))
        yield findings, told


def test_what_is_trained_on_tells_nothing_of_the_answer(carried):
    observed = read_spectra(TINY.folder / "observed.h5")
    assert observed.labels is None
    assert set(observed.star_data) == {"split"}
    assert (observed.star_data["split"] == "train").sum() == TINY.stars


def test_the_emulator_lacks_the_hidden_lines_and_no_others(carried):
    answer = json.loads((TINY.folder / "hidden.json").read_text())
    lacking = load_model(TINY.folder / "emulator.safetensors")
    whole = load_model(TINY.reference.folder / "emulator.safetensors")
    labels = lacking.training_labels[:3].double()
    flux, full = (model(labels).detach().numpy() for model in (lacking, whole))
    assert (flux[:, answer["pixel"]] == 1).all()
    assert (full[:, answer["pixel"]] < 1).all()
    assert (flux == full).mean() > 0.7


def test_the_trial_is_a_run_like_any_other(carried):
    names = {summary.name: summary for summary in list_runs()}
    assert names[TINY.name].state == "finished"
    assert names[TINY.name].config["options"]["jacobian"] == 0.0


def test_findings_are_kept_and_agree_with_their_parts(carried):
    findings, _ = carried
    assert read_findings(TINY) == findings
    rows = findings["candidates"]
    right = sum(row["right"] for row in rows)
    assert findings["precision"]["value"] == pytest.approx(right / len(rows))
    found = sum(bool(row["own"]) for row in rows)
    assert found + len(findings["missed"]) == findings["n_hidden"]
    assert findings["named"]["n"] == found
    assert findings["reference"]["dips"] > 50
    assert 0 < findings["named"]["ceiling"]["value"] <= 1
    counted = np.sum(findings["confusion"]["count"])
    neighbours = sum(row["right"] and not row["own"] for row in rows)
    assert counted == len(rows) - neighbours


def test_what_is_done_is_not_done_again(carried):
    findings, told = carried
    words = " ".join(step[2] for step in told)
    assert "looking" in words
    again = []
    assert carry_out(TINY, lambda *step: again.append(step[2])) == findings
    assert "looking" not in " ".join(again)


def test_the_report_shows_every_share_beside_its_yardstick(carried):
    text = "\n".join(finding_lines(carried[0]))
    for title in ("precision", "recall", "with nothing hidden", "own element", "ceil"):
        assert title in text
    assert "mean difference" in text


def test_the_stub_holds_what_is_known_and_leaves_the_rest_empty(carried, tmp_path):
    findings = carried[0]
    file = tmp_path / "stub.ecsv"
    file.write_text(stub_text(findings))
    table = Table.read(file, format="ascii.ecsv")
    assert len(table) == len(findings["candidates"])
    assert (np.diff(table["wavelength_air"]) > 0).all()
    assert table["log_gf"].mask.all()
    assert table["ion"].mask.all()
    assert "own" not in table.colnames
    assert "unknown" in table.meta
    with pytest.raises(ValueError, match="lacks the columns"):
        read_line_list(file)


def test_one_reference_serves_all_shares_and_seeds():
    assert Trial(0.1, 5).reference == Trial(0.3, 7).reference
    assert Trial(0.1, 5, steps=9).reference != Trial(0.1, 5).reference


def test_the_reference_of_this_machine_goes_before_the_shipped(carried):
    assert reference_file(TINY) == TINY.reference.folder / "dips.json"
    assert reference_file(Trial(stars=999)) is None


@pytest.mark.parametrize("wrong", [{"share": 0.5}, {"share": 0.01}, {"stars": 3}])
def test_a_trial_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        Trial(**wrong)


class Enough(Exception):
    pass


@pytest.fixture
def training(monkeypatch, tmp_path):
    """A trial whose training seems to be at work in this very process."""
    monkeypatch.setenv("STELLAR_GUI_RUNS", str(tmp_path))
    monkeypatch.setattr(laboratory_chain, "_STOP_SECONDS", 0.0)
    prepare(TINY)
    run = Run.create(TINY.folder, new_config("cycle-starnet", tmp_path, {}))
    with run.claimed():
        yield run


def test_a_stopped_trial_lets_its_training_save_itself(training):
    training.write_status(Status("running", step=3, total_steps=6))

    def report(done, total, words):
        if "step 3" in words:
            raise Enough

    with pytest.raises(Enough):
        carry_out(TINY, report)
    wish = json.loads((training.path / "control.json").read_text())
    assert wish["wanted"] == "stop"


def test_a_training_that_fails_ends_the_trial_with_its_own_words(training, monkeypatch):
    failed = Status("failed", step=3, total_steps=6, message="the disk is full")
    monkeypatch.setattr(laboratory_chain, "resume", lambda run: None)
    training.write_status(failed)
    with pytest.raises(RuntimeError, match=r"failed at step 3 of 6\. the disk is full"):
        carry_out(TINY, said_nothing)


def test_the_command_has_the_usual_trial_by_default():
    parser = ArgumentParser()
    EXPERIMENTS["laboratory"].add_options(parser)
    options = parser.parse_args([])
    usual = Trial()
    assert (options.share, options.seed) == (usual.share, usual.seed)
    assert (options.stars, options.steps) == (trial.STARS, trial.STEPS)
