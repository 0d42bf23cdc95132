"""Velocity, medium, resolution and grid, against known answers and Monte Carlo."""

import numpy as np
import pytest

from stellar_gui.preprocess import (
    FORMULAS,
    convert_wavelength,
    degrade,
    doppler_factor,
    doppler_shift,
    match,
    resample,
    to_medium,
)
from stellar_gui.spectra import Spectra

GRID = np.linspace(5000.0, 5020.0, 401)


def line(wavelength, centre, fwhm, depth=0.5):
    sigma = fwhm / 2.3548
    return 1 - depth * np.exp(-0.5 * ((wavelength - centre) / sigma) ** 2)


def spectra_of(flux, wavelength=GRID, ivar=1e4, **fields):
    flux = np.atleast_2d(flux)
    return Spectra(wavelength, flux, np.broadcast_to(ivar, flux.shape), **fields)


# ---- velocity


def test_receding_is_redder_and_relativistic():
    shifted = doppler_shift(spectra_of(line(GRID, 5010, 0.3)), 3000.0)
    assert (shifted.wavelength > GRID).all()
    beta = 3000.0 / 299792.458
    np.testing.assert_allclose(
        shifted.wavelength, GRID * np.sqrt((1 + beta) / (1 - beta)), rtol=1e-14
    )


def test_shift_and_back_is_no_shift():
    factor = doppler_factor(np.array([-300.0, 20.0, 5e4]))
    np.testing.assert_allclose(factor * doppler_factor([300.0, -20.0, -5e4]), 1.0)


def test_each_star_may_have_its_own_velocity():
    spectra = spectra_of([line(GRID, 5010, 0.5)] * 3)
    velocity = np.array([-60.0, 0.0, 60.0])
    shifted = doppler_shift(spectra, velocity)
    np.testing.assert_array_equal(shifted.wavelength, GRID)
    for flux, v in zip(shifted.flux, velocity, strict=True):
        expected = line(GRID, 5010 * doppler_factor(v), 0.5)
        inside = slice(40, -40)
        np.testing.assert_allclose(flux[inside], expected[inside], atol=0.004)
    assert not shifted.good[0, -1]
    assert shifted.good[1].all()


@pytest.mark.parametrize(
    ("velocity", "sentence"),
    [
        (3e5, "expected below the speed of light"),
        ([1.0, 2.0], "expected one number or"),
    ],
)
def test_impossible_velocities_are_refused(velocity, sentence):
    with pytest.raises(ValueError, match=sentence):
        doppler_shift(spectra_of(line(GRID, 5010, 0.3)), velocity)


# ---- medium


@pytest.mark.parametrize(
    ("air", "vacuum"), [(5889.950, 5891.583), (6562.80, 6564.61), (15000.0, 15004.10)]
)
def test_air_and_vacuum_of_known_lines(air, vacuum):
    np.testing.assert_allclose(
        convert_wavelength([air], "air", "vacuum"), vacuum, atol=0.006
    )
    np.testing.assert_allclose(
        convert_wavelength([vacuum], "vacuum", "air"), air, atol=0.006
    )


@pytest.mark.parametrize("formula", FORMULAS)
def test_formulas_are_those_of_specutils(formula):
    from astropy import units
    from specutils.utils.wcs_utils import refraction_index

    vacuum = np.linspace(2100, 17000, 50)
    theirs = refraction_index(vacuum * units.AA, method=formula)
    ours = vacuum / convert_wavelength(vacuum, "vacuum", "air", formula)
    np.testing.assert_allclose(ours, theirs, rtol=1e-14)


@pytest.mark.parametrize("formula", FORMULAS)
def test_there_and_back_is_exact(formula):
    wavelength = np.linspace(3000, 17000, 50)
    air = convert_wavelength(wavelength, "vacuum", "air", formula)
    back = convert_wavelength(air, "air", "vacuum", formula)
    np.testing.assert_allclose(back, wavelength, rtol=1e-14)


