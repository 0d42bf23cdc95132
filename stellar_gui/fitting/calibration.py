"""Errors of a Cannon measured on stars that it was not trained on.

Formal errors take the residuals of the pixels as independent. Where the polynomial
itself is wrong, or lines follow labels that the model does not have, residuals go
together and the labels scatter more. Held-out stars with catalogue labels tell by how
much, once the catalogue's own errors are taken off.
"""

import dataclasses

import numpy as np
import torch

from stellar_gui.fitting.cannon import infer_cannon
from stellar_gui.fitting.result import FitResult
from stellar_gui.models.cannon import Cannon
from stellar_gui.spectra import Spectra
from stellar_gui.statistics import robust_std

MIN_STARS = 30  # with fewer the measured factor is itself uncertain by a seventh
_BETTER = 0.95  # how much smaller the plain scatter must be to be preferred


def calibrated(model: Cannon, held_out: Spectra) -> Cannon:
    """Return the model with ``error_scale`` as ``held_out`` measures it.

    held_out: spectra with the model's labels, none of which it was trained on. Where
    the errors-in-variables correction makes their labels scatter clearly more, it is
    left out and ``notes`` say so: with few informative pixels it costs more than the
    bias that it removes. With fewer than 30 stars the model stays as it is.
    """
    if len(held_out) < MIN_STARS:
        return model
    model = dataclasses.replace(model, error_scale=None)
    fit = infer_cannon(model, held_out)
    if model.noise is not None:
        plain = dataclasses.replace(model, noise=None)
        plain_fit = infer_cannon(plain, held_out)
        ratio = _scatter(plain_fit, held_out) / _scatter(fit, held_out)
        if np.exp(np.mean(np.log(ratio))) < _BETTER:
            note = (
                "The errors-in-variables correction is left out: with it the labels "
                f"of {len(held_out)} held-out stars scatter more."
            )
            model = dataclasses.replace(plain, notes=(*model.notes, note))
            fit = plain_fit
    scale = torch.from_numpy(error_scale(fit, held_out))
    return dataclasses.replace(model, error_scale=scale)


def error_scale(fit: FitResult, reference: Spectra) -> np.ndarray:
    """Return by how much the labels scatter more than their formal errors, at least 1.

    (n_labels,): sqrt(scatter**2 - catalogue sigma**2) over the median formal error,
    scatter the robust standard deviation of fitted minus reference labels.
    """
    labels = reference.with_labels(fit.label_names)
    catalogue = 0.0
    if labels.labels_sigma is not None:
        catalogue = np.nanmedian(labels.labels_sigma, axis=0)
    excess = _scatter(fit, reference) ** 2 - catalogue**2
    scale = np.sqrt(np.maximum(excess, 0.0)) / np.nanmedian(fit.sigma, axis=0)
    return np.fmax(scale, 1.0)


def _scatter(fit: FitResult, reference: Spectra) -> np.ndarray:
    """(n_labels,): robust standard deviation of fitted minus reference labels."""
    error = fit.labels - reference.with_labels(fit.label_names).labels
    return np.array([robust_std(column) for column in error.T])
