"""Line lists: reading, writing, selecting, and measuring how far a line reaches."""

import numpy as np
import pytest
import torch
from astropy.table import Table

from stellar_gui.synthesis import Synthesiser, read_line_list, write_line_list
from stellar_gui.synthesis.line_opacity import LineOpacity, LineStrengths
from stellar_gui.synthesis.lines import bundled_lines
from stellar_gui.synthesis.reach import measure_reach
from stellar_gui.synthesis.voigt import voigt

from .turbospectrum import star_labels


@pytest.fixture(scope="module")
def lines():
    return bundled_lines()


@pytest.fixture
def few(lines):
    """The lines of one window."""
    return lines.select((lines.wavelength > 6640) & (lines.wavelength < 6650))


def test_bundled_list_has_named_lines(lines):
    assert len(lines) == 3725
    potassium = np.abs(lines.wavelength - 7698.96) < 0.05
    assert {lines.name[i] for i in np.flatnonzero(potassium)} >= {"K I"}
    assert lines.of_species("Fe").sum() > lines.of_species("Fe", 2).sum() > 0


def test_a_list_survives_the_way_through_a_file(few, tmp_path):
    path = tmp_path / "lines.ecsv"
    write_line_list(path, few)
    again = read_line_list(path)
    assert again.medium == "air"
    assert again.name == few.name
    np.testing.assert_array_equal(again.wavelength, few.wavelength)
    np.testing.assert_array_equal(again.log_gf, few.log_gf)
    np.testing.assert_array_equal(again.half_window, few.half_window)


def test_units_are_converted(few, tmp_path):
    path = tmp_path / "lines.ecsv"
    write_line_list(path, few)
    table = Table.read(path)
    table["wavelength_air"] = table["wavelength_air"].to("nm")
    table.write(path, overwrite=True)
    np.testing.assert_allclose(read_line_list(path).wavelength, few.wavelength)


def test_a_wrong_unit_is_refused(few, tmp_path):
    path = tmp_path / "lines.ecsv"
    write_line_list(path, few)
    table = Table.read(path)
    table["e_low"].unit = "K"
    table.write(path, overwrite=True)
    with pytest.raises(ValueError, match="column e_low has unit K, expected one that"):
        read_line_list(path)


def test_missing_columns_are_named(few, tmp_path):
    path = tmp_path / "lines.ecsv"
    write_line_list(path, few)
    table = Table.read(path)
    table.remove_columns(["log_gf", "Z"])
    table.write(path, overwrite=True)
    with pytest.raises(ValueError, match="lacks the columns log_gf, Z"):
        read_line_list(path)
    table.remove_column("wavelength_air")
    table.write(path, overwrite=True)
    with pytest.raises(ValueError, match="expected either wavelength_air or"):
        read_line_list(path)


def test_columns_of_other_lengths_are_refused(few):
    with pytest.raises(ValueError, match="the column log_gf has shape"):
        few.replace(log_gf=np.zeros(2))
    with pytest.raises(ValueError, match="medium is 'water'"):
        few.replace(medium="water")


def test_empty_cells_are_refused_but_where_a_column_is_optional(few, tmp_path):
    path = tmp_path / "lines.ecsv"
    write_line_list(path, few)
    table = Table.read(path, format="ascii.ecsv")
    table = Table(table, masked=True)
    table["half_window"].mask[0] = True
    table.write(path, overwrite=True)
    assert np.isnan(read_line_list(path).half_window).sum() == 1
    table["log_gf"].mask[:2] = True
    table.write(path, overwrite=True)
    with pytest.raises(ValueError, match="column log_gf holds 2 values that are missi"):
        read_line_list(path)


def test_unknown_species_are_refused(few):
    with pytest.raises(ValueError, match="line 0 has Z = 106 and ion = "):
        few.replace(z=np.full(len(few), 106))
    with pytest.raises(ValueError, match="ion = 0, expected Z 1 to 92 and ion 1"):
        few.replace(ion=np.zeros(len(few)))


