"""The published networks, at any number of pixels."""

import pytest
import torch
from torch import nn

from stellar_gui.models.autoencoder import Autoencoders, build_autoencoders
from stellar_gui.models.convolutional import (
    CRITIC_STRIDES,
    LEAST_POSITIONS,
    STRIDES,
    Cropped,
    Padded,
    convolutional_config,
    positions,
)
from stellar_gui.models.critics import build_critics

PIXELS = (2047, 2048, 2117, 7167, 7214, 8575)


def built(n_pixels, **changes):
    config = convolutional_config(n_pixels, **changes)
    return build_autoencoders(config), build_critics(config)


def spectra(n_stars, n_pixels):
    rng = torch.Generator().manual_seed(1)
    return 0.97 + 0.05 * torch.randn(n_stars, n_pixels, generator=rng)


def weights_of(*modules: nn.Module) -> int:
    return sum(p.numel() for module in modules for p in module.parameters())


@pytest.mark.parametrize("n_pixels", PIXELS)
def test_a_spectrum_of_any_length_comes_back_with_its_length(n_pixels):
    networks, critics = built(n_pixels)
    flux = spectra(2, n_pixels)
    with torch.no_grad():
        latents = networks.encode(flux, "obs")
        assert latents.z_shared.shape == (2, *networks.shared_shape)
        assert latents.z_split.shape == (2, *networks.split_shape)
        assert networks.encode(flux, "synth").z_split is None
        for domain in ("synth", "obs"):
            assert networks.decode(latents, domain).shape == (2, n_pixels)
            assert critics(flux, latents, domain).shape == (2,)
    assert networks.shared_shape[-1] >= LEAST_POSITIONS


def test_sizes_are_those_of_the_publication():
    networks, critics = built(7167)
    assert networks.shared_shape == (25, 24)
    assert networks.split_shape == (4, 24)
    assert weights_of(networks, critics) == 3_676_833  # "3.68 million"
    assert weights_of(critics) == 990_018  # "0.99 million"
    assert weights_of(networks.encoder_synth) == weights_of(networks.encoder_obs)


@pytest.mark.parametrize("n_pixels", [7167, 7214, 8575])
def test_long_spectra_have_the_published_strides(n_pixels):
    config = convolutional_config(n_pixels)
    assert config["strides"] == STRIDES
    assert config["critic_strides"] == CRITIC_STRIDES


@pytest.mark.parametrize("n_pixels", [46, 47, 300, 1023, 4862, 4863, 7166])
def test_strides_shrink_until_positions_are_many(n_pixels):
    config = convolutional_config(n_pixels)
    n_positions, length = positions(n_pixels, config["strides"])
    assert n_positions >= LEAST_POSITIONS
    assert length >= n_pixels
    if n_pixels < 4863 - 256:
        assert positions(n_pixels, STRIDES)[0] < LEAST_POSITIONS


def test_positions_are_what_the_convolutions_leave():
    for n_pixels in PIXELS:
        strides = convolutional_config(n_pixels)["strides"]
        n_positions, length = positions(n_pixels, strides)
        features = torch.zeros(1, 1, length)
        for stride in strides:
            features = nn.Conv1d(1, 1, 7, stride)(features)
        assert features.shape[2] == n_positions
        for stride in reversed(strides):
            features = nn.ConvTranspose1d(1, 1, 7, stride)(features)
        assert features.shape[2] == length


@pytest.mark.parametrize("n_pixels", [2047, 2048, 2049])
def test_cropping_undoes_padding_exactly(n_pixels):
    flux = spectra(3, n_pixels)
    padded = Padded(2300)(flux)
    assert padded.shape == (3, 1, 2300)
    assert torch.equal(Cropped(n_pixels)(padded), flux)
    assert padded.count_nonzero() == flux.count_nonzero()


