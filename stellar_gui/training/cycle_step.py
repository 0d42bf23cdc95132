"""One step of Cycle-StarNet, in one merged pass (O'Briain et al. 2021).

Each network is called once for all spectra that need it: the shared ones on both
domains together, a critic on real and fake together. Losses stay on the device until
the step has ended. Knows nothing of labels, emulators and files.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from stellar_gui.models.autoencoder import Autoencoders, Latents
from stellar_gui.models.critics import Critics
from stellar_gui.training.cycle_losses import (
    adversarial_loss,
    critic_accuracy,
    critic_loss,
    distance,
    gradient_penalty,
    jacobian_penalty,
)
from stellar_gui.training.cycle_settings import Settings


class Batch(NamedTuple):
    """Unpaired spectra of both domains, n of each, flux (n, n_pixels)."""

    flux_synth: Tensor
    flux_moved: Tensor | None  # the same stars at slightly other labels
    flux_obs: Tensor  # without holes
    weights_obs: Tensor  # 1 / sigma**2, 0 where bad
    split_noise: Tensor | None  # (n, ...), added to z_split


class Passed(NamedTuple):
    """What the networks make of a batch: flux (n, n_pixels) and latents."""

    rec_synth: Tensor
    rec_obs: Tensor
    synth_to_obs: Tensor
    moved_to_obs: Tensor | None
    obs_to_synth: Tensor
    cyc_synth: Tensor
    cyc_obs: Tensor
    z_synth: Latents  # z_shared of the synthetic spectra, z_split borrowed
    z_obs: Latents

    def judged(self, domain: str) -> tuple[Tensor, Latents, Tensor, Latents]:
        """What a critic compares: (real, its latents, fake, its latents)."""
        if domain == "synth":
            return self.rec_synth, self.z_synth, self.obs_to_synth, self.z_obs
        return self.rec_obs, self.z_obs, self.synth_to_obs, self.z_synth


def forward(networks: Autoencoders, batch: Batch, link: str) -> Passed:
    """Reconstruct, transfer and bring back a batch.

    ``z_split`` of the observed spectra is borrowed by the synthetic ones. The
    difference link moves a synthetic spectrum by what the two decoders differ.
    """
    n, synth = len(batch.flux_obs), batch.flux_synth
    if batch.flux_moved is not None:
        synth = torch.cat([synth, batch.flux_moved])
    outer = networks.encoder_obs(networks.scaled(batch.flux_obs))
    inner = networks.encoder_synth(networks.scaled(synth))
    z_shared = networks.encoder_shared(torch.cat([outer, inner]))
    z_split = networks.encoder_split(outer)
    if batch.split_noise is not None:
        z_split = z_split + batch.split_noise
    features = networks.decoder_shared(z_shared)
    split = networks.decoder_split(z_split)
    # rows: observed, synthetic, moved
    back, *as_synth = _synth(networks, features).split(n)
    rec_obs, *as_obs = _obs(networks, features, split).split(n)
    transferred, *moved = (
        _linked(link, *each)
        for each in zip(synth.split(n), as_obs, as_synth, strict=True)
    )
    cyc_synth, cyc_obs = _cycle(networks, transferred, back, split, link)
    z_of_obs, z_of_synth, *_ = z_shared.split(n)
    return Passed(
        rec_synth=as_synth[0],
        rec_obs=rec_obs,
        synth_to_obs=transferred,
        moved_to_obs=moved[0] if moved else None,
        obs_to_synth=back,
        cyc_synth=cyc_synth,
        cyc_obs=cyc_obs,
        z_synth=Latents(z_of_synth, z_split),
        z_obs=Latents(z_of_obs, z_split),
    )


def _linked(link, flux, as_obs, as_synth):
    """A synthetic spectrum carried over to the observed domain."""
    return as_obs if link == "decode" else flux + (as_obs - as_synth)


def _cycle(networks, transferred, back, split, link):
    """Bring transferred spectra of both directions back where they came from."""
    n = len(back)
    outer = networks.encoder_obs(networks.scaled(transferred))
    inner = networks.encoder_synth(networks.scaled(back))
    z_shared = networks.encoder_shared(torch.cat([outer, inner]))
    of_synth, of_obs = networks.decoder_shared(z_shared).split(n)
    cyc_obs = _obs(networks, of_obs, split)
    if link == "decode":
        return _synth(networks, of_synth), cyc_obs
    cyc_synth, as_synth = _synth(networks, torch.cat([of_synth, of_obs])).split(n)
    return cyc_synth, _linked(link, back, cyc_obs, as_synth)


def _synth(networks, features):
    # in single precision again: bfloat16 has no digits for flux near one
    return networks.unscaled(networks.decoder_synth(features).float())


def _obs(networks, features, split):
    repeats = (len(features) // len(split), *[1] * (split.ndim - 1))
    joined = torch.cat([features, split.repeat(repeats)], 1)
    return networks.unscaled(networks.decoder_obs(joined).float())


def pretraining_losses(networks: Autoencoders, batch: Batch, settings: Settings):
    """Return the loss of the synthetic autoencoder alone, and its parts by name."""
    latents = networks.encode(batch.flux_synth, "synth")
    rebuilt = _synth(networks, networks.decoder_shared(latents.z_shared))
    rec = distance(rebuilt, batch.flux_synth, settings.sigma_floor**-2)
    return settings.weight_synth * rec, {"rec_synth": rec.detach()}


def generator_losses(
    critics: Critics, passed: Passed, batch: Batch, settings: Settings
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the generators' loss, and its parts by name, detached."""
    exact = settings.sigma_floor**-2  # synthetic spectra have no noise
    losses = {
        "rec_synth": distance(passed.rec_synth, batch.flux_synth, exact),
        "rec_obs": distance(passed.rec_obs, batch.flux_obs, batch.weights_obs),
        "cyc_synth": distance(passed.cyc_synth, batch.flux_synth, exact),
        "cyc_obs": distance(passed.cyc_obs, batch.flux_obs, batch.weights_obs),
    }
    for domain in ("synth", "obs"):
        _, _, fake, latents = passed.judged(domain)
        losses[f"adv_{domain}"] = adversarial_loss(
            critics(fake, latents, domain).float()
        )
    if batch.flux_moved is not None:
        losses["jacobian"] = jacobian_penalty(
            passed.moved_to_obs - passed.synth_to_obs,
            batch.flux_moved - batch.flux_synth,
            settings.sigma_floor,
        )
    weights = {
        "synth": settings.weight_synth,
        "obs": settings.weight_obs,
        "adv": settings.weight_adversarial,
        "jacobian": settings.jacobian,
    }
    total = sum(weights[_group(name)] * loss for name, loss in losses.items())
    return total, {name: loss.detach() for name, loss in losses.items()}


