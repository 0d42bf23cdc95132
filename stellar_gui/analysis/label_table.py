"""The labels of one star side by side: reference and every fit, with their pulls."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from stellar_gui.analysis.pulls import label_pulls
from stellar_gui.fitting.result import FitResult
from stellar_gui.labels import FAMILY_TITLES, Label, describe, to_x_fe
from stellar_gui.spectra import Spectra


class Value(NamedTuple):
    """One measurement; pull = (value - reference) / their joint sigma."""

    value: float
    sigma: float
    pull: float  # NaN without a reference


class LabelRow(NamedTuple):
    """One label of one star: the reference and what every fit says."""

    label: Label
    reference: Value  # its pull is NaN
    fits: dict[str, Value]


def label_rows(
    star: Spectra, fits: Mapping[str, FitResult], *, x_fe: bool = False
) -> list[LabelRow]:
    """Return the labels of a container of one star, grouped by element family.

    Reference values are the star's own ``labels``; fits by name, of one star each.
    ``x_fe`` turns [X/H] into [X/Fe] with the covariance of both, wherever iron is one
    of the labels. The order inside a family is that of the labels.

    >>> star = Spectra([5e3], [[1.0]], [[1.0]], labels=[[5777.0]], label_names=["teff"])
    >>> label_rows(star, {})[0].reference.value
    5777.0
    """
    reference = _reference(star, x_fe)
    measured = {name: _measured(fit, x_fe) for name, fit in fits.items()}
    names = dict.fromkeys(reference)
    for values in measured.values():
        names |= dict.fromkeys(values)
    families = list(FAMILY_TITLES)
    labels = sorted(map(describe, names), key=lambda row: families.index(row.family))
    nothing = (np.nan, np.nan)
    rows = []
    for label in labels:
        given = reference.get(label.name, nothing)
        values = {
            name: _value(*found[label.name], *given)
            for name, found in measured.items()
            if label.name in found
        }
        rows.append(LabelRow(label, Value(*given, np.nan), values))
    return rows


def _value(value, sigma, reference, reference_sigma):
    pull = label_pulls(value, sigma, reference, np.nan_to_num(reference_sigma))
    return Value(value, sigma, float(pull))


def _reference(star, x_fe):
    """Name -> (value, sigma) of the finite labels; NaN sigma where none is given."""
    if star.labels is None:
        return {}
    values = star.labels[0]
    sigma = np.full_like(values, np.nan)
    if star.labels_sigma is not None:
        sigma = star.labels_sigma[0]
    known = np.isfinite(values)  # one NaN would spoil the whole matrix product
    names = [name for name, here in zip(star.label_names, known, strict=True) if here]
    covariance = np.diag(sigma[known] ** 2) if np.isfinite(sigma[known]).all() else None
    values, covariance, names = _scaled(values[known], covariance, names, x_fe)
    if covariance is None:
        return {name: (float(v), np.nan) for name, v in zip(names, values, strict=True)}
    return _pairs(names, values, covariance)


def _measured(fit, x_fe):
    values, covariance, names = _scaled(
        fit.labels[0], fit.covariance[0], fit.label_names, x_fe
    )
    return _pairs(names, values, covariance)


def _scaled(values, covariance, names, x_fe):
    if not x_fe or "fe_h" not in names:
        return values, covariance, tuple(names)
    batch = None if covariance is None else covariance[np.newaxis]
    values, batch, names = to_x_fe(values[np.newaxis], batch, names)
    return values[0], None if batch is None else batch[0], names


def _pairs(names, values, covariance):
    sigma = np.sqrt(np.diagonal(covariance))
    return {
        name: (float(v), float(s))
        for name, v, s in zip(names, values, sigma, strict=True)
    }
