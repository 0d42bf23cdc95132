"""Figures of the survey experiment that compare fits of different models."""

import numpy as np
import pytest

from stellar_gui.experiments.survey_result import photon_chi2
from stellar_gui.fitting import FitResult
from stellar_gui.spectra import Spectra

N_STARS, N_PIXELS, SIGMA = 30, 400, 0.02


def fit_of(flux, own_error):
    """A fit of one label whose model thinks that it errs by so much."""
    zero = np.zeros(N_STARS)
    return FitResult(
        label_names=("teff",),
        labels=zero[:, None],
        covariance=zero[:, None, None],
        chi2=zero,
        n_good=np.full(N_STARS, N_PIXELS),
        flags=zero.astype(int),
        model_flux=flux,
        model_sigma=np.full(N_PIXELS, own_error),
        rv=zero,
        rv_sigma=zero,
    )


def observed(flux):
    noise = np.random.default_rng(0).normal(0.0, SIGMA, flux.shape)
    ivar = np.full(flux.shape, SIGMA**-2)
    ivar[:, ::7] = 0.0
    return Spectra(5000.0 + 0.1 * np.arange(N_PIXELS), flux + noise, ivar)


@pytest.mark.parametrize("own_error", [0.0, 1.0])
def test_no_model_looks_better_for_thinking_worse_of_itself(own_error):
    flux = np.ones((N_STARS, N_PIXELS))
    spectra = observed(flux)
    assert photon_chi2(spectra, fit_of(flux, own_error)) == pytest.approx(1, abs=0.05)
    wrong = fit_of(flux + 2 * SIGMA, own_error)
    assert photon_chi2(spectra, wrong) == pytest.approx(5, rel=0.05)


def test_a_star_without_a_fit_does_not_count():
    flux = np.ones((N_STARS, N_PIXELS))
    spectra = observed(flux)
    flux = np.where(np.arange(N_STARS)[:, None] == 3, np.nan, flux)
    assert photon_chi2(spectra, fit_of(flux, 0.0)) == pytest.approx(1, abs=0.05)
