"""How much of the synthetic gap a transferred model closes, beside what is trivial.

The gap is the mean squared difference between the emulator's flux at the true labels
and the noise-free truth; closed is the part that the transfer takes away. Adding the
mean difference of the two domains closes much of it already, and a star's own
``z_split`` may carry more than nuisance: so the gap is stated with another star's
``z_split``, and beyond the mean shift, too. Needs the truth; trains and fits nothing.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stellar_gui.models.blocks import checked_labels
from stellar_gui.models.own_grid import check_own_grid
from stellar_gui.spectra import Spectra

_BOOTSTRAPS = 200
_BATCH = 256  # stars


class Score(NamedTuple):
    """A number and its standard deviation over the draw of stars, by bootstrap."""

    value: float
    error: float


class TransferErrors(NamedTuple):
    """Mean squared flux error of each star against the truth, (n_stars,) each."""

    emulator: np.ndarray
    shifted: np.ndarray  # emulator plus the mean difference of the domains
    own: np.ndarray  # transfer with the star's own z_split
    swapped: np.ndarray  # transfer with another star's
    mean_split: np.ndarray  # transfer with the mean one


def transfer_errors(
    model, spectra: Spectra, labels, true_flux, seed: int = 0
) -> TransferErrors:
    """Compare a transferred model's flux at the true labels with the true flux.

    spectra: the observed test stars, which ``z_split`` is read from; labels (n_stars,
    n_labels), the true ones in the model's order; true_flux (n_stars, n_pixels),
    noise-free. Stars are paired by `partners`. Raises ValueError if the spectra are not
    on the model's pixels.
    """
    check_own_grid(model, spectra)
    labels = checked_labels(labels, model.label_names).double()
    own = model.own_nuisance(spectra)
    plain = evaluate(model.emulator, labels)
    error = lambda flux: squared_error(flux, true_flux)  # noqa: E731
    transferred = lambda nuisance: error(evaluate(model, labels, nuisance))  # noqa: E731
    return TransferErrors(
        emulator=error(plain),
        shifted=error(plain + mean_shift(spectra, plain)),
        own=transferred(own),
        swapped=transferred(own[partners(len(spectra), seed)]),
        mean_split=transferred(own.mean(0, keepdim=True).expand_as(own)),
    )


def gap_closed(error, reference, seed: int = 0) -> Score:
    """Return 1 - mean(error) / mean(reference) over stars, (n_stars,) each.

    1: nothing left of the reference's error; 0: as bad; negative: worse.

    >>> gap_closed(np.array([1.0, 1.0]), np.array([4.0, 4.0])).value
    0.75
    """
    error, reference = np.asarray(error, float), np.asarray(reference, float)
    drawn = np.random.default_rng(seed).integers(
        0, len(error), (_BOOTSTRAPS, len(error))
    )
    scattered = 1.0 - error[drawn].mean(axis=1) / reference[drawn].mean(axis=1)
    return Score(float(1.0 - error.mean() / reference.mean()), float(scattered.std()))


def squared_error(flux, true_flux) -> np.ndarray:
    """(n_stars,) mean over pixels of the squared difference, flux²."""
    flux, true_flux = np.asarray(flux, float), np.asarray(true_flux, float)
    return np.square(flux - true_flux).mean(axis=1)


def mean_shift(spectra: Spectra, emulated_flux) -> np.ndarray:
    """Return the mean over stars of observed minus emulated flux, (n_pixels,).

    emulated_flux (n_stars, n_pixels), at the stars' true labels: no other constant
    spectrum transfers better, and a user without these labels cannot know it as well.
    Over good pixels; 0 where no star has one.
    """
    good = spectra.good
    away = np.where(good, np.asarray(spectra.flux, float) - emulated_flux, 0.0)
    return away.sum(axis=0) / np.maximum(good.sum(axis=0), 1)


def emulated(model, labels) -> np.ndarray:
    """Flux of the model's emulator (n_stars, n_pixels) at labels of the model.

    Differs from the emulator's own by the model's ``offsets``: see
    `CycleStarNet.shifted`.
    """
    labels = checked_labels(labels, model.label_names).double()
    return evaluate(model.emulator, labels - model.offsets)


def partners(n_stars: int, seed: int = 0) -> np.ndarray:
    """Return for each star another one, (n_stars,): one random ring of all.

    >>> partners(3, seed=1)
    array([2, 0, 1])
    """
    ring = np.random.default_rng(seed).permutation(n_stars)
    partner = np.empty(n_stars, dtype=int)
    partner[ring] = np.roll(ring, 1)
    return partner


def evaluate(function, *inputs: Tensor) -> np.ndarray:
    """Apply a function to a batch of stars at a time, without gradients.

    inputs (n_stars, ...) each; result (n_stars, ...), float64.
    """
    with torch.no_grad():
        parts = [
            function(*batch).numpy(force=True).astype(float)
            for batch in zip(*(x.split(_BATCH) for x in inputs), strict=True)
        ]
    return np.concatenate(parts)
