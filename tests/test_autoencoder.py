"""The autoencoders of Cycle-StarNet and their critics."""

import json

import pytest
import torch

from stellar_gui.models.autoencoder import Latents, build_autoencoders
from stellar_gui.models.critics import build_critics
from stellar_gui.models.dense import dense_config
from tests.small_transfer import GRID, small_networks

CONFIG = dense_config(len(GRID))


@pytest.fixture(scope="module")
def networks():
    return build_autoencoders(CONFIG, seed=3)


@pytest.fixture(scope="module")
def flux():
    rng = torch.Generator().manual_seed(0)
    return 0.95 + 0.05 * torch.randn(5, len(GRID), generator=rng)


def test_both_domains_share_the_meaning_of_z_shared(networks, flux):
    synth, obs = networks.encode(flux, "synth"), networks.encode(flux, "obs")
    assert synth.z_shared.shape == obs.z_shared.shape == (5, 32)
    assert synth.z_split is None
    assert obs.z_split.shape == (5, 3)
    assert (obs.z_split.abs() < 1).all()
    for latents, domain in ((synth, "synth"), (obs, "obs"), (obs, "synth")):
        assert networks.decode(latents, domain).shape == flux.shape


def test_the_sizes_are_those_of_the_preset(networks):
    layers = [
        tuple(m.weight.shape)
        for m in networks.modules()
        if isinstance(m, torch.nn.Linear)
    ]
    for shape in ((384, 140), (192, 384), (32, 192), (192, 32), (384, 192), (140, 384)):
        assert shape in layers
    shapes = {tuple(p.shape) for p in build_critics(CONFIG).parameters()}
    assert {(256, 140), (128, 256), (128, 32), (128, 35), (1, 256)} < shapes


def test_tied_domains_start_as_the_identity_of_one_another(flux):
    networks = build_autoencoders(CONFIG, seed=3)
    with torch.no_grad():
        networks.decoder_obs.weight[:, 384:] = 0.0
        networks.tie_domains()
    latents = networks.encode(flux, "obs")
    torch.testing.assert_close(
        latents.z_shared, networks.encode(flux, "synth").z_shared
    )
    assert networks.difference(latents).abs().max() < 1e-6


def test_the_difference_is_that_of_two_decodings(networks, flux):
    latents = networks.encode(flux, "obs")
    both = networks.decode(latents, "obs") - networks.decode(latents, "synth")
    torch.testing.assert_close(networks.difference(latents), both, atol=1e-6, rtol=0)


def test_a_configuration_survives_json_and_rebuilds_the_networks(networks, flux):
    config = json.loads(json.dumps(networks.config))
    again = build_autoencoders(config, seed=3)
    assert torch.equal(
        again.encode(flux, "obs").z_split, networks.encode(flux, "obs").z_split
    )
    other = build_autoencoders(config, seed=4)
    assert not torch.equal(other.decoder_synth.weight, again.decoder_synth.weight)


def test_building_leaves_the_global_generator_alone():
    torch.manual_seed(1)
    expected = torch.rand(1)
    torch.manual_seed(1)
    small_networks(seed=9)
    assert torch.equal(torch.rand(1), expected)


def test_bad_pixels_take_the_typical_flux(networks, flux):
    good = torch.arange(len(GRID)) != 7
    filled = networks.filled(flux, good)
    assert (filled[:, 7] == networks.typical[7]).all()
    assert torch.equal(filled[:, good], flux[:, good])


def test_critics_judge_a_spectrum_with_its_latents(networks, flux):
    critics = build_critics(CONFIG)
    latents = networks.encode(flux, "obs")
    judged = critics(flux, latents, "obs")
    assert judged.shape == (5,)
    other = latents._replace(z_split=-latents.z_split)
    assert not torch.equal(critics(flux, other, "obs"), judged)
    assert torch.equal(critics(flux, other, "synth"), critics(flux, latents, "synth"))


def test_what_does_not_fit_is_refused(networks, flux):
    with pytest.raises(ValueError, match=r"domain is 'real', expected synth or obs"):
        networks.encode(flux, "real")
    with pytest.raises(ValueError, match=r"shape \(5, 9\), expected \(n_stars, 140\)"):
        networks.encode(flux[:, :9], "obs")
    with pytest.raises(ValueError, match=r"no z_split.*the mean of many"):
        networks.decode(Latents(networks.encode(flux, "synth").z_shared, None), "obs")
    with pytest.raises(ValueError, match=r"architecture is 'deep', expected dense"):
        build_autoencoders(CONFIG | {"architecture": "deep"})
    with pytest.raises(TypeError, match=r"no entry n_layers"):
        dense_config(140, n_layers=3)
