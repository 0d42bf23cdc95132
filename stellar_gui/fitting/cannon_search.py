"""The minimum of the Cannon's chi2: several starts for every star, then a last polish.

Works on sufficient statistics only (see `cannon_statistics`), in scaled labels, so that
starts cost little. A quadratic polynomial of the labels can have several minima: cool
metal-poor stars look like hot metal-rich ones.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from stellar_gui.fitting.cannon_statistics import Quadratic, kept_with_model
from stellar_gui.fitting.least_squares import minimise
from stellar_gui.models.cannon import Cannon

OVERSHOOT = 0.25  # of the training range, how far beyond it a label may go
_CANDIDATES = 128
_EQUAL_CHI2 = 4.0  # what a 2 sigma difference of one label amounts to
_ELSEWHERE = 25.0  # squared formal sigmas between two minima worth telling apart


class _State(NamedTuple):
    cost: Tensor  # (n,) chi2
    pull: Tensor  # (n, n_terms - 1) half the downhill gradient in the terms
    labels: Tensor  # (n, n_labels) scaled
    stars: Tensor  # (n,) whose chi2 it is


class _Problem:
    """chi2 of the sufficient statistics, as `least_squares.minimise` wants it.

    Row r is star r modulo the number of stars, so that one star may have many starts.
    """

    def __init__(self, model: Cannon, chi2: Quadratic):
        self.polynomial = model.polynomial
        self.chi2 = chi2

    def evaluate(self, parameters: Tensor, rows: Tensor) -> _State:
        stars = rows % len(self.chi2.constant)
        chi2 = self.chi2.of(stars)
        u = self.polynomial.terms(parameters)[:, 1:]
        pull = chi2.linear - (chi2.matrix @ u[:, :, None])[:, :, 0]
        cost = chi2.constant - (u * (pull + chi2.linear)).sum(1)
        return _State(cost, pull, parameters, stars)

    def linearise(self, state: _State) -> tuple[Tensor, Tensor]:
        matrix = self.chi2.matrix[state.stars]
        slopes = self.polynomial.derivatives(state.labels)[:, 1:]
        gradient = (slopes.mT @ state.pull[:, :, None])[:, :, 0]
        return gradient, slopes.mT @ matrix @ slopes


def polish(model: Cannon, chi2: Quadratic, start: Tensor, tolerance: float = 1e-6):
    """Minimise from ``start`` (n, n_labels), within OVERSHOOT of the training range.

    n is a multiple of the number of stars in ``chi2``; tolerance: of chi2. Returns the
    scaled labels, their chi2 and whether they converged.
    """
    low, high = model.scaled(model.label_ranges.T)
    margin = OVERSHOOT * (high - low)
    minimum = minimise(
        _Problem(model, chi2),
        start,
        low - margin,
        high + margin,
        iterations=60,
        tolerance=tolerance,
    )
    return minimum.parameters, minimum.state.cost, minimum.converged


def best_of_starts(
    model: Cannon, chi2: Quadratic, n_starts: int
) -> tuple[Tensor, Tensor]:
    """Return the best labels (n_stars, n_labels), near their minimum, and which stars
    have a rival (n_stars,): another minimum that fits as well. Among rivals the one
    that is more usual among the training stars counts as the best.
    """
    starts = _starts(model, chi2, n_starts)  # (n_starts, n_stars, n_labels)
    shape = starts.shape[:2]
    found, value, converged = (
        part.unflatten(0, shape)
        for part in polish(model, chi2, starts.flatten(0, 1), tolerance=0.01)
    )
    unusual = model.distance(found.flatten(0, 1) * model.scale + model.pivot)
    rank = value + unusual.unflatten(0, shape).square()
    labels = found[rank.argmin(0), torch.arange(shape[1])]
    slopes = model.polynomial.derivatives(labels)[:, 1:]
    hessian = slopes.mT @ chi2.matrix @ slopes
    away = found - labels
    distance = torch.einsum("snk,nkl,snl->sn", away, hessian, away)
    rival = converged & (value - value.amin(0) < _EQUAL_CHI2) & (distance > _ELSEWHERE)
    return labels, rival.any(0)


def _starts(model: Cannon, chi2: Quadratic, n_starts: int) -> Tensor:
    """(n_starts, n_stars, n_labels): in each region of the labels the best candidate.

    Candidates are training stars, far from each other; the first ``n_starts`` of them
    found the regions. chi2 of all candidates is one matrix product.
    """
    candidates = _candidates(model, max(n_starts, _CANDIDATES))
    u = model.polynomial.terms(candidates)[:, 1:]
    pairs = (u[:, :, None] * u[:, None, :]).flatten(1)
    value = chi2.matrix.flatten(1) @ pairs.T - 2 * chi2.linear @ u.T
    region = torch.cdist(candidates, candidates[:n_starts]).argmin(1)
    best = [
        value.masked_fill(region != k, torch.inf).argmin(1) for k in range(n_starts)
    ]
    return candidates[torch.stack(best)]


@kept_with_model
def _candidates(model: Cannon, n: int) -> Tensor:
    """(<= n, n_labels): the centre 0, then training stars far from those before."""
    stars = model.scaled(model.training_labels)
    chosen, nearest = [torch.zeros_like(stars[0])], stars.norm(dim=1)
    for _ in range(min(n - 1, len(stars))):
        chosen.append(stars[nearest.argmax()])
        nearest = torch.minimum(nearest, (stars - chosen[-1]).norm(dim=1))
    return torch.stack(chosen)
