"""Tables: columns under many names, units, masks, and rows that are broken."""

import numpy as np
import pytest
from astropy import units
from astropy.table import Table

from stellar_gui.io import identify_format, read_spectra

WAVELENGTH = 5000 + 0.5 * np.arange(30)
FLUX = np.linspace(0.9, 1.0, 30)


def csv(path, header, *columns):
    rows = "\n".join(
        ",".join(f"{v}" for v in row) for row in zip(*columns, strict=True)
    )
    path.write_text(f"{header}\n{rows}\n")
    return path


@pytest.mark.parametrize(
    "header",
    [
        "wavelength,flux,error",
        "WAVE,FLUX,ERR",
        "lambda,norm_flux,sigma",
        "Wavelength [Angstrom],Flux,flux_err",
        "wl,intensity,uncertainty",
    ],
)
def test_columns_are_found_by_their_usual_names(tmp_path, header):
    path = csv(tmp_path / "star.csv", header, WAVELENGTH, FLUX, 0 * FLUX + 0.02)
    spectra = read_spectra(path)
    assert identify_format(path) == "tables"
    np.testing.assert_allclose(spectra.wavelength, WAVELENGTH)
    np.testing.assert_allclose(spectra.flux[0], FLUX, rtol=1e-6)
    np.testing.assert_allclose(spectra.ivar, 2500.0, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "value"), [("ivar", 2500.0), ("variance", 0.0004), ("error", 0.02)]
)
def test_errors_in_any_form_become_ivar(tmp_path, name, value):
    path = csv(
        tmp_path / "s.csv",
        f"wavelength,flux,{name}",
        WAVELENGTH,
        FLUX,
        0 * FLUX + value,
    )
    np.testing.assert_allclose(read_spectra(path).ivar, 2500.0, rtol=1e-6)


@pytest.mark.parametrize(
    ("header", "factor"),
    [("wavelength [nm]", 0.1), ("wavelength (um)", 1e-4), ("wavelength", 1.0)],
)
def test_unit_in_the_column_name_is_heeded(tmp_path, header, factor):
    path = csv(tmp_path / "s.csv", f"{header},flux", WAVELENGTH * factor, FLUX)
    np.testing.assert_allclose(read_spectra(path).wavelength, WAVELENGTH)


def test_logarithmic_wavelengths(tmp_path):
    path = csv(tmp_path / "s.csv", "loglam,flux", np.log10(WAVELENGTH), FLUX)
    np.testing.assert_allclose(read_spectra(path).wavelength, WAVELENGTH)


@pytest.mark.parametrize(("suffix", "form"), [("ecsv", "ascii.ecsv"), ("fits", "fits")])
def test_tables_with_units(tmp_path, suffix, form):
    table = Table(
        {
            "wavelength": WAVELENGTH / 10 * units.nm,
            "flux": FLUX,
            "ivar": np.full(30, 400.0),
        }
    )
    path = tmp_path / f"star.{suffix}"
    table.write(path, format=form)
    spectra = read_spectra(path)
    np.testing.assert_allclose(spectra.wavelength, WAVELENGTH)
    np.testing.assert_allclose(spectra.ivar, 400.0)


def test_ecsv_may_say_what_else_is_known(tmp_path):
    table = Table({"wavelength": WAVELENGTH, "flux": FLUX, "error": FLUX * 0.01})
    table.meta = {"medium": "vacuum", "resolution": 25000, "id": "sun"}
    table.write(tmp_path / "x.ecsv")
    spectra = read_spectra(tmp_path / "x.ecsv")
    assert (spectra.medium, spectra.resolution) == ("vacuum", 25000)
    assert spectra.ids.tolist() == ["sun"]
    assert spectra.metadata["assumed"] == ["normalised, by its level"]


def test_short_wavelengths_without_a_unit_are_said_to_be_assumed(tmp_path):
    csv(tmp_path / "x.csv", "wavelength,flux", WAVELENGTH / 10, FLUX)
    assumed = read_spectra(tmp_path / "x.csv").metadata["assumed"]
    assert any("in Å, not in nm" in sentence for sentence in assumed)
    csv(tmp_path / "y.csv", "wavelength (nm),flux", WAVELENGTH / 10, FLUX)
    assumed = read_spectra(tmp_path / "y.csv").metadata["assumed"]
    assert not any("unit" in sentence for sentence in assumed)


def test_format_is_found_by_content_not_by_name(tmp_path):
    csv(tmp_path / "star.fits", "wavelength,flux", WAVELENGTH, FLUX)
    assert identify_format(tmp_path / "star.fits") == "tables"


def test_columns_of_text_between_blanks(tmp_path):
    rows = "\n".join(f"{w} {f}" for w, f in zip(WAVELENGTH, FLUX, strict=True))
    (tmp_path / "star.txt").write_text(f"# wavelength flux\n{rows}\n")
    np.testing.assert_allclose(read_spectra(tmp_path / "star.txt").flux[0], FLUX)


def test_masked_and_odd_pixels_get_ivar_0(tmp_path):
    flux, error, mask = FLUX.copy(), np.full(30, 0.01), np.zeros(30, int)
    flux[0], error[1], error[2], mask[3] = np.nan, -0.01, np.inf, 1
    header = "wavelength,flux,error,mask"
    path = csv(tmp_path / "s.csv", header, WAVELENGTH, flux, error, mask)
    spectra = read_spectra(path)
    assert not spectra.good[0, :4].any()
    assert spectra.good[0, 4:].all()


def test_pixels_are_sorted_by_wavelength(tmp_path):
    path = csv(tmp_path / "s.csv", "wavelength,flux", WAVELENGTH[::-1], FLUX[::-1])
    spectra = read_spectra(path)
    np.testing.assert_allclose(spectra.wavelength, WAVELENGTH)
    np.testing.assert_allclose(spectra.flux[0], FLUX, rtol=1e-6)


def test_repeated_wavelengths_are_refused(tmp_path):
    wavelength = np.where(np.arange(30) == 5, WAVELENGTH[6], WAVELENGTH)
    path = csv(tmp_path / "s.csv", "wavelength,flux", wavelength, FLUX)
    with pytest.raises(ValueError, match=r"does not increase.*drop repeated ones"):
        read_spectra(path)


def test_broken_rows_are_named(tmp_path):
    path = tmp_path / "s.csv"
    path.write_text("wavelength,flux\n5000,1\n5001,1,3,4\n5002\n")
    with pytest.raises(ValueError, match=r"s\.csv cannot be read as a table"):
        read_spectra(path)


def test_text_in_a_column_is_named(tmp_path):
    path = csv(tmp_path / "s.csv", "wavelength,flux", [5000, 5001], ["one", "two"])
    with pytest.raises(ValueError, match=r"column 'flux' of s\.csv holds text, exp"):
        read_spectra(path)


def test_missing_column_is_named(tmp_path):
    path = csv(tmp_path / "s.csv", "wavelength,magnitude", WAVELENGTH, FLUX)
    with pytest.raises(ValueError, match="no column for flux; it has wavelength, magn"):
        read_spectra(path, format="tables")


@pytest.mark.parametrize("format", ["csv", "ascii.ecsv", "ascii.commented_header"])
def test_byte_order_mark_is_no_part_of_the_first_column(tmp_path, format):
    """As spreadsheets write it before the text."""
    path = tmp_path / "star.txt"
    table = Table({"wavelength": WAVELENGTH, "flux": FLUX, "error": 0 * FLUX + 0.02})
    table.write(path, format=format)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    np.testing.assert_allclose(read_spectra(path).wavelength, WAVELENGTH)
