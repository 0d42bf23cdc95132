"""The parts that models are built of: label scaling, the network, the model's error.

Nothing here knows of fits, files or training.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stellar_gui.labels import relative_to_iron

SLOPE = 0.01  # of the leaky rectifier below zero, as the published networks have it


def checked_labels(labels, label_names) -> Tensor:
    """Return labels (n_stars, n_labels) as a floating tensor; anything array-like goes.

    Raises ValueError for another number of labels.

    >>> checked_labels([[5777, 4]], ("teff", "logg"))
    tensor([[5.7770e+03, 4.0000e+00]], dtype=torch.float64)
    """
    if not isinstance(labels, Tensor):
        labels = torch.tensor(np.asarray(labels))  # a copy: torch dislikes locked ones
    if labels.ndim != 2 or labels.shape[1] != len(label_names):
        raise ValueError(
            f"labels has shape {tuple(labels.shape)}, expected (n_stars, "
            f"{len(label_names)}): {', '.join(label_names)}"
        )
    return labels if labels.is_floating_point() else labels.double()


class ErrorModel(NamedTuple):
    """Covariance of a model's own flux error: ``modes.T @ modes + diag(tail)``.

    Ting et al. (2019) take the emulator as exact; its held-out residuals say how far
    it is not, and errors of neighbouring lines go together.
    """

    modes: Tensor  # (n_modes, n_pixels) flux
    tail: Tensor  # (n_pixels,) variance that the modes leave over

    @property
    def variance(self) -> Tensor:
        """(n_pixels,) the diagonal of the covariance."""
        return (self.modes**2).sum(0) + self.tail

    @classmethod
    def from_residuals(cls, residuals: Tensor, n_modes: int) -> "ErrorModel":
        """Estimate it from held-out residuals (n, n_pixels), truth minus model.

        Not more modes than a third of the residual spectra: later ones are noise.
        """
        n = len(residuals)
        n_modes = min(n_modes, max(n // 3, 1))
        # the small Gram matrix (n, n) instead of a singular value decomposition
        vectors = torch.linalg.eigh((residuals @ residuals.T).double()).eigenvectors
        leading = vectors[:, -n_modes:].flip(1).T.to(residuals)  # (n_modes, n)
        modes = fixed_signs(leading @ residuals / n**0.5)
        tail = ((residuals**2).mean(0) - (modes**2).sum(0)).clamp(min=0)
        return cls(modes, tail)


class Nuisance(NamedTuple):
    """Parameters fitted beside the labels, each with a Gaussian prior.

    A model that has them takes ``model(labels, nuisance=values)``, values
    (n_stars, n_nuisance), and without the keyword uses the prior's mean.
    """

    names: tuple[str, ...]
    mean: Tensor  # (n_nuisance,)
    sigma: Tensor  # (n_nuisance,)
    lower: float = -math.inf  # no value may be below, whatever the data say
    upper: float = math.inf


class LabelScaling(NamedTuple):
    """Affine map between physical labels and coordinates of the order of one.

    coordinates = labels @ matrix.T - centre, then / width: within -0.5 and 0.5 over the
    training labels. Abundances count relative to iron, because a grid that reaches from
    [Fe/H] -3 to 0.5 with [X/Fe] within 0.6 is a thin slab in [X/H].
    """

    matrix: Tensor  # (n_labels, n_labels) float64, of determinant 1
    centre: Tensor  # (n_labels,)
    width: Tensor  # (n_labels,)

    @classmethod
    def from_labels(cls, labels, label_names) -> "LabelScaling":
        """Span the coordinates by labels (n_stars, n_labels) in physical units.

        Raises ValueError if a label is the same for all stars.
        """
        matrix, _ = relative_to_iron(label_names)
        rotated = np.asarray(labels, dtype=np.float64) @ matrix.T
        low, high = rotated.min(0), rotated.max(0)
        if not (high - low > 1e-9).all():
            constant = [
                n for n, w in zip(label_names, high - low, strict=True) if w == 0
            ]
            raise ValueError(
                f"the training labels never vary in {', '.join(constant)}, expected "
                "a range of values in every label. Leave these labels out."
            )
        return cls(*map(torch.from_numpy, (matrix, (low + high) / 2, high - low)))

    def to_coordinates(self, labels: Tensor) -> Tensor:
        """(n_stars, n_labels) physical units -> coordinates, same shape."""
        matrix, centre, width = (part.to(labels) for part in self)
        return (labels @ matrix.T - centre) / width

    def to_labels(self, coordinates: Tensor) -> Tensor:
        """The inverse of `to_coordinates`."""
        _, centre, width = (part.to(coordinates) for part in self)
        return (coordinates * width + centre) @ self.inverse.to(coordinates).T

    @property
    def inverse(self) -> Tensor:
        """(n_labels, n_labels) inverse of the matrix."""
        return torch.linalg.inv(self.matrix)

    @property
    def labels_per_coordinate(self) -> Tensor:
        """(n_labels, n_labels) d labels / d coordinates."""
        return self.inverse * self.width


class Hidden(NamedTuple):
    """The last hidden layer, and the slopes at which each layer was passed."""

    activation: Tensor  # (n_stars, n_hidden_2)
    slope1: Tensor  # (n_stars, n_hidden_1)
    slope2: Tensor  # (n_stars, n_hidden_2)


class Network(NamedTuple):
    """coordinates -> hidden -> hidden -> pixels, leaky rectifiers, linear output."""

    weight1: Tensor  # (n_hidden_1, n_labels)
    bias1: Tensor
    weight2: Tensor  # (n_hidden_2, n_hidden_1)
    bias2: Tensor
    weight3: Tensor  # (n_pixels, n_hidden_2)
    bias3: Tensor

    def hidden(self, coordinates: Tensor) -> Hidden:
        """(n_stars, n_labels) scaled labels -> the last hidden layer."""
        before = torch.addmm(self.bias1, coordinates, self.weight1.T)
        slope1 = torch.where(before > 0, 1.0, SLOPE).to(before)
        after = torch.addmm(self.bias2, before * slope1, self.weight2.T)
        slope2 = torch.where(after > 0, 1.0, SLOPE).to(after)
        return Hidden(after * slope2, slope1, slope2)

    def output(self, activation: Tensor) -> Tensor:
        """(n_stars, n_hidden_2) -> (n_stars, n_pixels)."""
        return torch.addmm(self.bias3, activation, self.weight3.T)

    def with_output(self, weight3: Tensor, bias3: Tensor) -> "Network":
        """The same inner layers with another last one."""
        return self._replace(weight3=weight3, bias3=bias3)

    def hidden_jacobian(self, hidden: Hidden) -> Tensor:
        """d activation / d coordinates, (n_stars, n_labels, n_hidden_2)."""
        n_stars, n_hidden = hidden.slope2.shape
        first = hidden.slope1[:, None, :] * self.weight1.T  # (n_stars, n_labels, h1)
        second = first.reshape(-1, first.shape[-1]) @ self.weight2.T
        return second.reshape(n_stars, -1, n_hidden) * hidden.slope2[:, None, :]


def fixed_signs(vectors: Tensor) -> Tensor:
    """Return the rows with their largest element positive: the same on any machine."""
    largest = vectors.abs().argmax(1, keepdim=True)
    return vectors * torch.sign(torch.gather(vectors, 1, largest))
