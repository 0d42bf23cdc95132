"""A star and the latents as a model saw them at a checkpoint."""

import numpy as np
import torch

from stellar_gui.spectra import Spectra
from stellar_gui.training.seen import latent_map, see

from .small_survey import small_cannon, small_survey
from .small_transfer import small_transfer


def _observed(model, n_stars=6):
    """Spectra that the model itself makes, at S/N 100."""
    labels = model.training_labels[:n_stars]
    with torch.no_grad():
        flux = model(labels).numpy().astype(float)
    rng = np.random.default_rng(2)
    return Spectra(
        model.wavelength.numpy(),
        flux + 0.01 * rng.normal(size=flux.shape),
        np.full(flux.shape, 1e4),
        medium=model.medium,
        resolution=model.resolution,
    )


def test_a_model_without_latents_is_seen_by_its_fit_alone():
    model, survey = small_cannon(), small_survey(3)
    seen = see(model, survey[0])
    assert seen.physics is None
    assert seen.flux.shape == (survey.n_pixels,)
    assert 0.5 < seen.reduced_chi2 < 2
    assert latent_map(model, survey) is None


def test_a_transfer_is_seen_beside_the_physics_it_starts_from():
    model = small_transfer()
    observed = _observed(model)
    seen = see(model, observed[0])
    assert np.nanmax(np.abs(seen.flux - seen.physics)) > 1e-4
    np.testing.assert_allclose(seen.flux.shape, seen.physics.shape)


def test_both_domains_share_one_map_of_two_components():
    model = small_transfer()
    found = latent_map(model, _observed(model))
    assert set(found) == {"obs", "synth"}
    assert found["obs"].shape == (6, 2)
    both = np.concatenate(list(found.values()))
    np.testing.assert_allclose(both.mean(0), 0, atol=1e-5)
    assert both[:, 0].std() >= both[:, 1].std()
