"""Convolutional networks of Cycle-StarNet: the `paper` preset, for a GPU.

Sizes of O'Briain et al. (2021, ApJ 906, 130): 3.68 million weights at 7167 pixels, of
which the critics have 0.99 million. Convolutions without padding give back their
length only for some numbers of pixels; spectra of another length are padded to the next
one, and cut again behind the decoder. Short spectra are strode over more slowly,
because an instance norm over few positions leaves nothing of them.
"""

from itertools import pairwise
from typing import Any

import torch.nn.functional as F
from torch import Tensor, nn

from stellar_gui.models.autoencoder import Parts
from stellar_gui.models.critics import CriticParts
from stellar_gui.models.windows import Convolution, Pointwise, TransposedConvolution

STRIDES = (4, 4, 4, 2, 2)  # two layers of a domain's encoder, three of the shared one
CRITIC_STRIDES = (4, 4, 4, 4, 4)
LEAST_POSITIONS = 16  # of the latents along the spectrum; published: 24
LEAST_CRITIC_POSITIONS = 6  # as published at 7167 pixels


def convolutional_config(n_pixels: int, **changes) -> dict[str, Any]:
    """Return the sizes of the `paper` preset, as `build_autoencoders` takes them.

    The strides are the published ones where the spectrum is long enough for them.
    Raises TypeError for an unknown entry, ValueError for too few pixels.

    >>> [convolutional_config(n)["strides"] for n in (7214, 2047)]
    [(4, 4, 4, 2, 2), (4, 4, 4, 1, 1)]
    """
    kernel = changes.get("kernel", 7)
    config = {
        "architecture": "convolutional",
        "n_pixels": n_pixels,
        "kernel": kernel,
        "strides": fitting_strides(n_pixels, STRIDES, LEAST_POSITIONS, kernel),
        "outer": (32, 64),
        "inner": (128, 256, 512),
        "n_shared": 25,
        "split_inner": (32, 32, 32),
        "n_split": 4,
        "slope": 0.1,
        "centre": 0.977,
        "width": 0.0518,
        "critic_strides": fitting_strides(
            n_pixels, CRITIC_STRIDES, LEAST_CRITIC_POSITIONS, kernel
        ),
        "critic_flux": (16, 32, 64, 128, 256),
        "critic_latent": (32, 64, 128, 256, 512),
    }
    if unknown := set(changes) - set(config):
        raise TypeError(
            f"no entry {', '.join(sorted(unknown))} in a convolutional network"
        )
    return config | changes


def parts(config: dict[str, Any]) -> Parts:
    """Return the eight networks of `Autoencoders`."""
    c, slope, kernel = config, config["slope"], config["kernel"]
    outer, inner, split = c["outer"], c["inner"], c["split_inner"]
    strides = tuple(c["strides"])
    outer_strides, inner_strides = strides[: len(outer)], strides[len(outer) :]
    n_positions, length = positions(c["n_pixels"], strides, kernel)

    def encoder():
        layers = _convolutions([1, *outer], outer_strides, kernel, slope)
        return nn.Sequential(Padded(length), *layers)

    def inner_encoder(channels, n_latents):
        layers = _convolutions([outer[-1], *channels], inner_strides, kernel, slope)
        to_latents = _started(Pointwise(channels[-1], n_latents))
        return nn.Sequential(*layers, to_latents, nn.InstanceNorm1d(n_latents))

    def inner_decoder(n_latents, channels):
        mirrored = [n_latents, *reversed(channels)]
        return nn.Sequential(
            *_transposed(mirrored, reversed(inner_strides), kernel, slope)
        )

    def decoder(n_features):
        mirrored = [n_features, *reversed(outer)]
        return nn.Sequential(
            *_transposed(mirrored, reversed(outer_strides), kernel, slope),
            _started(Pointwise(outer[0], 1)),
            Cropped(c["n_pixels"]),
        )

    return Parts(
        encoder_synth=encoder(),
        encoder_obs=encoder(),
        encoder_shared=inner_encoder(inner, c["n_shared"]),
        encoder_split=inner_encoder(split, c["n_split"]),
        decoder_shared=inner_decoder(c["n_shared"], inner),
        decoder_split=inner_decoder(c["n_split"], split),
        decoder_synth=decoder(inner[0]),
        decoder_obs=decoder(inner[0] + split[0]),
        shared_shape=(c["n_shared"], n_positions),
        split_shape=(c["n_split"], n_positions),
    )


