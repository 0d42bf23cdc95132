"""A model as a small network whose last layer alone is as wide as a spectrum.

The last layer of a Payne and the first of a dense encoder are linear, so their product
is a small matrix: between labels and the last layer of the decoders no array needs the
pixels any more. A fit through Cycle-StarNet then costs about twice one through the
emulator, instead of ten times.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from stellar_gui.models.autoencoder import seeded
from stellar_gui.models.blocks import Network
from stellar_gui.models.pushforward import push


class Inner(Protocol):
    """All layers but the last."""

    def __call__(self, coordinates: Tensor) -> Tensor:
        """(n_stars, n_inputs) -> the last hidden layer (n_stars, n_hidden)."""

    def jacobian(self, coordinates: Tensor) -> Tensor:
        """Its derivative, (n_stars, n_inputs, n_hidden)."""


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

    inner: Inner
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
        return self.inner.jacobian(hidden.coordinates)

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
    encoder = nn.Sequential(
        _after(emulator, first, networks),
        *rest,
        networks.encoder_shared,
        networks.decoder_shared,
    )
    with_emulator = link == "difference"
    inner = _Transferred(emulator, encoder, networks.decoder_split, with_emulator)
    n = networks.decoder_synth.in_features
    observed, synthetic = networks.decoder_obs, networks.decoder_synth
    weight, bias = observed.weight.clone(), observed.bias.clone()
    if not with_emulator:
        return Folded(inner, networks.width * weight, networks.unscaled(bias))
    weight[:, :n] -= synthetic.weight
    bias -= synthetic.bias
    weight3 = torch.cat([emulator.weight3, networks.width * weight], 1)
    return Folded(inner, weight3, emulator.bias3 + networks.width * bias)


class KeptFold:
    """What some weights were folded into last, as long as none of them changes."""

    def __init__(self):
        self._last: tuple[list, list[Tensor], Folded | None] | None = None

    def of(
        self, weights: list[Tensor] | None, make: Callable[[], Folded | None]
    ) -> Folded | None:
        """Return what ``make`` makes of the weights, made anew if they have changed.

        weights: None if they are unknown; then, and while they are trained, nothing
        is kept.
        """
        if weights is None or any(weight.requires_grad for weight in weights):
            return make()
        state = [(id(weight), weight._version) for weight in weights]
        last = self._last
        if last is None or last[0] != state:
            # with the weights, lest others are taken for them by their place in memory
            last = self._last = (state, weights, make())
        return last[2]


@dataclass
class _Transferred:
    """coordinates -> the emulator's last hidden layer, and features of the decoders."""

    emulator: Network
    encoder: nn.Sequential  # from the emulator's hidden layer to decoded features
    split: nn.Module
    with_emulator: bool

    def __call__(self, coordinates):
        labels, z_split = self._parts(coordinates)
        hidden = self.emulator.hidden(labels).activation
        parts = [self.encoder(hidden), self.split(z_split)]
        return torch.cat([hidden, *parts] if self.with_emulator else parts, 1)

    def jacobian(self, coordinates):
        labels, z_split = self._parts(coordinates)
        hidden = self.emulator.hidden(labels)
        along = self.emulator.hidden_jacobian(hidden)  # (n, n_labels, n_hidden)
        _, decoded = push(self.encoder, hidden.activation, along)
        directions = torch.eye(z_split.shape[1]).to(z_split)
        _, split = push(self.split, z_split, directions.expand(len(labels), -1, -1))
        upper = [along, decoded] if self.with_emulator else [decoded]
        n_upper = sum(part.shape[2] for part in upper)
        upper = torch.cat([*upper, _none(along, split.shape[2])], 2)
        return torch.cat([upper, torch.cat([_none(split, n_upper), split], 2)], 1)

    def _parts(self, coordinates):
        n_labels = self.emulator.weight1.shape[1]
        return coordinates[:, :n_labels], coordinates[:, n_labels:]


def _none(like, count):
    return like.new_zeros(*like.shape[:2], count)


def _after(emulator, first, networks):
    """The encoder's first layer, on the emulator's hidden layer instead of its flux."""
    weight = first.weight.double() / networks.width
    through = weight @ emulator.weight3.double()
    bias = first.bias.double() + weight @ (emulator.bias3.double() - networks.centre)
    with seeded(0):  # skip_init would import for a second
        layer = nn.Linear(through.shape[1], through.shape[0])
    layer.weight = nn.Parameter(through.to(first.weight), requires_grad=False)
    layer.bias = nn.Parameter(bias.to(first.bias), requires_grad=False)
    return layer
