"""The Cannon: a polynomial of the labels in every pixel.

Ness et al. (2015, ApJ 808, 16): flux_p = theta_p . v(labels) + noise of variance
1/ivar + s_p**2. Labels are scaled inside only. Beside theta and the scatter s the model
keeps the covariance of theta, because inference corrects for it (`fitting.cannon`).
This module must not import `fitting`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from stellar_gui.models.blocks import checked_labels
from stellar_gui.models.cannon_training import (
    label_scaling,
    training_notes,
    training_set,
)
from stellar_gui.models.coefficient_noise import CoefficientNoise
from stellar_gui.models.pixel_regression import PixelRegression
from stellar_gui.models.polynomial import Polynomial
from stellar_gui.spectra import Spectra

MAX_STEPS = 10  # three suffice for most pixels


@dataclass(frozen=True, eq=False)
class Cannon:
    """A trained Cannon: labels in, flux out, differentiable.

    wavelength (n_pixels,) Angstrom; theta (n_pixels, n_terms) and scatter (n_pixels,),
    NaN in pixels that are not modelled; noise: covariance of theta, or None for the
    plain Cannon; pivot, scale (n_labels,): labels_scaled = (labels - pivot) / scale;
    training_labels (n_stars, n_labels), physical units; error_scale (n_labels,): how
    much larger errors are than the formal ones, or None where it was not measured (see
    `fitting.calibration`). ``notes`` are sentences on the
    training set that a user of the results must know;
    provenance: free, of plain values, ``training_ids`` among them.
    """

    wavelength: Tensor
    label_names: tuple[str, ...]
    order: int
    theta: Tensor
    scatter: Tensor
    noise: CoefficientNoise | None
    pivot: Tensor
    scale: Tensor
    training_labels: Tensor
    error_scale: Tensor | None = None
    medium: str = "vacuum"
    resolution: float | None = None
    notes: tuple[str, ...] = ()
    label_units: tuple[str, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    kind: ClassVar[str] = "cannon"

    @classmethod
    def train(
        cls,
        spectra: Spectra,
        label_names=None,
        order: int = 2,
        *,
        errors_in_variables: bool = True,
        dtype: torch.dtype = torch.float64,
        device: str | torch.device = "cpu",
    ) -> "Cannon":
        """Train on all stars of ``spectra``; ``label_names`` default to all labels.

        ``errors_in_variables`` False leaves out the covariance of the coefficients.
        Raises ValueError if flux is not normalised, a label is missing, NaN or
        constant, the terms are more than a third of the stars, or no pixel has enough
        good stars.
        """
        regression, context = cls.regression(
            spectra, label_names, order, dtype=dtype, device=device
        )
        for _ in range(MAX_STEPS):
            regression.step()
            if not len(regression.active):
                break
        return cls.of(regression, **context, errors_in_variables=errors_in_variables)

    @staticmethod
    def regression(
        spectra: Spectra, label_names, order: int, *, dtype, device
    ) -> tuple[PixelRegression, dict]:
        """Return the regression of checked training spectra, and what `of` needs."""
        spectra, polynomial = training_set(spectra, label_names, order)
        labels = torch.tensor(spectra.labels)
        pivot, scale = label_scaling(labels)
        regression = PixelRegression(
            torch.tensor(np.asarray(spectra.flux), device=device),
            torch.tensor(np.asarray(spectra.ivar), device=device),
            ((labels - pivot) / scale).to(device),
            polynomial,
            dtype=dtype,
        )
        context = {
            "wavelength": torch.tensor(spectra.wavelength),
            "label_names": spectra.label_names,
            "order": order,
            "pivot": pivot,
            "scale": scale,
            "training_labels": labels,
            "medium": spectra.medium,
            "resolution": spectra.resolution,
            "label_units": spectra.label_units,
            "notes": training_notes(labels, spectra.label_names),
            "provenance": {"training_ids": spectra.ids.tolist()},
        }
        return regression, context

    @classmethod
    def of(cls, regression: PixelRegression, *, errors_in_variables=True, **context):
        """Freeze what a regression has found, as float32: its noise is far larger."""
        modelled = regression.modelled
        scatter = regression.variance.sqrt().masked_fill(~modelled, torch.nan)
        noise = CoefficientNoise.of(regression) if errors_in_variables else None
        return cls(
            theta=regression.theta.float().cpu(),
            scatter=scatter.float().cpu(),
            noise=noise,
            **context,
        )

    @cached_property
    def polynomial(self) -> Polynomial:
        return Polynomial(len(self.label_names), self.order)

    @property
    def term_names(self) -> tuple[str, ...]:
        """The terms as text, in the order of theta: "1", "teff", "teff²", ..."""
        return self.polynomial.term_names(self.label_names)

    @property
    def label_ranges(self) -> Tensor:
        """(n_labels, 2): smallest and largest training label, physical units."""
        low, high = torch.aminmax(self.training_labels, dim=0)
        return torch.stack([low, high], dim=1)

    @cached_property
    def modelled(self) -> Tensor:
        """(n_pixels,) bool: pixels that the model says something of."""
        return self.theta.isfinite().all(1)

    def scaled(self, labels: Tensor) -> Tensor:
        """Return labels in the model's own scale; they never leave the model."""
        labels = checked_labels(labels, self.label_names)
        return (labels - self.pivot.to(labels)) / self.scale.to(labels)

    def __call__(self, labels: Tensor) -> Tensor:
        """(n_stars, n_labels) in physical units -> flux (n_stars, n_pixels).

        NaN in pixels that are not modelled. Raises ValueError if the number of labels
        is another.
        """
        terms = self.polynomial.terms(self.scaled(labels))
        return terms @ self.theta.T.to(terms)

    def jacobian(self, labels: Tensor) -> Tensor:
        """(n_stars, n_labels) -> (n_stars, n_pixels, n_labels), per physical unit."""
        slopes = self.polynomial.derivatives(self.scaled(labels))
        return self.theta.to(slopes) @ (slopes / self.scale.to(slopes))

    def flux_variance(self, labels: Tensor) -> Tensor:
        """(n_stars, n_pixels): scatter**2 plus the variance of theta . v(labels)."""
        terms = self.polynomial.terms(self.scaled(labels))
        variance = self.scatter.to(terms).square().expand(len(terms), -1)
        if self.noise is None:
            return variance
        return variance + self.noise.of_flux(terms)

    @cached_property
    def _training_root(self) -> Tensor:
        terms = self.polynomial.terms(self.scaled(self.training_labels))
        return torch.linalg.qr(terms).R

    def leverage(self, labels: Tensor) -> Tensor:
        """(n_stars, n_labels) -> (n_stars,): v'(A'A)^-1 v, A the training terms.

        How far the polynomial is stretched, seen from the training set. Above
        `largest_leverage` a star lies outside of it, even if every single label is
        within its range (hidden extrapolation).
        """
        terms = self.polynomial.terms(self.scaled(labels)).to(self._training_root)
        root = torch.linalg.solve_triangular(
            self._training_root.T, terms.T, upper=False
        )
        return root.square().sum(0)

    @cached_property
    def _training_covariance(self) -> tuple[Tensor, Tensor]:
        stars = self.scaled(self.training_labels)
        covariance = torch.atleast_2d(torch.cov(stars.T))
        return stars.mean(0), torch.linalg.cholesky(covariance)

    def distance(self, labels: Tensor) -> Tensor:
        """(n_stars, n_labels) -> (n_stars,): Mahalanobis distance from the training."""
        mean, root = self._training_covariance
        away = (self.scaled(labels).to(mean) - mean).T
        white = torch.linalg.solve_triangular(root, away, upper=False)
        return white.norm(dim=0)

    @cached_property
    def largest_leverage(self) -> float:
        """The largest leverage of a training star."""
        return float(self.leverage(self.training_labels).max())

    def to_tensors(self) -> dict[str, Tensor]:
        """The arrays of a model file; `header` holds the rest."""
        names = "wavelength theta scatter pivot scale training_labels".split()
        tensors = {name: getattr(self, name) for name in names}
        if self.error_scale is not None:
            tensors["error_scale"] = self.error_scale
        if self.noise is not None:
            tensors |= {
                "noise_amplitude": self.noise.amplitude,
                "noise_shapes": self.noise.shapes,
            }
        return tensors

    def header(self) -> dict[str, Any]:
        """What a model file says of the model in words, ready for JSON."""
        return {
            "kind": self.kind,
            "label_names": list(self.label_names),
            "label_units": list(self.label_units),
            "label_ranges": self.label_ranges.tolist(),
            "order": self.order,
            "terms": list(self.term_names),
            "medium": self.medium,
            "wavelength_range": [float(self.wavelength[0]), float(self.wavelength[-1])],
            "wavelength_unit": "Angstrom",
            "resolution": self.resolution,
            "normalisation": "continuum",
            "notes": list(self.notes),
            "provenance": dict(self.provenance),
        }

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor], header: Mapping) -> "Cannon":
        """Rebuild a model from `to_tensors` and `header`."""
        tensors = dict(tensors)
        noise = None
        if "noise_shapes" in tensors:
            noise = CoefficientNoise(
                tensors.pop("noise_amplitude"), tensors.pop("noise_shapes")
            )
        return cls(
            **tensors,
            noise=noise,
            label_names=tuple(header["label_names"]),
            order=header["order"],
            medium=header["medium"],
            resolution=header["resolution"],
            notes=tuple(header["notes"]),
            label_units=tuple(header["label_units"]),
            provenance=header["provenance"],
        )
