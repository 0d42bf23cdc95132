"""The Survey page's pictures at 5000 stars of 8575 pixels, one core.

Bars in seconds of a processor: 1 for counting the densities, once for a set of fits,
and for gathering the columns of the residual stack, once for a zoom; 0.1 for what
follows a zoom, another order or another width. A plain two-dimensional histogram stands
beside, and the same through datashader where it is installed.
"""

import os
import sys
import time

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np

from stellar_gui.analysis.columns import columns_of
from stellar_gui.analysis.density import N_BINS, ZSCORE_RANGE, density_of
from stellar_gui.analysis.oddities import oddities
from stellar_gui.analysis.stack import gather, stack_of

N_STARS, N_PIXELS = 5000, 8575
WIDTH, HEIGHT = 850, 350  # pixels of the screen
ONCE, AGAIN = 1.0, 0.1  # seconds


def measured(function, times: int = 3):
    """Return the result and the least processor seconds of some calls."""
    seconds = []
    for _ in range(times):
        started = time.process_time()
        result = function()
        seconds.append(time.process_time() - started)
    return result, min(seconds)


def plain(zscore, part: int):
    """Processor seconds of numpy's histogram of all, from one in ``part`` stars."""
    some = zscore[::part].astype(float)
    pixel = np.broadcast_to(np.arange(N_PIXELS), some.shape)
    bins, limits = (WIDTH, N_BINS), ((0, N_PIXELS), ZSCORE_RANGE)

    def count():
        return np.histogram2d(pixel.ravel(), some.ravel(), bins, limits)

    return part * measured(count, 1)[1]


def shaded(zscore):
    """Processor seconds of datashader's count of all, compiled; None without it."""
    try:
        import datashader
        import pandas as pd
    except ImportError:
        return None
    pixel = np.broadcast_to(np.arange(N_PIXELS, dtype=np.float32), zscore.shape)
    points = pd.DataFrame(
        {"pixel": pixel.ravel(), "zscore": zscore.astype(np.float32).ravel()}
    )
    canvas = datashader.Canvas(WIDTH, N_BINS, (0, N_PIXELS), ZSCORE_RANGE)
    return measured(lambda: canvas.points(points, "pixel", "zscore"), 2)[1]


def main() -> None:
    """Print the times; exit with a sentence where a bar is missed."""
    rng = np.random.default_rng(1)
    zscore = rng.standard_normal((N_STARS, N_PIXELS), dtype=np.float32)
    zscore[rng.random(zscore.shape, dtype=np.float32) < 0.01] = np.nan
    zscore = zscore.astype(np.float16)
    whole = columns_of(np.arange(N_PIXELS) + 0.5, 0.0, N_PIXELS, WIDTH)
    zoomed = columns_of(np.arange(N_PIXELS) + 0.5, 100.0, 400.0, WIDTH)
    label, typical = rng.normal(size=N_STARS), 1 - 0.3 * rng.random(N_PIXELS) ** 8
    density, counting = measured(lambda: density_of(zscore, ZSCORE_RANGE))
    gathered, gathering = measured(lambda: gather(zscore, whole))
    once = {"densities counted": counting, "stack gathered": gathering}

    def sort(how):
        return measured(
            lambda: stack_of(gathered, whole, label, n_rows=HEIGHT, how=how)
        )

    again = {
        "density drawn": measured(lambda: density.image(whole))[1],
        "density zoomed": measured(lambda: density.image(zoomed))[1],
        "stack sorted anew, means": sort("mean")[1],
        "stack zoomed": measured(lambda: gather(zscore[:, 100:400], _zoom()))[1],
    }
    beside = {
        "stack sorted anew, medians": sort("median")[1],
        "shapes of residuals": measured(lambda: oddities(zscore, _grid(), typical), 1)[
            1
        ],
        "plain histogram": plain(zscore, 50),
        "datashader": shaded(zscore),
    }
    print(f"{N_STARS} stars x {N_PIXELS} pixels, {WIDTH} columns; one core, seconds")
    for what, seconds in (once | again | beside).items():
        print(f"{what}: {'not installed' if seconds is None else f'{seconds:.3f}'}")
    late = [f"{what} {s:.2f} s, bar {ONCE} s" for what, s in once.items() if s > ONCE]
    late += [f"{w} {s:.3f} s, bar {AGAIN} s" for w, s in again.items() if s > AGAIN]
    if late:
        sys.exit("; ".join(late))


def _grid():
    return 15100.0 * np.exp(1.4e-5 * np.arange(N_PIXELS))


def _zoom():
    return columns_of(np.arange(300) + 0.5, 0.0, 300.0, WIDTH)


if __name__ == "__main__":
    main()
