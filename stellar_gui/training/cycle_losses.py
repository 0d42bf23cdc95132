"""Losses of Cycle-StarNet (O'Briain et al. 2021): tensors in, scalar tensors out.

Flux is weighted by its inverse variance, so that one means "as well as the noise".
"""

import torch
from torch import Tensor
from torch.nn.functional import softplus


def pixel_weights(
    ivar: Tensor, sigma_floor: float, sigma_limit: float | None = None
) -> Tensor:
    """1/sigma**2 with sigma of at least the floor; 0 where bad or beyond the limit.

    ivar of any shape; flux units.

    >>> pixel_weights(torch.tensor([0.0, 100.0, 1e6]), 0.005, 0.05)
    tensor([    0.,     0., 40000.])
    """
    weights = ivar.clamp(max=sigma_floor**-2)
    if sigma_limit is None:
        return weights
    return torch.where(ivar >= sigma_limit**-2, weights, 0.0)


def distance(flux: Tensor, target: Tensor, weights: Tensor | float) -> Tensor:
    """Mean of ((flux - target) / sigma)**2 over all pixels, bad ones adding nothing."""
    return ((flux - target) ** 2 * weights).mean()


def adversarial_loss(logits_fake: Tensor) -> Tensor:
    """Cross entropy of being taken for real; ln 2 where the critic cannot tell."""
    return softplus(-logits_fake).mean()


def critic_loss(logits_real: Tensor, logits_fake: Tensor) -> Tensor:
    """Cross entropy of telling real from fake; ln 2 where the critic cannot tell."""
    return 0.5 * (softplus(-logits_real).mean() + softplus(logits_fake).mean())


def critic_accuracy(logits_real: Tensor, logits_fake: Tensor) -> Tensor:
    """Share of spectra that the critic judges rightly; 0.5 where it guesses."""
    right = (logits_real > 0).float().mean() + (logits_fake < 0).float().mean()
    return 0.5 * right


def gradient_penalty(
    logits: Tensor, inputs: list[Tensor], units: list[float]
) -> Tensor:
    """Half the squared gradient of logits (n,) at inputs (n, ...), mean over stars.

    Each input counts in its unit. R1 of Mescheder, Geiger & Nowozin (2018), for real
    spectra. Differentiable.
    """
    gradients = torch.autograd.grad(logits.sum(), inputs, create_graph=True)
    squares = [
        (gradient.float() * unit).square().flatten(1).sum(1).mean()
        for gradient, unit in zip(gradients, units, strict=True)
    ]
    return 0.5 * sum(squares)


def jacobian_penalty(
    model_change: Tensor, emulator_change: Tensor, sigma: float
) -> Tensor:
    """By how much the same change of labels moves model and emulator differently.

    Changes of flux (n, n_pixels); in units of sigma, squared, mean over pixels.
    """
    return ((model_change - emulator_change) / sigma).square().mean()
