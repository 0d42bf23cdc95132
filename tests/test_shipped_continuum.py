"""Continuum pixels: found by a model, shipped by name, good enough for real stars."""

import numpy as np
import pytest
from astropy.table import Table

from stellar_gui.analysis.continuum import find_continuum_pixels, write_continuum_pixels
from stellar_gui.fitting import fit_labels
from stellar_gui.io import read_spectra
from stellar_gui.models.cannon import Cannon
from stellar_gui.paths import assets, sample_data
from stellar_gui.preprocess import continuum_pixels, normalise
from stellar_gui.spectra import Spectra
from tests.cannon_mock import mock

APOGEE = 10 ** (4.179 + 6e-6 * np.arange(8575))


@pytest.fixture(scope="module")
def cannon():
    """Every tenth pixel lies at 1 and depends on no label, two are not modelled."""
    survey = mock(n_stars=150, n_pixels=200)
    flux, ivar = survey.spectra.flux.copy(), survey.spectra.ivar.copy()
    rng = np.random.default_rng(0)
    flux[:, ::10] = rng.normal(1.0, 0.01, flux[:, ::10].shape)
    ivar[:, [50, 61]] = 0.0
    return Cannon.train(survey.spectra.replace(flux=flux, ivar=ivar))


def test_flat_pixels_at_one_are_found(cannon):
    found = find_continuum_pixels(cannon, share=0.09, window=66)
    assert set(found) <= set(range(0, 200, 10)) - {50}
    assert len(found) == 15


def test_window_without_a_pixel_is_refused(cannon):
    with pytest.raises(ValueError, match=r"0\.05 of 10 pixels is 0\.5"):
        find_continuum_pixels(cannon, share=0.05, window=10)


def test_written_pixels_say_where_they_come_from(cannon, tmp_path):
    path = tmp_path / "flat.ecsv"
    write_continuum_pixels(path, cannon.wavelength, [10, 20], origin="a test")
    table = Table.read(path, format="ascii.ecsv")
    assert table["wavelength"].tolist() == [6002.0, 6004.0]
    assert table.meta["origin"] == "a test"


def test_shipped_pixels_cover_the_three_chips():
    chosen = continuum_pixels("apogee", APOGEE)
    assert chosen.shape == (8575,)
    for chip in (slice(322, 3242), slice(3648, 6048), slice(6412, 8306)):
        assert 0.05 < chosen[chip].mean() < 0.1


def test_shipped_pixels_are_found_on_a_part_of_the_grid():
    whole, part = (continuum_pixels("apogee", w) for w in (APOGEE, APOGEE[1000:2000]))
    np.testing.assert_array_equal(part, whole[1000:2000])


def test_unknown_name_is_refused():
    with pytest.raises(ValueError, match="named 'galah', expected one of apogee"):
        continuum_pixels("galah", APOGEE)


def test_grid_elsewhere_is_refused():
    with pytest.raises(
        ValueError, match=r"between 5000\.0 and 5100\.0 Å; they go from"
    ):
        continuum_pixels("apogee", np.linspace(5000, 5100, 500))


@pytest.fixture(scope="module")
def giants(shared):
    """A Cannon of mock giants with the coefficients of real ones."""
    with np.load(shared("data/mock_apogee.npz")) as data:
        spectra = Spectra(
            data["wavelength"],
            data["train_flux"],
            data["train_ivar"],
            labels=data["train_labels"],
            label_names=("teff", "logg", "m_h", "alpha_m"),
        )
    return Cannon.train(spectra)


@pytest.mark.slow
def test_shipped_pixels_are_those_of_the_mock_giants(giants):
    found = giants.wavelength.numpy()[find_continuum_pixels(giants)]
    table = Table.read(assets() / "continuum" / "apogee.ecsv", format="ascii.ecsv")
    assert np.isin(found.round(3), table["wavelength"]).mean() > 0.98


@pytest.mark.slow
@pytest.mark.parametrize("star", ["2M17335483-2753043", "2M19485057+5005279"])
def test_real_star_is_fitted(giants, star):
    observed = read_spectra(sample_data() / "apogee" / f"apStar-dr17-{star}.fits")
    pixels = continuum_pixels("apogee", observed.wavelength)
    spectrum = normalise(observed, pixels)
    fit = fit_labels(giants, spectrum)
    assert np.isfinite(fit.labels).all()
    residual = (spectrum.flux - fit.model_flux)[spectrum.ivar > 0]
    residual = residual[np.isfinite(residual)]
    assert residual.size > 7000
    spread = 1.4826 * np.median(np.abs(residual - np.median(residual)))
    assert spread < 0.03
    # within what the survey's velocity template says, give or take
    teff = fit.label("teff")[0]
    assert teff == pytest.approx(float(observed.label("teff")[0]), abs=250)
