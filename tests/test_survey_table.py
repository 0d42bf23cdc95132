"""The exported table: every star, its decision and its fit, and it can be read back."""

import numpy as np
import pytest
from astropy.table import Table

from stellar_gui.analysis.anomaly import anomalies
from stellar_gui.surveys import Survey, Triage
from stellar_gui.surveys.numbers import stack_table
from stellar_gui.surveys.table import survey_table, table_text
from stellar_gui.surveys.worker import fit_missing
from tests.small_survey import small_cannon, small_survey

N_STARS = 20


@pytest.fixture(scope="module")
def fits(tmp_path_factory):
    spectra, model = small_survey(N_STARS), small_cannon()
    flux = spectra.flux.copy()
    flux[4] *= 3000.0
    spectra = spectra.replace(flux=flux)
    rows = np.arange(N_STARS)
    survey = Survey(spectra, rows, model, root=tmp_path_factory.mktemp("table"))
    survey.folder.mkdir()
    silent = lambda *_: None  # noqa: E731
    fit_missing(survey.folder, model, spectra, rows, options={}, report=silent)
    return survey.fits()


def test_an_exported_table_has_every_star_and_decision(fits, tmp_path):
    triage = Triage("a1b2", tmp_path)
    triage.flag("star-0003")
    triage.note("star-0003", 'a "double", or two\nstars')
    triage.accept("star-0007")
    found = anomalies(fits)
    text = table_text(survey_table(fits, triage, found, survey="mock"))
    table = Table.read(text, format="ascii.ecsv")
    assert table["id"].tolist() == fits.ids.tolist()
    assert table["decision"].filled("").tolist() == [
        {3: "flagged", 7: "accepted"}.get(row, "") for row in range(N_STARS)
    ]
    assert table["note"][3] == 'a "double", or two\nstars'
    assert table["decided"][3].endswith("+00:00")
    assert table["teff"].unit == "K"
    np.testing.assert_allclose(table["teff_sigma"], fits.sigma[:, 0])
    np.testing.assert_allclose(table["anomaly"], found.score)
    assert table.meta["survey"] == "mock"
    assert table.meta["data"] == fits.facts["data"]


def test_a_star_without_a_fit_is_in_the_table_and_says_why(fits):
    row = survey_table(fits)[4]
    assert np.isnan(row["teff"])
    assert "normalised" in row["no_fit"]


def test_a_stack_has_the_size_of_residuals_and_none_where_there_are_none():
    values = np.random.default_rng(0).normal(0, 3, (600, 40)).astype(np.float16)
    values[::7, 5] = np.nan
    values[300] = np.nan
    ids = [f"star-{k}" for k in range(600)]
    table = stack_table(ids, "label:teff", np.arange(600.0), values)
    known = np.delete(np.arange(600), 300)
    plain = values[known].astype(float)
    np.testing.assert_allclose(
        table["mean_residual"][known], np.nanmean(plain, axis=1), atol=1e-5
    )
    rms = np.sqrt(np.nanmean(plain**2, axis=1))
    np.testing.assert_allclose(table["rms_residual"][known], rms, rtol=1e-5)
    assert table["n_pixels"][[0, 1, 300]].tolist() == [39, 40, 0]
    assert np.isnan([table["mean_residual"][300], table["rms_residual"][300]]).all()
