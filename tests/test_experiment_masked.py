"""The masked-lines experiment: what is masked, what can be known, and a tiny run."""

from argparse import ArgumentParser

import numpy as np
import pytest
import torch

from stellar_gui.analysis.attribution import abundance_columns
from stellar_gui.experiments import EXPERIMENTS
from stellar_gui.experiments.features import find_features
from stellar_gui.experiments.masked_command import median_lines, result_lines, to_plain
from stellar_gui.experiments.masked_lines import (
    MaskedRequest,
    draw_labels,
    judge_masked,
    make_domains,
    mask_pixels,
    run_masked_lines,
)
from stellar_gui.labels import to_x_fe
from stellar_gui.models import load_model
from stellar_gui.models.autoencoder import build_autoencoders
from stellar_gui.models.blocks import Nuisance
from stellar_gui.models.cycle_starnet import CycleStarNet
from stellar_gui.models.dense import dense_config
from stellar_gui.synthesis.lines import bundled_lines


@pytest.fixture(scope="module")
def payne(sample_payne):
    return load_model(sample_payne)


@pytest.fixture(scope="module")
def domains(payne):
    return make_domains(payne, MaskedRequest(stars=60), seed=1)


def test_a_masked_feature_is_continuum_and_nothing_else_changes(payne):
    masked = np.zeros(len(payne.wavelength), dtype=bool)
    masked[100:111] = True
    labels = payne.training_labels[:5].double()
    with torch.no_grad():
        flux, whole = mask_pixels(payne, masked)(labels), payne(labels)
    assert (flux[:, masked] == 1).all()
    np.testing.assert_array_equal(flux[:, ~masked], whole[:, ~masked])


def test_features_are_deep_apart_and_of_known_elements(payne):
    with torch.no_grad():
        typical = payne(payne.training_labels.double()).mean(0).numpy()
    _, elements = abundance_columns(payne.label_names)
    wavelength = payne.wavelength.numpy()
    found = find_features(bundled_lines(), wavelength, "air", typical, elements)
    assert len(found.pixel) > 80
    assert (found.depth > 0.05).all()
    assert np.diff(found.pixel).min() > 3
    assert set(found.element) <= set(elements)
    sodium = wavelength[found.pixel[found.element == "Na"]]
    assert np.abs(sodium[:, None] - [5682.63, 5688.21]).min(0).max() < 0.15


def test_abundances_scatter_on_their_own(payne):
    """Without this every line of a metal could be iron's."""
    labels = draw_labels(payne, 1500, np.random.default_rng(0))
    values, _, names = to_x_fe(labels, None, payne.label_names)
    ratios = values[:, [k for k, n in enumerate(names) if n.endswith("_fe")]]
    assert ratios.std(0).min() > 0.14
    nickel, chromium = (values[:, names.index(n)] for n in ("ni_fe", "cr_fe"))
    assert abs(np.corrcoef(nickel, chromium)[0, 1]) < 0.15


def test_the_domains_share_stars_in_kind_but_not_one_by_one(domains):
    assert len(domains.features.pixel) == pytest.approx(0.3 * 130, abs=15)
    assumed, seen = domains.assumed.numpy(), domains.training.labels
    assert not (seen[:, None, 0] == assumed[None, :, 0]).any()
    np.testing.assert_allclose(assumed[:, 0].mean(), seen[:, 0].mean(), atol=300)
    ids = [set(s.ids) for s in (domains.training, domains.validation, domains.test)]
    assert not set.intersection(*ids)


def test_the_physics_itself_names_most_lines_and_iron_does_not(domains):
    """A transfer that adds nothing knows nothing: its slopes are the emulator's."""
    config = dense_config(len(domains.full.wavelength))
    nothing = build_autoencoders(config)
    for decoder in (nothing.decoder_obs, nothing.decoder_synth):
        decoder.weight.data.zero_()
        decoder.bias.data.zero_()
    names = tuple(f"z_split_{k}" for k in (1, 2, 3))
    nuisance = Nuisance(names, torch.zeros(3), torch.ones(3))
    model = CycleStarNet(domains.masked, nothing, nuisance, domains.assumed)
    result = judge_masked(domains, model, seed=1)
    assert result.attribution.ceiling.value > 0.85
    assert result.attribution.iron_own < 0.6
    assert result.gap == pytest.approx(0.0, abs=1e-6)
    assert result.derivative_error == pytest.approx(1.0, abs=1e-4)


def test_a_tiny_run_tells_every_figure(payne):
    told = []
    request = MaskedRequest(steps=10, stars=40, device="cpu")
    result = run_masked_lines(payne, request, 2, told.append)
    again = run_masked_lines(payne, request, 2)
    np.testing.assert_array_equal(result.recovered, again.recovered)
    lines = result_lines(result)
    for title in ("own element", "derivatives: correlation", "gap closed", "labels in"):
        assert any(line.startswith(title) for line in lines)
    assert "median of 2 seeds" in median_lines([result, again])[0]
    assert len(to_plain(result)["recovered"]) == len(result.features.pixel)


def test_a_share_of_all_features_is_refused():
    with pytest.raises(ValueError, match="expected between 0 and 1"):
        MaskedRequest(share=1.0)


def test_the_command_has_the_options_of_the_paper():
    parser = ArgumentParser()
    EXPERIMENTS["masked-lines"].add_options(parser)
    assert parser.parse_args([]).share == 0.3
    assert parser.parse_args(["--seeds", "4", "5"]).seeds == [4, 5]
