"""Devices: chosen by name, refused with a sentence where they are not there."""

import pytest
import torch

from stellar_gui.training.device import choose_device


def test_auto_gives_a_device_that_works():
    device = choose_device("auto")
    assert torch.ones(2, device=device).sum().item() == 2


@pytest.mark.parametrize("name", ["gpu", "cpu:1", "cuda:x", ""])
def test_unknown_device_is_refused(name):
    with pytest.raises(ValueError, match="expected one of auto, cpu, cuda, mps"):
        choose_device(name)


@pytest.mark.parametrize(
    ("name", "module"), [("cuda", torch.cuda), ("mps", torch.backends.mps)]
)
def test_missing_device_says_what_to_do(name, module, monkeypatch):
    monkeypatch.setattr(module, "is_available", lambda: False)
    with pytest.raises(ValueError, match=f"finds no {name} device. Choose 'cpu'"):
        choose_device(name)


def test_gpu_beyond_the_last_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ValueError, match="has 1 GPUs"):
        choose_device("cuda:1")
