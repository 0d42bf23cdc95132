"""Making a sample survey: CPU and wall time of a spectrum, on one core and on all.

Bar: 0.35 CPU-seconds for a spectrum, in either domain. The wall time on all cores is
printed with the time that the worker processes need to start; it says how long
``stellar-gui sample`` takes.
"""

import os
import sys
import time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import torch

from stellar_gui.synthesis.imperfections import draw_line_changes
from stellar_gui.synthesis.lines import bundled_lines
from stellar_gui.synthesis.plan import PRESETS, draw_plan
from stellar_gui.synthesis.production import Batch, Producer, Recipe, produce
from stellar_gui.synthesis.synthesiser import Synthesiser

CPU_BAR = 0.35  # seconds
N_ALONE = 24
N_TOGETHER = 64  # of each domain


def samples(n_stars):
    """Return a recipe and ``n_stars`` of each domain."""
    synthesiser = Synthesiser()
    wavelength, pieces = synthesiser.wavelength.numpy(), synthesiser.pieces
    sizes, nothing = (n_stars, n_stars), frozenset()
    plan = draw_plan(PRESETS["default"], wavelength, pieces, sizes, 1, nothing)
    stars = plan.stars
    return Recipe(draw_line_changes(bundled_lines(), 1), nothing), {
        "synthetic": Batch(plan.synthetic_labels),
        "observed": Batch(stars.labels, stars.vmacro, stars.vsini, plan.exposures.rv),
    }


def cpu_alone(recipe, sample) -> float:
    """CPU seconds for one spectrum, one thread, set-up apart."""
    producer = Producer(recipe)
    producer.flux(sample.rows(0, 2))
    started = time.process_time()
    for start in range(0, N_ALONE, 8):
        producer.flux(sample.rows(start, start + 8))
    return (time.process_time() - started) / N_ALONE


def wall_together(recipe, batches, workers) -> tuple[float, float]:
    """Seconds until the first batch is there, and for each spectrum after it."""
    started = time.perf_counter()
    made = produce(recipe, batches, workers)
    _, first = next(made)
    ready = time.perf_counter()
    rest = sum(len(flux) for _, flux in made)
    return ready - started, (time.perf_counter() - ready) / (rest or len(first))


def main():
    torch.set_num_threads(1)
    recipe, batches = samples(N_TOGETHER)
    missed = []
    for name, sample in batches.items():
        seconds = cpu_alone(recipe, sample)
        print(f"  {name:10s} {seconds:.3f} CPU-s for a spectrum (bar {CPU_BAR})")
        if seconds > CPU_BAR:
            missed.append(f"{name} {seconds:.2f} CPU-s, above {CPU_BAR}")
    workers = os.cpu_count()
    start, each = wall_together(recipe, batches.values(), workers)
    preset = PRESETS["default"]
    total = (preset.n_synthetic + preset.n_observed) * each / 60
    print(f"  {workers} workers: first batch after {start:.1f} s")
    print(
        f"  {each:.3f} s for a spectrum, {total:.0f} min for the default survey (wall)"
    )
    if missed:
        sys.exit("; ".join(missed))


if __name__ == "__main__":
    main()