def test_only_the_grid_of_the_spectra_changes():
    spectra = spectra_of(line(GRID, 5010, 0.3), medium="air")
    vacuum = to_medium(spectra, "vacuum", "Ciddor1996")
    assert vacuum.medium == "vacuum"
    assert vacuum.metadata["medium_formula"] == "Ciddor1996"
    np.testing.assert_array_equal(vacuum.flux, spectra.flux)
    assert to_medium(vacuum, "vacuum") is vacuum


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([5e3], "air", "water"), "medium is 'water', expected 'air' or 'vacuum'"),
        (([5e3], "air", "vacuum", "Newton"), "formula is 'Newton', expected one of"),
        (([1500.0], "air", "vacuum"), "start at 1500.0 Å, expected 2000 Å or more"),
    ],
)
def test_impossible_media_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        convert_wavelength(*arguments)


# ---- grid


def test_resampling_conserves_flux():
    """The integral over whole new pixels is that over the old ones, by hand."""
    spectra = spectra_of([1.0, 2.0, 4.0, 8.0, 16.0, 32.0], np.arange(5000.0, 5006))
    new = resample(spectra, [5000.5, 5002.5, 5004.5])
    np.testing.assert_allclose(new.flux, [[1.5, 6.0, 24.0]])
    new = resample(spectra, [5001.0, 5002.5, 5004.0])  # edges .25, 1.75, 3.25, 4.75
    by_hand = [(0.25 * 1 + 1 * 2 + 0.25 * 4) / 1.5, (0.75 * 4 + 0.75 * 8) / 1.5]
    np.testing.assert_allclose(new.flux[0, :2], by_hand)


def test_variance_agrees_with_monte_carlo():
    rng = np.random.default_rng(8)
    wavelength = np.linspace(5000, 5003, 61)
    sigma = rng.uniform(0.01, 0.1, 61)
    noisy = 1 + sigma * rng.normal(size=(300, 61))
    target = np.concatenate(
        [np.linspace(5000.2, 5001.2, 9), np.linspace(5001.3, 5002.9, 25)]
    )
    new = resample(spectra_of(noisy, wavelength, sigma**-2), target)
    assert new.good.all()
    ratio = new.flux.std(axis=0) * np.sqrt(new.ivar[0])
    np.testing.assert_allclose(ratio, 1.0, atol=0.16)  # 300 draws: 4 % each
    np.testing.assert_allclose(ratio.mean(), 1.0, atol=0.02)


def test_bad_pixels_stay_bad():
    spectra = spectra_of(line(GRID, 5010, 0.3))
    flux, ivar = np.array(spectra.flux), np.array(spectra.ivar)
    flux[0, 100:103], ivar[0, 100:103] = [np.nan, 1e9, -5.0], 0
    target = np.linspace(5001, 5019, 181)
    new = resample(spectra.replace(flux=flux, ivar=ivar), target)
    touched = np.abs(target - GRID[101]) < 0.5 * (0.1 + 3 * 0.05) - 1e-6
    assert touched.sum() >= 2
    np.testing.assert_array_equal(~new.good[0], touched)
    clean = resample(spectra, target)
    np.testing.assert_allclose(new.flux[0, ~touched], clean.flux[0, ~touched])


def test_nothing_crosses_a_gap():
    wavelength = np.concatenate(
        [np.arange(5000, 5010, 0.1), np.arange(5100, 5110, 0.1)]
    )
    flux = np.where(wavelength < 5050, 1.0, 3.0)
    target = np.arange(4995, 5115, 0.25)
    new = resample(spectra_of(flux, wavelength), target)
    inside = (target > 5000.2) & (target < 5009.6) | (target > 5100.2) & (
        target < 5109.6
    )
    outside = (
        (target < 4999.8) | (target > 5110.2) | (target > 5010.2) & (target < 5099.8)
    )
    assert new.good[0, inside].all()
    assert not new.good[0, outside].any()
    assert np.isnan(new.flux[0, outside]).all()
    assert set(new.flux[0, inside]) == {1.0, 3.0}


