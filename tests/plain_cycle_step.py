"""The training step of Cycle-StarNet as one would write it down from the paper.

One call for each spectrum set, domain and loss, with torch's own layers; nothing is
shared, merged or frozen, and each loss is read as soon as it is known. What
`training.cycle_step` must equal, and what the benchmark takes its ratio to. The link is
the paper's, "decode".
"""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from stellar_gui.models.windows import Convolution, TransposedConvolution

TORCHS_OWN = {Convolution: nn.Conv1d, TransposedConvolution: nn.ConvTranspose1d}


class PlainStep:
    """The networks, critics and settings of a trainer, copied, with optimizers anew."""

    def __init__(self, trainer):
        self.settings = trainer.settings
        self.networks = _with_torchs_own(trainer.networks)
        self.critics = _with_torchs_own(trainer.critics)
        self.generator_optimizer = self._optimizer(self.networks)
        self.critic_optimizer = self._optimizer(self.critics)

    def __call__(self, batch) -> dict[str, float]:
        """One update of generators and critics; returns the losses, by name."""
        settings, networks, critics = self.settings, self.networks, self.critics
        synth, obs = batch.flux_synth, batch.flux_obs

        z_synth = networks.encode(synth, "synth")
        z_obs = networks.encode(obs, "obs")
        borrowed = z_synth._replace(z_split=z_obs.z_split)
        rec_synth = networks.decode(z_synth, "synth")
        rec_obs = networks.decode(z_obs, "obs")
        synth_to_obs = networks.decode(borrowed, "obs")
        obs_to_synth = networks.decode(z_obs, "synth")
        z_again = networks.encode(synth_to_obs, "obs")
        cyc_synth = networks.decode(z_again, "synth")
        z_again = networks.encode(obs_to_synth, "synth")
        z_again = z_again._replace(z_split=z_obs.z_split)
        cyc_obs = networks.decode(z_again, "obs")

        exact = torch.full_like(synth, settings.sigma_floor**-2)
        losses = {
            "rec_synth": _distance(rec_synth, synth, exact),
            "rec_obs": _distance(rec_obs, obs, batch.weights_obs),
            "cyc_synth": _distance(cyc_synth, synth, exact),
            "cyc_obs": _distance(cyc_obs, obs, batch.weights_obs),
            "adv_synth": _entropy(critics(obs_to_synth, z_obs, "synth"), 1.0),
            "adv_obs": _entropy(critics(synth_to_obs, borrowed, "obs"), 1.0),
        }
        total = (
            settings.weight_synth * losses["rec_synth"]
            + settings.weight_obs * losses["rec_obs"]
            + settings.weight_synth * losses["cyc_synth"]
            + settings.weight_obs * losses["cyc_obs"]
            + settings.weight_adversarial * losses["adv_synth"]
            + settings.weight_adversarial * losses["adv_obs"]
        )
        told = {name: loss.item() for name, loss in losses.items()}
        self.generator_optimizer.zero_grad()
        total.backward()
        self.generator_optimizer.step()

        # the paper's critics see reconstructions as real
        real = self._judge(rec_synth, z_synth, "synth", 1.0)
        fake = self._judge(obs_to_synth, z_obs, "synth", 0.0)
        critic_synth = 0.5 * (real + fake)
        real = self._judge(rec_obs, z_obs, "obs", 1.0)
        fake = self._judge(synth_to_obs, borrowed, "obs", 0.0)
        critic_obs = 0.5 * (real + fake)
        told |= {"critic_synth": critic_synth.item(), "critic_obs": critic_obs.item()}
        self.critic_optimizer.zero_grad()
        (settings.weight_critic * (critic_synth + critic_obs)).backward()
        self.critic_optimizer.step()
        return told

    def _judge(self, flux, latents, domain, truth):
        cut = [None if z is None else z.detach() for z in latents]
        logits = self.critics(flux.detach(), type(latents)(*cut), domain)
        return _entropy(logits, truth)

    def _optimizer(self, module):
        rate, betas = self.settings.learning_rate, self.settings.betas
        return torch.optim.Adam(module.parameters(), lr=rate, betas=betas)


def _with_torchs_own(module):
    module = copy.deepcopy(module)
    for layer in module.modules():
        layer.__class__ = TORCHS_OWN.get(type(layer), type(layer))
    return module


def _distance(flux, target, weights):
    return ((flux - target) ** 2 * weights).mean()


def _entropy(logits, truth):
    return F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, truth))
