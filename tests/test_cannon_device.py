"""The Cannon's step on an accelerator that computes nothing.

As in `test_payne_device`: without kernels, under `FakeTensorMode`, in a process of its
own, a tensor that was left on the CPU is noticed. What depends on values, such as which
pixels go on, is left to the GPU tests.
"""

import subprocess
import sys

STEP = """
import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

from stellar_gui.models.pixel_regression import Design, PixelRegression
from stellar_gui.models.polynomial import Polynomial

_setup_privateuseone_for_python_backend("fakegpu")
polynomial = Polynomial(3, 2)
mode = FakeTensorMode()
tables = polynomial.factors, polynomial._selects, *polynomial.products
factors, selects, *products = (mode.from_tensor(table) for table in tables)
vars(polynomial).update(factors=factors, _selects=selects, products=products)
with mode:
    on = {"device": "fakegpu", "dtype": torch.float64}
    regression = object.__new__(PixelRegression)
    regression.dtype, regression.tolerance = torch.float64, 1e-3
    regression.flux = torch.rand(20, 50, device="fakegpu")
    regression.ivar = torch.rand(20, 50, device="fakegpu")
    regression.design = Design.of(polynomial, torch.randn(50, 3, **on))
    regression.n_good = torch.full((20,), 50.0, **on)
    regression.theta = torch.zeros(20, 10, **on)
    regression.variance = torch.zeros(20, dtype=torch.float64, device=DEVICE)
    regression.noise_ratio = torch.zeros(20, **on)
    goes_on = regression._step_block(torch.arange(20, device="fakegpu"))
    assert goes_on.device.type == "fakegpu"
    assert regression.theta.device.type == "fakegpu"
    assert goes_on.shape == (20,)
"""


def run(device):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", STEP.replace("DEVICE", repr(device))],
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_a_step_stays_on_its_device():
    done = run("fakegpu")
    assert done.returncode == 0, done.stderr


def test_a_scatter_left_behind_would_be_noticed():
    done = run("cpu")
    assert done.returncode != 0
    assert "device" in done.stderr.lower()
