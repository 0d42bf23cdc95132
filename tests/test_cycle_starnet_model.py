"""Cycle-StarNet as a spectral model: links, derivatives, symmetry, files."""

import numpy as np
import pytest
import torch

from stellar_gui import Spectra
from stellar_gui.models import Payne, SpectralModel, load_model, save_model
from stellar_gui.models.autoencoder import build_autoencoders
from stellar_gui.models.blocks import Nuisance
from stellar_gui.models.cycle_starnet import split_prior
from stellar_gui.models.dense import dense_config
from tests.small_transfer import (
    GRID,
    small_emulator,
    small_networks,
    small_transfer,
    some_labels,
)

SPLIT = torch.tensor([[0.3, -0.5], [-0.2, 0.1], [0.0, 0.8]], dtype=torch.float64)


@pytest.fixture(scope="module")
def model():
    return small_transfer()


def spectra_of(model, **changes):
    flux = model(some_labels(), SPLIT).numpy()
    given = {"medium": "air", "resolution": 25000.0} | changes
    grid = given.pop("wavelength", GRID)
    return Spectra(
        grid, flux[:, : len(grid)], np.full(flux.shape, 1e4)[:, : len(grid)], **given
    )


def test_it_is_a_spectral_model_of_its_emulators_labels(model):
    assert isinstance(model, SpectralModel)
    assert model.label_names == model.emulator.label_names
    flux = model(some_labels(), SPLIT)
    assert flux.shape == (3, len(GRID))
    assert flux.dtype == torch.float32
    mean = model.nuisance.mean.expand(3, -1)
    assert torch.equal(model(some_labels()), model(some_labels(), mean))
    assert not torch.equal(model(some_labels()), flux)


@pytest.mark.parametrize("link", ["difference", "decode"])
@pytest.mark.parametrize("broadened", [False, True])
def test_the_jacobian_is_that_of_finite_differences(link, broadened):
    model = small_transfer(torch.float64, broadened).with_link(link)
    labels = some_labels()
    jacobian = model.jacobian(labels, SPLIT)
    assert jacobian.shape == (3, len(GRID), 6)
    both = torch.cat([labels, SPLIT], 1)
    for k, step in enumerate([1e-3, 1e-6, 1e-6, 1e-6, 1e-6, 1e-6]):
        off = step * torch.eye(6, dtype=torch.float64)[k]
        up, down = ((both + s * off).split([4, 2], 1) for s in (1, -1))
        numeric = (model(*up) - model(*down)) / (2 * step)
        torch.testing.assert_close(
            jacobian[:, :, k],
            numeric,
            atol=1e-7 * numeric.abs().max().item() + 1e-9,
            rtol=1e-5,
        )
    at_mean = model.jacobian(labels, model.nuisance.mean.expand(3, -1))
    torch.testing.assert_close(model.jacobian(labels), at_mean[:, :, :4])


def test_the_difference_link_is_the_emulator_where_the_decoders_agree():
    networks = small_networks()
    networks.tie_domains()
    networks.decoder_obs.weight[:, networks.decoder_synth.in_features :] = 0.0
    model = small_transfer(networks=networks)
    labels = some_labels()
    torch.testing.assert_close(model(labels, SPLIT), model.emulator(labels))
    torch.testing.assert_close(
        model.jacobian(labels), model.emulator.jacobian(labels), atol=1e-7, rtol=1e-4
    )
    plain = model.with_link("decode")
    assert (plain(labels, SPLIT) - model.emulator(labels)).abs().max() > 0.01


def test_going_to_the_synthetic_domain_leaves_the_noise_behind(model):
    flux = model(some_labels(), SPLIT)
    latents = model.encode(flux, "obs")
    assert latents.z_split.shape == (3, 2)
    back = model.obs_to_synth(flux)
    torch.testing.assert_close(back, model.networks.decode(latents, "synth"))
    torch.testing.assert_close(model.with_link("decode").obs_to_synth(flux), back)


