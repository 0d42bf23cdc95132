"""Fits as tables: values, units, flags in words, and files written whole."""

import numpy as np
import pytest
from astropy.table import Table

from stellar_gui import fit_labels
from stellar_gui.fitting import FitFlag
from stellar_gui.fitting.tables import fit_files, fits_text, result_table
from tests.line_model import LineModel, observed, random_labels


@pytest.fixture(scope="module")
def result():
    model = LineModel()
    return fit_labels(model, observed(model, random_labels(model, 3)), rv_range=0)


def test_a_row_says_what_the_fit_found(result):
    table = result_table(result, ["a", "b", "c"], model="lines")
    assert table["id"].tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(table["teff"], result.label("teff"))
    np.testing.assert_array_equal(table["fe_h_sigma"], result.sigma[:, 1])
    assert str(table["teff"].unit) == "K"
    assert table.meta["model"] == "lines"


def test_flags_stand_in_words(result):
    flagged = result[[0]]
    flagged.flags[0] = FitFlag.EDGE | FitFlag.VELOCITY_EDGE
    (words,) = result_table(flagged, ["a"])["flags"]
    assert "edge of the model's range" in words
    assert "radial velocity" in words


def test_the_fits_of_a_star_are_one_row_a_model(result):
    text = fits_text({"one": result[0], "other": result[0]}, "star 1")
    table = Table.read(text, format="ascii.ecsv")
    assert table["model"].tolist() == ["one", "other"]
    assert set(table["id"]) == {"star 1"}


def test_a_file_that_cannot_be_fitted_is_named_and_nothing_is_written(
    tmp_path, sample_payne
):
    broken, out = tmp_path / "broken.csv", tmp_path / "fits.ecsv"
    broken.write_text("wavelength,flux,error\n9000,1,0.1\n9001,1,0.1\n9002,1,0.1\n")
    with pytest.raises(ValueError, match=r"broken\.csv"):
        fit_files(sample_payne, [broken], out)
    assert list(tmp_path.iterdir()) == [broken]
