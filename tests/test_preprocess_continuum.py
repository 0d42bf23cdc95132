"""Continuum normalisation: exact where it can be, and ivar always follows."""

import numpy as np
import pytest
from numpy.polynomial import chebyshev

from stellar_gui.io import read_spectra
from stellar_gui.paths import sample_data
from stellar_gui.preprocess import fit_continuum, normalise, observed_pieces
from stellar_gui.spectra import Spectra


def make(n_stars=3, snr=200.0, seed=1):
    """Two pieces with lines, a known continuum and noise; the truth is normalised."""
    rng = np.random.default_rng(seed)
    wavelength = np.concatenate(
        [np.linspace(5000, 5040, 400), np.linspace(6e3, 6040, 400)]
    )
    x = np.concatenate([np.linspace(-1, 1, 400)] * 2)
    coefficients = rng.normal(size=(n_stars, 4)) * [0, 100, 60, 30] + [1000, 0, 0, 0]
    continuum = chebyshev.chebval(x, coefficients.T)
    continuum[:, 400:] *= 0.7
    depth = 0.6 * (rng.random(800) < 0.04)
    lines = np.convolve(depth, np.exp(-0.5 * np.arange(-4, 5) ** 2 / 2), "same")
    truth = np.repeat(np.exp(-lines)[None], n_stars, axis=0)
    noise = rng.normal(size=truth.shape) / snr
    ivar = (snr / continuum) ** 2
    flux = continuum * (truth + noise)
    return Spectra(wavelength, flux, ivar, normalised=False), truth, continuum


def test_given_pixels_recover_the_continuum_exactly_without_noise():
    spectra, truth, continuum = make(snr=1e6)
    pixels = truth[0] > 0.999
    found = fit_continuum(spectra, pixels)
    np.testing.assert_allclose(found, continuum, rtol=1e-4)


def test_ivar_scales_with_the_continuum_squared():
    spectra, truth, _ = make()
    result = normalise(spectra, truth[0] > 0.999)
    continuum = fit_continuum(spectra, truth[0] > 0.999)
    np.testing.assert_allclose(result.ivar, spectra.ivar * continuum**2, rtol=1e-5)
    np.testing.assert_allclose(result.flux, spectra.flux / continuum, rtol=1e-5)
    assert result.normalised
    assert "given continuum pixels" in result.metadata["normalisation"]


def test_normalised_noise_is_what_ivar_says():
    spectra, truth, _ = make(n_stars=20)
    result = normalise(spectra, truth[0] > 0.999)
    z = (result.flux - truth) * np.sqrt(result.ivar)
    assert z.std() == pytest.approx(1.0, abs=0.03)


def test_given_pixels_make_a_linear_normalisation():
    """Twice the flux has the same normalised spectrum: safe for data-driven models."""
    spectra, truth, _ = make()
    pixels = truth[0] > 0.99
    twice = spectra.replace(flux=2 * spectra.flux, ivar=spectra.ivar / 4)
    np.testing.assert_allclose(
        normalise(twice, pixels).flux, normalise(spectra, pixels).flux, rtol=1e-5
    )


@pytest.mark.parametrize("snr", [50.0, 300.0])
def test_clipping_finds_the_continuum_among_lines(snr):
    spectra, _, continuum = make(n_stars=5, snr=snr)
    found = fit_continuum(spectra)
    error = np.median(found / continuum - 1, axis=1)
    assert np.abs(error).max() < 0.5 / snr + 0.004


def test_bad_pixels_have_no_say():
    spectra, _, _ = make()
    flux, ivar = np.array(spectra.flux), np.array(spectra.ivar)
    flux[:, 50:60], ivar[:, 50:60] = 1e6, 0
    flux[:, 70], ivar[:, 70] = np.nan, 0
    junk = normalise(spectra.replace(flux=flux, ivar=ivar))
    clean = normalise(spectra.replace(ivar=ivar))
    good = junk.good
    np.testing.assert_allclose(junk.flux[good], clean.flux[good], rtol=1e-4)
    assert not junk.good[:, 50:60].any()


def test_pieces_are_fitted_each_for_itself():
    spectra, _, _ = make()
    changed = np.array(spectra.flux)
    changed[:, 400:] *= 3
    one, other = fit_continuum(spectra), fit_continuum(spectra.replace(flux=changed))
    np.testing.assert_allclose(one[:, :400], other[:, :400])


def test_piece_without_continuum_pixels_gets_ivar_0():
    spectra, truth, _ = make()
    pixels = truth[0] > 0.999
    pixels[400:] = False
    result = normalise(spectra, pixels)
    assert result.good[:, :400].all()
    assert not result.good[:, 400:].any()


def test_star_without_good_pixels_stays_without():
    spectra, _, _ = make()
    ivar = np.array(spectra.ivar)
    ivar[1] = 0
    result = normalise(spectra.replace(ivar=ivar))
    assert result.good.any(axis=1).tolist() == [True, False, True]


def test_detector_gaps_part_the_chips_of_apogee():
    star = read_spectra(
        sample_data() / "apogee" / "apStar-dr17-2M19485057+5005279.fits"
    )
    pieces = observed_pieces(star)
    edges = star.wavelength[[pixel for a, b in pieces for pixel in (a, b - 1)]]
    np.testing.assert_allclose(
        edges, [15146, 15810, 15860, 16435, 16475, 16950], atol=12
    )


@pytest.mark.parametrize("star", ["2M17335483-2753043", "2M19485057+5005279"])
def test_real_star_comes_out_near_one(star):
    spectra = normalise(
        read_spectra(sample_data() / "apogee" / f"apStar-dr17-{star}.fits")
    )
    for start, stop in observed_pieces(spectra):
        good = spectra.good[0, start:stop]
        assert np.percentile(spectra.flux[0, start:stop][good], 93) == pytest.approx(
            1.0, abs=0.025
        )


def test_arguments_are_left_alone():
    spectra, _, _ = make()
    before = spectra.flux.copy(), spectra.ivar.copy()
    normalise(spectra)
    np.testing.assert_array_equal(spectra.flux, before[0])
    np.testing.assert_array_equal(spectra.ivar, before[1])
    assert not spectra.normalised


@pytest.mark.parametrize(
    ("pixels", "degree", "sentence"),
    [
        (np.zeros(800, bool), 4, "no continuum pixel is given, expected some in every"),
        (np.ones(799, bool), 4, r"pixels has shape \(799,\), expected \(800,\)"),
        (None, -1, "degree is -1, expected 0 or more"),
    ],
)
def test_impossible_requests_are_refused(pixels, degree, sentence):
    spectra, _, _ = make()
    with pytest.raises(ValueError, match=sentence):
        normalise(spectra, pixels, degree=degree)
