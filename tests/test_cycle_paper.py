"""The `paper` preset through the trainer: it learns, resumes and becomes a model."""

import copy
import subprocess
import sys

import pytest
import torch

from stellar_gui.models import load_model, save_model
from stellar_gui.training.cycle_settings import PRESETS
from tests.test_cycle_device import STEP
from tests.test_cycle_merged import SLIM, new_trainer

FEW = 20


def slim_trainer(**changes):
    return new_trainer("paper", network=SLIM, **changes)


@pytest.fixture(scope="module")
def trained():
    """A trainer after a few long steps, and the losses it saw."""
    trainer = slim_trainer(learning_rate=3e-3)
    return trainer, [trainer.step() for _ in range(FEW)]


def test_a_few_steps_rebuild_spectra_better(trained):
    _, losses = trained
    for name in ("rec_synth", "rec_obs", "cyc_synth", "cyc_obs"):
        first, last = (
            sum(row[name] for row in rows) / 5 for rows in (losses[:5], losses[-5:])
        )
        assert last < 0.7 * first, name


def test_the_preset_has_the_published_sizes():
    config = PRESETS["paper"].network_config(7167, 0.977, 0.0518)
    assert config["architecture"] == "convolutional"
    assert (config["n_shared"], config["n_split"]) == (25, 4)
    trainer = new_trainer("paper")
    assert trainer.settings.batch_size == 8
    assert trainer.total_steps == 500_000


@pytest.mark.parametrize("moment", [1, 4])
def test_resumed_training_equals_unbroken_training(moment):
    unbroken = slim_trainer()
    expected = [unbroken.step() for _ in range(6)]
    first = slim_trainer()
    found = [first.step() for _ in range(moment)]
    state = copy.deepcopy(first.state_dict())
    second = slim_trainer(seed=99)
    second.load_state_dict(state)
    found += [second.step() for _ in range(6 - moment)]
    assert found == expected
    for ours, theirs in (
        (unbroken.networks, second.networks),
        (unbroken.critics, second.critics),
    ):
        for name, weight in ours.state_dict().items():
            assert torch.equal(weight, theirs.state_dict()[name]), name


@pytest.mark.parametrize("link", ["decode", "difference"])
def test_the_jacobian_of_the_model_is_that_of_its_graph(trained, link):
    """Pushed forward through the windows, against pulled back."""
    model = trained[0].model().with_link(link)
    labels = model.training_labels[:3].clone().requires_grad_()
    mean = model.nuisance.mean.expand(3, -1).clone().requires_grad_()
    flux = model(labels, mean)
    direction = torch.randn(flux.shape, generator=torch.Generator().manual_seed(0))
    (flux * direction).sum().backward()
    pulled = torch.cat([labels.grad, mean.grad], 1)
    pushed = model.jacobian(labels.detach(), mean.detach())
    assert pushed.shape == (3, 300, 3 + len(model.nuisance.names))
    found = torch.einsum("npk,np->nk", pushed.double(), direction.double())
    scale = pulled.abs().amax(0)
    torch.testing.assert_close(found / scale, pulled / scale, atol=1e-3, rtol=0)


def test_the_model_survives_its_file(trained, tmp_path):
    model = trained[0].model()
    again = load_model(save_model(model, tmp_path / "paper.safetensors"))
    labels = model.training_labels[:2]
    with torch.no_grad():
        assert torch.equal(again(labels), model(labels))


def test_a_full_step_stays_on_its_device():
    dense = 'PRESETS["demo"], autocast=False'
    assert STEP.count(dense) == 1
    step = STEP.replace(dense, f'{dense}, architecture="convolutional"')
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", step.replace("LEFT", "''")],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
