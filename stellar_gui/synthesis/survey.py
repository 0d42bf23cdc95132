"""The sample survey: a synthetic grid, an observed set, and the truth about it.

Labels are drawn first, each kind of number from its own random stream, then spectra are
synthesised on all cores, then three files are written together. The same seed gives the
same files whatever the number of workers.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from tqdm import tqdm

from stellar_gui.io import write_spectra
from stellar_gui.labels import SYNTHETIC_LABELS
from stellar_gui.spectra import Spectra
from stellar_gui.synthesis.imperfections import (
    INGREDIENTS,
    check_without,
    draw_line_changes,
)
from stellar_gui.synthesis.lines import bundled_lines
from stellar_gui.synthesis.observing import observe, snr_profile
from stellar_gui.synthesis.plan import CATALOGUE_SIGMA, PRESETS, Plan, draw_plan
from stellar_gui.synthesis.production import RESOLUTION, Batch, Recipe, produce
from stellar_gui.synthesis.synthesiser import Synthesiser
from stellar_gui.synthesis.truth import write_truth

__all__ = ["FILES", "INGREDIENTS", "PRESETS", "make_survey"]

FILES = ("synthetic.h5", "observed.h5", "truth.h5")
FLUX_STEP = 5e-4
"""Step of the 16-bit flux; the storage error is at most half of it."""

NOISE_FREE_IVAR = 1e8  # flux known to 1e-4: as well as it is stored and synthesised


def make_survey(
    out: str | Path,
    *,
    seed: int = 1,
    workers: int | None = None,
    n_synthetic: int | None = None,
    n_observed: int | None = None,
    without: tuple[str, ...] = (),
    preset: str = "default",
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Make a sample survey in the folder ``out``; returns the folder.

    workers: processes, one for each core by default. n_synthetic, n_observed: stars of
    the two sets, by default those of the preset. without: names of `INGREDIENTS` of the
    observed set to leave out. preset: "default" or "note", the simpler sample of 15
    labels. progress(done, total) is called as stars are ready; by default a bar is
    drawn. The files appear when all is done; an older survey stays until then.

    Raises ValueError for an unknown ingredient or preset or a number below its least.
    """
    chosen = _checked_preset(preset)
    without = check_without(without) | chosen.without
    sizes = (
        _at_least(1, n_synthetic, chosen.n_synthetic, "n_synthetic"),
        _at_least(1, n_observed, chosen.n_observed, "n_observed"),
    )
    workers = _at_least(1, workers, os.cpu_count() or 1, "workers")
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)

    synthesiser = Synthesiser()
    wavelength, pieces = synthesiser.wavelength.numpy(), synthesiser.pieces
    changes = draw_line_changes(bundled_lines(), seed, without)
    plan = draw_plan(chosen, wavelength, pieces, sizes, seed, without)
    synthetic, true = _synthesise(plan, Recipe(changes, without), workers, progress)
    flux, ivar = observe(true, wavelength, pieces, plan.exposures, seed, without)
    common = {
        "wavelength": wavelength,
        "medium": synthesiser.medium,
        "resolution": RESOLUTION,
        "metadata": {"preset": preset, "seed": seed, "without": sorted(without)},
    }
    with _all_or_none(out) as folder:
        _write(folder, "synthetic.h5", _synthetic_set(plan, synthetic, common))
        observed = _observed_set(plan, flux, ivar, common)
        _write(folder, "observed.h5", observed, snr_profile(wavelength))
        truth = _true_set(plan, true, common)
        _write(folder, "truth.h5", truth)
        write_truth(folder / "truth.h5", bundled_lines(), changes, without)
    return out


def _checked_preset(name):
    if name not in PRESETS:
        raise ValueError(
            f"there is no preset {name!r}, expected one of {', '.join(PRESETS)}"
        )
    return PRESETS[name]


def _at_least(least, value, default, name) -> int:
    value = default if value is None else value
    if value < least:
        raise ValueError(f"{name} is {value}, expected at least {least}")
    return int(value)


def _synthesise(plan, recipe, workers, progress):
    """Noise-free flux of both sets, (n_stars, n_pixels) float32 each."""
    stars = plan.stars
    samples = (
        Batch(plan.synthetic_labels),
        Batch(stars.labels, stars.vmacro, stars.vsini, plan.exposures.rv),
    )
    total, done = sum(len(sample.labels) for sample in samples), 0
    made = [[] for _ in samples]
    with contextlib.ExitStack() as stack:
        if progress is None:
            bar = stack.enter_context(tqdm(total=total, unit="star", desc="synthesis"))
            progress = lambda done, _: bar.update(done - bar.n)  # noqa: E731
        spectra = produce(recipe, samples, workers)
        for number, flux in stack.enter_context(contextlib.closing(spectra)):
            made[number].append(flux)
            done += len(flux)
            progress(done, total)
    return [np.concatenate(parts) for parts in made]


@contextlib.contextmanager
def _all_or_none(out: Path):
    """A folder for the files, which move to ``out`` if the block ends without error."""
    with tempfile.TemporaryDirectory(prefix=".survey-", dir=out) as staging:
        yield Path(staging)
        for name in FILES:
            Path(staging, name).replace(out / name)


def _write(folder, name, spectra, ivar_profile=None):
    if ivar_profile is None:
        ivar_profile = np.ones(spectra.n_pixels)
    write_spectra(
        folder / name, spectra, flux_step=FLUX_STEP, ivar_profile=ivar_profile
    )


def _synthetic_set(plan: Plan, flux, common) -> Spectra:
    return Spectra(
        flux=flux,
        ivar=np.full(flux.shape, NOISE_FREE_IVAR),
        ids=_ids("syn", len(flux)),
        labels=plan.published(plan.synthetic_labels),
        label_names=plan.label_names,
        star_data={"split": plan.synthetic_split},
        **common,
    )


def _observed_set(plan: Plan, flux, ivar, common) -> Spectra:
    """What an astronomer has: noisy flux and the labels of a catalogue."""
    sigma = [CATALOGUE_SIGMA[name] for name in plan.label_names]
    return Spectra(
        flux=flux,
        ivar=ivar,
        ids=_ids("obs", len(flux)),
        labels=plan.published(plan.catalogue),
        labels_sigma=np.tile(sigma, (len(flux), 1)),
        label_names=plan.label_names,
        star_data={
            "split": plan.observed_split,
            "snr": plan.exposures.snr,
            "population": plan.stars.population,
        },
        **common,
    )


def _true_set(plan: Plan, flux, common) -> Spectra:
    stars, exposures = plan.stars, plan.exposures
    return Spectra(
        flux=flux,
        ivar=np.full(flux.shape, NOISE_FREE_IVAR),
        ids=_ids("obs", len(flux)),
        labels=stars.labels,
        label_names=SYNTHETIC_LABELS,
        star_data={
            "split": plan.observed_split,
            "snr": exposures.snr,
            "population": stars.population,
            "stage": stars.stage,
            "rv": exposures.rv,
            "vmacro": stars.vmacro,
            "vsini": stars.vsini,
            "continuum": exposures.continuum.astype(np.float32),
        },
        **common,
    )


def _ids(prefix, n_stars):
    return [f"{prefix}-{number:05d}" for number in range(n_stars)]