def test_reach_is_measured_where_it_is_absent(few, tmp_path):
    path = tmp_path / "lines.ecsv"
    write_line_list(path, few)
    table = Table.read(path)
    table.remove_columns(["max_depth", "half_window"])
    table.write(path, overwrite=True)
    measured = measure_reach(read_line_list(path))
    # the bundled values come from slightly other opacities, and faint lines drop out
    assert len(measured) >= 0.98 * len(few)
    same = np.isin(few.wavelength, measured.wavelength) & (few.max_depth > 0.002)
    theirs = few.select(same)
    row = [
        np.flatnonzero(
            (measured.wavelength == w) & (measured.e_low == e) & (measured.log_gf == g)
        )[0]
        for w, e, g in zip(theirs.wavelength, theirs.e_low, theirs.log_gf, strict=True)
    ]
    ours = measured.select(row)
    np.testing.assert_allclose(ours.max_depth, theirs.max_depth, rtol=0.1, atol=0.003)
    np.testing.assert_allclose(ours.half_window, theirs.half_window, rtol=0.1)


def test_an_own_list_makes_the_same_spectrum(few, tmp_path):
    path = tmp_path / "lines.ecsv"
    write_line_list(path, few)
    windows = ((6641.0, 6649.0),)
    sun = star_labels(5777.0, 4.44, 0.0, 0.0, 1.0)
    with torch.no_grad():
        own = Synthesiser(lines=read_line_list(path), windows=windows).flux(sun)
        bundled = Synthesiser(windows=windows).flux(sun)
    assert bundled.min() < 0.8
    # lines from outside the cut list reach in with their wings
    torch.testing.assert_close(own, bundled, rtol=0, atol=0.002)


def test_vacuum_lists_make_vacuum_spectra(few):
    shifted = few.replace(wavelength=few.wavelength * 1.000276, medium="vacuum")
    synthesiser = Synthesiser(lines=shifted, windows=((6642.8, 6650.8),))
    assert synthesiser.medium == "vacuum"


def test_split_sum_of_lines_equals_the_plain_sum(lines):
    """Cores by the Voigt function and wings by matrices, against Voigt everywhere."""
    strong = lines.select(
        (lines.half_window > 200) & (np.abs(lines.wavelength - 5700) < 9)
    )
    ln_wavelength = np.log(5690) + np.arange(600) * 4e-6
    n_depth = 3
    shape = (1, len(strong), n_depth)
    rng = np.random.default_rng(0)
    strengths = LineStrengths(
        torch.as_tensor(10 ** rng.uniform(0, 3, shape)),
        torch.as_tensor(10 ** rng.uniform(-3, -0.5, shape)),
        torch.as_tensor(rng.uniform(1.5e5, 2.8e5, shape)),
    )
    split = LineOpacity(strong, ln_wavelength, [0, 600], 4e-6, torch.float64)(strengths)
    offset = np.subtract.outer(np.log(strong.wavelength), ln_wavelength) * 2.99792458e10
    plain = torch.zeros(600, 1, n_depth, dtype=torch.float64)
    half = np.maximum(np.ceil(strong.half_window / 299792.458 / 4e-6), 6) * 4e-6
    for line in range(len(strong)):
        v = torch.as_tensor(offset[line])[:, None] / strengths.doppler[0, line]
        a = strengths.damping[0, line].expand_as(v)
        profile = strengths.centre[0, line] * voigt(a, v)
        nearest = np.round((np.log(strong.wavelength[line]) - ln_wavelength[0]) / 4e-6)
        inside = np.abs(np.arange(600) - nearest) * 4e-6 <= half[line] + 1e-12
        plain[:, 0] += profile * torch.as_tensor(inside)[:, None]
    assert len(strong) > 3
    torch.testing.assert_close(split, plain, rtol=1e-3, atol=1e-9)
