"""Levenberg-Marquardt: the minima that scipy finds, many at once, inside bounds."""

from typing import NamedTuple

import numpy as np
import pytest
import torch
from scipy.optimize import least_squares

from stellar_gui.fitting.least_squares import minimise


class State(NamedTuple):
    cost: torch.Tensor
    parameters: torch.Tensor
    residual: torch.Tensor


class Curves:
    """y = a exp(-b x) + c, one curve a row."""

    x = torch.linspace(0, 4, 30, dtype=torch.float64)

    def __init__(self, data):
        self.data = data

    def evaluate(self, parameters, rows):
        residual = self.data[rows] - self.model(parameters)
        return State((residual**2).sum(1), parameters, residual)

    def model(self, parameters):
        a, b, c = parameters.T[:, :, None]
        return a * torch.exp(-b * self.x) + c

    def linearise(self, state):
        a, b, _ = state.parameters.T[:, :, None]
        decay = torch.exp(-b * self.x)
        jacobian = torch.stack([decay, -a * self.x * decay, torch.ones_like(decay)], 1)
        gradient = (jacobian @ state.residual[:, :, None])[:, :, 0]
        return gradient, jacobian @ jacobian.transpose(1, 2)


def curves(n=20):
    rng = np.random.default_rng(4)
    truth = np.c_[rng.uniform(1, 3, n), rng.uniform(0.3, 2, n), rng.normal(0, 0.3, n)]
    problem = Curves(torch.zeros(n, 30))
    clean = problem.model(torch.tensor(truth)).numpy()
    return Curves(torch.tensor(clean + rng.normal(0, 0.05, clean.shape)))


def scipy_answer(problem, row, bounds):
    def residual(p):
        return (problem.data[row] - problem.model(torch.tensor(p)[None])[0]).numpy()

    inside = np.clip([1.0, 1.0, 0.0], *bounds)
    return least_squares(residual, inside, bounds=bounds, xtol=1e-12, ftol=1e-12)


@pytest.mark.parametrize("ceiling", [10.0, 1.2], ids=["free", "bounded"])
def test_many_rows_reach_the_minima_of_scipy(ceiling):
    problem = curves()
    lower = torch.full((3,), -10.0, dtype=torch.float64)
    upper = torch.tensor([10.0, ceiling, 10.0], dtype=torch.float64)
    start = torch.tensor([[1.0, 1.0, 0.0]], dtype=torch.float64).expand(20, -1)
    found = minimise(problem, start, lower, upper, tolerance=1e-8)
    assert found.converged.all()
    bounded = 0
    for row in range(20):
        answer = scipy_answer(problem, row, (lower.numpy(), upper.numpy()))
        assert float(found.state.cost[row]) <= 2 * answer.cost * (1 + 1e-5)
        np.testing.assert_allclose(found.parameters[row], answer.x, atol=2e-3)
        bounded += answer.x[1] > ceiling - 1e-4
    assert bounded >= 5 if ceiling == 1.2 else bounded == 0


def test_start_is_not_edited_and_state_belongs_to_the_parameters():
    problem = curves(3)
    start = torch.ones(3, 3, dtype=torch.float64)
    found = minimise(problem, start, start - 9, start + 9)
    assert (start == 1).all()
    again = problem.evaluate(found.parameters, torch.arange(3))
    torch.testing.assert_close(again.cost, found.state.cost)
    torch.testing.assert_close(found.state.parameters, found.parameters)


def test_running_out_of_iterations_is_told():
    problem = curves(4)
    start = torch.full((4, 3), 5.0, dtype=torch.float64)
    found = minimise(problem, start, start - 20, start + 20, iterations=1)
    assert not found.converged.any()


class Valley:
    """A quadratic valley, steep across the diagonal, its minimum far along it."""

    hessian = torch.tensor([[1e6 + 1, -1e6], [-1e6, 1e6 + 1]], dtype=torch.float64)

    def evaluate(self, parameters, rows):
        residual = 100.0 - parameters
        cost = (residual * (residual @ self.hessian)).sum(1)
        return State(cost, parameters, residual)

    def linearise(self, state):
        hessian = self.hessian.expand(len(state.cost), -1, -1).clone()
        return state.residual @ self.hessian, hessian


def test_a_step_that_bounds_turn_uphill_is_no_minimum():
    """Cut in both at once, it leaves the valley, whose bounded minimum is (30, 30)."""
    upper = torch.tensor([30.0, 33.0], dtype=torch.float64)
    start = torch.zeros(1, 2, dtype=torch.float64)
    found = minimise(Valley(), start, start - 1, upper)
    assert found.converged.all()
    np.testing.assert_allclose(found.parameters[0], [30.0, 30.0], atol=1e-3)
