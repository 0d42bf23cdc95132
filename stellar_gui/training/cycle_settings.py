"""How Cycle-StarNet is trained: its settings, and the two presets.

``paper`` has the sizes and the schedule of O'Briain et al. (2021, ApJ 906, 130);
``demo`` converges in minutes on a CPU and lets labels be fitted through the transfer.
`DEPARTURES` says of each setting in which ``demo`` departs from the paper, and why.
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

from stellar_gui.models.convolutional import convolutional_config
from stellar_gui.models.dense import dense_config


def _check_choice(name, value, choices):
    if value not in choices:
        raise ValueError(f"{name} is {value!r}, expected {' or '.join(choices)}")


@dataclass(frozen=True)
class Settings:
    """Sizes, weights of the losses, and the schedule, counted in steps.

    architecture, network: the networks, and what differs from their usual sizes, as
    pairs; batch_size: spectra of each domain; critics see reconstructed spectra as
    real, as in the paper. sigma_floor, sigma_limit: flux; a smaller sigma counts as the
    floor, and a pixel of a larger one not at all.
    """

    architecture: str = "dense"
    network: tuple[tuple[str, Any], ...] = ()
    batch_size: int = 32
    pretraining_steps: int = 3000  # of the synthetic autoencoder, copied to the other
    full_steps: int = 4000
    learning_rate: float = 3e-4
    betas: tuple[float, float] = (0.5, 0.999)
    warm_up: int = 500
    schedule: str = "cosine"  # or "milestones"
    constant_share: float = 0.3  # of all steps, before the cosine falls
    final_share: float = 0.02  # of the learning rate, at the end of the cosine
    milestones: tuple[int, ...] = (50_000, 100_000, 150_000, 200_000)
    decay: float = 0.7  # of the learning rate, at each milestone
    weight_synth: float = 5.0  # of reconstruction and cycle, each
    weight_obs: float = 5.0
    weight_adversarial: float = 3.0
    weight_critic: float = 1.0
    gradient_penalty: float = 1.0  # R1 of the critics
    link: str = "difference"  # or "decode"
    jacobian: float = 5.0
    jitter: float = 0.06  # of the labels' ranges, for the Jacobian penalty
    split_noise: float = 0.1
    sigma_floor: float = 0.005
    sigma_limit: float | None = None
    autocast: bool = True  # bfloat16, where the processor computes with it

    def __post_init__(self):
        _check_choice("architecture", self.architecture, ("dense", "convolutional"))
        _check_choice("schedule", self.schedule, ("cosine", "milestones"))
        _check_choice("link", self.link, ("difference", "decode"))
        for name in ("batch_size", "full_steps"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}, expected 1 or more")

    @property
    def total_steps(self) -> int:
        """Both phases together."""
        return self.pretraining_steps + self.full_steps

    def learning_rate_at(self, step: int) -> float:
        """The learning rate of a step, counted from 0 over both phases.

        >>> demo = PRESETS["demo"]
        >>> [round(demo.learning_rate_at(k), 6) for k in (0, 499, 2000, 6999)]
        [1e-06, 0.0003, 0.0003, 6e-06]
        """
        rate = self.learning_rate * min(1.0, (step + 1) / max(self.warm_up, 1))
        if self.schedule == "milestones":
            return rate * self.decay ** sum(step >= m for m in self.milestones)
        start = self.constant_share * self.total_steps
        passed = max(0.0, (step - start) / (self.total_steps - start))
        cosine = 0.5 * (1 + math.cos(math.pi * passed))
        return rate * (self.final_share + (1 - self.final_share) * cosine)

    def lasting(self, steps: int) -> "Settings":
        """Return the settings for so many steps in all, each phase in its share.

        >>> short = PRESETS["demo"].lasting(700)
        >>> short.pretraining_steps, short.full_steps, short.warm_up
        (300, 400, 50)
        """
        if steps < 1:
            raise ValueError(f"steps is {steps}, expected 1 or more")
        share = steps / self.total_steps
        pretraining = min(round(self.pretraining_steps * share), steps - 1)
        return dataclasses.replace(
            self,
            pretraining_steps=pretraining,
            full_steps=steps - pretraining,
            warm_up=round(self.warm_up * share),
            milestones=tuple(round(m * share) for m in self.milestones),
        )

    def network_config(self, n_pixels: int, centre: float, width: float) -> dict:
        """What `models.autoencoder.build_autoencoders` takes, for these spectra.

        centre, width: mean and standard deviation of the flux.
        """
        changes = {"centre": centre, "width": width, **dict(self.network)}
        return _CONFIGS[self.architecture](n_pixels, **changes)


_CONFIGS = {"dense": dense_config, "convolutional": convolutional_config}

PRESETS = {
    "demo": Settings(),
    "paper": Settings(
        architecture="convolutional",
        batch_size=8,
        pretraining_steps=0,
        full_steps=500_000,
        learning_rate=1e-4,
        warm_up=0,
        schedule="milestones",
        weight_synth=3.0,
        weight_obs=9.0,
        weight_adversarial=1.0,
        gradient_penalty=0.0,
        link="decode",
        jacobian=0.0,
        split_noise=0.0,
        sigma_limit=0.05,
        autocast=False,
    ),
}

DEPARTURES = {
    "architecture": (
        "Dense networks in place of convolutional ones, with three z_split under tanh.",
        "A pair of spectra costs 20 times less, so that a CPU trains in minutes; and "
        "few, bounded z_split leave no room for labels to leak into.",
    ),
    "batch_size": (
        "32 spectra of each domain a step instead of 8.",
        "Dense networks cost half as much a pair in larger batches.",
    ),
    "pretraining_steps": (
        "The synthetic autoencoder is trained first and copied to the observed domain.",
        "From the identity map the two domains align; from random weights the critics "
        "win within minutes, and nothing aligns.",
    ),
    "full_steps": (
        "4000 steps of both domains instead of 500,000.",
        "After pretraining the transfer has converged by then.",
    ),
    "learning_rate": (
        "3e-4 instead of 1e-4.",
        "Few steps of large batches can be longer.",
    ),
    "warm_up": (
        "The learning rate rises over the first 500 steps.",
        "Adam's first steps, of few gradients, would be too long at this rate.",
    ),
    "schedule": (
        "The learning rate falls along a cosine instead of at milestones.",
        "The milestones of the paper lie beyond the end of a short training.",
    ),
    "weight_synth": (
        "Reconstruction and cycle of synthetic spectra weigh 5 instead of 3.",
        "With a tied start both domains are equally hard, so they weigh the same.",
    ),
    "weight_obs": (
        "Reconstruction and cycle of observed spectra weigh 5 instead of 9 or 90.",
        "The smaller they weigh beside the critics, the less leaks through z_split.",
    ),
    "weight_adversarial": (
        "What the critics say of transferred spectra weighs 3 instead of 1.",
        "The transfer then holds with any star's z_split, not only with its own.",
    ),
    "gradient_penalty": (
        "The critics' gradients at real spectra are penalised (R1).",
        "Critics without it win by details, and their verdict stops teaching.",
    ),
    "link": (
        "T(y) = G(y) + decode_obs - decode_synth instead of decode_obs alone.",
        "The autoencoders do not carry single abundances; in the difference their "
        "error cancels, and the emulator's derivatives stay.",
    ),
    "jacobian": (
        "A change of labels shall change the transferred spectrum as the emulator's.",
        "Without this the transfer bends derivatives, and labels fitted through it.",
    ),
    "split_noise": (
        "Gaussian noise on z_split while training.",
        "Only what needs few digits passes; missing lines would be smuggled through.",
    ),
    "sigma_limit": (
        "No pixel is left out for a large sigma.",
        "Its weight is small already; APOGEE's mark of bad pixels is ivar = 0 here.",
    ),
    "autocast": (
        "Matrix products in bfloat16 where the processor has instructions for it.",
        "Dense networks train up to 1.5 times faster; what it does to "
        "convolutional ones is not known.",
    ),
}
"""Setting -> (what `demo` does other than the paper, the reason)."""