def test_target_may_have_gaps_of_its_own():
    target = np.concatenate([np.arange(5002, 5004, 0.1), np.arange(5014, 5016, 0.1)])
    new = resample(spectra_of(1 + 0.01 * (GRID - 5000)), target)
    np.testing.assert_allclose(new.flux[0], 1 + 0.01 * (target - 5000), atol=1e-5)
    assert new.good.all()


def test_same_grid_changes_nothing():
    spectra = spectra_of(line(GRID, 5010, 0.3))
    assert resample(spectra, GRID) is spectra


@pytest.mark.parametrize(
    ("grid", "sentence"),
    [
        (np.linspace(500, 502, 9), "share no pixel. Is one of them in another unit"),
        ([5002.0, 5001.0], "does not increase"),
    ],
)
def test_impossible_grids_are_refused(grid, sentence):
    with pytest.raises(ValueError, match=sentence):
        resample(spectra_of(line(GRID, 5010, 0.3)), grid)


# ---- resolution


def test_gaussian_lines_broaden_in_quadrature():
    wavelength = np.linspace(4980, 5040, 3001)
    own, wanted = 5010 / 50_000, 5010 / 20_000
    flux = line(wavelength, 5010, own)
    broad = degrade(spectra_of(flux, wavelength, resolution=50_000.0), 20_000.0)
    depth = 0.5 * own / wanted  # the equivalent width stays
    expected = line(wavelength, 5010, wanted, depth)
    inside = np.abs(wavelength - 5010) < 20
    np.testing.assert_allclose(broad.flux[0, inside], expected[inside], atol=2e-4)
    assert broad.resolution == 20_000


def test_smoothed_noise_is_what_ivar_says():
    rng = np.random.default_rng(4)
    wavelength = np.linspace(5000, 5010, 201)
    sigma = rng.uniform(0.01, 0.05, 201)
    noisy = 1 + sigma * rng.normal(size=(2000, 201))
    spectra = spectra_of(noisy, wavelength, sigma**-2, resolution=30_000.0)
    smooth = degrade(spectra, 12_000.0)
    kept = smooth.good[0]
    assert 170 < kept.sum() < 201  # the ends are lost
    ratio = smooth.flux[:, kept].std(axis=0) * np.sqrt(smooth.ivar[0, kept])
    np.testing.assert_allclose(ratio.mean(), 1.0, atol=0.01)
    assert smooth.ivar[0, kept].mean() > 2 * (sigma**-2).mean()


def test_bad_pixels_take_no_part_in_smoothing():
    spectra = spectra_of(np.ones(401), resolution=50_000.0)
    flux, ivar = np.array(spectra.flux), np.array(spectra.ivar)
    flux[0, 200], ivar[0, 200] = 1e6, 0
    smooth = degrade(spectra.replace(flux=flux, ivar=ivar), 20_000.0)
    np.testing.assert_allclose(smooth.flux[smooth.good], 1.0, rtol=1e-5)
    assert not smooth.good[0, 200]


def test_detail_cannot_be_put_back():
    with pytest.raises(ValueError, match="resolution is 30000, expected above 0"):
        degrade(spectra_of(np.ones(401), resolution=20_000.0), 30_000.0)
    with pytest.raises(ValueError, match=r"unknown, so .*Pass spectra\.replace"):
        degrade(spectra_of(np.ones(401)), 30_000.0)


# ---- all together


def test_match_brings_spectra_to_a_models_grid():
    wavelength = convert_wavelength(np.linspace(4995, 5025, 3001), "air", "vacuum")
    centre = convert_wavelength([5010.0], "air", "vacuum")[0]
    sharp = spectra_of(
        line(wavelength, centre, centre / 60_000), wavelength, resolution=60_000.0
    )
    target = np.linspace(5002, 5018, 321)
    matched = match(sharp, target, medium="air", resolution=20_000.0)
    expected = line(target, 5010.0, 5010 / 20_000, 0.5 / 3)
    assert (matched.medium, matched.resolution) == ("air", 20_000.0)
    np.testing.assert_allclose(matched.flux[0], expected, atol=0.004)
    assert matched.good.all()
