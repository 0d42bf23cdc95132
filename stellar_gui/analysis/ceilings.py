"""How well even true physics does without a star's nuisance: ceilings of a transfer.

A transfer that is given another star's ``z_split``, or the mean one, cannot know this
star's broadening, velocity error and continuum. True physics with the same handicap
says how much of the gap can then be closed at all. Reads the truth of a sample survey
and synthesises; knows nothing of models.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch

from stellar_gui.analysis.transfer_gap import partners, squared_error
from stellar_gui.labels import SYNTHETIC_LABELS
from stellar_gui.synthesis.observing import continuum_error
from stellar_gui.synthesis.production import Batch, Producer, Recipe
from stellar_gui.synthesis.truth import Truth

_FEW = 8  # stars at a time
_STEPS = {"teff": 50.0, "logg": 0.1, "vmicro": 0.1}  # of derivatives; else 0.1 dex
_NOT_PHYSICS = {"vbroad"}  # a label that stands for macroturbulence and rotation


class NuisanceErrors(NamedTuple):
    """Mean squared flux error of true physics with wrong nuisance, (n_stars,) each.

    Of the first n_stars test stars. Divide by the emulator's of the same stars: see
    `transfer_gap.gap_closed`.
    """

    swapped: np.ndarray  # the nuisance of the star's partner
    mean: np.ndarray  # the mean nuisance of all test stars
    no_continuum: np.ndarray  # its own, but for the continuum error

    def to_plain(self) -> dict[str, list[float]]:
        return {name: values.tolist() for name, values in self._asdict().items()}

    @classmethod
    def from_plain(cls, plain: dict[str, list[float]]) -> "NuisanceErrors":
        return cls(**{name: np.array(plain[name]) for name in cls._fields})


def true_flux(truth: Truth) -> np.ndarray:
    """Return what a perfect transfer would give, (n_stars, n_pixels).

    Noise-free and with the star's continuum error, but without telluric residuals and
    bad pixels, which belong to no star.
    """
    return np.asarray(truth.spectra.flux, float) * _continuum(truth)


def nuisance_errors(
    truth: Truth,
    label_names: Sequence[str],
    *,
    n_stars: int = 100,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> NuisanceErrors:
    """Synthesise test stars with wrong nuisance, and compare with their true flux.

    truth: of the test stars alone; label_names: of the model to be judged. Nuisance is
    what it has no label for: radial velocity error, continuum and, unless ``vbroad`` is
    a label, macroturbulence and rotation. Pairs are those of `transfer_gap.partners`
    with this seed. About 0.4 seconds for each of n_stars.
    """
    rows = np.arange(min(n_stars, len(truth.spectra)))
    partner = partners(len(truth.spectra), seed)
    velocities = _velocities(truth)
    kept = {"vmacro", "vsini"} if "vbroad" in label_names else set()
    swapped = {n: v if n in kept else v[partner] for n, v in velocities.items()}
    mean = {
        n: v if n in kept else np.full_like(v, v.mean()) for n, v in velocities.items()
    }
    made = _synthesise(truth, rows, [swapped, mean], progress)
    continuum, right = _continuum(truth), true_flux(truth)[rows]
    return NuisanceErrors(
        swapped=squared_error(made[0] * continuum[partner][rows], right),
        mean=squared_error(made[1] * continuum.mean(axis=0), right),
        no_continuum=squared_error(np.asarray(truth.spectra.flux)[rows], right),
    )


def true_jacobian(truth: Truth, rows, label_names: Sequence[str]) -> np.ndarray:
    """Return d flux / d label of the true physics, (n_rows, n_pixels, n_labels).

    Central differences, per physical unit, with the star's own nuisance. An element
    that is not among label_names moves with iron. NaN for ``vbroad``, which nature does
    not know. About 0.7 seconds for each star and label.
    """
    producer = Producer(Recipe(truth.changes, truth.without))
    rows = np.atleast_1d(rows)
    columns = [_derivative(producer, truth, rows, n, label_names) for n in label_names]
    return np.stack(columns, axis=-1) * _continuum(truth)[rows][:, :, None]


def _derivative(producer, truth, rows, name, label_names):
    if name in _NOT_PHYSICS:
        return np.full((len(rows), truth.spectra.n_pixels), np.nan)
    moved = np.zeros(len(SYNTHETIC_LABELS))
    moved[SYNTHETIC_LABELS.index(name)] = step = _STEPS.get(name, 0.1)
    if name == "fe_h":
        followers = [
            n.endswith("_h") and n not in label_names for n in SYNTHETIC_LABELS
        ]
        moved[followers] = step
    labels = truth.spectra.labels[rows]
    own = [column[rows] for column in _velocities(truth).values()]
    above, below = (
        producer.flux(Batch(labels + change, *own)).astype(float)
        for change in (moved / 2, -moved / 2)
    )
    return (above - below) / step


def _synthesise(truth, rows, choices, progress):
    """Flux with each choice of velocities, a list of (n_rows, n_pixels)."""
    producer = Producer(Recipe(truth.changes, truth.without))
    labels = truth.spectra.labels
    made = [[] for _ in choices]
    for start in range(0, len(rows), _FEW):
        few = rows[start : start + _FEW]
        with torch.no_grad():
            light = producer.light(labels[few])
            for parts, velocities in zip(made, choices, strict=True):
                own = [velocities[name][few] for name in ("vmacro", "vsini", "rv")]
                parts.append(producer.seen(light, Batch(labels[few], *own)).numpy())
        if progress is not None:
            progress(start + len(few), len(rows))
    return [np.concatenate(parts) for parts in made]


def _velocities(truth):
    data = truth.spectra.star_data
    return {name: np.asarray(data[name], float) for name in ("vmacro", "vsini", "rv")}


def _continuum(truth):
    spectra = truth.spectra
    return continuum_error(
        spectra.star_data["continuum"], spectra.pieces(), spectra.n_pixels
    )
