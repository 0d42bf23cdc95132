"""All points of the maps as one table, and the comparison of two groups of them."""

import numpy as np
import pytest

from stellar_gui.analysis.contrast import Explanation, Reason
from stellar_gui.analysis.reason_lines import reason_lines
from stellar_gui.lasso import Lasso
from stellar_gui.maps.compare import compare
from stellar_gui.maps.points import MapPoints
from stellar_gui.maps.request import MapRequest
from stellar_gui.maps.settings import MapSettings
from stellar_gui.maps.store import Maps
from stellar_gui.synthesis.lines import bundled_lines
from tests.small_domains import small_domains, wide_transfer

N = 60


@pytest.fixture(scope="module")
def request_():
    settings = MapSettings(method="pca", stars="all")
    return MapRequest(wide_transfer(), small_domains(N), settings)


@pytest.fixture(scope="module")
def points(request_, tmp_path_factory):
    maps = Maps(tmp_path_factory.mktemp("maps")).compute(request_)
    sets = request_.sets
    return MapPoints(dict(maps), sets.synth_labels, sets.label_names)


def test_all_maps_have_the_same_points_in_one_order(points):
    assert points.places.shape == (2 * N, 3, 2)
    assert points.is_obs.sum() == N
    assert points.row_of("star-0003") == N + 3
    assert points.row_of("nobody") is None
    assert points.rows_of(["star-0003", "nobody", "synth-1"]).tolist() == [N + 3, 0]
    assert points.stars([0, N, N + 1]) == ("star-0000", "star-0001")


def test_a_lasso_holds_points_of_both_domains_in_the_map_it_was_drawn_in(points):
    one = points.maps["latents"]
    all_ = [(-101, -101), (101, -101), (101, 101), (-101, 101)]
    lasso = Lasso(one.map_id, all_)
    assert points.map_of(lasso) == 1
    assert points.held(lasso).tolist() == list(range(2 * N))
    assert points.map_of(Lasso("elsewhere", all_)) is None
    assert points.map_of(None) is None


def test_a_label_is_what_synthetic_stars_were_made_with(points):
    values = points.column("teff", {"star-0002": 5000.0})
    np.testing.assert_array_equal(values[:N], points.synth_labels[:, 0])
    assert values[N + 2] == 5000.0
    assert np.isnan(values[N + 3])


def test_observed_stars_are_compared_where_both_groups_have_them(request_, points):
    found = compare(request_.sets, points, np.r_[0:20, N : N + 20])
    assert found.which == "obs"
    assert found.rows_a.tolist() == list(range(N, N + 20))
    assert len(found.rows_b) == N - 20
    assert found.warning == ""
    assert found.value.shape == found.error.shape == (140,)


def test_synthetic_stars_are_compared_with_their_like(request_, points):
    found = compare(request_.sets, points, np.arange(20), np.arange(20, 50))
    assert found.which == "synth"
    assert (len(found.rows_a), len(found.rows_b)) == (20, 30)


def test_groups_of_different_domains_are_compared_with_a_warning(request_, points):
    found = compare(request_.sets, points, np.arange(30), np.arange(N, N + 30))
    assert found.which == "all"
    assert "one of domains" in found.warning


def test_a_point_of_both_groups_counts_once(request_, points):
    a, b = np.arange(N, N + 30), np.arange(N + 20, N + 50)
    found = compare(request_.sets, points, a, b)
    assert not set(found.rows_a) & set(found.rows_b)


def test_a_group_of_few_stars_is_refused(request_, points):
    with pytest.raises(ValueError, match="expected 5 or more"):
        compare(request_.sets, points, [N, N + 1])


def _explained(value, wavelength, lines):
    """Iron has moved all lines together, magnesium its own besides."""
    own = {name: np.zeros(len(wavelength)) for name in ("Fe", "Mg")}
    for name, flux in own.items():
        for line in lines.wavelength[lines.of_species(name)]:
            flux[np.abs(wavelength - line) < 0.05] = 1.0
    iron = own["Fe"] + own["Mg"]
    flux = np.stack([iron * value["fe_h"], own["Mg"] * value["mg_fe"]], axis=1)
    reasons = tuple(
        Reason(name, name, "dex", amount, 0.01, 0.5, True)
        for name, amount in value.items()
    )
    return Explanation(reasons, 1.0, 0.0, 1.0, tuple(value), flux)


def test_a_line_is_named_by_its_own_element_though_iron_moved_it_too():
    lines = bundled_lines()
    wavelength = np.arange(5700.0, 5720.0, 0.05)
    explained = _explained({"fe_h": 0.3, "mg_fe": -0.1}, wavelength, lines)
    found = reason_lines(lines, "air", wavelength, explained)
    mg = lines.wavelength[lines.of_species("Mg")]
    mg = mg[(mg > 5700) & (mg < 5720)]
    named = {
        line.element for line in found if np.abs(line.wavelength - mg).min() < 0.02
    }
    assert named == {"Mg"}
    assert {line.element for line in found} == {"Fe", "Mg"}
    near = np.diff(np.sort([line.wavelength for line in found]))
    assert near.min() >= 0.28


def test_an_element_that_is_not_clear_names_no_line():
    lines = bundled_lines()
    wavelength = np.arange(5700.0, 5720.0, 0.05)
    explained = _explained({"fe_h": 0.3, "mg_fe": -0.1}, wavelength, lines)
    fe, mg = explained.reasons
    explained = explained._replace(reasons=(fe, mg._replace(clear=False)))
    found = reason_lines(lines, "air", wavelength, explained)
    assert {line.element for line in found} == {"Fe"}
