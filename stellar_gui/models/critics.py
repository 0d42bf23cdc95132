"""Critics of Cycle-StarNet: is a spectrum, with its latents, of its domain or made?

One for each domain. A spectrum branch and a latent branch meet in a head that gives one
logit (O'Briain et al. 2021, ApJ 906, 130, who put a sigmoid behind it). Used in
training only; no model file holds one.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from stellar_gui.models.autoencoder import DOMAINS, Latents, architecture, seeded


class CriticParts(NamedTuple):
    """The networks that judge one domain."""

    flux: nn.Module  # scaled (n, n_pixels) -> (n, a)
    latent: nn.Module  # z_shared, joined by z_split in "obs" along axis 1 -> (n, b)
    head: nn.Module  # (n, a + b) -> (n, 1)


class Critics(nn.Module):
    """critics(flux, latents, domain) -> logits, positive for "this one is real"."""

    def __init__(self, parts: dict[str, CriticParts], config: dict[str, Any]):
        super().__init__()
        self.config = dict(config)
        self.centre, self.width = float(config["centre"]), float(config["width"])
        self.synth = nn.ModuleDict(parts["synth"]._asdict())
        self.obs = nn.ModuleDict(parts["obs"]._asdict())

    def forward(self, flux: Tensor, latents: Latents, domain: str) -> Tensor:
        """flux (n_stars, n_pixels) and its latents -> logits (n_stars,).

        ``z_split`` counts in the observed domain only.
        """
        critic = getattr(self, domain)
        z = latents.z_shared
        if domain == "obs":
            z = torch.cat([z, latents.z_split], 1)
        scaled = (flux - self.centre) / self.width
        both = torch.cat([critic["flux"](scaled), critic["latent"](z)], 1)
        return critic["head"](both)[:, 0]


def build_critics(config: dict[str, Any], seed: int = 0) -> Critics:
    """Return untrained critics for the networks of `build_autoencoders` ``(config)``.

    The same seed gives the same weights. Raises ValueError for an unknown architecture.
    """
    make = architecture(config).critic_parts
    with seeded(seed):
        return Critics({domain: make(config, domain) for domain in DOMAINS}, config)
