"""Devices: chosen by name, refused with a sentence where they are not there."""

import pytest
import torch

from stellar_gui.training import Run, train
from stellar_gui.training.device import choose_device, devices, is_out_of_memory
from tests.line_trainer import LineTrainer


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


def test_auto_prefers_cuda_then_mps_then_the_cpu(monkeypatch):
    there = {"cuda": True, "mps": True}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there["cuda"])
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: there["mps"])
    assert choose_device().type == "cuda"
    there["cuda"] = False
    assert choose_device().type == "mps"
    assert choose_device(double=True).type == "cpu"
    with pytest.raises(ValueError, match="32 bits at most, and this method needs 64"):
        choose_device("mps", double=True)
    there["mps"] = False
    assert choose_device().type == "cpu"


def test_devices_that_are_missing_are_listed_with_the_reason(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    cuda, mps, cpu = devices()
    assert not cuda.usable
    assert cuda.reason
    assert not mps.usable
    assert mps.reason
    assert cpu.usable
    assert cpu.memory is None or cpu.memory > cpu.free > 0


def test_a_gpu_that_does_not_compute_is_listed_with_the_reason(monkeypatch):
    def refuse(*arguments, device):
        raise RuntimeError("no kernel image is available\nmore")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda number: "Old GPU")
    monkeypatch.setattr(torch, "ones", refuse)
    found = devices()[0]
    assert (found.name, found.title, found.usable) == ("cuda:0", "Old GPU", False)
    assert found.reason == "it does not compute: no kernel image is available"


class GreedyTrainer(LineTrainer):
    """Runs out of memory with more than 12 spectra, from its fourth step on."""

    batch_size = 100
    fits = 12

    def __init__(self):
        super().__init__()
        self.asked = []

    def step(self):
        self.asked.append(self.batch_size)
        if len(self.asked) > 3 and self.batch_size > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB")
        return super().step()


def test_out_of_memory_is_answered_with_the_batch_size_that_fits(tmp_path):
    run, trainer = Run.create(tmp_path / "run", {}), GreedyTrainer()
    with pytest.raises(MemoryError, match=r"The batch size is 100; 12 fits"):
        train(trainer, run)
    assert trainer.asked == [100, 100, 100, 100, 50, 25, 12]
    status = run.status()
    assert status.state == "failed"
    assert "cpu has too little memory for a step (CUDA out of memory." in status.message
    assert status.fitting_batch == 12
    assert run.load()["step"] == 3


def test_where_not_even_one_spectrum_fits_that_is_said(tmp_path):
    trainer = GreedyTrainer()
    trainer.fits = 0
    run = Run.create(tmp_path / "run", {})
    with pytest.raises(MemoryError, match="Not even one spectrum fits"):
        train(trainer, run)
    assert run.status().fitting_batch is None


def test_a_method_without_batches_is_told_to_take_less(tmp_path):
    class Whole(LineTrainer):
        def step(self):
            raise MemoryError

    with pytest.raises(MemoryError, match="Use fewer spectra, or another device"):
        train(Whole(), Run.create(tmp_path / "run", {}))


def test_other_faults_are_not_taken_for_want_of_memory():
    assert is_out_of_memory(RuntimeError("[enforce] not enough memory: you tried"))
    assert not is_out_of_memory(RuntimeError("a matrix is singular"))
    assert not is_out_of_memory(ValueError("out of memory"))
