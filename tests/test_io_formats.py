"""What a user may drop by mistake: one sentence each, and the disk is left alone."""

import gzip

import numpy as np
import pytest

from stellar_gui.io import FORMATS, format_module, identify_format, read_spectra
from stellar_gui.io.clean import clean_ivar, looks_normalised
from stellar_gui.paths import sample_data

DWARF = sample_data() / "apogee" / "apStar-dr17-2M19485057+5005279.fits"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", r"x\.dat is empty\. Fetch or make the file again"),
        (b"\x00\x01\x02" * 400, r"x\.dat is in no known format; expected one of: stel"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 99, r"x\.dat is in no known format"),
        (b"Dear diary, today I saw a star.\n", r"x\.dat is in no known format"),
        (b"name,age\nsun,4.6\n", r"x\.dat is in no known format.*wavelength, flux and"),
        (b"SIMPLE  =                    T", r"x\.dat cannot be read as FITS|truncated"),
        (b"\x89HDF\r\n\x1a\n", r"x\.dat cannot be read as HDF5, it is damaged"),
        ("wavelength,flux\n".encode("utf-16"), r"x\.dat is in no known format"),
    ],
)
def test_what_is_no_spectrum_gets_a_sentence(tmp_path, content, sentence):
    path = tmp_path / "x.dat"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=sentence):
        read_spectra(path)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_every_length_of_a_truncated_file_gets_a_sentence(tmp_path):
    whole = DWARF.read_bytes()
    path = tmp_path / "cut.fits"
    for length in (10, 80, 2880, 11_520, 11_521, 200_000, len(whole) - 2880):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"cut\.fits .*(Fetch|Convert)"):
            read_spectra(path)


def test_no_file_and_folders(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no file .*check its name"):
        read_spectra(tmp_path / "none.fits")
    with pytest.raises(ValueError, match="is a folder, expected a file"):
        read_spectra(tmp_path)


def test_unknown_format_name():
    with pytest.raises(ValueError, match="format is 'vot', expected one of hdf5, a"):
        read_spectra(DWARF, format="vot")


def test_compressed_fits_opens(tmp_path):
    path = tmp_path / "star.fits.gz"
    path.write_bytes(gzip.compress(DWARF.read_bytes(), 1))
    assert read_spectra(path).ids.tolist() == ["2M19485057+5005279"]
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(ValueError, match=r"star\.fits\.gz cannot be read as FITS"):
        read_spectra(path)


def test_a_file_has_one_format_only():
    assert [n for n in FORMATS if format_module(n).identify(DWARF)] == ["apogee"]
    assert identify_format(DWARF) == "apogee"


def test_ivar_is_0_wherever_a_pixel_is_bad():
    flux = np.array([[1.0, np.nan, 1.0, 1.0, 1.0, 1.0]])
    sigma = np.array([[0.1, 0.1, np.inf, 0.0, 0.1, 0.1]])
    bad = np.array([[False, False, False, False, False, True]])
    ivar = clean_ivar(flux, sigma, bad)
    np.testing.assert_allclose(ivar, [[100, 0, 0, 0, 100, 0]])


def test_huge_errors_are_judged_by_the_others():
    sigma = np.array([[0.1, 0.1, 0.1, 9.9, 10.1], [1e6, 1e6, 1e6, 1e6, 1e6]])
    ivar = clean_ivar(np.ones((2, 5)), sigma)
    assert (ivar > 0).tolist() == [[True, True, True, True, False], [True] * 5]


@pytest.mark.parametrize(
    ("level", "normalised"), [(1.0, True), (0.93, True), (1.4, False), (850.0, False)]
)
def test_level_tells_normalised_flux(level, normalised):
    rng = np.random.default_rng(5)
    lines = rng.random((1, 500)) < 0.3
    flux = level * np.where(lines, 0.6, 1.0) + level * 0.01 * rng.normal(size=(1, 500))
    assert looks_normalised(flux, np.ones((1, 500))) == normalised
