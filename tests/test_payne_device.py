"""The training step on an accelerator that computes nothing, for want of a real one.

A device without kernels under `FakeTensorMode` raises where a tensor is left on the
CPU. In a process of its own: a back end is registered once for all.
"""

import subprocess
import sys

STEP = """
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

from stellar_gui.models.blocks import LabelScaling, Network
from stellar_gui.training.payne import update

_setup_privateuseone_for_python_backend("fakegpu")
with FakeTensorMode():
    with torch.device("fakegpu"):
        shapes = [(30, 5), (30,), (30, 30), (30,), (12, 30), (12,)]
        network = Network(*(torch.randn(s).requires_grad_() for s in shapes))
        labels = torch.randn(16, 5, dtype=torch.float64)
        scaling = LabelScaling(torch.eye(5).double(), labels[0], labels[1])
        targets = torch.randn(16, 12, device=DEVICE)
    optimizer = torch.optim.AdamW(list(network))
    inputs = scaling.to_coordinates(labels).float()
    loss = update(network, optimizer, inputs, targets)
    jacobian = network.hidden_jacobian(network.hidden(inputs))
    assert loss.device.type == jacobian.device.type == "fakegpu"
    assert all(p.grad.device.type == "fakegpu" for p in network)
"""


def run(device):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", STEP.replace("DEVICE", repr(device))],
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_a_training_step_stays_on_its_device():
    done = run("fakegpu")
    assert done.returncode == 0, done.stderr


def test_a_batch_left_behind_would_be_noticed():
    done = run("cpu")
    assert done.returncode != 0
    assert "device" in done.stderr.lower()
