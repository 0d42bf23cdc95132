"""A real metal-poor giant, HD 122563, fitted with the Payne of the sample survey.

Literature (Jofré et al. 2014, Heiter et al. 2015): 4587 K, log g 1.61, [Fe/H] -2.64.
"""

import numpy as np
import pytest

from stellar_gui import fit_labels, load_model, read_spectra
from stellar_gui.fitting import FitFlag
from stellar_gui.preprocess import resample
from stellar_gui.session import Session

TELLURIC = ((6298.0, 6304.0), (7696.0, 7702.0))
SNR = 100.0


@pytest.fixture(scope="module")
def model(sample_payne):
    return load_model(sample_payne)


@pytest.fixture(scope="module")
def star(shared, model):
    star = read_spectra(shared("data/real/hd122563.fits"))
    star = star.replace(medium="air", normalised=True)
    ivar = np.where(np.isfinite(star.flux) & (star.flux > 0), SNR**2, 0.0)
    star = resample(star.replace(ivar=ivar), model.wavelength.numpy())
    wavelength, ivar = star.wavelength, np.where(star.ivar > 0, SNR**2, 0.0)
    for low, high in TELLURIC:
        ivar[:, (wavelength >= low) & (wavelength <= high)] = 0.0
    return star.replace(ivar=ivar)


@pytest.fixture(scope="module")
def result(model, star):
    # some lines are beyond any LTE model: they are clipped, at the customary 3 sigma
    return fit_labels(model, star, continuum_degree=1, clip=3.0)


def test_the_labels_of_a_benchmark_star_come_out(result):
    teff, logg, fe_h = (float(result.label(n)[0]) for n in ("teff", "logg", "fe_h"))
    assert 4350 <= teff <= 4900
    assert 1.0 <= logg <= 2.1
    assert -3.0 <= fe_h <= -2.4


def test_neither_temperature_nor_gravity_rests_at_an_edge(model, result):
    for name in ("teff", "logg"):
        low, high = model.label_ranges[model.label_names.index(name)].tolist()
        value, margin = float(result.label(name)[0]), 0.005 * (high - low)
        assert low + margin < value < high - margin
    assert not result.flags[0] & FitFlag.NOT_CONVERGED


def test_the_model_spectrum_is_the_observed_one(star, result):
    good = (star.ivar[0] > 0) & np.isfinite(result.model_flux[0])
    assert good.sum() > 1500
    assert np.std(star.flux[0, good] - result.model_flux[0, good]) <= 0.01


def test_the_file_opens_in_the_app_with_a_fit(shared, model):
    session = Session(None, {"payne": model})
    (star_id,), notes = session.open_file(shared("data/real/hd122563.fits"))
    assert any("resampled" in note for note in notes)
    fitted = session.fit("payne", star_id)
    assert fitted is not None, session.missing("payne", star_id)
    assert np.isfinite(fitted.labels).all()
    assert 4000 < float(fitted.label("teff")[0]) < 5200
