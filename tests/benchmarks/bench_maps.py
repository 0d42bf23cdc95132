"""Maps of both domains on the sample survey, and what a selection on them costs.

Process CPU time of one thread. For the test stars and for 1800 stars: seconds a map
takes and how well domains mix, beside labels dealt out at random; milliseconds to place
a new star. Then the median difference of two groups of 5000 spectra of 2117 pixels with
its error, and its explanation by 25 labels. Bars: a map within 60 s; the difference of
groups within 150 ms, explained within 300 ms, medians.
"""

import os
import sys
import time
from statistics import median

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
import torch

from stellar_gui.analysis.contrast import explain, group_jacobians
from stellar_gui.analysis.groups import Group, difference
from stellar_gui.io import read_spectra
from stellar_gui.maps import MapSettings
from stellar_gui.maps.request import MapRequest
from stellar_gui.maps.spaces import star_points
from stellar_gui.maps.store import Maps
from stellar_gui.maps.worker import laid_out
from stellar_gui.models import load_model
from stellar_gui.paths import sample_data

ROUNDS = 7
GROUP = 5000  # spectra
BARS = {"map": 60.0, "difference": 0.150, "explanation": 0.300}  # seconds


def seconds(function, rounds=ROUNDS) -> float:
    """Median process time of a call, after one to warm up."""
    times = []
    for _ in range(rounds + 1):
        began = time.process_time()
        function()
        times.append(time.process_time() - began)
    return median(times[1:])


def map_rows(request) -> float:
    """Print a row for each map; return the longest seconds of one."""
    began = time.process_time()
    begin = Maps().compute(request)
    prepared = time.process_time() - began
    maps = laid_out(begin, request.settings)
    print(f"{request.settings.words}; {maps.notes[0]}")
    print(f"stars drawn, encoded and reduced, all PCA maps: {prepared:.1f} s")
    print(f"{'':12}{'mixing':>8}{'±':>7}{'shuffled':>10}{'map s':>8}{'place ms':>10}")
    star = request.survey[:1]
    for space, one in maps.items():
        new = star_points(request.model, star, space)
        placing = 1e3 * seconds(lambda one=one, new=new: one.place(new), 3)
        value, error, shuffled = one.mixing
        numbers = f"{value:8.3f}{error:7.3f}{shuffled:10.3f}{one.seconds:8.1f}"
        print(f"{space:12}{numbers}{placing:10.0f}", flush=True)
    return max(one.seconds for one in maps.values())


def groups(request) -> tuple[float, float]:
    """Seconds that the difference of two large groups takes, and its explanation."""
    rng = np.random.default_rng(0)
    sets = request.sets
    rows = rng.integers(0, len(sets.star_ids), (2, GROUP))
    a, b = ((sets.observed[these], sets.good[these]) for these in rows)
    labels = request.model.training_labels.numpy()

    def explained():
        derivatives = group_jacobians(request.model, labels)
        explain(Group(*a), Group(*b), derivatives, request.model.label_names)

    return seconds(lambda: difference(Group(*a), Group(*b))), seconds(explained)


def main():
    """Print the figures; exit with a sentence where a bar is missed."""
    torch.set_num_threads(1)
    model = load_model(sample_data() / "models" / "cycle_starnet.safetensors")
    survey = read_spectra(sample_data() / "survey" / "observed.h5")
    took = {"map": 0.0}
    for stars in ("test", "all"):
        request = MapRequest(model, survey, MapSettings(stars=stars))
        took["map"] = max(took["map"], map_rows(request))
    took["difference"], took["explanation"] = groups(request)
    print(
        f"2 x {GROUP} spectra: difference with band {1e3 * took['difference']:.0f} ms, "
        f"with its explanation {1e3 * took['explanation']:.0f} ms"
    )
    missed = [f"{n} {took[n]:.2f} s, bar {bar:g} s" for n, bar in BARS.items()]
    missed = [said for said, n in zip(missed, BARS, strict=True) if took[n] > BARS[n]]
    if missed:
        sys.exit("too slow: " + "; ".join(missed))


if __name__ == "__main__":
    main()
