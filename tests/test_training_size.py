"""What a training learns is told exactly, and its memory within a factor of two."""

import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from stellar_gui import Spectra
from stellar_gui.io import write_spectra
from stellar_gui.models import save_model
from stellar_gui.models.autoencoder import build_autoencoders
from stellar_gui.models.critics import build_critics
from stellar_gui.models.payne import untrained
from stellar_gui.training import gaussian_process
from stellar_gui.training.cannon import CannonTrainer
from stellar_gui.training.cycle_settings import PRESETS
from stellar_gui.training.cycle_size import cycle_starnet_size
from stellar_gui.training.launch import _environment
from stellar_gui.training.options import with_defaults
from stellar_gui.training.payne import PayneTrainer
from stellar_gui.training.size import PROGRAM, SIZES, SUBSET, DataSize
from stellar_gui.views.training_data import held
from stellar_gui.views.training_size import size_facts, size_of
from tests.small_survey import noise_free, small_survey

FACTOR = 2.0  # between the memory that is told and what a process takes
SIZES = SIZES | {"cycle-starnet": cycle_starnet_size}


def size(method, data, **options):
    return SIZES[method](with_defaults(method, options), data)


def data_of(training, validation):
    counts = len(training), len(validation)
    return DataSize(*counts, training.n_pixels, len(training.label_names))


@pytest.mark.parametrize("order", [1, 2, 3])
def test_every_number_of_a_cannon_is_counted(order):
    stars = small_survey(140)
    trainer = CannonTrainer(stars[:120], stars[120:], order=order)
    trainer.step()
    model = trainer.preview()
    told = size("cannon", data_of(stars[:120], stars[120:]), order=order)
    assert told.parameters == model.theta.numel() + model.scatter.numel()


@pytest.mark.parametrize("components", [12, 150])  # fewer, and more, than the stars
def test_every_weight_of_a_payne_is_counted(components):
    stars = small_survey(60)
    stars = stars.replace(flux=noise_free(stars.labels))
    trainer = PayneTrainer(
        stars[:50], stars[50:], n_hidden=24, n_components=components, n_taught=0
    )
    told = size(
        "payne", data_of(stars[:50], stars[50:]), hidden=24, components=components
    )
    assert told.parameters == sum(part.numel() for part in trainer.network)


def test_the_teacher_takes_the_likelihood_of_as_many_stars_as_are_counted():
    assert gaussian_process._SUBSET == SUBSET


@pytest.mark.parametrize("preset", ["demo", "paper"])
@pytest.mark.parametrize("n_pixels", [300, 2117, 7167])
def test_every_weight_of_a_cycle_starnet_is_counted(preset, n_pixels):
    config = PRESETS[preset].network_config(n_pixels, 1.0, 0.05)
    built = [
        *build_autoencoders(config).parameters(),
        *build_critics(config).parameters(),
    ]
    told = size("cycle-starnet", DataSize(100, 10, n_pixels, 3), preset=preset)
    assert told.parameters == sum(part.numel() for part in built)


def test_only_the_labels_that_are_asked_for_count():
    data = DataSize(100, 10, 50, 3)
    assert size("cannon", data, labels=["teff"], order=1).parameters == 50 * 3
    assert size("cannon", data, order=1).parameters == 50 * 5


# ---- memory, as processes take it


