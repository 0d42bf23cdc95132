"""An emulator with a strength and an offset in every pixel: what needs no network.

flux_p = 1 + offset_p - strength_p * (1 - emulator_p). With strength 1 it is the mean
shift; with both, the self-calibration of an emulator on the stars that it is fitted to.
Lines missing from the synthetic list become offsets, wrong oscillator strengths become
strengths: nothing in it knows which, and nothing sets its zero points.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stellar_gui.fitting import FitResult, fit_labels
from stellar_gui.models.base import SpectralModel
from stellar_gui.models.blocks import ErrorModel, LabelScaling, Network, Nuisance
from stellar_gui.models.folded import Folded
from stellar_gui.spectra import Spectra

ROUNDS = 3  # of fits and calibrations; a fourth changes labels by less than their noise
_STRENGTH_SPREAD = 0.3  # Gaussian prior around 1: gf and NLTE are rarely worse
_OFFSET_SPREAD = 0.1


@dataclass(frozen=True, eq=False)
class Recalibrated:
    """strength, offset (n_pixels,), flux; all else is the emulator's."""

    emulator: SpectralModel
    strength: Tensor
    offset: Tensor
    provenance: dict[str, Any] = field(default_factory=dict)

    kind = "recalibrated"

    @classmethod
    def unchanged(cls, emulator: SpectralModel) -> "Recalibrated":
        """Return the emulator as it is, to start from."""
        one = torch.ones(len(emulator.wavelength))
        return cls(emulator, one, torch.zeros_like(one))

    def __call__(self, labels: Tensor, nuisance: Tensor | None = None) -> Tensor:
        """(n_stars, n_labels), physical units -> flux (n_stars, n_pixels), float32."""
        flux = self.emulator(labels, **_given(nuisance))
        return 1.0 + self.offset.to(flux) - self.strength.to(flux) * (1.0 - flux)

    def jacobian(self, labels: Tensor, nuisance: Tensor | None = None) -> Tensor:
        """As that of the emulator: (n_stars, n_pixels, n), per physical unit."""
        inner = self.emulator.jacobian(labels, **_given(nuisance))
        return inner * self.strength.to(inner)[:, None]

    def folded(self) -> Folded | Network | None:
        """The emulator's network with the calibration in its last layer, for fits."""
        emulator = self.emulator
        own = getattr(emulator, "network", None)
        if own is None and hasattr(emulator, "folded"):
            own = emulator.folded()
        if own is None:
            return None
        strength = self.strength.to(own.weight3)
        bias = 1.0 + self.offset.to(strength) - strength * (1.0 - own.bias3)
        return own.with_output(strength[:, None] * own.weight3, bias)

    def then(self, strength: Tensor, offset: Tensor) -> "Recalibrated":
        """Calibrate this model's flux once more; strength, offset (n_pixels,)."""
        return replace(
            self,
            strength=strength * self.strength,
            offset=offset + strength * self.offset,
        )

    @property
    def label_names(self) -> tuple[str, ...]:
        return self.emulator.label_names

    @property
    def label_ranges(self) -> Tensor:
        return self.emulator.label_ranges

    @property
    def wavelength(self) -> Tensor:
        return self.emulator.wavelength

    @property
    def medium(self) -> str:
        return self.emulator.medium

    @property
    def resolution(self) -> float | None:
        return self.emulator.resolution

    @property
    def scaling(self) -> LabelScaling:
        return self.emulator.scaling

    @property
    def training_labels(self) -> Tensor | None:
        return self.emulator.training_labels

    @property
    def flux_covariance(self) -> ErrorModel | None:
        return self.emulator.flux_covariance

    @property
    def nuisance(self) -> Nuisance | None:
        return getattr(self.emulator, "nuisance", None)


def mean_shift(emulator: SpectralModel, spectra: Spectra, fit: FitResult):
    """Return the emulator plus the mean of observed minus fitted flux, per pixel.

    fit: of ``spectra`` by this emulator. Pixels that no star has stay as they are.
    """
    weight, observed, fitted = _arrays(spectra, fit)
    total = weight.sum(0)
    shift = (weight * (observed - fitted)).sum(0) / np.maximum(total, 1e-30)
    model = Recalibrated.unchanged(emulator)
    return replace(model, offset=torch.tensor(np.where(total > 0, shift, 0.0)).float())


def self_calibrated(
    emulator: SpectralModel, spectra: Spectra, *, rounds: int = ROUNDS, **options
) -> Recalibrated:
    """Fit labels, fit every pixel's strength and offset, and so on in turn.

    spectra: observed stars on the emulator's grid, without known labels; options go to
    `fit_labels`. Ten seconds on a CPU for 1500 stars of 2100 pixels.
    """
    model = Recalibrated.unchanged(emulator)
    for _ in range(rounds):
        fit = fit_labels(model, spectra, **options)
        model = model.then(*_calibration(model, spectra, fit))
    return model


def _calibration(model, spectra, fit):
    """Strength and offset (n_pixels,) that bring fitted to observed flux.

    Weighted least squares in each pixel, with a prior that draws the whole strength
    towards 1 where a pixel's depth hardly varies among the stars.
    """
    weight, observed, fitted = _arrays(spectra, fit)
    depth, wanted = 1.0 - fitted, 1.0 - observed
    before = model.strength.double().numpy()
    firm, fixed = (before / _STRENGTH_SPREAD) ** 2, _OFFSET_SPREAD**-2
    total = weight.sum(0) + fixed
    cross = (weight * depth).sum(0)
    square = (weight * depth**2).sum(0) + firm
    right_strength = (weight * depth * wanted).sum(0) + firm / before
    right_offset = (weight * wanted).sum(0)
    determinant = square * total - cross**2
    strength = (right_strength * total - right_offset * cross) / determinant
    offset = (cross * right_strength - square * right_offset) / determinant
    strength = np.maximum(strength, 0.1 / before)  # a line never turns into emission
    return torch.tensor(strength).float(), torch.tensor(offset).float()


def _arrays(spectra, fit):
    """Weights, observed and fitted flux (n_stars, n_pixels), 0 where one is missing."""
    flux, ivar = (np.asarray(a, dtype=float) for a in (spectra.flux, spectra.ivar))
    fitted = np.asarray(fit.model_flux, dtype=float)
    usable = (ivar > 0) & np.isfinite(fitted)
    own = np.nan_to_num(fit.model_sigma)
    weight = np.where(usable, ivar / (1.0 + ivar * own**2), 0.0)
    return weight, np.where(usable, flux, 0.0), np.where(usable, fitted, 0.0)


def _given(nuisance):
    return {} if nuisance is None else {"nuisance": nuisance}