def test_every_weight_feels_the_spectrum():
    networks, critics = built(300)
    flux = spectra(2, 300).requires_grad_()
    latents = networks.encode(flux, "obs")
    synth = networks.decode(latents, "synth")
    remade = networks.encode(synth, "synth")
    made = networks.decode(remade._replace(z_split=latents.z_split), "obs")
    verdict = critics(made, latents, "obs") + critics(synth, latents, "synth")
    (verdict.sum() + made.square().sum() + synth.square().sum()).backward()
    assert (flux.grad != 0).all()
    for name, weight in [*networks.named_parameters(), *critics.named_parameters()]:
        normed = name in ("encoder_shared.6.bias", "encoder_split.6.bias")
        # the instance norm takes out what is the same at all positions
        assert (weight.grad.abs().max() > 1e-3) != normed, name


def test_latents_have_mean_zero_and_width_one_along_the_spectrum():
    networks, _ = built(300)
    with torch.no_grad():
        latents = networks.encode(spectra(2, 300), "obs")
    for z in latents:
        torch.testing.assert_close(z.mean(2), torch.zeros_like(z[..., 0]))
        spread = z.std(2, correction=0)
        torch.testing.assert_close(spread, torch.ones_like(spread), atol=0.05, rtol=0)


def test_a_tied_start_is_the_identity_between_domains_up_to_the_split():
    networks, _ = built(300)
    networks.tie_domains()
    flux = spectra(2, 300)
    with torch.no_grad():
        synth, obs = (networks.encode(flux, domain) for domain in ("synth", "obs"))
        assert torch.equal(synth.z_shared, obs.z_shared)
        features = networks.decoder_shared(synth.z_shared)
        silent = torch.zeros(2, 32, features.shape[2])
        as_obs = networks.decoder_obs(torch.cat([features, silent], 1))
        torch.testing.assert_close(as_obs, networks.decoder_synth(features))


def test_weights_start_as_published():
    networks, critics = built(7167)
    for name, weight in [*networks.named_parameters(), *critics.named_parameters()]:
        if name.endswith("bias"):
            assert (weight == 0.01).all(), name
        else:
            taps = weight[0, 0].numel()
            bound = (6 / (taps * (weight.shape[0] + weight.shape[1]))) ** 0.5
            assert 0.95 * bound < weight.abs().max() <= bound, name


def test_names_in_files_stay():
    networks, critics = built(2047)
    layers = {"encoder": (1, 3), "encoder inner": (0, 2, 4, 6), "decoder": (0, 2, 4)}
    layers["decoder inner"] = layers["decoder"]
    assert {name.rpartition(".")[0] for name, _ in networks.named_parameters()} == {
        f"{side}_{part}.{layer}"
        for side in ("encoder", "decoder")
        for inner, names in (("", ("synth", "obs")), (" inner", ("shared", "split")))
        for part in names
        for layer in layers[side + inner]
    }
    assert {name.rpartition(".")[0] for name in critics.state_dict()} == {
        *(f"{d}.flux.{k}" for d in ("synth", "obs") for k in (1, 3, 5, 7, 9)),
        *(f"{d}.latent.{k}" for d in ("synth", "obs") for k in (0, 2, 4, 6, 8)),
        *(f"{d}.head" for d in ("synth", "obs")),
    }


def test_a_configuration_rebuilds_the_networks():
    networks, _ = built(2117, n_split=1)
    again: Autoencoders = build_autoencoders(networks.config)
    again.load_state_dict(networks.state_dict())
    flux = spectra(1, 2117)
    with torch.no_grad():
        assert torch.equal(
            again.encode(flux, "obs")[1], networks.encode(flux, "obs")[1]
        )


def test_what_cannot_be_built_is_refused():
    with pytest.raises(
        ValueError, match=r"spectra of 45 pixels are too short .* 46 or"
    ):
        convolutional_config(45)
    with pytest.raises(TypeError, match=r"no entry widht in a convolutional network"):
        convolutional_config(300, widht=2.0)
