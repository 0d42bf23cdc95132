"""Spectra: what fits together is kept and frozen, what does not is refused."""

import dataclasses

import numpy as np
import pytest

from stellar_gui.spectra import Spectra

WAVELENGTH = np.array([5000.0, 5001.0, 5002.0, 5010.0])


def make(n_stars=3, **changes):
    fields = {
        "wavelength": WAVELENGTH,
        "flux": 1 - 0.1 * np.arange(n_stars * 4.0).reshape(n_stars, 4),
        "ivar": np.full((n_stars, 4), 100.0),
        "ids": [f"s{row}" for row in range(n_stars)],
        "labels": np.arange(2.0 * n_stars).reshape(n_stars, 2),
        "label_names": ("teff", "mg_h"),
        "labels_sigma": np.full((n_stars, 2), 0.5),
        "star_data": {"rv": np.arange(float(n_stars))},
        "metadata": {"seed": 1},
    }
    return Spectra(**fields | changes)


def test_types_are_those_of_the_glossary():
    spectra = make()
    assert spectra.wavelength.dtype == np.float64
    assert spectra.flux.dtype == spectra.ivar.dtype == np.float32
    assert spectra.label_units == ("K", "dex")
    assert len(spectra) == 3


def test_nothing_inside_can_be_edited():
    spectra = make()
    for name in ("wavelength", "flux", "ivar", "labels", "labels_sigma", "ids"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(spectra, name)[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        spectra.star_data["rv"][0] = 7.0


def test_columns_of_stars_are_not_those_of_the_caller():
    rv = np.arange(3.0)
    spectra = make(star_data={"rv": rv})
    rv[0] = 99.0
    assert spectra.star_data["rv"][0] == 0.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        spectra.medium = "air"


def test_callers_arrays_stay_writeable_and_apart():
    flux = np.ones((1, 4), np.float32)
    spectra = Spectra(WAVELENGTH, flux, flux)
    flux[0, 0] = 5
    assert spectra.flux[0, 0] == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"flux": np.ones(4)},
            r"flux has shape \(4,\), expected \(n_stars, n_pix",
        ),
        (
            {"wavelength": WAVELENGTH[:3]},
            r"wavelength has shape \(3,\), expected \(4",
        ),
        ({"ivar": np.ones((3, 5))}, r"ivar has shape \(3, 5\), expected \(3, 4\)"),
        ({"wavelength": WAVELENGTH[::-1]}, "does not increase.*Sort the pixels"),
        ({"wavelength": [1.0, 2.0, np.nan, 4.0]}, "does not increase"),
        (
            {"wavelength": [-1.0, 2.0, 3.0, 4.0]},
            "starts at -1, expected Angstrom ab",
        ),
        ({"medium": "water"}, "medium is 'water', expected 'air' or 'vacuum'"),
        ({"ids": ["a", "a", "b"]}, "2 different names, expected 3 different ones"),
        ({"ids": ["a", "b"]}, r"ids has shape \(2,\)"),
        ({"labels": np.ones((3, 3))}, r"labels has shape \(3, 3\), expected \(3, 2\)"),
        ({"labels_sigma": np.ones(3)}, r"labels_sigma has shape \(3,\), expected"),
        ({"labels": None}, "labels is None. Give the values too"),
        ({"star_data": {"rv": np.ones(2)}}, r"star_data\['rv'\] has shape \(2,\)"),
        ({"ivar": -np.ones((3, 4))}, "ivar is negative or not finite in 12 pixels"),
        ({"ivar": np.full((3, 4), np.nan)}, "Set ivar to 0 where a pixel is bad"),
        (
            {"flux": np.full((3, 4), np.nan)},
            "flux is not finite in 12 pixels with",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        make(**changes)


def test_nan_flux_may_stand_in_a_bad_pixel():
    spectra = make(1, flux=[[np.nan, 1, 1, 1]], ivar=[[0, 1, 1, 1]])
    assert spectra.good.tolist() == [[False, True, True, True]]


@pytest.mark.parametrize(
    ("stars", "rows"),
    [
        (1, [1]),
        (-1, [2]),
        (np.int64(0), [0]),
        (slice(1, None), [1, 2]),
        ([2, 0], [2, 0]),
        ([True, False, True], [0, 2]),
        ([], []),
    ],
)
def test_slicing_keeps_everything_of_a_star_together(stars, rows):
    spectra = make()
    part = spectra[stars]
    assert part.ids.tolist() == [f"s{row}" for row in rows]
    np.testing.assert_array_equal(part.flux, spectra.flux[rows])
    np.testing.assert_array_equal(part.labels, spectra.labels[rows])
    np.testing.assert_array_equal(part.star_data["rv"], np.array(rows, dtype=float))
    assert part.metadata == {"seed": 1}


@pytest.mark.parametrize("star", [3, -4, [0, 5]])
def test_star_that_does_not_exist_is_named(star):
    with pytest.raises(IndexError, match="does not exist, expected 0 to 2"):
        make()[star]


def test_bool_array_of_another_length_is_refused():
    with pytest.raises(IndexError, match=r"stars has shape \(2,\), expected \(3,\)"):
        make()[np.array([True, False])]


def test_window_cuts_by_wavelength_ends_included():
    window = make().window(5001, 5002)
    assert window.wavelength.tolist() == [5001, 5002]
    assert window.flux.shape == (3, 2)
    with pytest.raises(ValueError, match=r"no pixel between 6000 and 6010 Å; .* cover"):
        make().window(6000, 6010)


def test_pieces_part_at_gaps():
    grid = np.concatenate([np.arange(5000, 5010, 0.1), np.arange(6000, 6010, 0.12)])
    spectra = Spectra(grid, np.ones((1, len(grid))), np.ones((1, len(grid))))
    assert spectra.pieces() == [(0, 100), (100, len(grid))]


def test_snr_is_the_median_per_good_pixel():
    flux, ivar = [[1.0, 1.0, 1.0, 9.0]], [[100.0, 400.0, 900.0, 0.0]]
    spectra = Spectra(WAVELENGTH, flux, ivar)
    assert spectra.snr().tolist() == [20.0]
    assert spectra.replace(ivar=np.zeros((1, 4))).snr().tolist() == [0.0]
    assert spectra.replace(star_data={"snr": [77.0]}).snr().tolist() == [77.0]


def test_labels_are_found_by_name():
    spectra = make()
    assert spectra.label("mg_h").tolist() == [1, 3, 5]
    chosen = spectra.with_labels(["mg_h"])
    assert chosen.labels.tolist() == [[1], [3], [5]]
    assert chosen.label_units == ("dex",)
    with pytest.raises(KeyError, match="no label 'logg'"):
        spectra.label("logg")
    with pytest.raises(ValueError, match=r"label 'mgh' is not available.*'mg_h'"):
        spectra.with_labels(["mgh"])


def test_row_finds_a_star_by_its_id():
    assert make().row("s2") == 2
    with pytest.raises(KeyError, match="no star 'x' among 3 stars"):
        make().row("x")
