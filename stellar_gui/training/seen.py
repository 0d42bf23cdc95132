"""What a star looked like to a model at a checkpoint, and where its latents lay."""

from typing import NamedTuple

import numpy as np
import torch

from stellar_gui.fitting import fit_labels
from stellar_gui.spectra import Spectra

_MAPPED = 300  # stars of each domain in the latent map


class Seen(NamedTuple):
    """A star through a model: (n_pixels,) each, on the star's own grid."""

    flux: np.ndarray  # of the model, at its best labels for this star
    physics: np.ndarray | None  # the same labels through the emulator alone
    reduced_chi2: float


def see(model, star: Spectra) -> Seen:
    """Fit one star and return the model's flux. Raises ValueError as `fit_labels`."""
    fit = fit_labels(model, star)
    flux = np.asarray(fit.model_flux[0])
    physics = None
    emulator = getattr(model, "emulator", None)
    if emulator is not None:
        with torch.no_grad():
            labels = torch.as_tensor(fit.labels, dtype=torch.float64)
            transfer = (model(labels) - emulator(labels)).numpy()[0]
        physics = flux - transfer
    return Seen(flux, physics, float(fit.reduced_chi2[0]))


def latent_map(model, observed: Spectra) -> dict[str, np.ndarray] | None:
    """First two principal components of z_shared, (n, 2) of "obs" and of "synth".

    Of some observed stars and of synthetic ones at the model's assumed labels, one
    basis for both. None for a model without latents.
    """
    if not hasattr(model, "encode"):
        return None
    rows = np.linspace(0, len(observed) - 1, min(len(observed), _MAPPED)).astype(int)
    stars = observed[np.unique(rows)]
    with torch.no_grad():
        labels = model.training_labels
        every = max(len(labels) // _MAPPED, 1)
        synthetic = model.emulator(labels[::every][:_MAPPED]).float()
        flux = torch.as_tensor(np.where(stars.ivar > 0, stars.flux, 1.0)).float()
        latents = {
            "obs": model.encode(flux, "obs").z_shared.flatten(1),
            "synth": model.encode(synthetic, "synth").z_shared.flatten(1),
        }
    both = torch.cat(list(latents.values())).double()
    centre = both.mean(0)
    basis = torch.linalg.svd(both - centre, full_matrices=False).Vh[:2].T
    basis = basis * torch.sign(basis.sum(0))
    return {name: ((z - centre) @ basis).numpy() for name, z in latents.items()}
