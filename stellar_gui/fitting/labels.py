"""`fit_labels`: checks the spectra, finds the model's inference, gathers the result."""

import numpy as np
import torch

from stellar_gui.fitting.checks import check_fittable, check_level, check_nuisance
from stellar_gui.fitting.continuum import continuum_basis
from stellar_gui.fitting.fit import Fits, Options, fitter_of
from stellar_gui.fitting.result import FitResult
from stellar_gui.models.base import SpectralModel
from stellar_gui.spectra import Spectra
from stellar_gui.statistics import robust_std

_CLIPPINGS = 2
BATCH = 64  # stars at a time: their spectra and Jacobians stay in fast memory


def fit_labels(model: SpectralModel, spectra: Spectra, **options) -> FitResult:
    """Fit the labels of all stars with any model.

    A Cannon uses its own inference (`fitting.cannon.infer_cannon`), a model with
    ``infer(spectra, **options)`` that, all others `fit_by_least_squares`; options go
    there. The spectra must share the model's pixels, or a part of them.

    Raises ValueError for another medium, another grid, flux that is not normalised, and
    wavelengths that the model does not cover.
    """
    check_fittable(model, spectra)
    own = getattr(model, "infer", None)
    if own is not None:
        return own(spectra, **options)
    if model.kind in _INFERENCE:
        return _INFERENCE[model.kind](model, spectra, **options)
    return fit_by_least_squares(model, spectra, **options)


def fit_by_least_squares(
    model: SpectralModel,
    spectra: Spectra,
    *,
    rv_range: float | None = None,
    continuum_degree: int | None = None,
    starts: int = 3,
    prior: bool = True,
    nuisance: str = "joint",
    iterations: int = 40,
    device: str = "cpu",
    seed: int = 0,
    batch: int = BATCH,
    clip: float | None = None,
    progress=None,
) -> FitResult:
    """Fit by Levenberg-Marquardt from several starts, velocity included.

    rv_range: reach of the velocity in km/s, 0 to hold it at rest, None for what the
    pieces of the grid allow (300, or 100 for narrow ones); continuum_degree: of a
    polynomial for each piece that multiplies the model, None for none; starts: from how
    many library stars; prior: let labels that the spectrum hardly shows keep to the
    spread of the training labels (never teff, logg and [Fe/H]); nuisance, of a model
    that has one: "joint" fits it beside the labels, under the model's prior, "own"
    holds it at what the star's own spectrum says, "mean" at the prior's mean (through
    Cycle-StarNet on simulated stars, joint had the lowest chi2 and own the same errors
    of labels within a few per cent; the mean cost up to a third in vmicro);
    progress(done, total)
    is called after each batch; clip: fit again, twice, without the pixels whose
    z-score exceeds that many robust standard deviations of the star's z-scores. Real
    lines that no LTE model has right would pull the labels; None keeps all pixels.

    Raises ValueError for "own" if the model cannot tell a star's own nuisance.
    """
    pixels = check_fittable(model, spectra)
    check_nuisance(model, nuisance)
    fitter = fitter_of(model, str(device), seed)
    reach = fitter.reach() if rv_range is None else float(rv_range)
    basis = None
    if continuum_degree is not None:
        basis = continuum_basis(fitter.layout, continuum_degree)
    options = Options(reach, starts, basis, prior, iterations, nuisance)
    parts = []
    for start in range(0, len(spectra), batch):
        stars = spectra[start : start + batch]
        flux, ivar = _on_model_pixels(stars, pixels)
        check_level(flux, ivar > 0, stars.ids)
        parts.append(_fit_clipped(fitter, flux, ivar, options, clip))
        if progress is not None:
            progress(min(start + batch, len(spectra)), len(spectra))
    fits = Fits(*(torch.cat(p).numpy(force=True) for p in zip(*parts, strict=True)))
    n_continuum = 0 if basis is None else len(basis)
    n_model = fitter.n_model if nuisance == "joint" else fitter.n_labels
    n_parameters = n_model + int(reach > 0) + n_continuum
    return _result(fits, model, pixels, spectra.n_pixels, n_parameters)


def _fit_clipped(fitter, flux, ivar, options, clip):
    """Fit, and fit again without outliers if ``clip`` says how far they lie."""
    fits = fitter.fit(flux, ivar, options)
    for _ in range(_CLIPPINGS if clip else 0):
        zscore = _zscores(fits, flux, ivar)
        spread = np.array([robust_std(z, centre=0.0) for z in zscore])[:, None]
        kept = np.where(np.abs(zscore) > clip * spread, 0.0, ivar)  # NaN is kept
        fits = fitter.fit(flux, kept.astype(ivar.dtype), options)
    return fits


def _zscores(fits, flux, ivar):
    """(n_stars, n_pixels) residuals over their sigma; NaN where there is neither."""
    model_flux, own = (a.numpy(force=True) for a in (fits.model_flux, fits.model_sigma))
    weight = np.where(ivar > 0, ivar / (1.0 + ivar * own**2), np.nan)
    return (flux - model_flux) * np.sqrt(weight)


def _on_model_pixels(spectra, pixels):
    """flux and ivar (n_stars, n_model_pixels), ivar 0 where the data have no pixel."""
    here = pixels >= 0
    flux = np.ones((len(spectra), len(pixels)), dtype=np.float32)
    ivar = np.zeros_like(flux)
    flux[:, here] = np.asarray(spectra.flux)[:, pixels[here]]
    ivar[:, here] = np.asarray(spectra.ivar)[:, pixels[here]]
    return flux, ivar


def _result(fits, model, pixels, n_pixels, n_parameters):
    here = pixels >= 0

    def on_data(array):
        full = np.full((len(array), n_pixels), np.nan, dtype=np.float32)
        full[:, pixels[here]] = array[:, here]
        return full

    nuisance = getattr(model, "nuisance", None)
    return FitResult(
        label_names=tuple(model.label_names),
        labels=fits.labels,
        covariance=fits.covariance,
        chi2=fits.chi2,
        n_good=fits.n_good,
        flags=fits.flags,
        model_flux=on_data(fits.model_flux),
        model_sigma=on_data(fits.model_sigma),
        rv=fits.velocity,
        rv_sigma=fits.velocity_sigma,
        n_parameters=n_parameters,
        nuisance_names=() if nuisance is None else tuple(nuisance.names),
        nuisance=None if nuisance is None else fits.nuisance,
        nuisance_sigma=None if nuisance is None else fits.nuisance_sigma,
    )


def _infer_cannon(model, spectra, **options):
    from stellar_gui.fitting.cannon import infer_cannon

    return infer_cannon(model, spectra, **options)


_INFERENCE = {"cannon": _infer_cannon}
"""Kinds of models that have an inference of their own here, by ``model.kind``."""
