"""Synthesis of many stars on several cores, in two domains.

The synthetic domain is what a modeller computes: the list as it stands, one Gaussian
width, a Gaussian instrument. The observed domain is what nature and the telescope make
of it. Stars go through in batches of fixed size, so that the number of workers changes
the time and not one bit of the result.
"""

import contextlib
import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import NamedTuple

import numpy as np
import torch

from stellar_gui.labels import SYNTHETIC_LABELS
from stellar_gui.synthesis.atmosphere import LG_TAU
from stellar_gui.synthesis.broadening import broadening_kernel
from stellar_gui.synthesis.constants import LIGHT_SPEED_KMS
from stellar_gui.synthesis.imperfections import (
    LineChanges,
    iron_departure,
    nlte_like_offsets,
)
from stellar_gui.synthesis.instrument import convolve
from stellar_gui.synthesis.lines import bundled_lines
from stellar_gui.synthesis.synthesiser import Synthesiser

RESOLUTION = 25000.0
LSF_RESOLUTION = (23500.0, 26000.0)  # at the two ends of a piece
LSF_SKEW = 0.05
_STARS_AT_A_TIME = 8
_FE_H, _VBROAD = (SYNTHETIC_LABELS.index(name) for name in ("fe_h", "vbroad"))


class Recipe(NamedTuple):
    """What all stars of a survey share: the line changes, the ingredients left out."""

    changes: LineChanges
    without: frozenset[str]


class Batch(NamedTuple):
    """Stars of one domain. labels (n_stars, 25); velocities (n_stars,), km/s.

    Velocities are None in the synthetic domain, where ``vbroad`` says all.
    """

    labels: np.ndarray
    vmacro: np.ndarray | None = None
    vsini: np.ndarray | None = None
    rv: np.ndarray | None = None

    def rows(self, start: int, stop: int) -> "Batch":
        return Batch(*(None if c is None else c[start:stop] for c in self))


class Producer:
    """Makes the noise-free flux of either domain by one `Recipe`."""

    def __init__(self, recipe: Recipe):
        self.recipe = recipe
        listed = bundled_lines()
        true = listed.replace(log_gf=listed.log_gf + recipe.changes.log_gf)
        self.synthetic = Synthesiser(listed.select(~recipe.changes.missing))
        self.observed = Synthesiser(true)

    def flux(self, batch: Batch) -> np.ndarray:
        """Noise-free flux of a batch, (n_stars, n_pixels) float32."""
        with torch.no_grad():
            if batch.rv is None:
                flux = self.synthetic.flux(batch.labels)
            else:
                flux = self.seen(self.light(batch.labels), batch)
        return flux.numpy().astype(np.float32)

    def light(self, labels: np.ndarray) -> torch.Tensor:
        """Flux of observed stars before any motion and instrument, finely sampled."""
        return self.observed.high_resolution_flux(labels, **self._not_lte(labels))

    def seen(self, light: torch.Tensor, batch: Batch) -> torch.Tensor:
        """`light` of stars as the telescope sees it, with a batch's velocities.

        (n_stars, n_pixels), a small part of the work: other velocities cost little.
        """
        observed = self.observed
        step = observed.fine.step * LIGHT_SPEED_KMS
        gaussian = "broadening" in self.recipe.without
        velocities = zip(batch.vmacro, batch.vsini, batch.rv, strict=True)
        broadened = torch.cat(
            [
                convolve(
                    star[None], broadening_kernel(*how, step, gaussian), observed.fine
                )
                for star, how in zip(light, velocities, strict=True)
            ]
        )
        fwhm, skew = self._line_spread()
        if gaussian:
            fwhm = np.hypot(fwhm, batch.labels[:, [_VBROAD]])  # (n_stars, n_pixels)
        return observed.instrument(broadened, torch.as_tensor(fwhm), skew)

    def _not_lte(self, labels) -> dict:
        if "nlte" in self.recipe.without:
            return {}
        iron = iron_departure(labels[:, _FE_H], LG_TAU.numpy())
        return {
            "departure": {(26, 1): iron},
            "line_offsets": nlte_like_offsets(labels, self.observed.lines),
        }

    def _line_spread(self) -> tuple[np.ndarray, float]:
        """FWHM (1, n_pixels), km/s, and skewness of the observed instrument."""
        n_pixels = len(self.observed.wavelength)
        if "lsf" in self.recipe.without:
            return np.full((1, n_pixels), LIGHT_SPEED_KMS / RESOLUTION), 0.0
        resolution = np.concatenate(
            [
                np.linspace(*LSF_RESOLUTION, stop - start)
                for start, stop in self.observed.pieces
            ]
        )
        return LIGHT_SPEED_KMS / resolution[np.newaxis], LSF_SKEW


def produce(
    recipe: Recipe, samples: Sequence[Batch], workers: int
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (number of the sample, flux) of all samples, in order, as they are ready.

    One worker works in this process; more are processes of their own, one thread each.
    Closing the iterator stops them. Raises ChildProcessError if one of them dies.
    """
    jobs = [
        (number, sample.rows(start, start + _STARS_AT_A_TIME))
        for number, sample in enumerate(samples)
        for start in range(0, len(sample.labels), _STARS_AT_A_TIME)
    ]
    batches = [batch for _, batch in jobs]
    made = _here(recipe, batches) if workers == 1 else _apart(recipe, batches, workers)
    with contextlib.closing(made):
        for (number, _), flux in zip(jobs, made, strict=True):
            yield number, flux


def _here(recipe, batches):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield from map(Producer(recipe).flux, batches)
    finally:
        torch.set_num_threads(threads)


def _apart(recipe, batches, workers):
    pool = ProcessPoolExecutor(
        workers,
        multiprocessing.get_context("spawn"),  # forked threads of torch can hang
        initializer=_begin_worker,
        initargs=(recipe,),
    )
    try:
        yield from pool.map(_work, batches)
    except BrokenProcessPool as fault:
        raise ChildProcessError(
            f"one of {workers} worker processes died, probably for lack of memory "
            "(each takes about 0.6 GB). Nothing was written; try fewer workers."
        ) from fault
    finally:
        pool.shutdown(cancel_futures=True)


_producer: Producer | None = None  # of this worker process


def _begin_worker(recipe: Recipe) -> None:
    global _producer
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops its workers
    torch.set_num_threads(1)
    _producer = Producer(recipe)


def _work(batch: Batch) -> np.ndarray:
    return _producer.flux(batch)
