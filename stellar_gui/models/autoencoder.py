"""Two autoencoders with a shared middle: the generators of Cycle-StarNet.

O'Briain et al. (2021, ApJ 906, 130): each domain has its own outer encoder and decoder;
the inner ones are shared, so that ``z_shared`` means the same in both domains. What
only observations know goes through ``z_split``. The parts are dense (`models.dense`) or
convolutional (`models.convolutional`). Knows nothing of labels, emulators and training.
"""

from contextlib import contextmanager
from importlib import import_module
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

DOMAINS = ("synth", "obs")
ARCHITECTURES = ("dense", "convolutional")


class Latents(NamedTuple):
    """What the encoders make of a spectrum."""

    z_shared: Tensor  # (n_stars, n_shared, ...) what both domains know: the star
    z_split: Tensor | None  # (n_stars, n_split, ...) what only observations know


class Parts(NamedTuple):
    """The networks of `Autoencoders`, in scaled flux, and the shapes of its latents."""

    encoder_synth: nn.Module  # (n, n_pixels) -> features
    encoder_obs: nn.Module
    encoder_shared: nn.Module  # features -> z_shared
    encoder_split: nn.Module  # features of an observation -> z_split
    decoder_shared: nn.Module  # z_shared -> features
    decoder_split: nn.Module  # z_split -> features, joined to the shared ones, axis 1
    decoder_synth: nn.Module  # shared features -> (n, n_pixels)
    decoder_obs: nn.Module  # shared and split features -> (n, n_pixels)
    shared_shape: tuple[int, ...]  # of z_shared without the stars
    split_shape: tuple[int, ...]


class Autoencoders(nn.Module):
    """encode(flux, domain) and decode(latents, domain), flux in its own units.

    Deterministic: noise on ``z_split`` is the trainer's. ``config`` rebuilds it, by
    `build_autoencoders`. ``typical`` (n_pixels,) is a spectrum that stands where an
    observation has no good pixel.
    """

    def __init__(self, parts: Parts, config: dict[str, Any]):
        super().__init__()
        self.config = dict(config)
        self.shared_shape = torch.Size(parts.shared_shape)
        self.split_shape = torch.Size(parts.split_shape)
        for name, part in parts._asdict().items():
            if isinstance(part, nn.Module):
                self.add_module(name, part)
        self.centre, self.width = float(config["centre"]), float(config["width"])
        typical = torch.full((config["n_pixels"],), self.centre)
        self.register_buffer("typical", typical)

    def encode(self, flux: Tensor, domain: str) -> Latents:
        """(n_stars, n_pixels) -> latents; ``z_split`` is None in the synthetic domain.

        Raises ValueError for another domain or another number of pixels.
        """
        self._check(flux, domain)
        if domain == "synth":
            return Latents(
                self.encoder_shared(self.encoder_synth(self.scaled(flux))), None
            )
        features = self.encoder_obs(self.scaled(flux))
        return Latents(self.encoder_shared(features), self.encoder_split(features))

    def decode(self, latents: Latents, domain: str) -> Tensor:
        """Latents -> flux (n_stars, n_pixels).

        Raises ValueError for another domain, or without ``z_split`` in the observed
        one.
        """
        _check_domain(domain)
        features = self.decoder_shared(latents.z_shared)
        if domain == "synth":
            return self.unscaled(self.decoder_synth(features))
        return self.unscaled(self.decoder_obs(self.joined(features, latents.z_split)))

    def difference(self, latents: Latents) -> Tensor:
        """decode(latents, "obs") - decode(latents, "synth"), the features made once."""
        features = self.decoder_shared(latents.z_shared)
        observed = self.decoder_obs(self.joined(features, latents.z_split))
        return (observed - self.decoder_synth(features)) * self.width

    def joined(self, features: Tensor, z_split: Tensor | None) -> Tensor:
        """Shared features with those of ``z_split`` beside them, along axis 1."""
        if z_split is None:
            raise ValueError(
                "these latents have no z_split, expected one to decode an observed "
                "spectrum: that of an observed star, or the mean of many"
            )
        return torch.cat([features, self.decoder_split(z_split)], 1)

    def scaled(self, flux: Tensor) -> Tensor:
        """Flux as the networks see it."""
        return (flux - self.centre) / self.width

    def unscaled(self, scaled: Tensor) -> Tensor:
        """The inverse of `scaled`."""
        return scaled * self.width + self.centre

    def filled(self, flux: Tensor, good: Tensor) -> Tensor:
        """Flux with the ``typical`` one where a pixel is not good."""
        return torch.where(good, flux, self.typical)

    @torch.no_grad()
    def tie_domains(self) -> None:
        """Start the observed domain as a copy of the synthetic one: the identity map.

        Weights on features of ``z_split`` stay as they are.
        """
        for name in ("encoder", "decoder"):
            source = getattr(self, f"{name}_synth").parameters()
            target = getattr(self, f"{name}_obs").parameters()
            for old, new in zip(source, target, strict=True):
                new[tuple(slice(size) for size in old.shape)] = old

    def _check(self, flux, domain):
        _check_domain(domain)
        if flux.ndim != 2 or flux.shape[1] != len(self.typical):
            raise ValueError(
                f"flux has shape {tuple(flux.shape)}, expected (n_stars, "
                f"{len(self.typical)}): the pixels that the networks were built for"
            )


def _check_domain(domain):
    if domain not in DOMAINS:
        raise ValueError(f"domain is {domain!r}, expected {' or '.join(DOMAINS)}")


def build_autoencoders(config: dict[str, Any], seed: int = 0) -> Autoencoders:
    """Return untrained networks; ``config["architecture"]`` says of which parts.

    The same seed gives the same weights. Raises ValueError for an unknown architecture.
    """
    with seeded(seed):
        return Autoencoders(architecture(config).parts(config), config)


@contextmanager
def seeded(seed: int):
    """Let torch's initialisers draw from ``seed``, and leave its generator as it was.

    They take no generator of their own.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def architecture(config: dict[str, Any]):
    """Return the module that builds the networks a configuration names."""
    name = config.get("architecture")
    if name not in ARCHITECTURES:
        raise ValueError(
            f"architecture is {name!r}, expected {' or '.join(ARCHITECTURES)}. Is the "
            "file from a newer stellar_gui?"
        )
    return import_module(f"stellar_gui.models.{name}")
