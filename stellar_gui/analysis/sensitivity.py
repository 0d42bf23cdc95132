"""How one star's spectrum answers to each label: what maps, limits and answers share.

The flux of a model at a star's labels, and its exact derivatives, in arrays that know
nothing of models any more: two of them can be compared, counted relative to iron, or
brought down to fewer labels or pixels.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch

from stellar_gui.analysis.derivatives import derivative_steps, jacobian
from stellar_gui.fitting.checks import match_pixels
from stellar_gui.labels import describe, relative_to_iron
from stellar_gui.models.base import SpectralModel
from stellar_gui.models.blocks import checked_labels
from stellar_gui.models.own_grid import check_own_grid
from stellar_gui.preprocess.medium import convert_wavelength
from stellar_gui.spectra import Spectra


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Flux and derivatives of one model at the labels of one star.

    wavelength (n_pixels,) Angstrom; flux (n_pixels,); jacobian (n_pixels, n_labels),
    d flux / d label per physical unit, NaN where the model says nothing; scatter
    (n_labels, n_labels): covariance of the labels over the training set; nuisance
    (n_pixels, n_nuisance), d flux / d nuisance, and its prior's sigma (n_nuisance,);
    variance (n_pixels,): of the model's own error, flux².
    """

    wavelength: np.ndarray
    medium: str
    flux: np.ndarray
    label_names: tuple[str, ...]
    jacobian: np.ndarray
    scatter: np.ndarray
    nuisance_names: tuple[str, ...]
    nuisance: np.ndarray
    nuisance_sigma: np.ndarray
    variance: np.ndarray

    @cached_property
    def per_step(self) -> np.ndarray:
        """(n_pixels, n_labels) change of flux per 100 K, 0.1 dex or 1 km/s."""
        return self.jacobian * derivative_steps(self.label_names)

    @property
    def spread(self) -> np.ndarray:
        """(n_labels,) standard deviation of each label over the training set."""
        return np.sqrt(np.diagonal(self.scatter))

    @property
    def elements(self) -> dict[str, int]:
        """Element -> its column, of all labels that are abundances: {"Fe": 17}."""
        found = {describe(name).element: k for k, name in enumerate(self.label_names)}
        found.pop(None, None)
        return found

    def relative_to_iron(self) -> "Sensitivity":
        """The same with [X/Fe] for [X/H], as long as iron is a label.

        [Fe/H] then moves all metals, at fixed [X/Fe].
        """
        change, renamed = relative_to_iron(self.label_names)
        return dataclasses.replace(
            self,
            label_names=renamed,
            # labels change by `change`, so derivatives by its inverse
            jacobian=self.jacobian @ np.linalg.inv(change),
            scatter=change @ self.scatter @ change.T,
        )

    def of_labels(self, names: Sequence[str]) -> "Sensitivity":
        """Some of the labels, in this order; abundances left out follow [Fe/H].

        What a model of few labels has learnt from real stars, whose other elements
        vary with iron. All else that is left out stays fixed.
        """
        jacobian, kept = self.jacobian.copy(), list(names)
        if "fe_h" in kept:
            iron = self.label_names.index("fe_h")
            for column, name in enumerate(self.label_names):
                if name.endswith("_h") and name not in kept:
                    jacobian[:, iron] += self.jacobian[:, column]
        columns = [self.label_names.index(name) for name in kept]
        return dataclasses.replace(
            self,
            label_names=tuple(kept),
            jacobian=jacobian[:, columns],
            scatter=self.scatter[np.ix_(columns, columns)],
        )

    def on_pixels(self, pixels) -> "Sensitivity":
        """Some of the pixels: bool (n_pixels,) or indices."""
        parts = ("wavelength", "flux", "jacobian", "nuisance", "variance")
        return dataclasses.replace(
            self, **{name: getattr(self, name)[pixels] for name in parts}
        )


def sensitivity(model: SpectralModel, labels, nuisance=None) -> Sensitivity:
    """Return what a model says of one star: flux and exact derivatives.

    labels (n_labels,) in the model's order and physical units; nuisance (n_nuisance,),
    as a fit or `own_nuisance` gives it, or None for the mean of its prior. Raises
    ValueError for labels of another number.
    """
    labels = np.atleast_2d(np.asarray(labels, dtype=np.float64))
    labels = checked_labels(labels, model.label_names)
    prior, given = getattr(model, "nuisance", None), ()
    if prior is not None:
        values = prior.mean if nuisance is None else torch.as_tensor(nuisance)
        given = (values.to(prior.mean).reshape(1, -1),)
    with torch.no_grad():
        flux, slopes = (
            part[0].numpy(force=True).astype(float)
            for part in (model(labels, *given), jacobian(model, labels, *given))
        )
    n = len(model.label_names)
    sigma = np.ones(0) if prior is None else prior.sigma.numpy(force=True)
    return Sensitivity(
        wavelength=model.wavelength.numpy(force=True).astype(float),
        medium=model.medium,
        flux=flux,
        label_names=tuple(model.label_names),
        jacobian=slopes[:, :n],
        scatter=label_scatter(model),
        nuisance_names=() if prior is None else tuple(prior.names),
        nuisance=slopes[:, n:],
        nuisance_sigma=sigma.astype(float),
        variance=_own_variance(model, labels, len(flux)),
    )


