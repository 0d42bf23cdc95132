"""Synthetic stars to set beside observed ones, as many, and none of them a pair.

Their labels are drawn from those that the training of a transfer assumed: never an
observed star's own, let alone the true ones. Noise and bad pixels are those of one
observed star, ``z_split`` that of any: neither tells the domains apart.
"""

from typing import NamedTuple

import numpy as np

from stellar_gui.analysis.latents import filled
from stellar_gui.analysis.transfer_gap import emulated, evaluate
from stellar_gui.spectra import Spectra


class Domains(NamedTuple):
    """Spectra of both domains, (n, n_pixels) each; star k of one is none of the other.

    synth is without noise; noisy and carried, before and after the transfer, have the
    noise and the filled bad pixels of observed star k.
    """

    labels: np.ndarray  # (n, n_labels) of the synthetic stars
    rows: np.ndarray  # (n,) of the observed stars in what they were drawn from
    synth: np.ndarray
    noisy: np.ndarray
    carried: np.ndarray
    observed: np.ndarray  # bad pixels filled


def draw_domains(
    model, spectra: Spectra, *, most: int | None = None, seed: int = 0
) -> Domains:
    """Draw as many stars of the model's assumed labels as there are observed ones.

    most: of either, at most. Raises ValueError if the spectra are not on the model's
    pixels.
    """
    rng = np.random.default_rng(seed)
    assumed = model.training_labels
    size = min(len(assumed), len(spectra), most or len(spectra))
    labels = assumed[np.sort(rng.choice(len(assumed), size, replace=False))]
    rows = np.sort(rng.choice(len(spectra), size, replace=False))
    stars = spectra[rows]
    split = model.own_nuisance(stars)[rng.permutation(size)]
    noise = _noise(stars, rng)
    synth, carried = emulated(model, labels), evaluate(model, labels, split)

    def seen(flux):
        return filled(model, stars.replace(flux=flux + noise)).numpy(force=True)

    return Domains(
        labels=np.asarray(labels, dtype=float),
        rows=rows,
        synth=synth,
        noisy=seen(synth),
        carried=seen(carried),
        observed=filled(model, stars).numpy(force=True),
    )


def _noise(spectra, rng):
    """Noise of each star's own ivar, (n_stars, n_pixels); 0 in bad pixels."""
    good = spectra.good
    sigma = np.where(good, spectra.ivar, 1.0) ** -0.5 * good
    return rng.normal(size=sigma.shape) * sigma
