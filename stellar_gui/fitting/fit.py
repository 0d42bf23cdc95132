"""Labels of stars by least squares, for any `SpectralModel`.

A coarse velocity, several starts from a library, Levenberg-Marquardt on a cheap Hessian
where the model offers one, then on the exact one, and errors by a sandwich.
"""

import threading
from collections import OrderedDict
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stellar_gui.constants import C_KMS
from stellar_gui.fitting.covariance import ModelNoise, Sandwich
from stellar_gui.fitting.domain import domain_of
from stellar_gui.fitting.forward import forward_of
from stellar_gui.fitting.least_squares import Minimum, minimise
from stellar_gui.fitting.problem import SpectrumProblem
from stellar_gui.fitting.result import FitFlag
from stellar_gui.fitting.rough import rough_search_of
from stellar_gui.fitting.start import at_rest
from stellar_gui.fitting.velocity import PixelLayout
from stellar_gui.models.base import SpectralModel

_WIDE_PIECE, _NARROW_PIECE = 300.0, 100.0  # km/s, reach of the velocity
_SILENT_SHARE = 1e-3  # of a pixel's taps that may come from silent pixels
_MOST_KEPT = 4  # fitters
_AT_END = 2.0  # pixels: a velocity this near to the end of its search is flagged
_KNOWN = 1e12  # precision of a parameter that is held


class Options(NamedTuple):
    """How to fit; see `fitting.labels.fit_by_least_squares`."""

    rv_range: float
    starts: int
    basis: Tensor | None
    prior: bool
    iterations: int
    nuisance: str = "joint"

    @property
    def held(self) -> bool:
        """Whether nuisance parameters stay where they start."""
        return self.nuisance != "joint"


class Fits(NamedTuple):
    """What `Fitter.fit` finds, on the model's own pixels."""

    labels: Tensor  # (n_stars, n_labels)
    covariance: Tensor
    velocity: Tensor  # (n_stars,), NaN where not fitted
    velocity_sigma: Tensor
    chi2: Tensor
    n_good: Tensor
    flags: Tensor
    model_flux: Tensor  # (n_stars, n_pixels), NaN outside
    model_sigma: Tensor  # (n_stars, n_pixels)
    nuisance: Tensor  # (n_stars, n_nuisance)
    nuisance_sigma: Tensor  # NaN where held


