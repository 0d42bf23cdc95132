"""The survey command: a line for each model, tables, and one sentence for mistakes."""

from argparse import ArgumentParser

import numpy as np
import pytest
from astropy.table import Table

from stellar_gui.cli_survey import add_options, run_command
from stellar_gui.io import write_spectra
from stellar_gui.models import save_model
from tests.small_survey import small_cannon, small_survey


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setenv("STELLAR_GUI_CACHE", str(tmp_path / "cache"))
    spectra = small_survey(30)
    marks = np.where(np.arange(30) < 20, "test", "train")
    spectra = spectra.replace(star_data={**spectra.star_data, "split": marks})
    return [
        str(write_spectra(tmp_path / "mock.h5", spectra)),
        str(save_model(small_cannon(), tmp_path / "cannon.safetensors")),
    ]


def _told(arguments):
    parser = ArgumentParser()
    add_options(parser)
    lines = []
    run_command(parser.parse_args(arguments), lines.append)
    return lines


def test_held_out_stars_are_fitted_and_told(files, tmp_path):
    lines = _told([*files, "--out", str(tmp_path)])
    assert lines[0] == "mock, held out: 20 stars"
    assert "z-scores of 20 stars x 240 pixels have mean" in lines[1]
    std = float(lines[1].split("standard deviation ")[1].split()[0])
    assert std == pytest.approx(1.0, abs=0.05)
    table = Table.read(tmp_path / "cannon.ecsv", format="ascii.ecsv")
    assert len(table) == 20
    again = _told(files)  # found in the cache
    assert again[1] == lines[1]


def test_a_sample_that_is_not_there_is_named(files):
    with pytest.raises(ValueError, match="expected one of held out, training, all"):
        _told([*files, "--stars", "validation"])


def test_the_help_says_where_fits_are_kept_and_how_many():
    parser = ArgumentParser()
    add_options(parser)
    said = " ".join(parser.format_help().split())
    assert "holds up to 10 GB, or $STELLAR_GUI_CACHE_GB" in said


def test_a_folder_that_is_not_there_is_named(files, tmp_path):
    with pytest.raises(FileNotFoundError, match="make it first"):
        _told([*files, "--out", str(tmp_path / "nowhere")])


def test_two_models_of_a_kind_have_a_table_each(files, tmp_path):
    other = save_model(small_cannon(order=1), tmp_path / "straight.safetensors")
    _told([*files, str(other), "--out", str(tmp_path)])
    one, two = (
        Table.read(tmp_path / f"{name}.ecsv", format="ascii.ecsv")
        for name in ("cannon", "cannon_2")
    )
    assert (one.meta["model_name"], two.meta["model_name"]) == ("Cannon", "Cannon 2")
    assert np.abs(one["teff"] - two["teff"]).max() > 1


def test_one_survey_is_expected(files, tmp_path):
    more = write_spectra(tmp_path / "more.h5", small_survey(3, seed=4))
    with pytest.raises(ValueError, match="2 files of spectra were given, expected one"):
        _told([*files, str(more)])
    with pytest.raises(ValueError, match="no files of spectra were given"):
        _told(files[1:])