@pytest.mark.parametrize("link", ["difference", "decode"])
@pytest.mark.parametrize("broadened", [False, True])
def test_the_folded_network_is_the_model(link, broadened):
    model = small_transfer(torch.float64, broadened).with_link(link)
    folded, labels = model.folded(), some_labels()
    coordinates = torch.cat([model.scaling.to_coordinates(labels), SPLIT], 1)
    hidden = folded.hidden(coordinates)
    torch.testing.assert_close(folded.output(hidden.activation), model(labels, SPLIT))
    along = folded.hidden_jacobian(hidden) @ folded.weight3.T
    expected = model.jacobian(labels, SPLIT)
    scale = model.scaling.labels_per_coordinate
    torch.testing.assert_close(along[:, :4].mT, expected[:, :, :4] @ scale)
    torch.testing.assert_close(along[:, 4:].mT, expected[:, :, 4:])


@pytest.mark.parametrize("broadened", [False, True])
def test_the_folded_network_is_made_once_for_the_same_weights(broadened):
    model, labels = small_transfer(broadened=broadened), some_labels()
    folded, jacobian = model.folded(), model.jacobian(labels, SPLIT)
    assert model.folded() is folded
    assert torch.equal(model.jacobian(labels, SPLIT), jacobian)
    again = small_transfer(broadened=broadened)
    assert torch.equal(again.jacobian(labels, SPLIT), jacobian)
    for other in (model.with_link("decode"), model.shifted({"teff": 50.0})):
        assert other.folded() is not folded
    assert torch.equal(model.with_link("difference").folded().weight3, folded.weight3)


def test_the_folded_network_follows_a_weight_that_changes():
    model, labels = small_transfer(), some_labels()
    before = model.jacobian(labels, SPLIT)
    with torch.no_grad():
        model.networks.decoder_obs.weight.mul_(1.1)
    expected = small_transfer(networks=model.networks).jacobian(labels, SPLIT)
    assert torch.equal(model.jacobian(labels, SPLIT), expected)
    assert not torch.equal(before, expected)
    copied = model.networks.state_dict()
    copied = {name: weight.clone() for name, weight in copied.items()}
    copied["decoder_obs.weight"] /= 1.1
    model.networks.load_state_dict(copied, assign=True)
    model.networks.requires_grad_(False)
    torch.testing.assert_close(model.jacobian(labels, SPLIT), before)


def test_a_folded_network_that_is_trained_is_made_anew():
    model = small_transfer()
    model.networks.requires_grad_(True)
    assert model.folded() is not model.folded()


def test_shifted_labels_give_the_same_spectra(model):
    offsets = {"teff": 64.0, "mg_h": 0.125}
    shifted = model.shifted(offsets)
    moved = some_labels() + torch.tensor([64.0, 0.0, 0.0, 0.125])
    torch.testing.assert_close(
        shifted(moved, SPLIT), model(some_labels(), SPLIT), atol=1e-6, rtol=0
    )
    for name, d in offsets.items():
        k = model.label_names.index(name)
        assert torch.allclose(
            shifted.label_ranges[k] - model.label_ranges[k], torch.tensor(d).double()
        )
        for sample in ("training_labels", "prior_labels"):
            change = getattr(shifted, sample)[:, k] - getattr(model, sample)[:, k]
            assert torch.allclose(change, torch.tensor(d).double())
    torch.testing.assert_close(
        shifted.scaling.to_coordinates(moved),
        model.scaling.to_coordinates(some_labels()),
    )
    back = shifted.shifted({name: -d for name, d in offsets.items()})
    assert torch.equal(back.offsets, model.offsets)
    with pytest.raises(ValueError, match=r"no label age in this model"):
        model.shifted({"age": 1.0})


