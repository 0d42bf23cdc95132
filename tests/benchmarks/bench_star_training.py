"""The Star page in a browser while a run trains, against the same page at rest.

As in `bench_star_page`; a real Payne of one thread trains beside the server, as the
Training page starts it. It is paused and resumed in turns, a few stars each, so that
the load of the machine is the same for both. Bar: 1.5 times the 95th percentile at
rest, on two cores.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from stellar_gui.io import write_spectra
from stellar_gui.training.control import write_control
from stellar_gui.training.launch import launch
from stellar_gui.training.run import Run
from tests.benchmarks.bench_cannon import mock_survey
from tests.benchmarks.bench_star_page import BARS, jump, measure, open_page, serve

TURNS, STARS = 8, 12  # turns of each kind, and stars in each
BAR = 1.5
PATIENCE = 120  # s; a busy machine imports torch slowly
PAYNE = {"steps": 10**7, "hidden": 300, "components": 100, "taught": 0}


def start_payne(folder: Path) -> Run:
    """Start a run that trains for hours; return it when it does."""
    write_spectra(folder / "grid.h5", mock_survey()[0])
    run = launch(
        "payne",
        data=folder / "grid.h5",
        run=folder / "runs" / "payne-001",
        device="cpu",
        **PAYNE,
    )
    wait_for(run, "running")
    return run


def wait_for(run: Run, state: str) -> None:
    """Wait until the run is in a state."""
    end = time.monotonic() + PATIENCE
    while run.status().state != state:
        if time.monotonic() > end:
            sys.exit(f"the run is {run.status()}, expected {state}")
        time.sleep(0.05)


def turns(page, run: Run) -> dict[str, list[dict[str, float]]]:
    """Look at stars never seen before, in turns at rest and while the run trains."""
    seats = iter(np.random.default_rng(2).permutation(np.arange(100, 1000)).tolist())
    times = {"at rest": [], "training": []}
    for _ in range(TURNS):
        for what, command, state in (
            ("at rest", "pause", "paused"),
            ("training", "resume", "running"),
        ):
            write_control(run.path, command)
            wait_for(run, state)
            time.sleep(0.5)
            found = [measure(page, jump(page, next(seats))) for _ in range(STARS)]
            times[what] += found[1:]  # the first may still feel the turn
    return times


def main() -> None:
    """Print times and ratios; exit with a sentence where the bar is missed."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = serve(Path(folder))
        run = start_payne(Path(folder))
        try:
            browser, page = open_page(playwright, server)
            times = turns(page, run)
            rate = run.status().rate
            browser.close()
        finally:
            write_control(run.path, "stop")
            wait_for(run, "stopped")
            server.stop()
    load = os.getloadavg()[0]
    print(f"load average {load:.2f} on {os.cpu_count()} cores at the end")
    print(f"the Payne made {rate:.0f} steps per second meanwhile")
    late = []
    for what in BARS:
        p95 = {
            k: np.percentile([t[what] for t in found], 95) for k, found in times.items()
        }
        ratio = p95["training"] / p95["at rest"]
        told = ", ".join(f"{k} {value:.0f} ms" for k, value in p95.items())
        told = f"{what}, 95th percentile: {told}, ratio {ratio:.2f}"
        print(f"{told}, {len(times['training'])} stars each")
        late += [told] if ratio > BAR else []
    if late:
        sys.exit(f"bar {BAR}: " + "; ".join(late))


if __name__ == "__main__":
    main()
