"""The first part of a fit: from several starts down to one, on a cheap Hessian.

A model that offers a ``rough_network``, a plain one that comes near its spectra, is
replaced by it here: what counts is the valley, not its floor.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from stellar_gui.fitting.domain import Domain
from stellar_gui.fitting.forward import NetworkForward
from stellar_gui.fitting.least_squares import minimise
from stellar_gui.fitting.problem import Prior, SpectrumProblem
from stellar_gui.fitting.result import FitFlag
from stellar_gui.fitting.start import Library, at_rest
from stellar_gui.fitting.velocity import PixelLayout

_FIRST_LOOK = 6  # iterations after which hopeless starts are dropped
_SECOND_LOOK = 10  # iterations more; what is left is for the exact Hessian
_HOPELESS = 50.0  # in chi2 above the best start
_SAME_MINIMUM, _OTHER_MINIMUM = 4.0, 25.0  # in chi2, and in squared sigmas


class Starts(NamedTuple):
    """Where the starts of every star ended: labels, velocity if fitted."""

    best: Tensor  # (n_stars, m)
    every: Tensor  # (n_stars, n_starts, m)
    cost: Tensor  # (n_stars, n_starts), infinite for starts that were dropped

    def disagreement(self, hessian: Tensor) -> Tensor:
        """STARTS_DISAGREE where another start ends as low, far away in this metric.

        hessian (n_stars, m, m) of the parameters of ``best``.
        """
        away = self.every - self.best[:, None]
        distance = torch.einsum("nsi,nij,nsj->ns", away, hessian, away)
        low = self.cost - self.cost.amin(1, keepdim=True) < _SAME_MINIMUM
        other = (low & (distance > _OTHER_MINIMUM)).any(1)
        return torch.where(other, int(FitFlag.STARTS_DISAGREE), 0)


class RoughSearch:
    """Finds the valley of each star; shared by all fits of a model.

    forward: of the model itself, or of its rough network, which has no nuisance.
    """

    def __init__(self, forward, layout: PixelLayout, domain: Domain, seed: int = 0):
        self.forward, self.layout, self.domain = forward, layout, domain
        self.n_labels = forward.n_labels
        self.n_model = forward.n_labels + forward.n_nuisance
        fill = domain.prior.mean[self.n_labels : self.n_model]
        self.library = Library(forward, layout, domain.sample, fill, seed)

    def search(
        self,
        flux: Tensor,
        weight: Tensor,
        velocity: Tensor,
        *,
        reach: float,
        prior: Prior,
        starts: int,
        iterations: int,
        nuisance: Tensor,
        held: bool,
    ) -> Starts:
        """Minimise from every start.

        flux, weight (n_stars, n_padded); velocity (n_stars,), fitted within ``reach``,
        or held if that is 0; nuisance (n_stars, n_nuisance): where it starts or stays.
        """
        resting = at_rest(self.layout, flux, weight, velocity)
        first = self.library.starts(*resting, starts)
        n_own = self.n_model - self.n_labels
        first[:, :, self.n_labels :] = nuisance[:, None, :n_own]
        n_stars, n_starts, _ = first.shape
        star = torch.arange(n_stars, device=flux.device).repeat_interleave(n_starts)
        parameters = first.flatten(0, 1)
        if reach:
            parameters = torch.cat([parameters, velocity[star][:, None]], 1)
        task = SpectrumProblem(
            self.forward,
            self.layout,
            flux,
            weight,
            star,
            Prior(*(part[: self.n_model] for part in prior)),
            velocity=None if reach else velocity,
            exact=not self.forward.has_gram,
        )
        bounds = self.domain.bounds(parameters, self.n_model, reach, held)
        cost = _descend(task, parameters, *bounds, n_stars, iterations)
        every = parameters.reshape(n_stars, n_starts, -1)
        cost = cost.reshape(n_stars, n_starts)
        chosen = torch.arange(n_stars, device=flux.device), cost.argmin(1)
        return Starts(every[chosen], every, cost)


def _descend(task, parameters, lower, upper, n_stars, iterations):
    """Move ``parameters`` (n_rows, m) downhill in place; returns their cost (n_rows,).

    Starts that are hopeless after the first look stay where they are.
    """
    star = task.star
    cost = parameters.new_full((len(star),), torch.inf)
    hopeful = torch.arange(len(star), device=star.device)
    pending = torch.ones_like(star, dtype=torch.bool)
    for count in (_FIRST_LOOK, min(_SECOND_LOOK, iterations)):
        task.star = star[hopeful]
        found = minimise(
            task,
            parameters[hopeful],
            lower[hopeful],
            upper[hopeful],
            iterations=count,
            tolerance=0.1,
        )
        parameters[hopeful] = found.parameters
        cost[hopeful] = found.state.cost
        best = cost.reshape(n_stars, -1).amin(1)
        pending[hopeful] = ~found.converged
        hopeful = torch.nonzero(pending & (cost <= best[star] + _HOPELESS))[:, 0]
        if not len(hopeful):
            break
    return cost


def rough_search_of(model, forward, layout: PixelLayout, domain: Domain, seed: int = 0):
    """Return the search of a model, on its rough network where it has one."""
    network = model.rough_network() if hasattr(model, "rough_network") else None
    if network is not None:
        forward = NetworkForward(model, network, layout, n_nuisance=0)
    return RoughSearch(forward, layout, domain, seed)