@pytest.mark.parametrize("broadened", [False, True])
def test_a_saved_model_is_the_same_model(broadened, tmp_path):
    model = small_transfer(broadened=broadened, link="decode", provenance={"seed": 3})
    model = model.shifted({"teff": 10.0})
    loaded = load_model(save_model(model, tmp_path / "transfer.safetensors"))
    assert torch.equal(loaded(some_labels(), SPLIT), model(some_labels(), SPLIT))
    assert loaded.header() == model.header()
    assert torch.equal(loaded.nuisance.sigma, model.nuisance.sigma)
    assert not any(p.requires_grad for p in loaded.networks.parameters())
    again = model.to("cpu")
    assert torch.equal(again(some_labels(), SPLIT), model(some_labels(), SPLIT))


def test_a_narrow_file_is_less_than_half_as_large_and_as_good(tmp_path):
    networks = build_autoencoders(dense_config(len(GRID)), 2).requires_grad_(False)
    prior = Nuisance(("a", "b", "c"), torch.zeros(3), torch.ones(3))
    model = small_transfer(networks=networks, nuisance=prior)
    whole = save_model(model, tmp_path / "whole.safetensors")
    narrow = save_model(model, tmp_path / "small.safetensors", **model.narrow_tensors)
    assert narrow.stat().st_size < 0.5 * whole.stat().st_size
    loaded, labels = load_model(narrow), some_labels(40)
    error = loaded(labels) - model(labels)
    assert 0 < error.abs().max() < 2e-4
    flux = model(labels)
    own = loaded.encode(flux, "obs").z_split - model.encode(flux, "obs").z_split
    assert own.abs().max() < 0.02


def test_a_star_has_a_nuisance_of_its_own(model):
    spectra = spectra_of(model)
    own = model.own_nuisance(spectra)
    flux = torch.tensor(spectra.flux)
    assert torch.equal(own, model.encode(flux, "obs").z_split)
    ivar = np.array(spectra.ivar)
    ivar[:, 5] = 0.0
    wild = np.array(spectra.flux)
    wild[:, 5] = 40.0
    spoilt = model.own_nuisance(spectra.replace(flux=wild, ivar=ivar))
    assert (spoilt - own).abs().max() < 0.1


def test_the_prior_of_the_nuisance_is_that_of_many_observations(model):
    z_split = torch.randn(500, 2, 3, generator=torch.Generator().manual_seed(1))
    z_split[:, 1, 2] = 0.5
    prior = split_prior(z_split)
    assert prior.names == tuple(f"z_split_{k}" for k in range(1, 7))
    torch.testing.assert_close(prior.mean, z_split.flatten(1).mean(0))
    assert (prior.sigma[:5] - 1).abs().max() < 0.1
    assert prior.sigma[5] > 0


def test_spectra_of_another_kind_are_refused_with_a_sentence(model):
    with pytest.raises(
        ValueError, match=r"on vacuum wavelengths, the model expects air"
    ):
        model.own_nuisance(spectra_of(model, medium="vacuum"))
    with pytest.raises(ValueError, match=r"not continuum-normalised.*normalise\(\)"):
        model.own_nuisance(spectra_of(model, normalised=False))
    with pytest.raises(ValueError, match=r"have 100 pixels.*own 140.*match\(\)"):
        model.own_nuisance(spectra_of(model, wavelength=GRID[:100]))
    with pytest.raises(ValueError, match=r"have 140 pixels.*own 140"):
        model.own_nuisance(spectra_of(model, wavelength=GRID + 0.01))


def test_parts_that_do_not_fit_are_refused(model):
    with pytest.raises(ValueError, match=r"link is 'sum', expected difference or"):
        model.with_link("sum")
    short = Payne.from_tensors(
        small_emulator().to_tensors()
        | {
            "weight3": torch.zeros(9, 20),
            "bias3": torch.zeros(9),
            "wavelength": torch.arange(9.0),
        },
        small_emulator().header(),
    )
    with pytest.raises(ValueError, match=r"gives 9 pixels, the networks expect 140"):
        small_transfer(emulator=short)
    lone = model.nuisance._replace(names=("z_split_1",))
    with pytest.raises(ValueError, match=r"has 1 names, expected 2"):
        small_transfer(nuisance=lone)
    with pytest.raises(ValueError, match=r"expected \(n_stars, 4\)"):
        small_transfer(training_labels=torch.zeros(5, 3))
