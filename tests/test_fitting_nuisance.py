"""Fits of labels and nuisance parameters together."""

import numpy as np
import pytest
import torch

from stellar_gui import Spectra
from stellar_gui.fitting import fit_labels
from stellar_gui.fitting.fit import fitter_of
from stellar_gui.fitting.tables import result_table
from stellar_gui.models import Broadened
from stellar_gui.models.autoencoder import build_autoencoders
from stellar_gui.models.blocks import Nuisance
from stellar_gui.models.convolutional import convolutional_config
from tests.small_transfer import GRID, small_emulator, small_transfer, some_labels

SNR = 500.0


def observed(flux, seed=3):
    rng = np.random.default_rng(seed)
    flux = flux.numpy() + rng.standard_normal(flux.shape) / SNR
    return Spectra(
        GRID, flux, np.full(flux.shape, SNR**2), medium="air", resolution=25000.0
    )


@pytest.fixture(scope="module")
def model():
    return small_transfer()


@pytest.fixture(scope="module")
def split():
    return torch.tensor(np.random.default_rng(8).normal(0, 0.3, (24, 2)))


@pytest.fixture(scope="module")
def stars(model, split):
    return observed(model(some_labels(24), split))


def pulls(result):
    return (result.labels - some_labels(24).numpy()) / result.sigma


def test_labels_through_a_transfer_come_back_with_honest_errors(model, stars):
    result = fit_labels(model, stars, rv_range=0, prior=False)
    good = result.flags == 0
    assert good.sum() > 18
    assert np.median(np.abs(pulls(result)[good])) < 1.2
    assert 0.85 < np.median(result.reduced_chi2) < 1.15
    assert result.n_parameters == 6


def test_the_nuisance_is_reported_with_its_error(model, stars, split):
    result = fit_labels(model, stars, rv_range=0)
    assert result.nuisance_names == ("z_split_1", "z_split_2")
    off = (result.nuisance - split.numpy()) / result.nuisance_sigma
    assert np.median(np.abs(off)) < 1.2
    some = result[3:7]
    assert np.array_equal(some.nuisance, result.nuisance[3:7])
    assert some.nuisance_names == result.nuisance_names
    plain = fit_labels(model.emulator, stars[:2], rv_range=0)
    assert plain.nuisance is None
    assert plain[:1].nuisance_sigma is None


def test_a_held_nuisance_stays_where_it_was_put(model, stars):
    own = fit_labels(model, stars, rv_range=0, nuisance="own")
    np.testing.assert_allclose(own.nuisance, model.own_nuisance(stars), atol=1e-5)
    mean = fit_labels(model, stars, rv_range=0, nuisance="mean")
    np.testing.assert_allclose(
        mean.nuisance, np.broadcast_to(model.nuisance.mean, (24, 2)), atol=1e-6
    )
    assert np.isnan(own.nuisance_sigma).all()
    assert own.n_parameters == mean.n_parameters == 4
    joint = fit_labels(model, stars, rv_range=0)
    assert np.median(joint.chi2) < min(np.median(own.chi2), np.median(mean.chi2))


def test_the_covariance_is_that_of_the_labels_whatever_the_nuisance(model, stars):
    """The block of the inverse, not the inverse of the block."""
    joint = fit_labels(model, stars[:6], rv_range=0, prior=False)
    held = fit_labels(model, stars[:6], rv_range=0, prior=False, nuisance="own")
    for result, precision in ((joint, model.nuisance.sigma**-2), (held, None)):
        at = torch.tensor(result.labels), torch.tensor(result.nuisance)
        jacobian = model.jacobian(*at).double().numpy() * SNR
        if precision is None:
            jacobian = jacobian[:, :, :4]
        hessian = jacobian.transpose(0, 2, 1) @ jacobian
        if precision is not None:
            hessian += np.diag([0, 0, 0, 0, *precision.tolist()])
        expected = np.linalg.inv(hessian)[:, :4, :4]
        sigma = np.sqrt(np.diagonal(expected, axis1=1, axis2=2))
        assert np.median(np.abs(result.sigma / sigma - 1)) < 0.02


