"""The full step of Cycle-StarNet on an accelerator that computes nothing.

As in `test_payne_device`: without kernels, under `FakeTensorMode`, in a process of its
own, every tensor that was left on the CPU is noticed.
"""

import subprocess
import sys

import pytest
import torch

from stellar_gui.training.cycle_data import LabelSource
from tests.cycle_mock import trained_emulator

STEP = """
import dataclasses

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

from stellar_gui.models.autoencoder import Autoencoders, build_autoencoders
from stellar_gui.models.critics import build_critics
from stellar_gui.training.cycle_settings import PRESETS
from stellar_gui.training.cycle_step import (
    Batch, critic_losses, forward, frozen, generator_losses, pretraining_losses,
)
from stellar_gui.training.cycle_starnet import update

_setup_privateuseone_for_python_backend("fakegpu")
settings = dataclasses.replace(PRESETS["demo"], autocast=False)

class SingleOnly(TorchDispatchMode):
    # it refuses 64-bit numbers on the device, as MPS does
    def __torch_dispatch__(self, function, types, arguments=(), options=None):
        made = function(*arguments, **(options or {}))
        for each in tree_leaves(made):
            if isinstance(each, torch.Tensor) and each.device.type == "fakegpu":
                assert each.dtype is not torch.float64, function
        return made


with FakeTensorMode(), SingleOnly():
    with torch.device("fakegpu"):
        config = settings.network_config(300, 0.97, 0.05)
        networks, critics = build_autoencoders(config), build_critics(config)
        flux = lambda: torch.rand(4, 300)
        noise = 0.1 * torch.randn(4, *networks.split_shape)
        parts = {"flux_synth": flux(), "flux_moved": flux(), "flux_obs": flux()}
        parts |= {"weights_obs": flux(), "split_noise": noise}
    if LEFT == "double":
        parts["weights_obs"] = parts["weights_obs"].double()
    elif LEFT in parts:
        parts[LEFT] = torch.rand(*parts[LEFT].shape, device="cpu")
    elif LEFT:
        with torch.device("cpu"):
            setattr(networks, LEFT, getattr(build_autoencoders(config), LEFT))
    batch = Batch(**parts)
    adam = lambda part: torch.optim.Adam(part.parameters(), fused=True)
    generator, critic = adam(networks), adam(critics)
    total, told = pretraining_losses(networks, batch, settings)
    update(generator, total)
    networks.tie_domains()
    passed = forward(networks, batch, settings.link)
    with frozen(critics):
        total, more = generator_losses(critics, passed, batch, settings)
    update(generator, total)
    told |= more
    total, more = critic_losses(critics, passed, settings)
    update(critic, total)
    told |= more
    assert {"jacobian", "gradient_penalty_obs", "adv_synth"} <= set(told)
    assert all(loss.device.type == "fakegpu" for loss in told.values())
    for part in (networks, critics):
        assert all(p.grad.device.type == "fakegpu" for p in part.parameters())
    generator.load_state_dict(generator.state_dict())
    networks.load_state_dict(networks.state_dict())
"""


def run(left=""):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", STEP.replace("LEFT", repr(left))],
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_a_full_step_stays_on_its_device():
    done = run()
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("left", ["weights_obs", "decoder_obs"])
def test_what_is_left_behind_would_be_noticed(left):
    done = run(left)
    assert done.returncode != 0
    assert "on the same device" in done.stderr


def test_64_bit_numbers_on_the_device_would_be_noticed():
    """MPS has none; labels, which need them, are turned into spectra elsewhere."""
    done = run("double")
    assert done.returncode != 0
    assert "AssertionError" in done.stderr


def test_where_there_are_no_64_bit_numbers_spectra_are_made_on_the_cpu(monkeypatch):
    emulator = trained_emulator()
    monkeypatch.setattr(torch.Tensor, "to", _as_on_mps(torch.Tensor.to))
    source = LabelSource.of(emulator, None, "mps")
    assert source.labels.dtype == torch.float64
    flux = source.spectra(torch.arange(4), torch.zeros(4, 3, dtype=torch.float64))
    assert flux.shape == (8, len(emulator.wavelength))
    assert [dtype for dtype, device in _as_on_mps.moved if device == "mps"] == [
        torch.float32
    ]


def _as_on_mps(to):
    """`Tensor.to` of a machine with MPS, which leaves everything on the CPU."""
    _as_on_mps.moved = moved = []

    def moving(tensor, *where, **options):
        if where and str(where[0]) == "mps":
            moved.append((tensor.dtype, "mps"))
            return tensor
        return to(tensor, *where, **options)

    return moving
