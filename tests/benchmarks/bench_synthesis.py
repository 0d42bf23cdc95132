"""CPU time of one synthetic spectrum: 25 labels -> 2117 pixels, on one thread.

Run: python tests/benchmarks/bench_synthesis.py
"""

import os
import sys
import time

import torch

from stellar_gui.synthesis import Synthesiser
from stellar_gui.synthesis.grid import sample_grid

LIMIT = 0.35  # CPU-seconds
N_SPECTRA = 32
REPEATS = 3


def main() -> int:
    """Print CPU-seconds per spectrum; return 1 if they exceed the limit."""
    torch.set_num_threads(1)
    synthesiser = Synthesiser()
    labels = torch.as_tensor(sample_grid(N_SPECTRA, seed=5))
    seconds = []
    with torch.no_grad():
        synthesiser.flux(labels[:2])  # the first call pays for set-up
        for _ in range(REPEATS):
            start = time.process_time()
            synthesiser.flux(labels)
            seconds.append((time.process_time() - start) / N_SPECTRA)
    best = min(seconds)
    load = os.getloadavg()[0]
    print(
        f"synthesis: {best:.3f} CPU-s per spectrum (limit {LIMIT}), best of {REPEATS} "
        f"x {N_SPECTRA} spectra, load {load:.1f}"
    )
    return int(best > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
