"""Whether spectra stand on a model's own pixels, said in a sentence when not.

What a network encodes must have every pixel of its grid; a fit is content with a part.
"""

import torch

from stellar_gui.models.base import SpectralModel
from stellar_gui.spectra import Spectra

_SAME = 1e-9  # relative: pixels closer than this are one pixel


def check_kind(model: SpectralModel, spectra: Spectra) -> None:
    """Raise ValueError for another medium, and for flux that is not normalised."""
    if spectra.medium != model.medium:
        raise ValueError(
            f"the spectra are on {spectra.medium} wavelengths, the model expects "
            f"{model.medium}. Convert them with preprocess.to_medium()."
        )
    if not spectra.normalised:
        raise ValueError(
            "the flux is not continuum-normalised, the model expects a continuum "
            "of 1. Normalise it with preprocess.normalise()."
        )


def check_own_grid(model: SpectralModel, spectra: Spectra) -> None:
    """Raise ValueError, saying what to do, for spectra that are not as the model's.

    As `check_kind`, and for another pixel grid.
    """
    check_kind(model, spectra)
    grid, here = model.wavelength.cpu(), torch.tensor(spectra.wavelength)
    if len(here) != len(grid) or not torch.allclose(here, grid, rtol=_SAME, atol=0):
        raise ValueError(
            f"the spectra have {len(here)} pixels from {here[0]:.2f} Å to "
            f"{here[-1]:.2f} Å, expected the model's own {len(grid)} from "
            f"{grid[0]:.2f} Å to {grid[-1]:.2f} Å. Bring them there with "
            "preprocess.match()."
        )
