"""From a survey file to a finished model, by the one way that trains."""

import numpy as np
import pytest

from stellar_gui import Spectra, fit_labels, load_model, write_spectra
from stellar_gui.cli import main
from stellar_gui.training.start import split, start


@pytest.fixture
def survey(tmp_path, rng):
    """A file of 240 spectra with two lines, and their split."""
    labels = np.c_[rng.normal(5000, 200, 240), rng.normal(2.5, 0.4, 240)]
    wavelength = np.arange(5000.0, 5060.0)
    hot, dense = (labels[:, :1] - 5000) / 1000, labels[:, 1:] - 2.5
    flux = 1 - 0.3 * np.exp(-(((wavelength - 5020) / 3) ** 2)) * (1 - hot)
    flux -= 0.2 * np.exp(-(((wavelength - 5040) / 3) ** 2)) * (1 + 0.5 * dense)
    ivar = np.full(flux.shape, 1e5)
    spectra = Spectra(
        wavelength,
        flux + rng.normal(0, 1e-5**0.5, flux.shape),
        ivar,
        labels=labels,
        label_names=("teff", "logg"),
        star_data={"split": np.repeat(["train", "validation", "test"], [180, 30, 30])},
    )
    path = tmp_path / "survey.h5"
    write_spectra(path, spectra)
    return path, spectra


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize(
    ("method", "options"), [("cannon", {"order": 1}), ("payne", {"steps": 30})]
)
def test_no_run_ever_sees_a_test_star(survey, tmp_path, method, options):
    path, spectra = survey
    run = start(method, data=path, run=tmp_path / "run", **options)
    tested = set(spectra.ids[spectra.star_data["split"] == "test"])
    seen = set(run.data["training_ids"]) | set(run.data["validation_ids"])
    assert run.status().state == "finished"
    assert len(seen) == 210
    assert not seen & tested


def test_command_line_trains_a_model_that_recovers_labels(survey, tmp_path, capsys):
    path, spectra = survey
    out = tmp_path / "cannon.safetensors"
    run = tmp_path / "run"
    main(["train", "cannon", "--data", str(path), "--run", str(run), "--out", str(out)])
    assert "wrote" in capsys.readouterr().out
    held_out = spectra[spectra.star_data["split"] == "test"]
    found = fit_labels(load_model(out), held_out)
    pull = (found.labels - held_out.labels) / found.sigma
    assert np.median(abs(pull)) < 1.5


def test_command_line_fits_files_into_a_table(survey, tmp_path, capsys):
    path, _ = survey
    model, table = tmp_path / "model.safetensors", tmp_path / "labels.ecsv"
    start("cannon", data=path, run=tmp_path / "run", out=model)
    main(["fit", str(model), str(path), "--out", str(table)])
    text = table.read_text()
    assert text.startswith("# %ECSV")
    assert "teff_sigma" in text
    assert len([row for row in text.splitlines() if row[:1] != "#"]) == 241


def test_resumed_run_needs_nothing_but_its_folder(survey, tmp_path):
    path, _ = survey
    whole = start("payne", data=path, run=tmp_path / "whole", steps=40)
    start("payne", data=path, run=tmp_path / "parts", steps=40)
    again = start("payne", run=tmp_path / "parts", resume=True)
    assert again.metrics()[-1]["loss"] == whole.metrics()[-1]["loss"]


def test_resuming_with_other_settings_is_refused(survey, tmp_path):
    path, _ = survey
    start("cannon", data=path, run=tmp_path / "run", order=1)
    with pytest.raises(ValueError, match="keeps its own settings, but order was given"):
        start("cannon", run=tmp_path / "run", resume=True, order=2)


def test_a_model_without_a_folder_is_refused_before_training(survey, tmp_path):
    path, _ = survey
    with pytest.raises(FileNotFoundError, match=r"nowhere .* does not exist"):
        start("cannon", data=path, run=tmp_path / "r", out=tmp_path / "nowhere" / "m")
    assert not (tmp_path / "r").exists()


def test_split_never_returns_test_stars_and_is_seeded(survey):
    _, spectra = survey
    unsplit = spectra.replace(star_data={})
    first, second = split(unsplit, 3), split(unsplit, 3)
    assert list(first[0].ids) == list(second[0].ids)
    assert not set(first[0].ids) & set(first[1].ids)
    assert len(first[1]) == 24


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"method": "ferre"}, "method is 'ferre', expected one of cannon, payne"),
        ({"method": "cannon"}, "no data: name a survey file"),
        ({"method": "cannon", "resume": True}, "nothing to resume"),
    ],
)
def test_what_cannot_be_started_says_why(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        start(**arguments)


def test_a_run_of_another_method_is_not_resumed(survey, tmp_path):
    path, _ = survey
    run = start("cannon", data=path, run=tmp_path / "run")
    with pytest.raises(ValueError, match="is a run of cannon, not of payne"):
        start("payne", run=run.path, resume=True)


def test_a_missing_file_ends_in_one_sentence(tmp_path, capsys):
    with pytest.raises(SystemExit, match=r"stellar-gui train: .*nowhere"):
        main(["train", "cannon", "--data", str(tmp_path / "nowhere.h5")])
