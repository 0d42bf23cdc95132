"""APOGEE: the two real stars that ship, and files made like those of the survey."""

import numpy as np
import pytest
from astropy.io import fits

from stellar_gui.io import apogee, aspcap, identify_format, read_spectra
from stellar_gui.paths import sample_data

GIANT = "2M17335483-2753043"
DWARF = "2M19485057+5005279"


def file_of(star):
    return sample_data() / "apogee" / f"apStar-dr17-{star}.fits"


@pytest.mark.parametrize(("star", "snr"), [(GIANT, 154.155), (DWARF, 137.489)])
def test_real_stars_open(star, snr):
    spectra = read_spectra(file_of(star))
    assert identify_format(file_of(star)) == "apogee"
    assert spectra.ids.tolist() == [star]
    assert (spectra.medium, spectra.resolution) == ("vacuum", 22500.0)
    assert not spectra.normalised
    assert spectra.snr()[0] == pytest.approx(snr, rel=0.02)  # SNR of the header


def test_grid_is_apogees_own():
    wavelength = read_spectra(file_of(GIANT)).wavelength
    expected = 10 ** (4.179 + 6e-6 * np.arange(8575))
    np.testing.assert_allclose(wavelength, expected, rtol=1e-12)


def test_bad_bits_of_the_mask_get_ivar_0():
    with fits.open(file_of(GIANT)) as hdus:
        mask, sigma = hdus[3].data[0], hdus[2].data[0]
    spectra = read_spectra(file_of(GIANT))
    flagged = (mask & 255) != 0
    assert flagged.sum() == 49
    assert not spectra.good[0, flagged].any()
    known = ~flagged & (sigma < 100 * np.nanmedian(sigma))
    skyline = ((mask >> 12) & 1 != 0) & known
    assert skyline.sum() > 50
    assert spectra.good[0, skyline].all()


def test_bits_can_be_chosen():
    default = read_spectra(file_of(GIANT))
    strict = read_spectra(file_of(GIANT), bad_bits=[*apogee.BAD_BITS, 12])
    none = read_spectra(file_of(GIANT), bad_bits=())
    assert strict.good.sum() < default.good.sum() <= none.good.sum()
    with pytest.raises(ValueError, match="bit 15 is not in APOGEE_PIXMASK, expected 0"):
        read_spectra(file_of(GIANT), bad_bits=[15])


def test_labels_and_velocity_come_from_the_header():
    spectra = read_spectra(file_of(GIANT))
    np.testing.assert_allclose(spectra.labels, [[3676.877, 0.5266, -0.2905]], rtol=1e-3)
    assert spectra.label_names == ("teff", "logg", "fe_h")
    assert spectra.star_data["rv"][0] == pytest.approx(15.681, abs=1e-3)


def test_visits_follow_the_combined_spectrum():
    spectra = read_spectra(file_of(GIANT), visits=True)
    assert spectra.ids.tolist() == [GIANT, f"{GIANT}/1", f"{GIANT}/2", f"{GIANT}/3"]
    np.testing.assert_allclose(spectra.snr()[1:], [67.2, 90.6, 105.9], rtol=0.02)
    joint = np.sqrt(np.sum(spectra.snr()[1:] ** 2))
    assert spectra.snr()[0] == pytest.approx(joint, rel=0.05)
    assert spectra.star_data["rv"][1] == pytest.approx(15.915, abs=1e-3)


def test_both_combinations_are_the_same_star():
    by_pixel = read_spectra(file_of(GIANT))
    by_visit = read_spectra(file_of(GIANT), combined="visit")
    both = by_pixel.good & by_visit.good
    ratio = by_pixel.flux[both] / by_visit.flux[both]
    assert np.median(np.abs(ratio - 1)) < 0.01
    assert not np.array_equal(by_pixel.flux[both], by_visit.flux[both])


