"""The observing run: each of its errors has the size it states, and goes alone."""

import numpy as np
import pytest

from stellar_gui.spectra import Spectra
from stellar_gui.synthesis import observing
from stellar_gui.synthesis.imperfections import stream

TELESCOPE = ("noise", "continuum", "telluric", "bad_pixels", "rv")
N_STARS = 300


@pytest.fixture(scope="module")
def wavelength():
    """Three pieces, one of them between telluric lines."""
    step = np.arange(200) / 25000 / 2.7
    return np.concatenate([low * np.exp(step) for low in (4800.0, 6298.0, 7000.0)])


@pytest.fixture(scope="module")
def pieces(wavelength):
    flat = np.ones((1, len(wavelength)))
    return Spectra(wavelength, flat, flat).pieces()


def observed(wavelength, pieces, without=()):
    exposures = observing.draw_exposures(wavelength, pieces, N_STARS, 7, without)
    flux = np.full((N_STARS, len(wavelength)), 0.8)
    return observing.observe(flux, wavelength, pieces, exposures, 7, without)


def only(ingredient):
    return tuple(name for name in TELESCOPE if name != ingredient)


def test_without_anything_the_flux_comes_through(wavelength, pieces):
    flux, ivar = observed(wavelength, pieces, TELESCOPE)
    assert (flux == 0.8).all()
    assert (ivar > 0).all()


def test_signal_to_noise_is_as_stated_and_falls_to_the_blue(wavelength, pieces):
    _, ivar = observed(wavelength, pieces, TELESCOPE)
    snr = np.median(np.sqrt(ivar), axis=1)
    assert snr.min() >= 40
    assert snr.max() <= 150
    assert (np.diff(ivar, axis=1) > 0).all()


def test_noise_is_what_ivar_says(wavelength, pieces):
    flux, ivar = observed(wavelength, pieces, only("noise"))
    zscore = (flux - 0.8) * np.sqrt(ivar)
    assert zscore.std() == pytest.approx(1, abs=0.01)
    assert abs(zscore.mean()) < 0.01


def test_continuum_error_is_a_parabola_of_half_a_per_cent(wavelength, pieces):
    flux, _ = observed(wavelength, pieces, only("continuum"))
    factor = flux / 0.8 - 1
    assert factor.std() == pytest.approx(observing.CONTINUUM_RMS, rel=0.06)
    start, stop = pieces[1]
    assert np.abs(np.diff(factor[:, start:stop], n=3)).max() < 1e-12
    assert len(pieces) == 3


def test_telluric_residual_stays_in_its_pieces(wavelength, pieces):
    flux, _ = observed(wavelength, pieces, only("telluric"))
    residual = np.abs(flux - 0.8)
    start, stop = pieces[1]
    assert residual[:, :start].max() == 0
    assert residual[:, stop:].max() == 0
    deepest = residual[:, start:stop].max(axis=1)
    assert np.percentile(deepest, 1) > 0.009
    assert deepest.max() < 0.021


def test_telluric_lines_move_with_the_star(wavelength, pieces):
    """They rest with the observer: a receding star sees them shifted to the blue."""
    exposures = observing.draw_exposures(wavelength, pieces, N_STARS, 7)
    start, stop = pieces[1]
    shape = np.abs(exposures.telluric[:, start:stop])
    still = shape[np.argmin(np.abs(exposures.velocity))]
    lags = np.arange(-12, 13)
    for velocity in (-30, 30):
        star = np.argmin(np.abs(exposures.velocity - velocity))
        match = [
            np.sum(np.roll(still, lag)[30:-30] * shape[star][30:-30]) for lag in lags
        ]
        pixels = -exposures.velocity[star] / (observing.C_KMS / 25000 / 2.7)
        assert lags[np.argmax(match)] == pytest.approx(pixels, abs=1.5)


def test_bad_pixels_hold_junk_and_no_weight(wavelength, pieces):
    flux, ivar = observed(wavelength, pieces, only("bad_pixels"))
    bad = ivar == 0
    expected = observing.BAD_SHARE + observing.DEAD_BLOCK / len(wavelength)
    assert bad.mean() == pytest.approx(expected, rel=0.15)
    assert (flux[~bad] == 0.8).all()
    assert np.abs(flux[bad] - 0.8).mean() > 0.5
    runs = [np.convolve(star, np.ones(observing.DEAD_BLOCK)).max() for star in bad]
    assert min(runs) == observing.DEAD_BLOCK


@pytest.mark.parametrize("left_out", TELESCOPE)
def test_leaving_one_out_moves_no_other(wavelength, pieces, left_out):
    full = observing.draw_exposures(wavelength, pieces, N_STARS, 7)
    less = observing.draw_exposures(wavelength, pieces, N_STARS, 7, (left_out,))
    field = {"noise": None, "bad_pixels": "bad"}.get(left_out, left_out)
    for name in full._fields:
        same = np.array_equal(getattr(full, name), getattr(less, name))
        assert same == (name != field), name
        assert name != field or not getattr(less, name).any()


def test_streams_of_two_names_differ_and_repeat():
    assert stream(1, "rv").random() == stream(1, "rv").random()
    assert stream(1, "rv").random() != stream(1, "noise").random()
    assert stream(1, "rv").random() != stream(2, "rv").random()
