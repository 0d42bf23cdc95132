"""Size of a training of Cycle-StarNet; see `size`.

Layers are counted as `models.dense` and `models.convolutional` build them, without
building any. Its settings bring torch.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from stellar_gui.models.convolutional import positions
from stellar_gui.training.cycle_settings import PRESETS, Settings
from stellar_gui.training.cycle_starnet import VALIDATED
from stellar_gui.training.size import (
    SINGLE,
    DataSize,
    Size,
    data_bytes,
    weight_bytes,
)

_PASSES = 4  # of a pair of spectra through the autoencoders: there, and back again
_JUDGED = 8  # of a pair through a critic: real and made, twice, in both domains
_FREED = 0.5  # of the activations, where no gradient asks for them later
_ELEMENTWISE = 24  # further arrays of a spectrum's length in a pass: scaled, residuals


class Layer(NamedTuple):
    """What a layer learns, and how many numbers it makes of one spectrum."""

    parameters: int
    activations: int


class Networks(NamedTuple):
    """The layers of all networks, of one pass through the autoencoders, of a critic."""

    all: list[Layer]
    passed: list[Layer]
    critic: list[Layer]


def cycle_starnet_size(options: Mapping[str, Any], data: DataSize) -> Size:
    """Weights of the autoencoders and the critics; `options` as in `training.options`.

    The emulator's are not learnt. Raises ValueError for spectra that are too short for
    convolutions.
    """
    settings = _settings(options)
    networks = layers(settings.network_config(data.n_pixels, 1.0, 1.0))
    parameters = sum(layer.parameters for layer in networks.all)
    passed = sum(layer.activations for layer in networks.passed)
    passed += _ELEMENTWISE * data.n_pixels
    critic = sum(layer.activations for layer in networks.critic)
    passes = _PASSES + bool(settings.jacobian)
    step = settings.batch_size * (passes * passed + _JUDGED * critic)
    validation = _FREED * 2 * min(VALIDATED, data.n_validation) * passed
    return Size(
        parameters,
        data_bytes(data),
        weight_bytes(parameters),
        SINGLE * max(step, validation),
    )


def _settings(options) -> Settings:
    known = {field.name for field in dataclasses.fields(Settings)}
    changes = {k: v for k, v in options.items() if k in known and v is not None}
    return dataclasses.replace(PRESETS[options["preset"]], **changes)


def layers(config: Mapping[str, Any]) -> Networks:
    """Return the layers of the networks that a configuration names."""
    made = {"dense": _dense, "convolutional": _convolutional}
    return made[config["architecture"]](config)


# ---- dense


def _dense(c):
    n_pixels, n_features, n_inner = c["n_pixels"], c["n_features"], c["n_inner"]
    n_split = c["n_split_inner"]
    outer = list(_linear([n_pixels, n_features]))
    shared = list(_linear([n_features, n_inner, c["n_shared"]]))
    split = list(_linear([n_features, n_split, c["n_split"]]))
    back = list(_linear([c["n_shared"], n_inner, n_features]))
    split_back = list(_linear([c["n_split"], n_split]))
    synth = list(_linear([n_features, n_pixels]))
    obs = list(_linear([n_features + n_split, n_pixels]))
    critics = [
        [
            *_linear([n_pixels, *c["critic_flux"]]),
            *_linear([n_latents, *c["critic_latent"]]),
            *_linear([c["critic_flux"][-1] + c["critic_latent"][-1], 1]),
        ]
        for n_latents in (c["n_shared"], c["n_shared"] + c["n_split"])
    ]
    passed = [*outer, *shared, *split, *back, *split_back, *obs]
    return Networks(
        [*passed, *outer, *synth, *critics[0], *critics[1]], passed, critics[1]
    )


def _linear(sizes) -> Iterator[Layer]:
    for n_in, n_out in pairwise(sizes):
        yield Layer((n_in + 1) * n_out, 2 * n_out)


# ---- convolutional


def _convolutional(c):
    kernel, strides = c["kernel"], tuple(c["strides"])
    outer, inner, split = c["outer"], c["inner"], c["split_inner"]
    n_positions, length = positions(c["n_pixels"], strides, kernel)
    lengths = _lengths(length, strides, kernel)
    at_outer, at_inner = lengths[: len(outer) + 1], lengths[len(outer) :]

    def inner_encoder(channels, n_latents):
        yield from _convolved([outer[-1], *channels], at_inner, kernel)
        yield from _pointwise([channels[-1], n_latents], n_positions)

    def decoder(n_features):
        mirrored = [n_features, *reversed(outer)]
        yield from _transposed(mirrored, at_outer[::-1], kernel)
        yield from _pointwise([outer[0], 1], length)

    encoder = list(_convolved([1, *outer], at_outer, kernel))
    back = _transposed([c["n_shared"], *reversed(inner)], at_inner[::-1], kernel)
    split_back = _transposed([c["n_split"], *reversed(split)], at_inner[::-1], kernel)
    passed = [
        *encoder,
        *inner_encoder(inner, c["n_shared"]),
        *inner_encoder(split, c["n_split"]),
        *back,
        *split_back,
        *decoder(inner[0] + split[0]),
    ]
    critics = [
        list(_convolutional_critic(c, n_latents, n_positions))
        for n_latents in (c["n_shared"], c["n_shared"] + c["n_split"])
    ]
    every = [*passed, *encoder, *decoder(inner[0]), *critics[0], *critics[1]]
    return Networks(every, passed, critics[1])


def _convolutional_critic(c, n_latents, n_positions):
    flux, latent, kernel = c["critic_flux"], c["critic_latent"], c["kernel"]
    strides = tuple(c["critic_strides"])
    n_flux, length = positions(c["n_pixels"], strides, kernel)
    yield from _convolved([1, *flux], _lengths(length, strides, kernel), kernel)
    yield from _pointwise([n_latents, *latent], n_positions)
    yield from _linear([n_flux * flux[-1] + n_positions * latent[-1], 1])


def _lengths(length, strides, kernel):
    """Positions before the first layer and behind each."""
    lengths = [length]
    for stride in strides:
        lengths.append((lengths[-1] - kernel) // stride + 1)
    return lengths


def _convolved(channels, lengths, kernel):
    for (n_in, n_out), behind in zip(pairwise(channels), lengths[1:], strict=True):
        windows = kernel * n_in * behind
        yield Layer((kernel * n_in + 1) * n_out, windows + 2 * n_out * behind)


def _transposed(channels, lengths, kernel):
    layer = zip(pairwise(channels), pairwise(lengths), strict=True)
    for (n_in, n_out), (before, behind) in layer:
        windows = kernel * n_out * before
        yield Layer((kernel * n_in + 1) * n_out, windows + 2 * n_out * behind)


def _pointwise(channels, length):
    for n_in, n_out in pairwise(channels):
        yield Layer((n_in + 1) * n_out, 2 * n_out * length)
