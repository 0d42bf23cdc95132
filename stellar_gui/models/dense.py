"""Dense networks of Cycle-StarNet: the `demo` preset, trained in minutes on a CPU.

Departs from the paper, which convolves: 25 times cheaper a pair at 2000 pixels. Each
spectrum passes 384 and 192 units to 32 ``z_shared`` under a layer norm, and to three
``z_split`` under tanh: few and bounded, so that labels cannot hide in them.
"""

from itertools import pairwise
from typing import Any

from torch import nn

from stellar_gui.models.autoencoder import Parts
from stellar_gui.models.critics import CriticParts


def dense_config(n_pixels: int, **changes) -> dict[str, Any]:
    """Return the sizes of the `demo` preset, as `build_autoencoders` takes them.

    ``centre`` and ``width`` bring flux to the order of one; ``split_start`` multiplies
    the first weights of ``z_split``, lest tanh saturates. Raises TypeError for an
    unknown entry.
    """
    config = {
        "architecture": "dense",
        "n_pixels": n_pixels,
        "n_features": 384,
        "n_inner": 192,
        "n_shared": 32,
        "n_split": 3,
        "n_split_inner": 32,
        "split_start": 0.3,
        "slope": 0.1,
        "centre": 0.977,
        "width": 0.0518,
        "critic_flux": [256, 128],
        "critic_latent": [128, 128],
    }
    if unknown := set(changes) - set(config):
        raise TypeError(f"no entry {', '.join(sorted(unknown))} in a dense network")
    return config | changes


def parts(config: dict[str, Any]) -> Parts:
    """Return the eight networks of `Autoencoders`."""
    c, slope = config, config["slope"]
    n_pixels, n_features, n_inner = c["n_pixels"], c["n_features"], c["n_inner"]
    outer = lambda: nn.Sequential(*_layers([n_pixels, n_features], slope))  # noqa: E731
    encoder_split = nn.Sequential(
        *_layers([n_features, c["n_split_inner"]], slope),
        _linear(c["n_split_inner"], c["n_split"], c["split_start"]),
        nn.Tanh(),
    )
    return Parts(
        encoder_synth=outer(),
        encoder_obs=outer(),
        encoder_shared=nn.Sequential(
            *_layers([n_features, n_inner], slope),
            _linear(n_inner, c["n_shared"]),
            nn.LayerNorm(c["n_shared"], elementwise_affine=False),
        ),
        encoder_split=encoder_split,
        decoder_shared=nn.Sequential(
            *_layers([c["n_shared"], n_inner, n_features], slope)
        ),
        decoder_split=nn.Sequential(
            *_layers([c["n_split"], c["n_split_inner"]], slope)
        ),
        decoder_synth=_linear(n_features, n_pixels),
        decoder_obs=_linear(n_features + c["n_split_inner"], n_pixels),
        shared_shape=(c["n_shared"],),
        split_shape=(c["n_split"],),
    )


def critic_parts(config: dict[str, Any], domain: str) -> CriticParts:
    """Return the three networks that judge one domain."""
    c, slope = config, config["slope"]
    flux = [c["n_pixels"], *c["critic_flux"]]
    n_latents = c["n_shared"] + (c["n_split"] if domain == "obs" else 0)
    latent = [n_latents, *c["critic_latent"]]
    return CriticParts(
        flux=nn.Sequential(*_layers(flux, slope)),
        latent=nn.Sequential(*_layers(latent, slope)),
        head=_linear(flux[-1] + latent[-1], 1),
    )


def _layers(sizes, slope):
    for n_in, n_out in pairwise(sizes):
        yield _linear(n_in, n_out)
        yield nn.LeakyReLU(slope)


def _linear(n_in, n_out, start=1.0):
    """Glorot's uniform weights and biases of 0.01, as the paper's code starts."""
    layer = nn.Linear(n_in, n_out)
    nn.init.xavier_uniform_(layer.weight, gain=start)
    nn.init.constant_(layer.bias, 0.01)
    return layer
