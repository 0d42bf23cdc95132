"""The survey experiment on a few stars: whole, resumable, and refusing."""

import json
from argparse import ArgumentParser

import numpy as np
import pytest

from stellar_gui.experiments import EXPERIMENTS
from stellar_gui.experiments.survey import Request, run_survey
from stellar_gui.experiments.zero_points import parse_shift
from stellar_gui.models import load_model
from stellar_gui.training import Run
from tests.small_folder import small_folder

WAYS = ("emulator", "broadened", "mean shift", "self-calibrated")


@pytest.fixture(scope="module")
def finished(tmp_path_factory, sample_payne):
    """Give the request, the work folder and what a tiny run found."""
    folder = small_folder(tmp_path_factory.mktemp("survey"), 80, 25, 28)
    request = Request(
        str(folder),
        emulator=str(sample_payne),
        anchors=20,
        steps=20,
        ceiling_stars=2,
        device="cpu",
    )
    work = folder / "work"
    model, result = run_survey(request, work)
    return request, work, model, result


def test_every_baseline_stands_beside_the_transfer(finished):
    *_, result = finished
    fits = set(result.labels.errors)
    assert fits >= {*WAYS, *(f"{way}, anchored" for way in WAYS), "Cannon", "transfer"}
    assert len(result.labels.label_names) == 25
    assert len(result.note_labels.label_names) == 15
    for errors in result.labels.errors.values():
        np.testing.assert_allclose(
            errors.rms**2, errors.bias**2 + errors.sd**2, rtol=1e-6
        )


def test_fits_are_better_the_more_they_know(finished):
    """Broadening and continuum explain the spectra; anchors take the bias away."""
    *_, result = finished
    assert result.chi2["broadened"] < result.chi2["emulator"]
    assert result.chi2["mean shift"] < result.chi2["emulator"]
    errors = result.labels.errors
    for way in WAYS:
        bias = np.median(np.abs(errors[way].bias / errors[way].sd))
        anchored = errors[f"{way}, anchored"]
        assert np.median(np.abs(anchored.bias / anchored.sd)) < bias
        np.testing.assert_allclose(anchored.sd, errors[way].sd)


def test_a_second_call_finds_the_work_done(finished, monkeypatch):
    request, work, model, result = finished

    def fail(*_, **__):
        raise AssertionError("it trains again")

    monkeypatch.setattr("stellar_gui.experiments.survey.start", fail)
    again, repeated = run_survey(request, work)
    assert not result.scores.differing(repeated.scores)
    np.testing.assert_array_equal(again.training_labels, model.training_labels)
    assert Run(work / "training").status().state == "finished"


def test_the_model_file_carries_its_scores(finished):
    _, work, _, result = finished
    provenance = load_model(work / "cycle_starnet.safetensors").provenance
    assert provenance["scores"] == json.loads(json.dumps(result.scores.to_plain()))
    assert provenance["anchors"]["n_anchors"] == 20
    assert provenance["run"]["name"] == "training"


def test_no_test_star_is_learnt_from(finished):
    request, _, model, result = finished
    assert result.request["seed"] == request.seed
    learnt = set(model.provenance["training_ids"])
    table = result.scores.conditions
    assert len(learnt) == 80
    assert table["n_stars"] == 28
    assert len(model.training_labels) <= 80


def test_each_bar_says_what_it_asks_for(finished):
    *_, result = finished
    assert len(result.bars) == 15
    met = {bar.title: bar.met for bar in result.bars}
    assert not met["gap closed"]
    assert any(line.endswith("MISSED") for line in result.lines())


def test_another_request_is_refused_in_the_same_folder(finished):
    request, work, *_ = finished
    other = Request(request.folder, seed=2)
    with pytest.raises(ValueError, match="another emulator, seed"):
        run_survey(other, work)


def test_a_folder_without_observed_spectra_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"expected a survey folder"):
        run_survey(Request(str(tmp_path)), tmp_path / "work")


@pytest.mark.parametrize(
    ("text", "fault"), [("teff", "has no number"), ("tef=3", "of no label")]
)
def test_a_shift_must_name_a_label_and_a_number(text, fault):
    with pytest.raises(ValueError, match=fault):
        parse_shift([text], ("teff", "logg"))


def test_all_experiments_have_options():
    for name, experiment in EXPERIMENTS.items():
        parser = ArgumentParser(name)
        experiment.add_options(parser)
        flag = "--seeds" if name == "masked-lines" else "--seed"
        assert parser.parse_args([flag, "3"])
