"""The Cannon on a mock survey of real-data coefficients: the figures it must reach."""

import numpy as np
import pytest

from stellar_gui.fitting.cannon import infer_cannon
from stellar_gui.models.cannon import Cannon
from tests.cannon_mock import apogee_mock, robust_std

pytestmark = pytest.mark.slow

REACHED_RMS = np.array([7.1, 0.0209, 0.0058, 0.0053])  # K and dex


@pytest.fixture(scope="module")
def surveys(shared):
    return apogee_mock(shared("data/mock_apogee.npz"))


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
