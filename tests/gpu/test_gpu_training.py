"""Every trainer on a GPU: the losses of the CPU, resumed on either, and how fast."""

import time

import numpy as np
import pytest

from stellar_gui.models import save_model
from stellar_gui.training.start import prepare, start
from tests.tiny_survey import TINY_PAYNE, write_tiny_survey

STEPS = {"cannon": 4, "payne": 60, "cycle-starnet": 30}
TOLERANCE = {"cannon": 1e-9, "payne": 1e-3, "cycle-starnet": 0.05}
"""Of the losses, relative: 64-bit numbers, 32-bit ones, products in bfloat16."""


@pytest.fixture(scope="module")
def config_of(tmp_path_factory):
    """Return what a run of a method is asked for."""
    folder = tmp_path_factory.mktemp("data")
    survey = write_tiny_survey(folder / "survey.h5")
    start_of = {"data": str(survey), "seed": 1, "device": "cpu"}
    payne = TINY_PAYNE | {"steps": STEPS["payne"]}
    taught = prepare({"method": "payne", **start_of, "options": payne}).trainer
    for _ in range(STEPS["payne"]):
        taught.step()
    emulator = save_model(taught.model(), folder / "payne.safetensors")
    options = {
        "cannon": {"order": 1, "steps": STEPS["cannon"]},
        "payne": payne,
        "cycle-starnet": {"emulator": str(emulator), "steps": STEPS["cycle-starnet"]},
    }

    def config(method):
        return {"method": method, **start_of, "options": options[method]}

    return config


def losses(trainer, count):
    return [trainer.step() for _ in range(count)]


def assert_close(got, expected, method):
    for one, other in zip(got, expected, strict=True):
        assert one.keys() == other.keys()
        values = [list(losses.values()) for losses in (one, other)]
        np.testing.assert_allclose(*values, rtol=TOLERANCE[method], atol=1e-6)


@pytest.mark.parametrize("method", STEPS)
def test_losses_are_those_of_the_cpu(config_of, device, method):
    config, count = config_of(method), min(STEPS[method], 12)
    there, here = (losses(prepare(config, d).trainer, count) for d in (device, "cpu"))
    assert_close(there, here, method)


@pytest.mark.parametrize("method", STEPS)
@pytest.mark.parametrize("to_gpu", [True, False])
def test_training_goes_on_on_the_other_device(config_of, device, method, to_gpu):
    """Also through a file, which is what a run does."""
    config, places = config_of(method), ["cpu", device]
    first, second = (prepare(config, d).trainer for d in places[:: 1 if to_gpu else -1])
    losses(first, 2)
    second.load_state_dict(first.state_dict())
    assert_close(losses(second, 2), losses(first, 2), method)


@pytest.mark.parametrize("method", STEPS)
def test_a_run_is_resumed_to_the_last_bit_on_the_gpu(
    config_of, device, method, tmp_path
):
    config = config_of(method)
    asked = {"data": config["data"], "device": device, **config["options"]}
    run = start(method, run=tmp_path / "run", **asked)
    assert run.status().state == "finished"
    assert run.status().device.startswith(device.partition(":")[0])
    halfway = run.kept.steps()[-3]
    first, second = (prepare(config, device).trainer for _ in range(2))
    for trainer in (first, second):
        trainer.load_state_dict(run.load(halfway)["trainer"])
    left = STEPS[method] - halfway
    assert losses(first, left) == losses(second, left)


@pytest.mark.parametrize("method", STEPS)
def test_a_model_trained_on_the_gpu_can_be_saved_and_used(
    config_of, device, method, tmp_path
):
    trainer = prepare(config_of(method), device).trainer
    losses(trainer, 2)
    assert np.isfinite(list(trainer.validate().values())).all()
    save_model(trainer.model(), tmp_path / "model.safetensors")


@pytest.mark.parametrize("method", STEPS)
def test_throughput_is_reported(config_of, device, method, capsys):
    rates = {}
    for place in ("cpu", device):
        trainer = prepare(config_of(method), place).trainer
        trainer.step()
        began = time.perf_counter()
        losses(trainer, STEPS[method] - 1)
        rates[place] = (STEPS[method] - 1) / (time.perf_counter() - began)
    with capsys.disabled():
        told = ", ".join(f"{rate:.3g} steps/s on {p}" for p, rate in rates.items())
        print(f"\n{method}: {told}")
    assert min(rates.values()) > 0