def test_the_general_way_finds_what_the_folded_network_finds(model, stars):
    class Unfolded(type(model)):
        def folded(self):
            return None

    general = Unfolded(**{k: getattr(model, k) for k in model.__dataclass_fields__})
    fast = fit_labels(model, stars[:8], rv_range=0)
    slow = fit_labels(general, stars[:8], rv_range=0)
    same = (fast.flags == 0) & (slow.flags == 0)
    assert same.sum() > 5
    off = np.abs(fast.labels - slow.labels) / fast.sigma
    assert np.median(off[same]) < 0.05  # sigmas; fits stop within a tenth
    assert np.median(np.abs(slow.sigma / fast.sigma - 1)[same]) < 0.01


def test_fitted_labels_follow_a_shift_and_nothing_else_does(model, stars):
    shifted = model.shifted({"teff": 64.0, "mg_h": 0.125})
    plain = fit_labels(model, stars, rv_range=0, prior=False)
    moved = fit_labels(shifted, stars, rv_range=0, prior=False)
    change = (moved.labels - plain.labels) / plain.sigma
    expected = np.array([64.0, 0.0, 0.0, 0.125]) / plain.sigma
    assert np.median(np.abs(change - expected)) < 0.01
    np.testing.assert_allclose(moved.chi2, plain.chi2, rtol=1e-3)


def test_broadening_is_fitted_beside_the_labels_and_the_velocity():
    model = Broadened(small_emulator())
    width = torch.tensor(np.random.default_rng(1).uniform(4, 12, (24, 1)))
    stars = observed(model(some_labels(24), width))
    result = fit_labels(model, stars, rv_range=8.0, prior=False)
    good = result.flags == 0
    assert good.sum() > 15
    off = (result.nuisance - width.numpy()) / result.nuisance_sigma
    assert np.median(np.abs(off[good])) < 1.2
    assert np.median(np.abs(pulls(result)[good])) < 1.2
    assert (result.nuisance >= 0).all()
    assert np.median(np.abs(result.rv / result.rv_sigma)) < 1.5


def test_a_fitter_is_kept_until_a_weight_changes():
    model = small_transfer()
    before = fitter_of(model)
    assert fitter_of(model) is before
    model.networks.decoder_obs.bias += 0.01
    after = fitter_of(model)
    assert after is not before
    assert not torch.equal(after.library.flux, before.library.flux)


def test_a_table_has_the_nuisance_beside_the_labels(model, stars):
    result = fit_labels(model, stars[:2], rv_range=0)
    table = result_table(result, stars.ids[:2])
    np.testing.assert_array_equal(table["z_split_2"], result.nuisance[:, 1])
    np.testing.assert_array_equal(table["z_split_2_sigma"], result.nuisance_sigma[:, 1])


@pytest.mark.parametrize("link", ["difference", "decode"])
def test_convolutional_networks_are_fitted_too(link):
    small = {"outer": (2, 3), "inner": (4, 4, 4), "split_inner": (2, 2, 2)}
    config = convolutional_config(len(GRID), n_shared=3, n_split=1, **small)
    networks = build_autoencoders(config, 3).requires_grad_(False).eval()
    n = networks.split_shape.numel()
    prior = Nuisance(
        tuple(f"z_split_{k}" for k in range(n)), torch.zeros(n), torch.ones(n)
    )
    model = small_transfer(networks=networks, nuisance=prior, link=link)
    assert model.folded() is None
    labels, split = some_labels(2), torch.zeros(2, n)
    jacobian = model.jacobian(labels, split)
    assert jacobian.shape == (2, len(GRID), 4 + n)
    result = fit_labels(model, observed(model(labels)), rv_range=0, nuisance="mean")
    if link == "difference":
        assert (np.abs(result.labels - labels.numpy()) < 5 * result.sigma).all()


def test_what_a_model_cannot_do_is_refused(model, stars):
    with pytest.raises(ValueError, match=r"nuisance is 'fixed', expected one of joint"):
        fit_labels(model, stars[:1], nuisance="fixed")
    with pytest.raises(ValueError, match=r"cannot tell broadening from a spectrum"):
        fit_labels(Broadened(small_emulator()), stars[:1], nuisance="own")
