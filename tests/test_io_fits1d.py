"""1-D FITS: linear and logarithmic axes, units, medium and errors as headers say."""

import numpy as np
import pytest
from astropy.io import fits

from stellar_gui.io import identify_format, read_spectra

N = 40


def write(path, flux=None, *extensions, **cards):
    flux = np.linspace(0.9, 1.0, N) if flux is None else flux
    header = fits.Header({"CRVAL1": 5000.0, "CRPIX1": 1, "CDELT1": 0.5, **cards})
    hdus = [fits.PrimaryHDU(flux, header)]
    hdus += [fits.ImageHDU(values, name=name) for name, values in extensions]
    fits.HDUList(hdus).writeto(path)
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "star.fits"


def test_linear_axis(path):
    spectra = read_spectra(write(path))
    assert identify_format(path) == "fits1d"
    np.testing.assert_allclose(spectra.wavelength, 5000 + 0.5 * np.arange(N))
    assert spectra.ids.tolist() == ["star"]


def test_cd_matrix_and_reference_pixel(path):
    write(path, CRPIX1=3)
    with fits.open(path, mode="update") as hdus:
        hdus[0].header["CD1_1"] = hdus[0].header.pop("CDELT1")
    wavelength = read_spectra(path).wavelength
    np.testing.assert_allclose(wavelength, 5000 + 0.5 * (np.arange(N) - 2))


@pytest.mark.parametrize("cards", [{"DC-FLAG": 1}, {"CTYPE1": "LOG-LINEAR"}])
def test_logarithmic_axis(path, cards):
    write(path, CRVAL1=3.7, CDELT1=1e-4, **cards)
    expected = 10 ** (3.7 + 1e-4 * np.arange(N))
    np.testing.assert_allclose(read_spectra(path).wavelength, expected)


def test_natural_logarithm_of_the_fits_standard(path):
    write(path, CTYPE1="WAVE-LOG")
    expected = 5000 * np.exp(0.5 * np.arange(N) / 5000)
    np.testing.assert_allclose(read_spectra(path).wavelength, expected)


@pytest.mark.parametrize(
    ("unit", "factor"), [("nm", 10.0), ("um", 1e4), ("m", 1e10), ("Angstrom", 1.0)]
)
def test_units_become_angstrom(path, unit, factor):
    write(path, CRVAL1=5000 / factor, CDELT1=0.5 / factor, CUNIT1=unit)
    wavelength = read_spectra(path).wavelength
    np.testing.assert_allclose(wavelength, 5000 + 0.5 * np.arange(N))


@pytest.mark.parametrize(
    ("cards", "medium", "assumed"),
    [
        ({"CTYPE1": "AWAV"}, "air", False),
        ({"CTYPE1": "WAVE"}, "vacuum", False),
        ({"AIRORVAC": "vac"}, "vacuum", False),
        ({"VACUUM": True}, "vacuum", False),
        ({"VACUUM": False}, "air", False),
        ({}, "air", True),
    ],
)
def test_medium_is_the_headers_or_assumed_air(path, cards, medium, assumed):
    spectra = read_spectra(write(path, **cards))
    assert spectra.medium == medium
    assert ("wavelengths in air" in spectra.metadata["assumed"]) == assumed


def test_option_beats_header(path):
    write(path, CTYPE1="AWAV")
    assert read_spectra(path, medium="vacuum").medium == "vacuum"


@pytest.mark.parametrize(
    ("name", "values"),
    [("SIGMA", 0.02), ("ERR", 0.02), ("VAR", 0.0004), ("IVAR", 2500.0)],
)
def test_errors_in_any_form_become_ivar(path, name, values):
    array = np.full(N, values)
    array[0], array[1] = np.nan, -1.0
    spectra = read_spectra(write(path, None, (name, array)))
    np.testing.assert_allclose(spectra.ivar[0, 2:], 2500.0, rtol=1e-6)
    assert not spectra.good[0, :2].any()


def test_without_errors_snr_100_is_assumed_and_said(path):
    spectra = read_spectra(write(path))
    np.testing.assert_allclose(spectra.ivar, 1e4)
    assert "S/N 100, as the file has no errors" in spectra.metadata["assumed"]
    np.testing.assert_allclose(read_spectra(path, snr=50.0).ivar, 2500.0)


def test_counts_are_recognised_as_not_normalised(path):
    assert not read_spectra(write(path, np.full(N, 3000.0))).normalised


def test_flux_in_cgs_units_keeps_finite_ivar(path):
    flux = np.linspace(2e-16, 3e-16, N)
    spectra = read_spectra(write(path, flux, ("ERR", flux / 80)))
    assert spectra.metadata["flux_scale"] == 1e-16
    assert not spectra.normalised
    np.testing.assert_allclose(spectra.flux[0], flux / 1e-16, rtol=1e-6)
    assert spectra.snr()[0] == pytest.approx(80, rel=1e-4)


def test_real_metal_poor_giant_opens(shared):
    spectra = read_spectra(shared("data/real/hd122563.fits"))
    assert spectra.medium == "air"
    assert spectra.normalised
    np.testing.assert_allclose(
        spectra.wavelength[[0, -1]], [3400.03, 9164.01], atol=0.01
    )


def test_axis_without_wavelengths_is_refused(path):
    write(path)
    with fits.open(path, mode="update") as hdus:
        del hdus[0].header["CRVAL1"]
    with pytest.raises(ValueError, match=r"star\.fits has no wavelength axis: exp"):
        read_spectra(path)


def test_unit_that_is_no_length_is_refused(path):
    write(path, CUNIT1="Hz")
    with pytest.raises(
        ValueError, match="wavelengths in 'Hz', expected a unit of length"
    ):
        read_spectra(path)


def test_image_of_two_axes_is_no_spectrum(path):
    write(path, np.ones((4, 5)))
    with pytest.raises(ValueError, match=r"star\.fits is in no known format"):
        read_spectra(path)
    with pytest.raises(ValueError, match="no image of one axis, expected a 1-D spectr"):
        read_spectra(path, format="fits1d")
