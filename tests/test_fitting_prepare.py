"""Making spectra ready for models: what is repaired, and what is said of it."""

import numpy as np
import pytest

from stellar_gui import Spectra, fit_labels
from stellar_gui.fitting.prepare import prepare
from stellar_gui.preprocess.medium import convert_wavelength
from tests.line_model import LineModel, observed, random_labels


@pytest.fixture(scope="module")
def model():
    return LineModel()


@pytest.fixture(scope="module")
def star(model):
    return observed(model, random_labels(model, 1))


def test_spectra_that_fit_stay_as_they_are(model, star):
    ready, done = prepare(star, [model])
    assert done == []
    assert ready is star


def test_another_medium_is_converted_and_fitted(model, star):
    wavelength = convert_wavelength(star.wavelength, "air", "vacuum")
    ready, done = prepare(star.replace(wavelength=wavelength, medium="vacuum"), [model])
    assert done[0] == "converted from vacuum to air wavelengths"
    assert ready.medium == "air"
    np.testing.assert_array_equal(ready.wavelength, model.wavelength.numpy())
    labels = random_labels(model, 1)
    result = fit_labels(model, ready)
    assert (np.abs(result.labels - labels) < 6 * result.sigma).all()


def test_flux_in_other_units_is_normalised_and_said_so(model, star):
    counts = star.replace(
        flux=star.flux * 500.0, ivar=star.ivar / 500.0**2, normalised=False
    )
    ready, done = prepare(counts, [model])
    assert ready.normalised
    assert done[-1].startswith("normalised: ")
    assert np.median(ready.flux) == pytest.approx(1.0, abs=0.05)


def test_spectra_that_no_model_covers_keep_their_grid(model):
    far = Spectra(
        np.linspace(15000.0, 15100.0, 300), np.ones((1, 300)), np.ones((1, 300))
    )
    for models in ([model], []):
        ready, done = prepare(far, models)
        assert done == []
        np.testing.assert_array_equal(ready.wavelength, far.wavelength)