class Fitter:
    """What all fits of one model share: layout, domain, library, and its own error."""

    def __init__(self, model: SpectralModel, device="cpu", seed=0):
        self.device = torch.device(device)
        self.layout = PixelLayout(model.wavelength.numpy(force=True), self.device)
        self.domain = domain_of(model, self.device, seed)
        self.forward = forward_of(model, self.layout, self.domain.scaling)
        self.n_labels = self.forward.n_labels
        self.n_model = self.n_labels + self.forward.n_nuisance
        self.rough = rough_search_of(
            model, self.forward, self.layout, self.domain, seed
        )
        self.library = self.rough.library
        self._split_of = getattr(model, "split_of", None)
        error = getattr(model, "flux_covariance", None)
        self.noise = ModelNoise(error, self.layout, self.device)
        self.pixel = self.layout.step * C_KMS  # km/s
        self._silent = self._silent_pixels(model)

    def reach(self) -> float:
        """How far velocities are searched, km/s: pieces must keep most pixels."""
        width = min(stop - start for start, stop in self.layout.pieces) * self.pixel
        return _WIDE_PIECE if width > 10 * _WIDE_PIECE else _NARROW_PIECE

    def _silent_pixels(self, model):
        """1 where the model says nothing, NaN, (1, n_padded); None if it never does."""
        middle = self.domain.sample[:1]
        silent = torch.isnan(model(self.domain.scaling.to_labels(middle)).detach())
        return self.layout.embed(silent.float()) if silent.any() else None

    def _inside(self, velocity):
        """Where the model, so shifted, says something, (n_stars, n_padded) bool."""
        inside = self.layout.inside(velocity)
        if self._silent is not None:
            moved = self.layout.shift(velocity)
            wide = self._silent.expand(len(velocity), -1)
            inside &= self.layout.apply(wide.contiguous(), moved) < _SILENT_SHARE
        return inside

    def fit(self, flux, ivar, options: Options) -> Fits:
        """Fit stars with flux, ivar (n_stars, n_pixels) on the model's pixels."""
        flux = self._embedded(np.where(ivar > 0, flux, 1.0))
        ivar = self._embedded(ivar)
        fitted = options.rv_range > 0
        velocity = torch.zeros(len(flux), dtype=torch.float64, device=self.device)
        if options.rv_range > self.pixel:
            weight = self._weight(ivar, velocity, 0.0)
            velocity = self.library.velocities(flux, weight, options.rv_range)
        reach = 2 * self.pixel if fitted else 0.0
        weight = self._weight(ivar, velocity, reach)
        own = self._nuisance(*at_rest(self.layout, flux, weight, velocity), options)
        starts = self.rough.search(
            flux,
            weight,
            velocity,
            reach=reach,
            prior=self._prior(options),
            starts=options.starts,
            iterations=options.iterations,
            nuisance=own,
            held=options.held,
        )
        start = self._whole(starts.best, own, options)
        if fitted:
            velocity = start[:, self.n_model]
            reach = 0.5 * self.pixel
            weight = self._weight(ivar, velocity, reach)
        task = SpectrumProblem(
            self.forward,
            self.layout,
            flux,
            weight,
            torch.arange(len(flux), device=self.device),
            self._prior(options),
            options.basis,
            None if fitted else velocity,
        )
        known = self._known(task.prior) if options.held else task.prior
        task.errors = Sandwich(ivar, self.noise, known, start.shape[1])
        bounds = self.domain.bounds(start, self.n_model, reach, options.held)
        found = minimise(task, start, *bounds, iterations=options.iterations)
        covariance, hessian = task.errors.covariance(), task.errors.hessian
        flags = torch.where(found.converged, 0, int(FitFlag.NOT_CONVERGED))
        flags |= self._edge(found.parameters)
        if fitted:
            flags |= self._velocity_edge(found.parameters, options.rv_range)
        shared = self._shared(starts.best.shape[1])
        flags |= starts.disagreement(hessian[:, shared[:, None], shared])
        return self._in_units(task, found, covariance, flags, options)

    def _nuisance(self, flux, weight, options):
        """(n_stars, n_nuisance) of stars at rest: their own, or the prior's mean."""
        mean = self.domain.prior.mean[self.n_labels :].expand(len(flux), -1)
        if self._split_of is None or options.nuisance == "mean":
            return mean
        flux, weight = self.layout.extract(flux), self.layout.extract(weight)
        return self._split_of(flux, weight).to(mean)

    def _whole(self, rough, nuisance, options):
        """All parameters (n_stars, m), from those of the rough search."""
        at = self.rough.n_model
        missing = nuisance[:, at - self.n_labels :]
        parts = [rough[:, :at], missing, rough[:, at:]]
        if options.basis is not None:
            parts.append(rough.new_zeros(len(rough), len(options.basis)))
        return torch.cat(parts, 1)

    def _shared(self, count):
        """Where the ``count`` parameters of the rough search stand among all."""
        at = self.rough.n_model
        first = torch.arange(at, device=self.device)
        return torch.cat([first, self.n_model + first[: count - at]])

    def _known(self, prior):
        """The prior of a fit whose nuisance is known."""
        precision = prior.precision.clone()
        precision[self.n_labels :] = _KNOWN
        return prior._replace(precision=precision)

    def _in_units(self, task, found: Minimum, covariance, flags, options):
        """Physical units; NaN wherever a star has no good pixel."""
        n, state = self.n_labels, found.state
        n_good = (task.weight > 0).sum(1)
        bad = n_good == 0
        blank = lambda a: torch.where(  # noqa: E731
            bad.reshape(-1, *[1] * (a.ndim - 1)), torch.nan, a.double()
        )
        scaling, at = self.domain.scaling, self.n_model
        change = scaling.labels_per_coordinate.to(covariance)
        fitted = task.velocity is None
        velocity = (
            found.parameters[:, at]
            if fitted
            else torch.full_like(state.cost, torch.nan)
        )
        sigma = covariance[:, at, at].sqrt() if fitted else velocity
        nuisance = found.parameters[:, n : self.n_model]
        spread = torch.diagonal(covariance, dim1=1, dim2=2)[:, n : self.n_model].sqrt()
        if options.held:
            spread = torch.full_like(spread, torch.nan)
        here = task.velocity if not fitted else velocity
        flux = state.clean * task.continuum(found.parameters)
        flux = torch.where(self._inside(here), flux, torch.nan)
        own = self.noise.variance(task.shift(state)).sqrt()
        return Fits(
            blank(scaling.to_labels(found.parameters[:, :n])),
            blank(change @ covariance[:, :n, :n] @ change.T),
            blank(velocity),
            blank(sigma),
            blank(state.cost - task.prior_cost(found.parameters)),
            n_good,
            torch.where(bad, int(FitFlag.ALL_BAD), flags),
            self.layout.extract(blank(flux)).float(),
            self.layout.extract(own),
            blank(nuisance),
            blank(spread),
        )

    def _edge(self, parameters):
        """EDGE where a label lies outside the model's range or rests on a bound."""
        at = self.domain.outside(parameters[:, : self.n_labels])
        return torch.where(at, int(FitFlag.EDGE), 0)

    def _velocity_edge(self, parameters, rv_range):
        """A line seen at the end of the search may belong to a velocity beyond it."""
        end = min(_AT_END * self.pixel, 0.5 * rv_range)
        at = parameters[:, self.n_model].abs() >= rv_range - end
        return torch.where(at, int(FitFlag.VELOCITY_EDGE), 0)

    def _weight(self, ivar, velocity, reach):
        """1 / (1/ivar + the model's variance); 0 outside the model within ``reach``.

        The pixels stay the same while the velocity moves, or losing pixels would pay.
        """
        inside = self._inside(velocity - reach)
        if reach:
            inside &= self._inside(velocity + reach)
        own = self.noise.variance(self.layout.shift(velocity))
        return torch.where(inside, ivar / (1.0 + ivar * own), 0.0)

    def _prior(self, options):
        return self.domain.prior if options.prior else self.domain.without_label_prior()

    def _embedded(self, array):
        array = torch.as_tensor(array, dtype=torch.float32, device=self.device)
        return self.layout.embed(array)


