"""A teacher for the Payne's network: components of spectra at labels of its choice.

A grid has few spectra for 25 labels, and a network trained on them alone is two to
three times worse between them than it could be. Gaussian processes interpolate the grid
and answer for as many labels as the network likes to ask.
"""

import itertools
from typing import NamedTuple

import torch
from torch import Tensor

from stellar_gui.training.gaussian_process import Process, fit_process, predict

_JITTER = 0.15  # of a label's range, from a grid star
_MARGIN = 0.65  # in scaled labels; fits may leave the grid as far


class Lesson(NamedTuple):
    """Inputs and the components that belong to them, for the network to learn."""

    inputs: Tensor  # (n, n_labels) float32
    targets: Tensor  # (n, n_components) float32


def fit_teacher(inputs: Tensor, targets: Tensor) -> list[Process]:
    """Fit processes to targets (n_stars, n_components), components in order of size.

    Late components are alike and small, so they share a process: groups grow.
    """
    inputs, targets = inputs.double(), targets.double()
    start = _sensible_lengths(inputs, targets)
    return [fit_process(inputs, targets[:, a:b], start) for a, b in _groups(targets)]


def teach(
    teacher: list[Process], inputs: Tensor, targets: Tensor, n_taught: int, seed: int
) -> Lesson:
    """Return ``n_taught`` answers of the teacher near the grid, and the grid itself.

    inputs (n_stars, n_labels), targets (n_stars, n_components) of the grid, which
    stands in the lesson twice, because it is exact.
    """
    rng = torch.Generator().manual_seed(seed)
    near = torch.randint(len(inputs), (n_taught,), generator=rng).to(inputs.device)
    moved = torch.randn(n_taught, inputs.shape[1], generator=rng).to(inputs)
    asked = (inputs[near] + _JITTER * moved).clamp(-_MARGIN, _MARGIN)
    answers = torch.cat([predict(part, inputs, asked) for part in teacher], 1)
    return Lesson(
        torch.cat([asked, inputs, inputs]), torch.cat([answers, targets, targets])
    )


def _groups(targets):
    edges = [0]
    while edges[-1] < targets.shape[1]:
        edges.append(min(edges[-1] + max(1, edges[-1] // 2), targets.shape[1]))
    return list(itertools.pairwise(edges))


def _sensible_lengths(inputs, targets):
    """Long scales for labels that move the spectra little, by a linear regression."""
    design = torch.cat([torch.ones_like(inputs[:, :1]), inputs], 1)
    ridge = 1e-6 * torch.eye(design.shape[1]).to(design)
    slopes = torch.linalg.solve(design.T @ design + ridge, design.T @ targets)[1:]
    size = slopes.square().sum(1).sqrt()
    return -0.5 * (size / size.max()).clamp(min=0.02).log()
