"""Lines near a pixel: the strongest in the star, with the data of the list."""

import numpy as np
import pytest
import torch

from stellar_gui.analysis.nearby_lines import star_lines
from stellar_gui.labels import SYNTHETIC_LABELS
from stellar_gui.preprocess.medium import convert_wavelength
from stellar_gui.synthesis.atmosphere import atmosphere_from_labels
from stellar_gui.synthesis.lines import bundled_lines
from stellar_gui.synthesis.reach import unblended_depths

LIST = bundled_lines()
SUN = {"teff": 5777.0, "logg": 4.44, "fe_h": 0.0}
GIANT = {"teff": 4500.0, "logg": 1.8, "fe_h": -0.2}


@pytest.mark.parametrize("labels", [SUN, GIANT], ids=["sun", "giant"])
def test_depths_are_near_those_of_a_synthesis(labels):
    """Of lines deeper than 0.05: within 0.25 for 95 per cent, in the right order."""
    window = np.abs(LIST.wavelength - 6444) < 14
    lines = LIST.select(window)
    whole = torch.full((1, 25), labels["fe_h"], dtype=torch.float64)
    for name in ("teff", "logg", "vmicro", "vbroad"):
        whole[0, SYNTHETIC_LABELS.index(name)] = labels.get(name, 1.3)
    with torch.no_grad():
        atmosphere = atmosphere_from_labels(whole)
        exact = unblended_depths(lines, atmosphere, whole[:, 2])[0].numpy()
    found = star_lines(lines, labels, "air")
    single = [
        (found.depth[k], exact[match])
        for k, at in enumerate(found.wavelength)
        if (match := np.flatnonzero(np.abs(lines.wavelength - at) < 1e-6)).size == 1
    ]
    estimated, true = np.array([(a, b[0]) for a, b in single if b[0] > 0.05]).T
    assert len(true) > 15
    assert np.percentile(np.abs(estimated - true), 95) < 0.25
    assert np.corrcoef(estimated, true)[0, 1] > 0.9


def test_the_line_that_is_seen_comes_first_not_the_nearest():
    found = star_lines(LIST, SUN, "air").near(6439.08, 25000.0)
    assert found[0].species == "Ca I"
    assert found[0].wavelength == pytest.approx(6439.07, abs=0.02)
    assert found[0].excitation == pytest.approx(2.53, abs=0.01)
    assert found[0].log_gf == pytest.approx(0.39, abs=0.02)
    assert found[0].share > 0.9
    assert sum(line.share for line in found) <= 1 + 1e-9


def test_an_abundance_changes_its_own_lines_alone():
    plain, rich = (
        star_lines(LIST, SUN | extra, "air") for extra in ({}, {"ca_h": 0.5})
    )
    calcium = plain.element == "Ca"
    assert (rich.depth[calcium] > plain.depth[calcium]).all()
    np.testing.assert_array_equal(rich.depth[~calcium], plain.depth[~calcium])


def test_an_element_without_a_label_follows_iron():
    poor = star_lines(LIST, SUN | {"fe_h": -1.0, "mg_h": 0.0}, "air")
    plain = star_lines(LIST, SUN, "air")
    neodymium, magnesium = plain.element == "Nd", plain.element == "Mg"
    assert (poor.depth[neodymium] < plain.depth[neodymium]).all()
    assert (poor.depth[magnesium] >= plain.depth[magnesium]).all()


def test_hyperfine_parts_are_one_line():
    """The copper line at 5782 Å has parts of two isotopes."""
    parts = (np.abs(LIST.wavelength - 5782.13) < 0.2) & (LIST.z == 29)
    assert parts.sum() > 5
    found = star_lines(LIST, SUN, "air")
    here = (np.abs(found.wavelength - 5782.13) < 0.2) & (found.element == "Cu")
    assert here.sum() == 1
    gf = (10**LIST.log_gf * LIST.isotope_fraction)[parts].sum()
    assert found.log_gf[here] == pytest.approx(np.log10(gf))


def test_wavelengths_are_in_the_medium_of_the_spectrum():
    air, vacuum = (star_lines(LIST, SUN, medium) for medium in ("air", "vacuum"))
    expected = convert_wavelength(air.wavelength, "air", "vacuum")
    np.testing.assert_allclose(vacuum.wavelength, expected, rtol=1e-9)
    assert (np.diff(vacuum.wavelength) >= 0).all()


def test_beyond_the_list_nothing_is_known():
    found = star_lines(LIST, SUN, "vacuum")
    assert not found.covers(15770.0)
    assert found.near(15770.0) == []
    assert found.covers(6441.0)


def test_without_temperature_and_gravity_strengths_are_unknown():
    with pytest.raises(ValueError, match="the labels are fe_h, expected teff and logg"):
        star_lines(LIST, {"fe_h": 0.0}, "air")