def label_scatter(model: SpectralModel) -> np.ndarray:
    """Return the covariance of a model's training labels, (n_labels, n_labels).

    Of its label ranges, as if filled evenly, where it keeps no sample of them; NaN
    where it says nothing.
    """
    sample = getattr(model, "training_labels", None)
    if sample is not None:
        values = sample.double().numpy(force=True)
        return np.atleast_2d(np.cov(values, rowvar=False))
    ranges = getattr(model, "label_ranges", None)
    if ranges is None:
        return np.diag(np.full(len(model.label_names), np.nan))
    low, high = torch.as_tensor(ranges, dtype=torch.float64).T.numpy(force=True)
    return np.diag((high - low) ** 2 / 12.0)


def own_nuisance(model: SpectralModel, star: Spectra) -> np.ndarray | None:
    """Return a star's own nuisance, (n_nuisance,), as its spectrum shows it.

    star: a container of one. None for a model without nuisance, or one that cannot
    tell it. Raises ValueError if the star is not on the model's pixels.
    """
    if not hasattr(model, "split_of"):
        return None
    check_own_grid(model, star)
    flux, ivar = (torch.tensor(np.asarray(a)) for a in (star.flux, star.ivar))
    return model.split_of(flux, ivar)[0].numpy(force=True)


def _own_variance(model, labels, n_pixels):
    """Variance of the model's own error in every pixel, as its fits weight by it."""
    if hasattr(model, "flux_variance"):
        with torch.no_grad():
            return model.flux_variance(labels)[0].numpy(force=True).astype(float)
    error = getattr(model, "flux_covariance", None)
    if error is None:
        return np.zeros(n_pixels)
    return error.variance.numpy(force=True).astype(float)


class Difference(NamedTuple):
    """The first of two sensitivities minus the second, where both say something."""

    sensitivity: Sensitivity  # flux and derivatives are differences
    left_out: tuple[str, ...]  # sentences, for the reader


def in_common(
    first: Sensitivity, second: Sensitivity
) -> tuple[Sensitivity, Sensitivity]:
    """Return both on their common labels and common pixels, in the first's order.

    An abundance that only one of them knows follows iron in it. Pixels are common if
    they are the same to 1e-9, once both are in the medium of the first. Raises
    ValueError if no label or no pixel is common.
    """
    names = [name for name in first.label_names if name in second.label_names]
    grid = convert_wavelength(second.wavelength, second.medium, first.medium)
    match = match_pixels(first.wavelength, grid)
    here = match >= 0
    if not names or not here.any():
        raise ValueError(
            f"the two models share {len(names)} labels and {int(here.sum())} pixels, "
            "expected some of both. Compare models of one wavelength grid."
        )
    return (
        first.of_labels(names).on_pixels(here),
        second.of_labels(names).on_pixels(match[here]),
    )


def difference(first: Sensitivity, second: Sensitivity) -> Difference:
    """Subtract what `in_common` leaves of two sensitivities; nuisance is left out.

    Raises ValueError if no label or no pixel is common.
    """
    a, b = in_common(first, second)
    return Difference(
        dataclasses.replace(
            a,
            flux=a.flux - b.flux,
            jacobian=a.jacobian - b.jacobian,
            nuisance=a.nuisance[:, :0],
            nuisance_names=(),
            nuisance_sigma=a.nuisance_sigma[:0],
        ),
        _left_out(first, second, a.label_names, len(a.wavelength)),
    )


def _left_out(first, second, common, n_pixels):
    sentences = []
    single = [n for s in (first, second) for n in s.label_names if n not in common]
    held = [describe(n).title for n in single if not n.endswith("_h")]
    follow = [describe(n).title for n in single if n.endswith("_h")]
    if follow and "fe_h" in common:
        sentences.append(
            f"{len(follow)} abundances that one model lacks follow [Fe/H] in the other"
        )
    elif follow:
        held += follow
    if held:
        sentences.append(f"held fixed, as one model lacks them: {', '.join(held)}")
    lost = len(first.wavelength) + len(second.wavelength) - 2 * n_pixels
    if lost:
        sentences.append(f"{lost} pixels left out, which only one model has")
    return tuple(sentences)
