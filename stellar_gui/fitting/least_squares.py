"""Levenberg-Marquardt for many small problems at once, with bounds.

Levenberg (1944), Marquardt (1963), and Madsen, Nielsen & Tingleff (2004) for when to
stop. Problems are rows: each has its own damping and stops on its own. Knows nothing of
spectra.
"""

from typing import NamedTuple, Protocol

import torch
from torch import Tensor

_DAMPING, _LESS, _MORE, _HIGH, _MOST = 1e-3, 0.1, 10.0, 30.0, 1e6
_NEAR, _KEPT = 100.0, 0.5  # tolerances; share of the promise
_KINK = 100.0  # tolerances: a smaller promise that no step keeps is a minimum


class Problem(Protocol):
    """Sums of squares, one a row."""

    def evaluate(self, parameters: Tensor, rows: Tensor) -> NamedTuple:
        """What depends on parameters (n, m) of ``rows`` (n,), tensors of n rows.

        Its field ``cost`` (n,) float64 is the sum of squares.
        """

    def linearise(self, state: NamedTuple) -> tuple[Tensor, Tensor]:
        """Half the downhill gradient (n, m), half the Gauss-Newton Hessian (n, m, m).

        Float64. An approximate Hessian is enough to converge, if more slowly.
        """


class Minimum(NamedTuple):
    """Where the rows ended."""

    parameters: Tensor  # (n, m)
    state: NamedTuple  # what `Problem.evaluate` says there
    converged: Tensor  # (n,) bool
    iterations: int


def minimise(
    problem: Problem,
    start: Tensor,
    lower: Tensor,
    upper: Tensor,
    *,
    iterations: int = 50,
    tolerance: float = 0.01,
) -> Minimum:
    """Minimise every row of ``problem`` from ``start`` (n, m), float64.

    lower, upper (n, m) or (m,): bounds; a parameter at one, pushed outwards, rests.
    A row has converged when the decrease that the next step promises is below
    ``tolerance``, in units of the cost.
    """
    parameters = _clip(start, lower, upper)
    lower, upper = lower.expand_as(parameters), upper.expand_as(parameters)
    rows = torch.arange(len(parameters), device=start.device)
    state = problem.evaluate(parameters, rows)
    damping = parameters.new_full((len(rows),), _DAMPING)
    converged = torch.zeros(len(rows), dtype=torch.bool, device=start.device)
    active, count = rows, 0
    for count in range(1, iterations + 1):  # noqa: B007
        gradient, hessian = problem.linearise(_take(state, active))
        old = parameters[active]
        new, promised = _step(
            old, gradient, hessian, damping[active], lower[active], upper[active]
        )
        done = promised.abs() < tolerance
        converged[active[done & (damping[active] <= 1.0)]] = True
        active, new, promised = active[~done], new[~done], promised[~done]
        if not len(active):
            break
        lost = promised < 0  # cut short by bounds, the step leads uphill
        trial = problem.evaluate(new, active)
        drop = state.cost[active] - trial.cost
        better = drop >= 0
        _put(state, active, trial, better)
        parameters[active[better]] = new[better]
        factor = torch.where(better, _LESS, _MORE)
        damping[active] = (damping[active] * factor).clamp(min=1e-9)
        # at a kink of a rectifier, or within rounding, no step keeps its promise
        small = better & (drop < tolerance)
        # so small a promise, if kept, was the last but one of a quadratic descent
        small |= (drop > _KEPT * promised) & (promised < _NEAR * tolerance)
        kink = (damping[active] > _HIGH) & (promised < _KINK * tolerance)
        ended = (small | kink) & ~lost
        converged[active[ended]] = True
        active = active[~(ended | (damping[active] > _MOST))]
        if not len(active):
            break
    return Minimum(parameters, state, converged, count)


def _step(parameters, gradient, hessian, damping, lower, upper):
    """One damped step inside the bounds; returns the new point and its promise.

    Solved twice: parameters that the first solution takes out of bounds are then moved
    to their bound, and the others make the best of it. Where many are moved, that best
    may be worse than to stay: the promise is negative, and a shorter step is needed.
    """
    gap = 1e-7 * (upper - lower).clamp(max=1e6)
    fixed = (parameters <= lower + gap) & (gradient < 0)
    fixed |= (parameters >= upper - gap) & (gradient > 0)
    damped = hessian + torch.diag_embed(
        damping[:, None] * torch.diagonal(hessian, dim1=1, dim2=2) + 1e-9
    )
    step = _solve_free(damped, gradient, fixed, torch.zeros_like(gradient))
    new = parameters + step
    inside = _clip(new, lower, upper) - parameters
    clipped = (new < lower) | (new > upper)
    if (clipped & ~fixed).any():
        held = torch.where(clipped, inside, 0.0)
        step = _solve_free(damped, gradient, fixed | clipped, held)
        inside = _clip(parameters + step, lower, upper) - parameters
    curved = (inside[:, None, :] @ hessian @ inside[:, :, None])[:, 0, 0]
    promised = 2 * (gradient * inside).sum(1) - curved
    return parameters + inside, promised


def _clip(parameters, lower, upper):
    return torch.maximum(torch.minimum(parameters, upper), lower)


def _solve_free(matrix, gradient, fixed, held):
    """The best step of the free parameters while the fixed ones move by ``held``."""
    gradient = gradient - (matrix @ held[:, :, None])[:, :, 0]
    free = ~fixed[:, :, None] & ~fixed[:, None, :]
    matrix = torch.where(free, matrix, 0.0) + torch.diag_embed(fixed.to(matrix))
    return torch.linalg.solve(matrix, torch.where(fixed, held, gradient))


def _take(state, rows):
    return type(state)(*(part[rows] for part in state))


def _put(state, rows, trial, accepted):
    chosen = rows[accepted]
    for part, new in zip(state, trial, strict=True):
        part[chosen] = new[accepted]
