"""The maps that ship with the sample survey are those that would be computed here."""

import argparse

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from stellar_gui.analysis.contrast import explain, group_jacobians
from stellar_gui.analysis.groups import Group
from stellar_gui.cli_maps import add_maps
from stellar_gui.io import read_spectra
from stellar_gui.maps import SPACES, MapSettings
from stellar_gui.maps.files import read_maps
from stellar_gui.maps.request import MapRequest
from stellar_gui.maps.spaces import star_points
from stellar_gui.maps.store import Maps
from stellar_gui.models import load_model
from stellar_gui.paths import sample_data


@pytest.fixture(scope="module")
def asked():
    model = load_model(sample_data() / "models" / "cycle_starnet.safetensors")
    survey = read_spectra(sample_data() / "survey" / "observed.h5")
    return MapRequest(model, survey, MapSettings())


@pytest.fixture(scope="module")
def shipped(asked, tmp_path_factory):
    maps = Maps(tmp_path_factory.mktemp("empty")).cached(asked)
    assert maps is not None, "make them: stellar-gui maps --out sample_data/maps"
    return maps


def test_mixing_recomputed_is_mixing_shipped(asked, shipped, tmp_path):
    computed = Maps(tmp_path).compute(asked)
    assert tuple(shipped) == SPACES
    for space, one in shipped.items():
        assert computed[space].mixing == pytest.approx(one.mixing, abs=0.005)
        np.testing.assert_array_equal(computed[space].ids, one.ids)
        # distances: another processor may turn components of like variance
        distances = (pdist(each[space].reduced[::8]) for each in (computed, shipped))
        np.testing.assert_allclose(*distances, rtol=0.01)


def test_the_command_lays_maps_out_and_prints_how_they_mix(tmp_path, capsys):
    parser = argparse.ArgumentParser()
    add_maps(parser.add_subparsers())
    words = ["maps", "--n-stars", "40", "--seed", "2", "--out", str(tmp_path)]
    arguments = parser.parse_args(words)
    arguments.run_command(arguments)
    said = capsys.readouterr().out
    assert "40 observed stars beside 40 synthetic ones" in said
    (made,) = tmp_path.glob("*.npz")
    for space, one in read_maps(made).items():
        assert f"{space:12}{one.mixing.value:8.3f}" in said
        assert one.points.shape == (80, 2)


def test_transfer_mixes_what_physics_leaves_apart(shipped):
    raw, z_shared, transferred = (shipped[space].mixing for space in SPACES)
    assert raw.value < 0.35
    for mixed in (z_shared, transferred):
        assert mixed.value > 0.47
    for one in (raw, z_shared, transferred):
        assert one.shuffled == pytest.approx(0.5, abs=0.02)


def test_a_star_of_no_map_is_placed_among_stars_like_it(asked, shipped):
    """Training stars, which the map has not seen: their neighbours have their labels.

    Half the differences of labels that stars picked at random have.
    """
    split = np.asarray(asked.survey.star_data["split"])
    others = asked.survey[np.flatnonzero(split == "train")[:40]]
    one = shipped["transferred"]
    placed = one.place(star_points(asked.model, others, "transferred"))
    is_obs = one.domain == "obs"
    distance = np.linalg.norm(placed[:, None] - one.points[is_obs], axis=2)
    nearest = distance.argsort(axis=1)[:, :5]
    for name in ("teff", "fe_h"):
        known = asked.stars.label(name)
        away = np.abs(known[nearest].mean(axis=1) - others.label(name))
        random = np.abs(known.mean() - others.label(name))
        assert np.median(away) < 0.5 * np.median(random)


def test_metal_rich_stars_differ_from_metal_poor_ones_by_their_metals(asked):
    """The catalogue tells the groups; their spectra, by how much they differ."""
    sets, fe_h = asked.sets, asked.stars.label("fe_h")
    near = np.abs(asked.stars.label("teff") - 5000) < 250
    near &= np.abs(asked.stars.label("logg") - 2.7) < 0.6
    rich = near & (fe_h > -0.25) & (fe_h < 0.2)
    poor = near & (fe_h < -0.35) & (fe_h > -0.8)
    a, b = (Group(sets.observed[these], sets.good[these]) for these in (rich, poor))
    labels = asked.stars.with_labels(asked.model.label_names).labels[rich | poor]
    derivatives = group_jacobians(asked.model, labels)
    found = explain(a, b, derivatives, asked.model.label_names)
    expected = np.median(fe_h[rich]) - np.median(fe_h[poor])
    iron = next(reason for reason in found.reasons if reason.name == "fe_h")
    assert iron.clear
    assert iron.value == pytest.approx(expected, abs=4 * iron.error + 0.05)
    assert found.explained > 0.8
