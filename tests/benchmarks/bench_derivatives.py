"""How long do derivatives, limits and answers of the Elements page take?

Flux and exact derivatives by all labels at one star: of the models that ship, with the
star's own nuisance, and of models of other kinds built on the sample's Payne. Then what
is made of them, at 25 labels, also on 8575 pixels. Time of one core, best of five.
Bars: 200 ms for derivatives, 20 ms for limits, which a slider asks for, 150 ms for the
rest.
"""

import os
import sys
import time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
import torch

from stellar_gui import load_model, paths, read_spectra
from stellar_gui.analysis.element_map import element_map
from stellar_gui.analysis.fisher import information
from stellar_gui.analysis.line_answer import answer
from stellar_gui.analysis.linear_response import linear_shifts
from stellar_gui.analysis.nearby_lines import star_lines
from stellar_gui.analysis.perturbations import flux_change
from stellar_gui.analysis.sensitivity import own_nuisance, sensitivity
from stellar_gui.experiments.recalibrated import Recalibrated
from stellar_gui.models.blocks import LabelScaling, Network
from stellar_gui.models.broadened import Broadened
from stellar_gui.models.payne import Payne
from stellar_gui.synthesis.lines import bundled_lines

MODELS = ("cannon", "payne", "cycle_starnet")
BARS = {"derivatives": 200.0, "limits": 20.0, "rest": 150.0}  # ms
REPEATS = 5
WIDE = 8575  # pixels, as many as an APOGEE spectrum has


class Automatic:
    """A model without a Jacobian of its own: the forward mode has to do it all."""

    def __init__(self, model):
        self.label_names, self.wavelength = model.label_names, model.wavelength
        self.label_ranges, self.medium = model.label_ranges, model.medium
        self._model = model

    def __call__(self, labels):
        return self._model(labels)


def milliseconds(function, *arguments, **options) -> float:
    """Time of one core that a call takes, best of a few: others may be busy."""
    times = []
    for _ in range(REPEATS):
        started = time.process_time()
        function(*arguments, **options)
        times.append(1e3 * (time.process_time() - started))
    return min(times)


def other_kinds(payne) -> dict:
    """Models of other kinds with the weights of a Payne."""
    kept = [k for k, name in enumerate(payne.label_names) if name != "vbroad"]
    net, names = payne.network, tuple(payne.label_names[k] for k in kept)
    narrow = Payne(
        net._replace(weight1=net.weight1[:, kept].contiguous()),
        LabelScaling.from_labels(payne.training_labels[:, kept], names),
        names,
        payne.label_ranges[kept],
        payne.wavelength,
        payne.medium,
        payne.resolution,
    )
    return {
        "broadened (24 labels)": Broadened(narrow),
        "recalibrated": Recalibrated.unchanged(payne),
        "any other, forward mode": Automatic(payne),
    }


def wide_payne(payne) -> Payne:
    """A Payne with as many pixels as an APOGEE spectrum, its last layer repeated."""
    times = -(-WIDE // len(payne.wavelength))
    net = payne.network
    grid = torch.tensor(15100.0 * np.exp(np.arange(WIDE) * 1.4e-5))
    return Payne(
        Network(
            *net[:4],
            net.weight3.repeat(times, 1)[:WIDE],
            net.bias3.repeat(times)[:WIDE],
        ),
        payne.scaling,
        payne.label_names,
        payne.label_ranges,
        grid,
    )


def main() -> None:
    """Print all times; exit with a sentence where a bar is missed."""
    torch.set_num_threads(1)
    folder, rows = paths.sample_data(), []
    star = read_spectra(folder / "survey" / "observed.h5")[5]
    models = {n: load_model(folder / "models" / f"{n}.safetensors") for n in MODELS}
    payne = models["payne"]
    models |= other_kinds(payne) | {f"payne, {WIDE} pixels": wide_payne(payne)}
    for name, model in models.items():
        labels = star.with_labels(model.label_names).labels[0]
        nuisance = own_nuisance(model, star)
        took = milliseconds(sensitivity, model, labels, nuisance)
        rows.append((f"derivatives, {name}", took, BARS["derivatives"]))
    for model in (payne, models[f"payne, {WIDE} pixels"]):
        rows += of_sensitivity(model, star)
    for title, took, bar in rows:
        print(f"{title:<44}{took:8.1f} ms, bar {bar:.0f}")
    print(f"best of {REPEATS}, load average {os.getloadavg()[0]:.2f}")
    if missed := [title for title, took, bar in rows if took > bar]:
        sys.exit(f"too slow: {', '.join(missed)}")


def of_sensitivity(model, star):
    """Times of all that is made of derivatives: title, ms, bar."""
    labels = star.with_labels(model.label_names).labels[0]
    found = sensitivity(model, labels)
    ivar = np.full(len(found.wavelength), 1e4)
    unknown = {"velocity": True, "continuum_degree": 2}
    known = information(found, ivar, **unknown)
    change = flux_change("tilt", 0.005, found.wavelength, found.flux)
    by_name = dict(zip(model.label_names, labels.tolist(), strict=True))
    lines = star_lines(bundled_lines(), by_name, found.medium)
    at, seen = float(found.wavelength[1000]), {"model": found}
    limits, rest = BARS["limits"], BARS["rest"]
    calls = [
        ("limits at another S/N", limits, known.limits, (2.0,), {}),
        ("limits, other pixels", limits, _limits, (found, ivar), {}),
        ("limits, continuum free", rest, information, (found, ivar), unknown),
        ("element map", rest, element_map, (found,), {}),
        ("linear response", rest, linear_shifts, (found, ivar, change), {}),
        ("lines of a star", rest, star_lines, (bundled_lines(), by_name, "air"), {}),
        ("answer", rest, answer, (at, seen, lines), {}),
    ]
    return [
        (
            f"{title}, {len(found.wavelength)} pixels",
            milliseconds(function, *arguments, **options),
            bar,
        )
        for title, bar, function, arguments, options in calls
    ]


def _limits(found, ivar):
    return information(found, ivar, found.wavelength > found.wavelength[100]).limits()


if __name__ == "__main__":
    main()
