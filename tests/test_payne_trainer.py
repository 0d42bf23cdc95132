"""Training of the Payne: it learns, resumes to the last bit, and says its errors."""

import io

import numpy as np
import pytest
import torch

from stellar_gui import Spectra, fit_labels
from stellar_gui.training.payne import (
    PayneTrainer,
    emulator_errors,
    principal_components,
)
from stellar_gui.training.teacher import fit_teacher, teach
from tests.line_model import LineModel, observed, random_labels

STEPS = 600


def spectra(n, seed, part=1.0):
    model = LineModel()
    labels = random_labels(model, n, seed, part)
    flux = model(torch.tensor(labels)).numpy()
    return Spectra(
        model.wavelength.numpy(),
        flux,
        np.full(flux.shape, 1e8),
        labels=labels,
        label_names=model.label_names,
        medium="air",
        resolution=25000.0,
    )


def new_trainer(**options):
    options = {"steps": STEPS, "n_taught": 2000, **options}
    options = {"n_hidden": 60, "n_components": 12, **options}
    return PayneTrainer(spectra(300, 0), spectra(80, 1), **options)


@pytest.fixture(scope="module")
def trained():
    trainer = new_trainer()
    for _ in range(STEPS):
        trainer.step()
    return trainer


def test_training_reaches_a_small_error_on_held_out_spectra(trained):
    before, after = new_trainer().validate(), trained.validate()
    assert after["score"] < 0.1 * before["score"]
    assert after["rms_deep"] < 0.01
    assert set(after) == {"score", "p99", "rms", "rms_deep"}


def test_the_model_is_the_network_it_was_trained_as(trained):
    model, held_out = trained.model(), spectra(80, 1)
    predicted = model(torch.tensor(held_out.labels))
    mean, basis, scale = trained.components
    scaled = trained.network.output(
        trained.network.hidden(
            model.scaling.to_coordinates(torch.tensor(held_out.labels)).float()
        ).activation
    )
    torch.testing.assert_close(
        predicted, (mean + scale * scaled @ basis).detach(), atol=2e-6, rtol=0
    )
    errors = emulator_errors(predicted, torch.tensor(held_out.flux))
    assert errors["score"] == pytest.approx(trained.validate()["score"], rel=1e-3)
    assert model.medium == "air"
    assert model.resolution == 25000.0
    assert model.provenance["steps"] == STEPS
    assert model.provenance["training_ids"] == [str(k) for k in range(300)]
    assert model.provenance["errors"]["score"] < 0.002


def test_the_model_knows_its_own_error(trained):
    model, fresh = trained.model(), spectra(300, 7)
    residual = torch.tensor(fresh.flux) - model(torch.tensor(fresh.labels))
    assert float((residual**2).mean()) == pytest.approx(
        float(model.flux_covariance.variance.mean()), rel=0.5
    )


def test_stars_are_fitted_with_the_trained_model(trained):
    truth = LineModel()
    labels = random_labels(truth, 40, seed=5, part=0.7)
    result = fit_labels(trained.model(), observed(truth, labels, snr=150.0))
    z = (result.labels - labels) / result.sigma
    spread = 1.4826 * np.median(np.abs(z), 0)
    assert (spread > 0.6).all()
    assert (spread < 1.5).all()


def test_resumed_training_equals_unbroken_training():
    unbroken = new_trainer(steps=40)
    expected = [unbroken.step()["loss"] for _ in range(40)]
    first = new_trainer(steps=40)
    losses = [first.step()["loss"] for _ in range(17)]
    stored = io.BytesIO()
    torch.save(first.state_dict(), stored)
    stored.seek(0)
    second = new_trainer(steps=40, seed=99)
    second.load_state_dict(torch.load(stored, weights_only=True))
    losses += [second.step()["loss"] for _ in range(23)]
    assert losses == expected
    assert all(
        torch.equal(a, b) for a, b in zip(unbroken.network, second.network, strict=True)
    )


def test_a_state_is_not_changed_by_further_steps():
    trainer = new_trainer(steps=20, n_taught=0)
    trainer.step()
    state = trainer.state_dict()
    before = state["network"][0].clone()
    trainer.step()
    assert torch.equal(state["network"][0], before)


def test_the_seed_decides_everything():
    runs = [
        [trainer.step()["loss"] for _ in range(5)]
        for trainer in (new_trainer(seed=seed, n_taught=0) for seed in (3, 3, 4))
    ]
    assert runs[0] == runs[1] != runs[2]


@pytest.mark.parametrize("n_stars", [60, 20])
def test_components_rebuild_the_spectra(n_stars):
    rng = torch.Generator().manual_seed(0)
    flux = 1 + torch.randn(n_stars, 4, generator=rng) @ torch.randn(
        4, 40, generator=rng
    )
    mean, basis, _ = principal_components(flux, 4)
    torch.testing.assert_close(basis @ basis.T, torch.eye(4), atol=1e-5, rtol=0)
    rebuilt = mean + (flux - mean) @ basis.T @ basis
    torch.testing.assert_close(rebuilt, flux, atol=1e-4, rtol=0)
    assert (basis.amax(1) >= -basis.amin(1)).all()


def test_the_teacher_knows_spectra_between_those_of_the_grid():
    inputs = torch.rand(300, 3, generator=torch.Generator().manual_seed(0)) - 0.5
    surface = lambda x: torch.stack(  # noqa: E731
        [torch.sin(4 * x[:, 0]) + x[:, 1], torch.exp(x[:, 0]), x[:, 1] ** 2], 1
    )
    teacher = fit_teacher(inputs, surface(inputs))
    lesson = teach(teacher, inputs, surface(inputs), 500, seed=1)
    assert lesson.inputs.shape == (1100, 3)
    asked = lesson.inputs.abs().amax(1) < 0.45
    error = (lesson.targets - surface(lesson.inputs))[asked].abs().max()
    assert error < 0.03
    lengths = teacher[0].log_lengths
    assert lengths[2] > lengths[0] + 0.5  # nothing depends on the third label


def test_unusable_spectra_are_refused():
    good, labels = spectra(20, 0), spectra(20, 0).labels.copy()
    labels[3, 1] = np.nan
    with pytest.raises(ValueError, match=r"1 spectra have a label that is not finite"):
        PayneTrainer(good.replace(labels=labels), good)
    with pytest.raises(ValueError, match=r"not normalised; the Payne is trained on"):
        PayneTrainer(good.replace(normalised=False), good)
    with pytest.raises(ValueError, match=r"'logg' is not available"):
        PayneTrainer(good, good, label_names=("teff", "logg"))
