"""The Cannon on a mock survey of real-data coefficients: the figures it must reach."""

import numpy as np
import pytest

from stellar_gui.fitting.cannon import infer_cannon
from stellar_gui.models.cannon import Cannon
from stellar_gui.spectra import Spectra
from tests.cannon_mock import robust_std

pytestmark = pytest.mark.slow

NAMES = ("teff", "logg", "m_h", "alpha_m")
REACHED_RMS = np.array([7.1, 0.0209, 0.0058, 0.0053])  # K and dex


@pytest.fixture(scope="module")
def surveys(shared):
    with np.load(shared("data/mock_apogee.npz")) as data:
        return tuple(
            Spectra(
                data["wavelength"],
                data[f"{part}_flux"],
                data[f"{part}_ivar"],
                labels=data[f"{part}_labels"],
                label_names=NAMES,
            )
            for part in ("train", "test")
        )


def test_a_thousand_training_stars(surveys):
    train, test = surveys
    fit = infer_cannon(Cannon.train(train), test)
    error = fit.labels - test.labels
    assert np.all(error.std(0) < 1.15 * REACHED_RMS)
    zscore = (error / fit.sigma).std(0)
    assert np.all((zscore > 0.9) & (zscore < 1.1))
    assert np.mean(fit.flags == 0) > 0.97


def test_two_hundred_training_stars(surveys):
    train, test = surveys
    fit = infer_cannon(Cannon.train(train[:200]), test)
    spread = robust_std((fit.labels - test.labels) / fit.sigma)
    assert np.all((spread > 0.85) & (spread < 1.2))
