"""Where a fit may go: a model's label space, its margin, and the priors in it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from stellar_gui.fitting.problem import Prior
from stellar_gui.models.base import SpectralModel
from stellar_gui.models.blocks import LabelScaling
from stellar_gui.statistics import robust_std

MARGIN = 0.15  # of a label's training range, by which a fit may leave it
_AT_BOUND = 1e-3  # of the space between the bounds
_BEYOND = 0.01  # of a label's range: less is no reason to distrust a fit
_FREE_OF_PRIOR = {"teff", "logg", "fe_h", "m_h"}
_NEVER_NEGATIVE = {"vmicro", "vbroad"}
_NUISANCE_REACH = 10.0  # sigmas of its prior


@dataclass(frozen=True)
class Domain:
    """Bounds and prior of the model's parameters, in scaled coordinates.

    sample (n, n_labels): coordinates spread over the label space; lower, upper
    (n_labels + n_nuisance,); label_ranges (n_labels, 2) physical, or None.
    """

    scaling: LabelScaling
    sample: Tensor
    lower: Tensor
    upper: Tensor
    prior: Prior
    label_ranges: Tensor | None

    def outside(self, coordinates: Tensor) -> Tensor:
        """(n_stars,) bool: a label outside the model's range, or at a bound of fits.

        coordinates (n_stars, n_labels).
        """
        n = coordinates.shape[1]
        near = _AT_BOUND * (self.upper - self.lower)[:n]
        at = coordinates <= self.lower[:n] + near
        at |= coordinates >= self.upper[:n] - near
        if self.label_ranges is not None:
            labels = self.scaling.to_labels(coordinates)
            low, high = self.label_ranges.to(labels).T
            near = _BEYOND * (high - low)
            at |= (labels < low - near) | (labels > high + near)
        return at.any(1)

    def bounds(
        self, parameters: Tensor, n_model: int, reach: float, held: bool = False
    ) -> tuple[Tensor, Tensor]:
        """Lower and upper bounds of rows of parameters (n, m).

        The first ``n_model`` are the model's, nuisance behind the labels, at its start
        if ``held``; then the velocity, within ``reach`` of its start, if that is not 0;
        the rest is of the continuum.
        """
        n_labels = self.sample.shape[1]
        lower, upper = parameters - 1.0, parameters + 1.0
        lower[:, :n_model], upper[:, :n_model] = (
            self.lower[:n_model],
            self.upper[:n_model],
        )
        if held:
            start = parameters[:, n_labels:n_model]
            lower[:, n_labels:n_model] = upper[:, n_labels:n_model] = start
        if reach:
            lower[:, n_model] = parameters[:, n_model] - reach
            upper[:, n_model] = parameters[:, n_model] + reach
        return lower, upper

    def without_label_prior(self) -> Prior:
        """The prior of the nuisance parameters alone."""
        precision = self.prior.precision.clone()
        precision[: self.sample.shape[1]] = 0.0
        return self.prior._replace(precision=precision)


def domain_of(model: SpectralModel, device, seed: int = 0) -> Domain:
    """Find the domain of any model.

    Labels other than teff, logg and [Fe/H] get a Gaussian prior of the median and
    robust spread of the model's ``prior_labels``, or of its training labels: a spectrum
    may hardly show them, and a bound of the range would be the only other thing to stop
    them.
    """
    scaling = scaling_of(model)
    sample = _sample(model, scaling, seed).to(device)
    usual = getattr(model, "prior_labels", None)
    usual = sample if usual is None else scaling.to_coordinates(usual.double())
    middle = usual.median(0).values.to(device)
    spread = [robust_std(column) for column in usual.T.numpy(force=True)]
    lower = middle.new_full((len(middle),), -0.5 - MARGIN)
    upper = -lower
    precision = middle.new_tensor(spread).clamp(min=1e-3) ** -2
    for k, name in enumerate(model.label_names):
        if name in _FREE_OF_PRIOR:
            precision[k] = 0.0
        if name in _NEVER_NEGATIVE:
            zero = -scaling.centre[k] / scaling.width[k]
            lower[k] = torch.maximum(zero.to(lower), lower[k])
    nuisance = getattr(model, "nuisance", None)
    if nuisance is not None:
        mean, sigma = nuisance.mean.to(middle), nuisance.sigma.to(middle)
        middle, precision = torch.cat([middle, mean]), torch.cat([precision, sigma**-2])
        reach = _NUISANCE_REACH * sigma
        lower = torch.cat([lower, (mean - reach).clamp(min=nuisance.lower)])
        upper = torch.cat([upper, (mean + reach).clamp(max=nuisance.upper)])
    ranges = getattr(model, "label_ranges", None)
    if ranges is not None:
        ranges = torch.as_tensor(ranges, dtype=torch.float64, device=middle.device)
    return Domain(scaling, sample, lower, upper, Prior(middle, precision), ranges)


def scaling_of(model: SpectralModel) -> LabelScaling:
    """Return the label scaling of a model, its own or one that its labels span.

    Raises ValueError if the model says nothing of its labels' range.
    """
    own = getattr(model, "scaling", None)
    if isinstance(own, LabelScaling):
        return own
    labels = getattr(model, "training_labels", None)
    if labels is not None:
        return LabelScaling.from_labels(labels.numpy(force=True), model.label_names)
    ranges = getattr(model, "label_ranges", None)
    if ranges is None:
        raise ValueError(
            f"a model of class {type(model).__name__} has neither training_labels nor "
            "label_ranges, so a fit has no place to start. Give it label_ranges, "
            "(n_labels, 2) in physical units."
        )
    low, high = torch.as_tensor(ranges, dtype=torch.float64).T
    unchanged = torch.eye(len(low), dtype=torch.float64)
    return LabelScaling(unchanged, (low + high) / 2, high - low)


def _sample(model, scaling, seed):
    labels = getattr(model, "training_labels", None)
    if labels is not None:
        return scaling.to_coordinates(labels.double())
    rng = torch.Generator().manual_seed(seed)
    size = (1000, len(model.label_names))
    return torch.rand(size, generator=rng, dtype=torch.float64) - 0.5