class _Kept(NamedTuple):
    """A fitter and the tensors that it was made from, at their versions then."""

    model: SpectralModel  # kept alive: its id is the key
    tensors: tuple[tuple[Tensor, int], ...]
    fitter: Fitter


_KEPT: OrderedDict[tuple, _Kept] = OrderedDict()
_KEPT_LOCK = threading.Lock()


def fitter_of(model: SpectralModel, device: str = "cpu", seed: int = 0) -> Fitter:
    """Return the `Fitter` of a model, kept for the next star while nothing changes.

    A model whose tensors were edited or exchanged gets another one, and so does on
    every call a model without ``to_tensors``, which cannot be watched.
    """
    if not hasattr(model, "to_tensors"):
        return Fitter(model, device, seed)
    key = (id(model), device, seed)
    tensors = tuple((t, t._version) for t in model.to_tensors().values())
    with _KEPT_LOCK:
        kept = _KEPT.get(key)
        if kept is None or not _same(kept.tensors, tensors):
            kept = _Kept(model, tensors, Fitter(model, device, seed))
            _KEPT[key] = kept
            while len(_KEPT) > _MOST_KEPT:
                _KEPT.popitem(last=False)
        _KEPT.move_to_end(key)
        return kept.fitter


def _same(old, new):
    return len(old) == len(new) and all(
        a is b and then == now for (a, then), (b, now) in zip(old, new, strict=True)
    )
