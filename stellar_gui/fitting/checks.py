"""Whether spectra can be fitted with a model, said in a sentence when not."""

import numpy as np

from stellar_gui.models.base import SpectralModel
from stellar_gui.models.own_grid import check_kind
from stellar_gui.spectra import Spectra, wavelength_pieces

TREATMENTS = ("joint", "own", "mean")  # of a model's nuisance
_SAME = 1e-9  # relative: pixels closer than this are one pixel
_FAR = 1e-3  # relative: no air or vacuum, and no velocity, moves a line so far
_FLUX_RANGE = (0.2, 2.0)
_LOOKED_AT = 500  # pixels of a star that tell its level
_FEWEST = 10  # good ones among them: fewer may all lie in one line


def match_pixels(model_wavelength, wavelength) -> np.ndarray:
    """Return for each model pixel the index of the same data pixel, -1 for none.

    Both increasing, Angstrom; (n_model_pixels,) int.

    >>> match_pixels(np.array([5.0, 6.0, 7.0]), np.array([6.0, 7.0, 8.0]))
    array([-1,  0,  1])
    """
    model_wavelength = np.asarray(model_wavelength, dtype=np.float64)
    right = np.searchsorted(wavelength, model_wavelength).clip(0, len(wavelength) - 1)
    left = (right - 1).clip(0)
    nearer = np.abs(wavelength[left] - model_wavelength) < np.abs(
        wavelength[right] - model_wavelength
    )
    index = np.where(nearer, left, right)
    same = np.isclose(wavelength[index], model_wavelength, rtol=_SAME, atol=0.0)
    return np.where(same, index, -1)


def check_fittable(model: SpectralModel, spectra: Spectra) -> np.ndarray:
    """Return `match_pixels` of a model and spectra that fit each other.

    Raises ValueError, saying what to do, for no stars, another medium, flux that is not
    normalised, wavelengths that the model does not cover, and another pixel grid.
    """
    if not len(spectra):
        raise ValueError(
            "there is no star among these spectra, expected one or more. Was the "
            "selection that made them empty?"
        )
    _check_range(model, spectra)
    check_kind(model, spectra)
    pixels = match_pixels(model.wavelength.numpy(force=True), spectra.wavelength)
    _check_grid(model, spectra, pixels)
    return pixels


def check_nuisance(model: SpectralModel, treatment: str) -> None:
    """Raise ValueError if a fit cannot treat the nuisance of a model in that way."""
    if treatment not in TREATMENTS:
        raise ValueError(
            f"nuisance is {treatment!r}, expected one of {', '.join(TREATMENTS)}"
        )
    known = getattr(model, "nuisance", None) is None or hasattr(model, "split_of")
    if treatment == "own" and not known:
        names = ", ".join(model.nuisance.names)
        raise ValueError(
            f"a {model.kind} model cannot tell {names} from a spectrum alone, "
            "expected nuisance='joint' or 'mean'. Fit it beside the labels."
        )


def check_level(flux, good, ids) -> None:
    """Raise ValueError if flux (n_stars, n_pixels) says it is normalised but is not.

    Names the stars, ids (n_stars,), whose median flux is far from 1.
    """
    step = max(flux.shape[1] // _LOOKED_AT, 1)
    flux, good = flux[:, ::step], good[:, ::step]
    count = good.sum(axis=1)
    ordered = np.sort(np.where(good, flux, np.inf), axis=1)  # bad pixels go last
    level = ordered[np.arange(len(flux)), (count - 1).clip(0) // 2]
    wrong = (count >= _FEWEST) & ~((level > _FLUX_RANGE[0]) & (level < _FLUX_RANGE[1]))
    if wrong.any():
        names = ", ".join(ids[wrong][:3]) + (", ..." if wrong.sum() > 3 else "")
        raise ValueError(
            f"the median flux is {level[wrong][0]:.3g}, expected about 1: "
            f"continuum-normalised. So it is in {int(wrong.sum())} of {len(flux)} "
            f"stars: {names}. Normalise them with preprocess.normalise()."
        )


def _check_range(model, spectra):
    """First, because another medium is no matter where nothing is shared."""
    own, grid = spectra.wavelength, model.wavelength.numpy(force=True)
    if own[-1] < grid[0] * (1 - _FAR) or own[0] > grid[-1] * (1 + _FAR):
        raise ValueError(_nothing_shared(own, grid))


def _nothing_shared(own, grid):
    return (
        f"the spectra cover {own[0]:.1f} to {own[-1]:.1f} Å, where this model says "
        f"nothing: it covers {grid[0]:.1f} to {grid[-1]:.1f} Å. Load a model of this "
        "wavelength range."
    )


def _check_grid(model, spectra, pixels):
    own, grid = spectra.wavelength, model.wavelength.numpy(force=True)
    inside = np.zeros(len(own), dtype=bool)
    for start, stop in wavelength_pieces(grid):
        inside |= (own >= grid[start] * (1 - _SAME)) & (
            own <= grid[stop - 1] * (1 + _SAME)
        )
    if not inside.any():
        raise ValueError(_nothing_shared(own, grid))
    inside[pixels[pixels >= 0]] = False
    if inside.any():
        raise ValueError(
            f"{int(inside.sum())} pixels of the spectra lie between pixels of the "
            f"model, the first at {own[inside][0]:.3f} Å; expected the model's own "
            "pixel grid, or a part of it. Resample with preprocess.resample()."
        )