def critic_parts(config: dict[str, Any], domain: str) -> CriticParts:
    """Return the three networks that judge one domain."""
    c, slope, kernel = config, config["slope"], config["kernel"]
    flux, strides = c["critic_flux"], tuple(c["critic_strides"])
    n_flux, length = positions(c["n_pixels"], strides, kernel)
    n_latent, _ = positions(c["n_pixels"], tuple(c["strides"]), kernel)
    n_first = c["n_shared"] + (c["n_split"] if domain == "obs" else 0)
    latent = [n_first, *c["critic_latent"]]
    return CriticParts(
        flux=nn.Sequential(
            Padded(length), *_convolutions([1, *flux], strides, kernel, slope), Flat()
        ),
        latent=nn.Sequential(*_pointwise(latent, slope), Flat()),
        head=_started(nn.Linear(n_flux * flux[-1] + n_latent * latent[-1], 1)),
    )


def positions(n_pixels: int, strides, kernel: int = 7) -> tuple[int, int]:
    """Return how many positions convolutions leave, and the length that gives them.

    That length is the shortest one not below ``n_pixels`` which transposed convolutions
    with the same strides bring back exactly.

    >>> positions(7167, (4, 4, 4, 2, 2)), positions(7168, (4, 4, 4, 2, 2))
    ((24, 7167), (25, 7423))
    """
    stride, reach = 1, 1  # of one position, in pixels
    for each in strides:
        reach += (kernel - 1) * stride
        stride *= each
    beyond = max(-(-(n_pixels - reach) // stride), 0)
    return beyond + 1, reach + beyond * stride


def fitting_strides(
    n_pixels: int, strides, least: int, kernel: int = 7
) -> tuple[int, ...]:
    """Halve strides, the innermost first, until ``least`` positions remain.

    Raises ValueError if there are too few pixels even without strides.
    """
    fitting = list(strides)
    while positions(n_pixels, fitting, kernel)[0] < least:
        wide = [layer for layer, stride in enumerate(fitting) if stride > 1]
        if not wide:
            raise ValueError(
                f"spectra of {n_pixels} pixels are too short for convolutions, "
                f"expected {least + len(fitting) * (kernel - 1)} or more. Use the "
                "dense networks."
            )
        fitting[wide[-1]] //= 2
    return tuple(fitting)


class Padded(nn.Module):
    """Spectra (n, n_pixels) -> (n, 1, length): zeros, the mean flux, at both ends."""

    def __init__(self, length: int):
        super().__init__()
        self.length = length

    def forward(self, scaled: Tensor) -> Tensor:
        missing = self.length - scaled.shape[1]
        return F.pad(scaled, (missing // 2, missing - missing // 2))[:, None]


class Cropped(nn.Module):
    """The inverse of `Padded`: (n, 1, length) -> (n, n_pixels)."""

    def __init__(self, n_pixels: int):
        super().__init__()
        self.n_pixels = n_pixels

    def forward(self, padded: Tensor) -> Tensor:
        start = (padded.shape[2] - self.n_pixels) // 2
        return padded[:, 0, start : start + self.n_pixels]


class Flat(nn.Module):
    """(n, channels, length) -> (n, length * channels), one position after the other."""

    def forward(self, features: Tensor) -> Tensor:
        return features.mT.flatten(1)


def _convolutions(channels, strides, kernel, slope):
    for (n_in, n_out), stride in zip(pairwise(channels), strides, strict=True):
        yield _started(Convolution(n_in, n_out, kernel, stride))
        yield nn.LeakyReLU(slope)


def _transposed(channels, strides, kernel, slope):
    for (n_in, n_out), stride in zip(pairwise(channels), strides, strict=True):
        yield _started(TransposedConvolution(n_in, n_out, kernel, stride))
        yield nn.LeakyReLU(slope)


def _pointwise(channels, slope):
    for n_in, n_out in pairwise(channels):
        yield _started(Pointwise(n_in, n_out))
        yield nn.LeakyReLU(slope)


def _started(layer):
    """Glorot's uniform weights and biases of 0.01, as the paper's code starts."""
    nn.init.xavier_uniform_(layer.weight)
    nn.init.constant_(layer.bias, 0.01)
    return layer
