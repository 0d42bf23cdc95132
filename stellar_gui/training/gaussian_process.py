"""Gaussian processes over label space, to interpolate between few spectra.

A network of 25 inputs overfits a few thousand spectra; a Gaussian process does not
(Rasmussen & Williams 2006; Czekala et al. 2015, ApJ 812, 128, for spectra). Each label
has its own length scale, found by maximum likelihood, so that labels which hardly show
in a component do not blur it. Knows nothing of spectra.
"""

from typing import NamedTuple

import torch
from torch import Tensor

_SUBSET = 600  # stars that the likelihood is taken of; its cost grows with their cube
_ITERATIONS, _RATE = 45, 0.25
_SHORTEST = -2.0  # ln of the shortest length scale, in scaled labels
_ROWS = 1000


class Process(NamedTuple):
    """What predicts a group of components that share their length scales."""

    log_lengths: Tensor  # (n_inputs,)
    log_variances: Tensor  # (3,): noise, Matern part, linear part
    weights: Tensor  # (n_stars, n_components)
    mean: Tensor  # (n_components,)
    spread: Tensor  # (n_components,)


def fit_process(inputs: Tensor, targets: Tensor, log_lengths: Tensor) -> Process:
    """Fit targets (n_stars, n_components) at inputs (n_stars, n_inputs), float64.

    log_lengths (n_inputs,): where the search for the length scales starts.
    """
    mean, spread = targets.mean(0), targets.std(0)
    scaled = (targets - mean) / spread
    lengths, variances = _most_likely(inputs[:_SUBSET], scaled[:_SUBSET], log_lengths)
    factor = _factor(inputs, lengths, variances)
    weights = torch.cholesky_solve(scaled, factor)
    return Process(lengths, variances, weights, mean, spread)


def predict(process: Process, inputs: Tensor, at: Tensor) -> Tensor:
    """Components at new points ``at`` (n, n_inputs), (n, n_components), float32.

    inputs: those that the process was fitted with.
    """
    single = Process(*(part.float() for part in process))
    lengths, variances, weights, mean, spread = single
    inputs, parts = inputs.float(), []
    for rows in at.float().split(_ROWS):
        kernel = _kernel(rows, inputs, lengths, variances)
        parts.append(kernel @ weights * spread + mean)
    return torch.cat(parts)


def _most_likely(inputs, targets, log_lengths):
    """Length scales and variances that maximise the marginal likelihood."""
    lengths = log_lengths.clone().requires_grad_()
    variances = torch.tensor([-6.0, 2.0, 1.0]).to(inputs).requires_grad_()
    optimizer = torch.optim.Adam([lengths, variances], lr=_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, _RATE, total_steps=_ITERATIONS + 1, pct_start=0.3
    )
    for _ in range(_ITERATIONS):
        factor = _factor(inputs, lengths.clamp(min=_SHORTEST), variances)
        solved = torch.cholesky_solve(targets, factor)
        fit = 0.5 * (targets * solved).sum()
        loss = fit + targets.shape[1] * factor.diagonal().log().sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return lengths.detach().clamp(min=_SHORTEST), variances.detach()


def _factor(inputs, log_lengths, log_variances):
    kernel = _kernel(inputs, inputs, log_lengths, log_variances)
    noise = log_variances[0].exp() + 1e-6  # the kernel alone may be singular
    return torch.linalg.cholesky(kernel + noise * torch.eye(len(inputs)).to(kernel))


def _kernel(left, right, log_lengths, log_variances):
    """Matern 5/2 plus a linear trend and a constant, (n_left, n_right)."""
    left, right = left * (-log_lengths).exp(), right * (-log_lengths).exp()
    product = left @ right.T
    square = (left**2).sum(1)[:, None] + (right**2).sum(1) - 2 * product
    distance = (5 * square.clamp(min=1e-10)).sqrt()
    matern = (1 + distance + distance**2 / 3) * (-distance).exp()
    return log_variances[1].exp() * matern + log_variances[2].exp() * product + 1.0
