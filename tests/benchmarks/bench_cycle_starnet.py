"""A training step of Cycle-StarNet beside the plain, unmerged implementation of it.

Process CPU time of one thread for a pair of spectra, one of each domain; the two take
turns in one process on the same batches, medians. The ratio counts: merged passes,
convolutions as matrix products and fused Adam against one call per loss, torch's own
convolutions and layers and default Adam. The losses are the same (`test_cycle_merged`).
Bars for the `paper` preset at its batch of 8: 1.5 at 2047 pixels, 1.1 at 7167. The
reference figures are those of the published code and of a merged step of it, measured
on another machine (AMD EPYC, avx512_bf16); at 2047 pixels that code keeps 4 latent
positions and ours 19, so a second row has the published strides. At the end, what
bfloat16 does here: what the presets' ``autocast`` rests on.
"""

import dataclasses
import os
import sys
import time
from statistics import median

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import torch

from stellar_gui.models.convolutional import CRITIC_STRIDES, STRIDES
from stellar_gui.training.cycle_settings import PRESETS
from stellar_gui.training.cycle_starnet import CycleStarNetTrainer, computes_bfloat16
from tests.plain_cycle_step import PlainStep
from tests.test_cycle_merged import PLAIN, emulator, observed

PUBLISHED = (("strides", STRIDES), ("critic_strides", CRITIC_STRIDES))
CASES = (  # preset, pixels, batch, changes of the networks, rounds, bar, reference
    ("paper", 2047, 8, (), 12, 1.5, None),
    ("paper", 2047, 32, (), 5, None, None),
    ("paper", 2047, 8, PUBLISHED, 12, None, (25.2, 15.1)),
    ("paper", 2047, 32, PUBLISHED, 5, None, (16.4, 14.0)),
    ("paper", 7167, 8, (), 7, 1.1, (58.6, 49.9)),
    ("paper", 7167, 32, (), 2, None, (None, 53.7)),
    ("demo", 2047, 32, (), 30, None, (None, 1.04)),
    ("demo", 7167, 32, (), 20, None, (None, 4.21)),
)


def new_trainer(preset, n_pixels, **changes) -> CycleStarNetTrainer:
    """A trainer of the preset, past its pretraining."""
    changes = {"pretraining_steps": 0, **changes}
    settings = dataclasses.replace(PRESETS[preset], **changes)
    model = emulator(n_pixels)
    stars = observed(model, 100)
    return CycleStarNetTrainer(model, stars[:90], stars[90:], settings=settings)


def seconds(step) -> float:
    """Process time of one call."""
    began = time.process_time()
    step()
    return time.process_time() - began


def in_turns(rounds, *steps) -> list[float]:
    """Median process seconds of each step, taken in turns after one to warm up."""
    times = [[seconds(step) for step in steps] for _ in range(rounds + 1)][1:]
    return [median(column) for column in zip(*times, strict=True)]


def compare(preset, n_pixels, batch_size, network, rounds):
    """Milliseconds a pair of the merged and of the plain step, same settings."""
    changes = PLAIN | {"batch_size": batch_size, "network": network}
    trainer = new_trainer(preset, n_pixels, **changes)
    plain = PlainStep(trainer)
    merged, unmerged = in_turns(rounds, trainer.step, lambda: plain(trainer._batch()))
    return 1e3 * merged / batch_size, 1e3 * unmerged / batch_size


def narrow(preset, n_pixels, rounds):
    """Milliseconds a pair with and without bfloat16, all of the preset's settings."""
    wide = new_trainer(preset, n_pixels, autocast=False)
    half = new_trainer(preset, n_pixels, autocast=True)
    times = in_turns(rounds, wide.step, half.step)
    return [1e3 * t / wide.settings.batch_size for t in times]


def main():
    """Print the figures; exit with a sentence where a bar is missed."""
    torch.set_num_threads(1)
    missed = []
    print(
        "preset  pixels batch   merged    plain  ratio   bar   reference: code, merged"
    )
    for preset, n_pixels, batch_size, network, rounds, bar, reference in CASES:
        ours, plain = compare(preset, n_pixels, batch_size, network, rounds)
        ratio = plain / ours
        row = f"{preset:7} {n_pixels:6} {batch_size:5} {ours:7.2f} {plain:8.2f} ms"
        row += f" {ratio:5.2f} {bar or '':5}"
        if reference:
            row += "   " + ", ".join("-" if r is None else str(r) for r in reference)
        print(row + (" (published strides)" if network else ""), flush=True)
        if bar and ratio < bar:
            missed.append(f"{preset} at {n_pixels} pixels {ratio:.2f}, bar {bar}")
    if computes_bfloat16(torch.device("cpu")):
        amx = torch.cpu._is_amx_tile_supported()
        print(f"bfloat16 on this processor ({'with' if amx else 'without'} AMX):")
        for preset, n_pixels, rounds in (("demo", 2047, 30), ("paper", 2047, 8)):
            wide, half = narrow(preset, n_pixels, rounds)
            default = PRESETS[preset].autocast
            print(
                f"{preset:7} {n_pixels:6} pixels: float32 {wide:.2f} ms, bfloat16 "
                f"{half:.2f} ms a pair, ratio {wide / half:.2f}; autocast={default}"
            )
    else:
        print("this processor does not compute in bfloat16: autocast does nothing")
    if missed:
        sys.exit(
            "the merged step is too slow beside the plain one: " + "; ".join(missed)
        )


if __name__ == "__main__":
    main()
