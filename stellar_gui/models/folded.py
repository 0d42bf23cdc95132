"""A model as a small network whose last layer alone is as wide as a spectrum.

The last layer of a Payne and the first of a dense encoder are linear, so their product
is a small matrix: between labels and the last layer of the decoders no array needs the
pixels any more. A fit through Cycle-StarNet then costs about twice one through the
emulator, instead of ten times.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from stellar_gui.models.blocks import Network


class FoldedHidden(NamedTuple):
    """The last hidden layer, and the inputs that it came from."""

    activation: Tensor  # (n_stars, n_hidden)
    coordinates: Tensor  # (n_stars, n_labels + n_nuisance)


@dataclass(frozen=True)
class Folded:
    """flux = inner(coordinates) @ weight3.T + bias3; used as a `Network` is.

    coordinates (n_stars, n_labels + n_nuisance): scaled labels, then the nuisance as it
    is. weight3 (n_pixels, n_hidden), bias3 (n_pixels,).
    """

    inner: Callable[[Tensor], Tensor]
    weight3: Tensor
    bias3: Tensor

    def hidden(self, coordinates: Tensor) -> FoldedHidden:
        """(n_stars, n_labels + n_nuisance) -> the last hidden layer."""
        coordinates = coordinates.to(self.weight3)
        return FoldedHidden(self.inner(coordinates), coordinates)

    def output(self, activation: Tensor) -> Tensor:
        """(n_stars, n_hidden) -> (n_stars, n_pixels)."""
        return torch.addmm(self.bias3, activation, self.weight3.T)

    def hidden_jacobian(self, hidden: FoldedHidden) -> Tensor:
        """d activation / d coordinates, (n_stars, n_inputs, n_hidden)."""
        at = hidden.coordinates

        def push(direction):
            return torch.func.jvp(self.inner, (at,), (direction.expand_as(at),))[1]

        directions = torch.eye(at.shape[1]).to(at)
        return torch.func.vmap(push, out_dims=1)(directions)

    def with_output(self, weight3: Tensor, bias3: Tensor) -> "Folded":
        """The same inner network with another last layer."""
        return replace(self, weight3=weight3, bias3=bias3)


def fold(emulator: Network, networks, link: str) -> Folded | None:
    """Fold an emulator's network and dense `Autoencoders` into one network.

    None for other architectures, whose first layers are no matrices.
    """
    if networks.config["architecture"] != "dense":
        return None
    first, *rest = networks.encoder_synth
    inner = _Inner(emulator, _after(emulator, first, networks), rest, networks)
    n = networks.decoder_synth.in_features
    observed, synthetic = networks.decoder_obs, networks.decoder_synth
    weight, bias = observed.weight.clone(), observed.bias.clone()
    if link == "decode":
        inner.with_emulator = False
        return Folded(inner, networks.width * weight, networks.unscaled(bias))
    weight[:, :n] -= synthetic.weight
    bias -= synthetic.bias
    weight3 = torch.cat([emulator.weight3, networks.width * weight], 1)
    return Folded(inner, weight3, emulator.bias3 + networks.width * bias)


@dataclass
class _Inner:
    """coordinates -> the emulator's last hidden layer, and features of the decoders."""

    emulator: Network
    first: tuple[Tensor, Tensor]  # from the emulator's hidden layer to the encoder's
    rest: list[nn.Module]  # of the encoder
    networks: nn.Module
    with_emulator: bool = True

    def __call__(self, coordinates):
        n_labels = self.emulator.weight1.shape[1]
        labels, z_split = coordinates[:, :n_labels], coordinates[:, n_labels:]
        hidden = self.emulator.hidden(labels).activation
        features = torch.addmm(self.first[1], hidden, self.first[0].T)
        for layer in self.rest:
            features = layer(features)
        features = self.networks.decoder_shared(self.networks.encoder_shared(features))
        z_split = z_split.unflatten(1, self.networks.split_shape)
        features = self.networks.joined(features, z_split)
        return torch.cat([hidden, features], 1) if self.with_emulator else features


def _after(emulator, first, networks):
    """The encoder's first layer on the emulator's output, as weight and bias."""
    weight = first.weight.double() / networks.width
    through = weight @ emulator.weight3.double()
    bias = first.bias.double() + weight @ (emulator.bias3.double() - networks.centre)
    return through.to(first.weight), bias.to(first.weight)
