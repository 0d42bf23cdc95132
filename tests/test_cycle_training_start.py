"""Cycle-StarNet from files and names: which labels are assumed, what a run keeps."""

import numpy as np
import pytest
import torch
from astropy.table import Table

from stellar_gui.io import write_spectra
from stellar_gui.models import load_model, save_model
from stellar_gui.training.cycle_labels import assumed_labels
from stellar_gui.training.cycle_start import cycle_starnet
from stellar_gui.training.start import start
from tests.cycle_mock import observed, synthetic, trained_emulator


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Paths of an emulator and of a survey of 60 observed stars."""
    folder = tmp_path_factory.mktemp("cycle")
    emulator, survey = folder / "payne.safetensors", folder / "observed.h5"
    save_model(trained_emulator(), emulator)
    write_spectra(survey, observed(60, 3)[0])
    return {"emulator": str(emulator), "data": str(survey)}


def test_labels_of_the_emulator_are_assumed_unless_others_are_named():
    assert assumed_labels("training", trained_emulator(), observed(5, 0)[0]) is None


def test_labels_are_read_from_a_table_in_the_emulators_order(tmp_path):
    file = tmp_path / "labels.ecsv"
    columns = {"mg_h": [0.1, np.nan, 0.3], "fe_h": [0.0, 0.1, 0.2]}
    Table(columns | {"id": ["a", "b", "c"], "teff": [5000.0, 5100, 5200]}).write(file)
    labels = assumed_labels(str(file), trained_emulator(), observed(5, 0)[0])
    expected = torch.tensor([[5000.0, 0.0, 0.1], [5200.0, 0.2, 0.3]])
    torch.testing.assert_close(labels, expected.double())


def test_labels_are_read_from_a_survey(tmp_path):
    file, spectra = tmp_path / "survey.h5", synthetic(7, 0)
    write_spectra(file, spectra)
    labels = assumed_labels(str(file), trained_emulator(), observed(5, 0)[0])
    np.testing.assert_array_equal(labels, spectra.labels)


def test_labels_are_found_by_fits_of_the_observed_stars():
    spectra, truth, _ = observed(12, 4)
    ivar = np.array(spectra.ivar)
    ivar[3] = 0.0  # nothing can be fitted there
    labels = assumed_labels("fits", trained_emulator(), spectra.replace(ivar=ivar))
    assert labels.shape == (11, 3)
    error = labels.numpy() - np.delete(truth, 3, axis=0)
    assert (np.abs(np.median(error, 0)) < [300, 0.3, 0.3]).all()


@pytest.mark.parametrize(
    ("columns", "match"),
    [
        ({"teff": [5000.0, 5100.0]}, "fe_h"),
        ({n: [np.nan, 1.0] for n in ("teff", "fe_h", "mg_h")}, "has 1 stars with a"),
    ],
)
def test_a_table_without_enough_labels_is_refused(tmp_path, columns, match):
    file = tmp_path / "labels.csv"
    Table(columns).write(file)
    with pytest.raises(ValueError, match=match):
        assumed_labels(str(file), trained_emulator(), observed(5, 0)[0])
    with pytest.raises(FileNotFoundError, match="no table of labels"):
        assumed_labels(str(tmp_path / "none.csv"), trained_emulator(), None)


def test_options_choose_preset_steps_and_link(files):
    spectra, _, _ = observed(30, 3)
    build = lambda **options: cycle_starnet(  # noqa: E731
        spectra, spectra, seed=1, device="cpu", emulator=files["emulator"], **options
    )
    demo = build(steps=70, link="decode")
    assert (demo.settings.pretraining_steps, demo.settings.full_steps) == (30, 40)
    assert demo.settings.link == "decode"
    paper = build(preset="paper")
    assert paper.settings.architecture == "convolutional"
    assert paper.total_steps == 500_000
    assert not paper.pretraining
    with pytest.raises(ValueError, match=r"preset is 'fast', expected demo or paper"):
        build(preset="fast")
    with pytest.raises(ValueError, match=r"no emulator: name the model file"):
        cycle_starnet(spectra, spectra, seed=1, device="cpu")


def test_a_run_leaves_a_model_that_says_what_it_was_made_of(files, tmp_path):
    options = {**files, "steps": 6, "seed": 2, "device": "cpu"}
    out = tmp_path / "model.safetensors"
    whole = start("cycle-starnet", run=tmp_path / "whole", out=out, **options)
    assert whole.status().state == "finished"
    row = whole.metrics()[-1]
    assert {"adv_obs", "validation_rec_obs", "learning_rate"} <= set(row)
    model = load_model(out)
    assert model.kind == "cycle_starnet"
    assert model.provenance["steps"] == 6
    assert len(model.provenance["training_ids"]) == 54
