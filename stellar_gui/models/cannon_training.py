"""What the Cannon asks of its training set: checks, scaling, and what to warn of."""

import itertools

import numpy as np
import torch
from torch import Tensor

from stellar_gui.labels import check_label_names
from stellar_gui.models.polynomial import Polynomial
from stellar_gui.spectra import Spectra

TRAINING_STARS_PER_TERM = 3
CORRELATED = 0.9  # |rho| of two labels


def training_set(
    spectra: Spectra, label_names, order: int
) -> tuple[Spectra, Polynomial]:
    """Return the spectra with the chosen labels only, and the polynomial, or refuse.

    Raises ValueError if flux is not normalised, labels are missing, unknown, NaN or
    constant, or the polynomial has more terms than a third of the stars.
    """
    if not spectra.normalised:
        raise ValueError(
            "the training flux is not continuum-normalised, expected a continuum at 1. "
            "Normalise it first, with preprocess.normalise()."
        )
    if spectra.labels is None:
        raise ValueError(
            f"{len(spectra)} training spectra have no labels, expected one row of "
            "labels for each star. Give them to Spectra(labels=..., label_names=...)."
        )
    names = check_label_names(
        spectra.label_names if label_names is None else label_names,
        spectra.label_names,
    )
    if not names:
        raise ValueError("label_names is empty, expected at least one label to learn")
    polynomial = Polynomial(len(names), order)
    _check_terms(polynomial, len(spectra))
    spectra = spectra.with_labels(names)
    _check_values(spectra)
    return spectra, polynomial


def _check_terms(polynomial: Polynomial, n_stars: int):
    n_terms = polynomial.n_terms
    needed = n_terms * TRAINING_STARS_PER_TERM
    if needed > n_stars:
        raise ValueError(
            f"{polynomial.n_labels} labels at order {polynomial.order} are {n_terms} "
            f"terms in every pixel, but {n_stars} training stars carry at most "
            f"{n_stars // TRAINING_STARS_PER_TERM} (a third): with more, the noise of "
            "the coefficients would outweigh the lines. Choose fewer labels, a lower "
            f"order or at least {needed} stars."
        )


def _check_values(spectra: Spectra):
    missing = ~np.isfinite(spectra.labels)
    if missing.any():
        stars = spectra.ids[missing.any(1)]
        shown = ", ".join(stars[:5]) + (", ..." if len(stars) > 5 else "")
        of = [n for n, m in zip(spectra.label_names, missing.any(0), strict=True) if m]
        raise ValueError(
            f"{len(stars)} training stars have no value of {', '.join(of)}: {shown}. "
            "Expected a finite label for every star; leave these stars out."
        )
    for name, column in zip(spectra.label_names, spectra.labels.T, strict=True):
        if np.ptp(column) == 0:
            raise ValueError(
                f"label {name!r} is {column[0]:g} for all {len(spectra)} training "
                "stars; a constant label cannot be learnt. Leave it out of label_names."
            )


def label_scaling(labels: Tensor) -> tuple[Tensor, Tensor]:
    """Return pivot and scale (n_labels,): median, and a quarter of the 95 % range."""
    low, pivot, high = torch.quantile(
        labels, torch.tensor([0.025, 0.5, 0.975], dtype=labels.dtype), dim=0
    )
    scale = (high - low) / 4
    return pivot, torch.where(scale > 0, scale, labels.std(0))


def training_notes(labels: Tensor, label_names) -> tuple[str, ...]:
    """Sentences on a training set whose labels hardly vary on their own.

    >>> x = torch.linspace(-1, 1, 9)
    >>> training_notes(torch.stack([x, 2 * x], dim=1), ("fe_h", "mg_h"))[0][:54]
    'fe_h and mg_h are correlated in the training set (+1.0'
    """
    correlation = torch.atleast_2d(torch.corrcoef(labels.T))
    return tuple(
        f"{label_names[i]} and {label_names[j]} are correlated in the training set "
        f"({correlation[i, j]:+.2f}): a line of one can be read as the other, so "
        "their correlation and any offset of the training labels pass into all results."
        for i, j in itertools.combinations(range(len(label_names)), 2)
        if abs(correlation[i, j]) >= CORRELATED
    )
