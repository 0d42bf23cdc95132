"""Make spectra ready for the models at hand, saying what was done to them.

What `fitting.checks` refuses is repaired here where a repair is safe: another medium,
another pixel grid of the same range, flux that is not normalised.
"""

from collections.abc import Iterable

import numpy as np

from stellar_gui.fitting.checks import match_pixels
from stellar_gui.models.base import SpectralModel
from stellar_gui.preprocess import match, normalise
from stellar_gui.preprocess.medium import convert_wavelength
from stellar_gui.spectra import Spectra

_COVERED = 0.5  # part of a model's pixels that spectra must reach to be fitted to it


def prepare(
    spectra: Spectra, models: Iterable[SpectralModel]
) -> tuple[Spectra, list[str]]:
    """Return the spectra as the best covered model needs them, and what was done.

    Without a model that they cover, they keep their grid and medium. Flux that is not
    normalised is divided by a fitted continuum either way.
    """
    done = []
    model = _best_covered(spectra, list(models))
    if model is not None:
        spectra = _on_grid_of(model, spectra, done)
    if not spectra.normalised:
        spectra = normalise(spectra)
        done.append(f"normalised: {spectra.metadata['normalisation']}")
    return spectra, done


def _on_grid_of(model, spectra, done):
    grid = model.wavelength.numpy(force=True)
    same = spectra.medium == model.medium
    if same and _shared(grid, spectra.wavelength) > _COVERED:
        return spectra
    if not same:
        done.append(f"converted from {spectra.medium} to {model.medium} wavelengths")
    done.append(f"resampled to the {len(grid)} pixels of the model")
    return match(spectra, grid, medium=model.medium, resolution=model.resolution)


def _best_covered(spectra, models):
    """The model with the largest part of its pixels in the spectra; None if none."""
    parts = [_covered(model, spectra) for model in models]
    if not parts or max(parts) < _COVERED:
        return None
    return models[int(np.argmax(parts))]


def _covered(model, spectra):
    """Part of a model's pixels that lie in pieces of the spectra."""
    own = convert_wavelength(spectra.wavelength, spectra.medium, model.medium)
    grid = model.wavelength.numpy(force=True)
    inside = np.zeros(len(grid), dtype=bool)
    for start, stop in spectra.pieces():
        inside |= (grid >= own[start]) & (grid <= own[stop - 1])
    return inside.mean()


def _shared(grid, wavelength):
    """Part of a model's pixels that are pixels of the spectra too."""
    return (match_pixels(grid, wavelength) >= 0).mean()