_WORKER = """
import json, re, sys
from pathlib import Path
import psutil, torch
from stellar_gui.training import cycle_starnet
from stellar_gui.training.config import new_config
from stellar_gui.training.start import prepare
torch.linalg.eigh(torch.eye(2).double())  # brings its library
before = psutil.Process().memory_info().rss
method, data, options = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
trainer = prepare(new_config(method, data, options)).trainer
for start in getattr(trainer, "phase_starts", (0,)):
    trainer.steps_done = start
    if start:
        trainer._tie_when_due()
    trainer.step()
trainer.validate()
kept = trainer.state_dict(), trainer.model()
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(before, int(peak[1]) * 1024 - before)
"""


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    """900 spectra of 2000 pixels, noise-free, and an emulator of such."""
    folder = tmp_path_factory.mktemp("size")
    rng = np.random.default_rng(0)
    wavelength = np.linspace(5000, 5100, 2000)
    labels = np.column_stack([rng.uniform(4500, 6500, 900), rng.uniform(-1, 0.3, 900)])
    depth = 0.3 + 0.1 * labels[:, 1:] + (labels[:, :1] - 5500) / 2e4
    flux = 1 - depth * (np.sin(wavelength) > 0.9)
    ivar = np.full(flux.shape, 1e6)
    names = ("teff", "fe_h")
    spectra = Spectra(wavelength, flux, ivar, labels=labels, label_names=names)
    emulator = untrained(names, labels, wavelength, n_hidden=32)
    # such as a trained one carries, for synthetic stars to be drawn from
    emulator = emulator.from_tensors(
        emulator.to_tensors() | {"training_labels": emulator.label_ranges.T.clone()},
        emulator.header(),
    )
    save_model(emulator, folder / "payne.safetensors")
    return write_spectra(folder / "grid.h5", spectra)


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="Linux tells peaks")
@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("cannon", {"order": 2}),
        ("payne", {"taught": 300, "components": 4}),
        ("cycle-starnet", {}),
        ("cycle-starnet", {"preset": "paper"}),
    ],
)
def test_memory_is_told_within_a_factor_of_two(grid, method, options):
    if method == "cycle-starnet":
        options = options | {"emulator": str(grid.with_name("payne.safetensors"))}
    asked = {"seed": 1, "device": "cpu", "threads": 1, **options}
    done = subprocess.run(
        [sys.executable, "-c", _WORKER, method, str(grid), json.dumps(asked)],
        capture_output=True,
        text=True,
        env=_environment(1),
    )
    assert not done.returncode, done.stderr
    program, taken = map(int, done.stdout.split())
    told = size(method, held(grid).size, **options)
    expected = told.memory - PROGRAM
    words = f"{taken / 1e6:.0f} MB taken, {expected / 1e6:.0f} MB told"
    assert 1 / FACTOR < expected / taken < FACTOR, words
    assert 1 / FACTOR < PROGRAM / program < FACTOR


_LARGE = """
import re, torch
from pathlib import Path
from stellar_gui.training.gaussian_process import _kernel
inputs = torch.rand(3700, 3, dtype=torch.double)
lengths = torch.zeros(3, dtype=torch.double)
kept = [_kernel(inputs, inputs, lengths, lengths)[0].clone() for _ in range(4)]
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(int(peak[1]) * 1024 / (3700**2 * 8))
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="Linux tells peaks")
def test_a_worker_gives_back_what_large_blocks_took():
    """In kernels of 110 MB: nine live at once, with the program; gaps made it 20."""
    done = subprocess.run(
        [sys.executable, "-c", _LARGE],
        capture_output=True,
        text=True,
        env=_environment(1),
    )
    assert float(done.stdout) < 13, done.stderr


# ---- as the form says it


def test_the_form_says_what_is_learnt_and_what_it_takes(grid):
    told = size_of("payne", {}, held(grid).size, None)
    (_, learnt, exactly), (_, memory, parts) = size_facts(told)
    assert learnt == "136\u2009350"
    assert exactly == "136\u2009350 are learnt"
    assert re.fullmatch(r"about [\d.]+ of [\d.]+ GB", memory)
    assert parts.startswith(
        "An estimate, within a factor of two on a CPU: the program 296 MB,"
    )
    gpu = SimpleNamespace(memory=24 * 2**30)
    _, memory, parts = size_facts(told, gpu)[1]
    assert memory.endswith(" of 24 GB")
    assert "program" not in parts  # which a GPU does not hold


def test_what_is_not_known_is_not_told(grid):
    assert size_of("payne", {}, None, None) is None  # of data that are not read
    assert size_of("cycle-starnet", {}, held(grid).size, None) is None  # not imported
    assert [row[1] for row in size_facts(None)] == ["—", "—"]
    short = DataSize(100, 10, 20, 3)  # which convolutions cannot take
    paper = {"preset": "paper"}
    assert size_of("cycle-starnet", paper, short, cycle_starnet_size) is None


def test_the_sizes_are_told_without_torch():
    code = (
        "import sys\n"
        "from stellar_gui.views.training_size import size_facts, size_of\n"
        "from stellar_gui.training.size import DataSize\n"
        "size_facts(size_of('payne', {}, DataSize(100, 10, 50, 3), None))\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