def test_star_of_one_visit_has_no_other_combination():
    assert len(read_spectra(file_of(DWARF), visits=True)) == 1
    with pytest.raises(ValueError, match=r"no flux in row 1 .* one visit has"):
        read_spectra(file_of(DWARF), combined="visit")
    with pytest.raises(ValueError, match="combined is 'median', expected 'pixel' or"):
        read_spectra(file_of(DWARF), combined="median")


def apstar(path, flux, sigma, mask, **cards):
    header = fits.Header({"CRVAL1": 4.179, "CDELT1": 6e-6, "CRPIX1": 1, **cards})
    header.update(SFILE1="apVisit-dr17-1.fits", OBJID="2M0")
    images = [fits.ImageHDU(np.asarray(image)) for image in (flux, sigma, mask)]
    fits.HDUList([fits.PrimaryHDU(header=header), *images]).writeto(path)
    return path


def test_nan_zero_and_huge_errors_get_ivar_0(tmp_path):
    flux = np.full(200, 500.0)
    sigma = np.full(200, 5.0)
    flux[:3] = np.nan, 0.0, np.inf
    sigma[3:7] = np.nan, 0.0, -1.0, 1e10
    path = apstar(tmp_path / "x.fits", flux, sigma, np.zeros(200, np.int16))
    spectra = read_spectra(path)
    assert not spectra.good[0, :7].any()
    np.testing.assert_allclose(spectra.ivar[0, 7:], 0.04)


def test_missing_labels_are_nan(tmp_path):
    one = np.ones(9)
    path = apstar(tmp_path / "x.fits", one, one, one.astype(int) * 0, RV_TEFF=-9999.99)
    assert np.isnan(read_spectra(path).labels).all()


def test_images_that_do_not_fit_together_are_refused(tmp_path):
    path = apstar(tmp_path / "x.fits", np.ones(9), np.ones(8), np.zeros(9, int))
    with pytest.raises(ValueError, match=r"shapes \[\(1, 9\), \(1, 8\), .*, expected"):
        read_spectra(path)


def test_truncated_file_is_named(tmp_path):
    path = tmp_path / "cut.fits"
    path.write_bytes(file_of(DWARF).read_bytes()[:300_000])
    with pytest.raises(ValueError, match=r"cut\.fits is truncated: it has 300000 b"):
        read_spectra(path)


def test_aspcap_spectrum_comes_with_its_best_fit(tmp_path):
    """A file laid out as aspcapStar is; the survey's own are too large to ship."""
    flux = np.linspace(0.9, 1.0, 50)
    sigma = np.full(50, 0.01)
    flux[0], sigma[1] = 0.0, 1e6
    header = fits.Header({"CRVAL1": 4.179, "CDELT1": 6e-6, "CRPIX1": 1})
    columns = [
        fits.Column("APOGEE_ID", "18A", array=["2M1"]),
        fits.Column("TEFF", "E", array=[4800.0]),
        fits.Column("LOGG", "E", array=[2.5]),
        fits.Column("M_H", "E", array=[-9999.99]),
        fits.Column("ASPCAPFLAG", "J", array=[0]),
    ]
    images = [fits.ImageHDU(image, header) for image in (flux, sigma, flux + 0.001)]
    hdus = [fits.PrimaryHDU(), *images, fits.BinTableHDU.from_columns(columns)]
    path = tmp_path / "aspcap.fits"
    fits.HDUList(hdus).writeto(path)
    spectra = read_spectra(path)
    assert identify_format(path) == "aspcap"
    assert spectra.ids.tolist() == ["2M1"]
    assert spectra.normalised
    assert spectra.good[0].sum() == 48
    np.testing.assert_allclose(spectra.labels, [[4800.0, 2.5, np.nan]], equal_nan=True)
    np.testing.assert_allclose(spectra.star_data["aspcap_flux"][0], flux + 0.001)
    assert aspcap.TITLE in spectra.metadata["format"]
