"""Which labels explain how two groups of stars differ.

The difference of their median spectra is fitted with the derivatives of a model by
weighted least squares. That takes flux to be linear in the labels across both groups:
errors grow where derivatives change from star to star, and what is left over is said.
"""

from typing import NamedTuple

import numpy as np
import torch

from stellar_gui.analysis.derivatives import jacobian
from stellar_gui.analysis.groups import Group, difference
from stellar_gui.labels import describe, relative_to_iron

_AVERAGED = 16  # stars over which derivatives are averaged
_UNEVEN = 0.5  # of what one star's own derivatives would change; see `explain`
_CLEAR = 2.0  # sigma, from where a label counts
_NOTHING = 1e-9  # of the largest: a smaller eigenvalue says nothing


class Reason(NamedTuple):
    """By how much a label of A exceeds that of B: ``value`` ± ``error`` in ``unit``.

    share: part of the squared difference, in units of its error, that no other label
    explains; clear: whether the value is beyond two sigma.
    """

    name: str  # "mg_fe"
    title: str
    unit: str
    value: float
    error: float
    share: float
    clear: bool


class Explanation(NamedTuple):
    """Why two groups differ.

    reasons: all labels that act on the spectrum, the clear ones first, by their share;
    explained: part of the squared difference that they explain together, over pixels;
    noise: part of it that noise alone would leave; misfit: mean square of what is left,
    in units of its error: well above 1, something else differs, or the groups are too
    far apart or too wide; contributions (n_pixels, n_labels): the flux that each label
    explains, in the order of ``names``.
    """

    reasons: tuple[Reason, ...]
    explained: float
    noise: float
    misfit: float
    names: tuple[str, ...]
    contributions: np.ndarray

    @property
    def flux(self) -> np.ndarray:
        """(n_pixels,) the difference as the labels explain it."""
        return self.contributions.sum(axis=1)


def group_jacobians(model, labels, seed: int = 0) -> np.ndarray:
    """Return d flux / d label of stars of both groups, (n_drawn, n_pixels, n_labels).

    labels (n_stars, n_labels) in the model's order; stars with a NaN do not count, and
    of many, 16 are drawn. Raises ValueError if no star has all labels.
    """
    labels = np.asarray(labels, dtype=float)
    labels = labels[np.isfinite(labels).all(axis=1)]
    if not len(labels):
        raise ValueError(
            "no star of the groups has all labels that the model needs "
            f"({', '.join(model.label_names)}); expected one or more. Choose groups "
            "with synthetic stars, or load a survey with these labels."
        )
    if len(labels) > _AVERAGED:
        rng = np.random.default_rng(seed)
        labels = labels[rng.choice(len(labels), _AVERAGED, replace=False)]
    with torch.no_grad():
        return jacobian(model, torch.tensor(labels)).numpy(force=True)


def explain(a: Group, b: Group, derivatives, label_names) -> Explanation:
    """Explain the difference of two groups by labels.

    derivatives (n, n_pixels, n_labels): of some stars of them, see `group_jacobians`;
    their mean is fitted. Abundances count as [X/Fe] where iron is a label. Pixels weigh
    by their error; those without, or with a derivative that is NaN, not at all. Errors
    are those of the draw of stars, times the root of a misfit above 1, and half the
    scatter of what single stars' derivatives would have said: on the sample survey,
    that much keeps the catalogue's differences within them, for wide groups too.
    """
    change, names = relative_to_iron(label_names)
    each = np.asarray(derivatives, float) @ np.linalg.inv(change)
    found = difference(a, b)
    known = np.isfinite(found.error) & (found.error > 0)
    known &= np.isfinite(each).all(axis=(0, 2))
    each = np.nan_to_num(each)
    derivatives = each.mean(axis=0)  # (n_pixels, n_labels)
    value = np.where(known, found.value, 0.0)
    root = np.where(known, 1.0 / np.where(known, found.error, 1.0), 0.0)
    scale = np.linalg.norm(derivatives * root[:, None], axis=0)
    acts = scale > 0
    weighted = derivatives[:, acts] * root[:, None] / scale[acts]
    inverse = np.linalg.pinv(weighted.T @ weighted, rcond=_NOTHING, hermitian=True)
    solve = inverse @ (weighted * root[:, None]).T / scale[acts, None]
    shift = solve @ value  # (n_acting,)
    left = np.where(known, value - derivatives[:, acts] @ shift, 0.0)
    misfit = float(np.square(left * root).sum() / max(known.sum() - acts.sum(), 1))
    covariance = a.covariance(solve) + b.covariance(solve)
    uneven = _UNEVEN * (each[:, :, acts] @ shift @ solve.T).std(axis=0)
    error = np.sqrt(np.diag(covariance) * max(misfit, 1.0) + uneven**2)
    # how much chi2 grows if one label stays at 0 and all others are fitted anew
    lost = np.square(shift * scale[acts]) / np.diag(inverse)
    share = lost / max(np.square(value * root).sum(), np.finfo(float).tiny)
    total = max(np.square(value).sum(), np.finfo(float).tiny)
    names = tuple(name for name, one in zip(names, acts, strict=True) if one)
    reasons = [_reason(*row) for row in zip(names, shift, error, share, strict=True)]
    return Explanation(
        tuple(sorted(reasons, key=lambda r: (not r.clear, -r.share))),
        float(1 - np.square(left).sum() / total),
        float(np.square(found.error[known]).sum() / total),
        misfit,
        names,
        derivatives[:, acts] * shift,
    )


def _reason(name, value, error, share):
    about = describe(name)
    clear = bool(abs(value) > _CLEAR * error)
    return Reason(
        name,
        about.title,
        about.unit,
        float(value),
        float(error),
        float(share),
        clear,
    )