def _group(name):
    kind, _, domain = name.partition("_")
    return kind if kind in ("adv", "jacobian") else domain


def critic_losses(
    critics: Critics, passed: Passed, settings: Settings
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the critics' loss, and its parts by name, detached."""
    total, told = 0.0, {}
    for domain in ("synth", "obs"):
        real, fake = _cut(passed, domain)
        n = len(real[0])
        if settings.gradient_penalty:
            for tensor in real:
                tensor.requires_grad_()
        flux, *latents = (torch.cat(both) for both in zip(real, fake, strict=True))
        logits = critics(flux, Latents(*latents), domain).float()
        loss = critic_loss(logits[:n], logits[n:])
        total = total + settings.weight_critic * loss
        told[f"critic_{domain}"] = loss.detach()
        told[f"critic_accuracy_{domain}"] = critic_accuracy(logits[:n], logits[n:])
        if settings.gradient_penalty:
            inputs = real if domain == "obs" else real[:2]  # "synth" has no z_split
            units = [critics.width, 1.0, 1.0][: len(inputs)]
            penalty = gradient_penalty(logits[:n], inputs, units)
            total = total + settings.gradient_penalty * penalty
            told[f"gradient_penalty_{domain}"] = penalty.detach()
    return total, told


def _cut(passed, domain):
    """Flux and latents of real and fake spectra, cut from the generators' graph."""
    real, z_real, fake, z_fake = passed.judged(domain)
    return [[t.detach() for t in (f, *z)] for f, z in ((real, z_real), (fake, z_fake))]


@contextmanager
def frozen(module: nn.Module) -> Iterator[None]:
    """Ask for no gradients of the module's weights meanwhile."""
    module.requires_grad_(False)
    try:
        yield
    finally:
        module.requires_grad_(True)
