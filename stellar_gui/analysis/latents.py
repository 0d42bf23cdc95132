"""The validation scores of O'Briain et al. (2021): distances of spectra and latents.

On stars whose labels are known in both domains: the emulator's spectrum of each, its
observed one, what the transfer makes of either, and the latents of all four.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stellar_gui.analysis.transfer_gap import emulated, evaluate
from stellar_gui.models.own_grid import check_own_grid
from stellar_gui.spectra import Spectra

ERROR_FLOOR = 0.005  # flux: smaller errors weigh no more, as in the paper
_WORST = 0.05  # flux: pixels of larger error do not count, as in the paper


class Pairs(NamedTuple):
    """Spectra of the same stars in both domains, (n_stars, n_pixels), and latents.

    Bad pixels of ``obs`` are filled. Latents are (n_stars, n_numbers).
    """

    synth: np.ndarray
    obs: np.ndarray
    synth_to_obs: np.ndarray  # with the star's own z_split
    obs_to_synth: np.ndarray
    obs_to_obs: np.ndarray
    z_synth: np.ndarray  # z_shared of each of the four
    z_obs: np.ndarray
    z_synth_to_obs: np.ndarray
    z_obs_to_synth: np.ndarray
    split_obs: np.ndarray  # z_split of both observed ones
    split_synth_to_obs: np.ndarray


class LatentDifferences(NamedTuple):
    """Mean absolute differences of latents, each scaled to 0-1 over the stars."""

    synth: float  # z_shared, synth against synth->obs
    obs: float  # obs against obs->synth
    shared: float  # obs against synth
    split: float  # z_split, obs against synth->obs


def make_pairs(model, spectra: Spectra, labels) -> Pairs:
    """Pass stars of known labels (n_stars, n_labels) through the model both ways.

    Raises ValueError if the spectra are not on the model's pixels.
    """
    check_own_grid(model, spectra)
    synth = torch.tensor(emulated(model, labels), dtype=torch.float32)
    obs = filled(model, spectra)
    split = model.own_nuisance(spectra)
    to_obs = torch.tensor(evaluate(model.transfer, synth, split), dtype=torch.float32)
    to_synth = torch.tensor(evaluate(model.obs_to_synth, obs), dtype=torch.float32)
    return Pairs(
        synth=synth.numpy(),
        obs=obs.numpy(),
        synth_to_obs=to_obs.numpy(),
        obs_to_synth=to_synth.numpy(),
        obs_to_obs=_rebuilt(model, obs),
        z_synth=latents(model, synth, "synth"),
        z_obs=latents(model, obs, "obs"),
        z_synth_to_obs=latents(model, to_obs, "obs"),
        z_obs_to_synth=latents(model, to_synth, "synth"),
        split_obs=latents(model, obs, "obs", "z_split"),
        split_synth_to_obs=latents(model, to_obs, "obs", "z_split"),
    )


def latents(model, flux: Tensor, domain: str, which: str = "z_shared") -> np.ndarray:
    """Encode flux (n_stars, n_pixels); ``z_shared`` or ``z_split`` (n_stars, n)."""
    encode = lambda some: getattr(model.encode(some, domain), which).flatten(1)  # noqa: E731
    return evaluate(encode, flux)


def _rebuilt(model, obs):
    rebuild = lambda some: model.networks.decode(model.encode(some, "obs"), "obs")  # noqa: E731
    return evaluate(rebuild, obs)


def filled(model, spectra: Spectra) -> Tensor:
    """Observed flux (n_stars, n_pixels) with a typical value in bad pixels, float32."""
    flux, good = torch.tensor(spectra.flux), torch.tensor(spectra.good)
    return model.networks.filled(flux, good).float()


def distance(flux, other, ivar=None) -> float:
    """Return mean(((flux - other) / error)²) over pixels that count.

    All (n_stars, n_pixels). error: that of ``ivar``, at least 0.005, and 0.005 if None;
    pixels do not count where it is above 0.05, or ivar is 0.

    >>> round(distance(np.array([[1.0]]), np.array([[1.01]])), 6)
    4.0
    """
    error = np.full(np.shape(flux), ERROR_FLOOR)
    if ivar is not None:
        ivar = np.asarray(ivar, dtype=float)
        error = np.where(ivar > 0, ivar, _WORST**-2 / 4) ** -0.5
    counts = error <= _WORST
    ratio = (np.asarray(flux) - np.asarray(other)) / error.clip(ERROR_FLOOR)
    return float(np.square(ratio)[counts].mean())


def latent_differences(pairs: Pairs) -> LatentDifferences:
    """Return the four differences of latents of the same stars."""
    return LatentDifferences(
        synth=scaled_difference(pairs.z_synth, pairs.z_synth_to_obs),
        obs=scaled_difference(pairs.z_obs, pairs.z_obs_to_synth),
        shared=scaled_difference(pairs.z_obs, pairs.z_synth),
        split=scaled_difference(pairs.split_obs, pairs.split_synth_to_obs),
    )


def scaled_difference(z, other) -> float:
    """Return the mean |z - other| where each latent of both spans 0 to 1 together.

    (n_stars, n_latents) each. A latent that never varies differs by 0.

    >>> scaled_difference(np.array([[0.0], [4.0]]), np.array([[1.0], [3.0]]))
    0.25
    """
    both = np.stack([z, other])
    width = np.ptp(both, axis=(0, 1))
    return float((np.abs(both[0] - both[1]) / np.where(width > 0, width, 1.0)).mean())


def relative_difference(z, other) -> float:
    """Return mse(z, other) / variance over stars, of latents (n_stars, n_latents).

    0: the same; 1 and above: unrelated.
    """
    variance = (np.var(z, axis=0) + np.var(other, axis=0)).mean() / 2
    return float(np.square(np.asarray(z) - other).mean() / variance)


def spread_ratio(flux, other) -> float:
    """Return the median over pixels of std(flux) / std(other), each over the stars.

    (n_stars, n_pixels). Far below 1 the transfer gives every star the same spectrum.
    """
    own, spread = (np.std(a, axis=0, dtype=np.float64) for a in (flux, other))
    known = spread > 0
    return float(np.median(own[known] / spread[known]))
