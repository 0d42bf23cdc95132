"""The Payne: one network from labels to flux (Ting et al. 2019, ApJ 879, 69).

Departs from the paper, as the authors' released code does: one network predicts all
pixels together, not one small network per pixel. Beside the flux it carries its own
error, as a covariance of held-out residuals. Knows nothing of fits and training.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stellar_gui.labels import describe
from stellar_gui.models.blocks import ErrorModel, LabelScaling, Network, checked_labels


@dataclass(frozen=True, eq=False)
class Payne:
    """An emulator of spectra: labels in, continuum-normalised flux out.

    network: float32 layers; scaling: physical labels <-> its inputs; label_ranges
    (n_labels, 2), what the training labels span; wavelength (n_pixels,) Angstrom;
    flux_covariance: its error, or None; training_labels (n, n_labels): a sample of what
    it was trained on, or None; provenance: free, of plain values.

    Raises ValueError if the parts do not fit each other.

    >>> model = untrained(("teff", "fe_h"), [[4000, -1], [6000, 0.5]], [5000.0, 5000.1])
    >>> model(torch.tensor([[5000.0, 0.0]])).shape
    torch.Size([1, 2])
    """

    network: Network
    scaling: LabelScaling
    label_names: tuple[str, ...]
    label_ranges: Tensor
    wavelength: Tensor
    medium: str = "vacuum"
    resolution: float | None = None
    label_units: tuple[str, ...] = ()
    flux_covariance: ErrorModel | None = None
    training_labels: Tensor | None = None
    provenance: dict[str, Any] = field(default_factory=dict)

    kind = "payne"

    def __post_init__(self):
        if not self.label_units:
            units = tuple(describe(name).unit for name in self.label_names)
            object.__setattr__(self, "label_units", units)
        n_labels, n_pixels = len(self.label_names), len(self.wavelength)
        shape = (self.network.weight3.shape[0], self.network.weight1.shape[1])
        if shape != (n_pixels, n_labels):
            raise ValueError(
                f"the network gives {shape[0]} pixels from {shape[1]} labels, expected "
                f"{n_pixels} pixels from {n_labels} labels. Are its tensors from "
                "another model than its header?"
            )
        if self.label_ranges.shape != (n_labels, 2):
            raise ValueError(
                f"label_ranges has shape {tuple(self.label_ranges.shape)}, expected "
                f"({n_labels}, 2): the lowest and the highest value of each label"
            )

    def __call__(self, labels: Tensor) -> Tensor:
        """(n_stars, n_labels) in physical units -> flux (n_stars, n_pixels), float32.

        Differentiable. Raises ValueError if the number of labels is another.
        """
        return self.network.output(self.network.hidden(self._scaled(labels)).activation)

    def jacobian(self, labels: Tensor) -> Tensor:
        """d flux / d labels, (n_stars, n_pixels, n_labels), per physical unit.

        Analytic: two matrix products, no graph.
        """
        hidden = self.network.hidden(self._scaled(labels))
        inner = self.network.hidden_jacobian(hidden)
        scale = self.scaling.labels_per_coordinate.inverse().to(inner)
        return self.network.weight3 @ (inner.transpose(1, 2) @ scale)

    @property
    def linear_output(self) -> Network:
        """The network, whose last layer gives flux without a further function."""
        return self.network

    def _scaled(self, labels):
        labels = checked_labels(labels, self.label_names)
        # in double precision: 5000 K has no digits to spare in single
        return self.scaling.to_coordinates(labels.double()).to(self.network.weight1)

    def to(self, device: str | torch.device) -> "Payne":
        """Return the model with all its tensors on ``device``."""
        return self.from_tensors(
            {name: tensor.to(device) for name, tensor in self.to_tensors().items()},
            self.header(),
        )

    def header(self) -> dict[str, Any]:
        """What a file says of the model beside its tensors, in plain values."""
        return {
            "kind": self.kind,
            "label_names": list(self.label_names),
            "label_units": list(self.label_units),
            "label_ranges": self.label_ranges.tolist(),
            "wavelength_range": [float(self.wavelength[0]), float(self.wavelength[-1])],
            "wavelength_unit": "Angstrom",
            "medium": self.medium,
            "resolution": self.resolution,
            "normalisation": "continuum",
            "provenance": self.provenance,
        }

    def to_tensors(self) -> dict[str, Tensor]:
        """All numbers of the model, by name."""
        tensors = {"wavelength": self.wavelength, "label_ranges": self.label_ranges}
        tensors |= self.network._asdict()
        tensors |= {f"scaling_{k}": v for k, v in self.scaling._asdict().items()}
        if self.flux_covariance is not None:
            tensors |= {
                f"error_{k}": v for k, v in self.flux_covariance._asdict().items()
            }
        if self.training_labels is not None:
            tensors["training_labels"] = self.training_labels
        return tensors

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor], header: dict) -> "Payne":
        """Build the model from `to_tensors` and `header`; 16-bit tensors are widened.

        Raises KeyError if a tensor or an entry is missing.
        """
        wide = {
            k: v.float() if v.dtype == torch.half else v for k, v in tensors.items()
        }
        part = lambda kind, prefix: kind(*(wide[prefix + f] for f in kind._fields))  # noqa: E731
        return cls(
            network=part(Network, ""),
            scaling=part(LabelScaling, "scaling_"),
            label_names=tuple(header["label_names"]),
            label_ranges=wide["label_ranges"],
            wavelength=wide["wavelength"],
            medium=header["medium"],
            resolution=header["resolution"],
            label_units=tuple(header["label_units"]),
            flux_covariance=part(ErrorModel, "error_")
            if "error_tail" in wide
            else None,
            training_labels=wide.get("training_labels"),
            provenance=header["provenance"],
        )


def untrained(label_names, training_labels, wavelength, n_hidden=300, seed=0) -> Payne:
    """Return a Payne with random weights, where training starts.

    training_labels (n_stars, n_labels), which the inputs are scaled by.
    """
    labels = torch.as_tensor(np.asarray(training_labels), dtype=torch.float64)
    shapes = [(n_hidden, len(label_names)), (n_hidden, n_hidden)]
    return Payne(
        network=random_network([*shapes, (len(wavelength), n_hidden)], seed),
        scaling=LabelScaling.from_labels(labels.numpy(), label_names),
        label_names=tuple(label_names),
        label_ranges=torch.stack([labels.amin(0), labels.amax(0)], 1),
        wavelength=torch.as_tensor(wavelength, dtype=torch.float64),
    )


def random_network(shapes, seed) -> Network:
    """Return layers of the given (out, in) shapes, uniform within 1 / sqrt(in)."""
    rng = torch.Generator().manual_seed(seed)
    layers = []
    for n_out, n_in in shapes:
        bound = n_in**-0.5
        layers.append((torch.rand(n_out, n_in, generator=rng) * 2 - 1) * bound)
        layers.append((torch.rand(n_out, generator=rng) * 2 - 1) * bound)
    return Network(*layers)
