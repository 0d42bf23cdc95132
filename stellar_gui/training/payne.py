"""Training of the Payne (Ting et al. 2019), through its leading principal components.

The network learns the components of the spectra, which are few, and the components are
folded into its last layer afterwards: the same network, six times sooner than with one
output per pixel. Between the spectra of the grid a `teacher` answers. AdamW with a
one-cycle rate (Smith & Topin 2017), counted in steps.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stellar_gui.labels import check_label_names
from stellar_gui.models.blocks import (
    ErrorModel,
    LabelScaling,
    Network,
    fixed_signs,
)
from stellar_gui.models.payne import Payne, random_network
from stellar_gui.spectra import Spectra
from stellar_gui.training.device import doubles, on_device
from stellar_gui.training.gaussian_process import Process
from stellar_gui.training.options import CHECKPOINT_EVERY
from stellar_gui.training.teacher import Lesson, fit_teacher, teach

DEEP = 0.05  # a pixel deeper than this belongs to a line
_RATES = ("initial_lr", "max_lr", "min_lr")  # of one cycle of the learning rate
_KEPT_LABELS = 500  # training labels that the model carries, to say where it is at home


class Components(NamedTuple):
    """Principal components of spectra: flux = mean + scaled @ (basis * scale)."""

    mean: Tensor  # (n_pixels,)
    basis: Tensor  # (n_components, n_pixels), orthonormal
    scale: Tensor  # () flux: standard deviation of the first component


def principal_components(flux: Tensor, count: int) -> Components:
    """Find the leading components of flux (n_stars, n_pixels).

    The same on every run: an exact eigen-decomposition, signs fixed.
    """
    mean = flux.mean(0)
    centred = (flux - mean).double()
    n_stars, n_pixels = centred.shape
    count = min(count, n_stars, n_pixels)
    if n_pixels <= n_stars:
        vectors = torch.linalg.eigh(centred.T @ centred).eigenvectors
        basis = vectors[:, -count:].flip(1).T
    else:
        found = torch.linalg.eigh(centred @ centred.T)
        basis = found.eigenvectors[:, -count:].flip(1).T @ centred
        basis = basis / torch.linalg.vector_norm(basis, dim=1, keepdim=True)
    basis = fixed_signs(basis)
    return Components(mean, basis.to(flux), (centred @ basis[0]).std().to(flux))


class PayneTrainer:
    """Trains a Payne; one step is one optimizer update on ``batch_size`` spectra.

    train, validation: noise-free `Spectra` with labels on one grid. steps: the whole
    training, which the learning rate's cycle spans; n_components: of the spectra;
    n_taught: answers of the teacher to learn from, 0 for the training spectra alone;
    n_modes: of the error model, from the residuals of the validation spectra. The first
    step fits the teacher and takes a minute on thousands of spectra.

    Raises ValueError if labels are missing or flux is bad in the training spectra.
    """

    checkpoint_every = CHECKPOINT_EVERY["payne"]

    def __init__(
        self,
        train: Spectra,
        validation: Spectra,
        *,
        label_names=None,
        steps: int = 40_000,
        batch_size: int = 128,
        learning_rate: float = 3e-3,
        n_hidden: int = 300,
        n_components: int = 150,
        n_taught: int = 30_000,
        n_modes: int = 60,
        seed: int = 0,
        device: str | torch.device = "cpu",
    ):
        self.device = torch.device(device)
        self._exact = doubles(self.device)
        names = tuple(label_names or train.label_names)
        names = check_label_names(names, train.label_names)
        self._train, self._validation = (
            _checked(s, names) for s in (train, validation)
        )
        self.total_steps, self.steps_done = steps, 0
        self.batch_size = min(batch_size, len(train))
        self.n_taught, self.n_modes = n_taught, n_modes
        self.label_names, self.seed = names, seed
        scaling = LabelScaling.from_labels(self._train.labels, names)
        self.scaling = LabelScaling(*(part.to(self._exact) for part in scaling))
        self.inputs = self._inputs(self._train)
        flux = self._tensor(self._train.flux)
        found = principal_components(flux.to(self._exact), n_components)
        self.components = Components(*(part.to(self.device) for part in found))
        self._set_targets(flux)
        self.teacher: list[Process] = []
        self.lesson: Lesson | None = None
        self.network = self._start(n_hidden)
        self.optimizer = torch.optim.AdamW(
            list(self.network), lr=learning_rate, weight_decay=1e-5, fused=True
        )
        self._highest_rate = learning_rate
        self.rate_scale = 1.0  # what a user has made of the cycle
        self.schedule = self._schedule()
        group = self.optimizer.param_groups[0]
        self._cycle = {name: group[name] for name in _RATES}
        self.rng = torch.Generator().manual_seed(seed)

    def step(self) -> dict[str, float]:
        """One optimizer update; returns ``loss``, the mean squared flux error."""
        if self.lesson is None:
            self._prepare_lesson()
        inputs, targets = self.lesson
        rate = self.learning_rate
        chosen = torch.randint(len(inputs), (self.batch_size,), generator=self.rng)
        chosen = on_device(chosen, self.device)
        loss = update(self.network, self.optimizer, inputs[chosen], targets[chosen])
        self.schedule.step()
        self.steps_done += 1
        n_pixels = self.components.mean.shape[0]
        scale = float(self.components.scale)
        return {
            "loss": float(loss) * scale**2 / n_pixels,
            "learning_rate": rate,
        }

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        return self.optimizer.param_groups[0]["lr"]

    def set_learning_rate(self, rate: float) -> None:
        """Take the next step at ``rate``, and scale the rest of the cycle with it."""
        self._scale_cycle(self.rate_scale * rate / self.learning_rate)

    def validate(self) -> dict[str, float]:
        """Errors on the validation spectra, in flux.

        ``score`` is the median absolute error, ``p99`` its 99th percentile, ``rms`` of
        all pixels and ``rms_deep`` of those deeper than 0.05.
        """
        flux = self._tensor(self._validation.flux)
        return emulator_errors(self._predicted(self._validation), flux)

    def model(self) -> Payne:
        """The Payne after the steps done so far, with its error model."""
        train, validation = self._train, self._validation
        labels = torch.tensor(train.labels)
        residuals = self._tensor(validation.flux) - self._predicted(validation)
        residuals = residuals.to(self._exact)
        every = max(len(labels) // _KEPT_LABELS, 1)
        folded = (p.detach().to(self._exact, copy=True) for p in self.folded())
        return Payne(
            network=Network(*folded),
            scaling=self.scaling,
            label_names=self.label_names,
            label_ranges=torch.stack([labels.amin(0), labels.amax(0)], 1),
            wavelength=torch.as_tensor(train.wavelength.copy()),
            medium=train.medium,
            resolution=train.resolution,
            label_units=train.label_units,
            flux_covariance=ErrorModel.from_residuals(residuals, self.n_modes),
            training_labels=labels[::every].clone(),
            provenance=self._provenance(),
        )

    def folded(self) -> Network:
        """The network with the components folded into its last layer."""
        mean, basis, scale = self.components
        with torch.no_grad():
            return self.network._replace(
                weight3=scale * (basis.T @ self.network.weight3),
                bias3=mean + scale * (basis.T @ self.network.bias3),
            )

    def state_dict(self) -> dict:
        """All that a bit-exact resume needs, the random generator included."""
        return {
            "steps_done": self.steps_done,
            "seed": self.seed,
            "components": list(self.components),
            "teacher": [list(process) for process in self.teacher],
            "network": [p.detach().clone() for p in self.network],
            "optimizer": self.optimizer.state_dict(),
            "rate_scale": self.rate_scale,
            "rng": self.rng.get_state(),
        }

    def load_state_dict(self, state: dict) -> None:
        """Go on from ``state`` as if training had never stopped.

        The cycle of the learning rate is that of this trainer, whose highest rate and
        whose steps may be others than those that ``state`` comes from.
        """
        self.steps_done, self.seed = state["steps_done"], state["seed"]
        self.components = Components(*(p.to(self.device) for p in state["components"]))
        self._set_targets(self._tensor(self._train.flux))
        self.teacher = [
            Process(*(part.to(self._exact) for part in parts))
            for parts in state["teacher"]
        ]
        self.lesson = None
        with torch.no_grad():
            for own, stored in zip(self.network, state["network"], strict=True):
                own.copy_(stored)
        self.optimizer.load_state_dict(state["optimizer"])
        self._scale_cycle(state["rate_scale"])
        self.rng.set_state(state["rng"].cpu())

    def _scale_cycle(self, rate_scale):
        """Make the rates, of the next step too, those of the settings times a scale."""
        self.rate_scale = rate_scale
        group = self.optimizer.param_groups[0]
        group |= {name: rate * rate_scale for name, rate in self._cycle.items()}
        self.schedule = self._schedule()

    def _schedule(self):
        """The cycle at the steps done; it sets the rate of the next step."""
        return torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            self._highest_rate * self.rate_scale,
            total_steps=self.total_steps + 1,
            pct_start=0.1,
            last_epoch=self.steps_done - 1,
        )

    def _start(self, n_hidden):
        """Random layers; the last one as large as the components it shall give."""
        n_labels, n_out = len(self.label_names), len(self.components.basis)
        shapes = [(n_hidden, n_labels), (n_hidden, n_hidden), (n_out, n_hidden)]
        network = random_network(shapes, self.seed)
        spread = self.targets.std(0).cpu()
        network = network._replace(
            weight3=network.weight3 * 1.7 * spread[:, None],
            bias3=torch.zeros_like(network.bias3),
        )
        return Network(*(p.to(self.device).requires_grad_() for p in network))

    def _set_targets(self, flux):
        mean, basis, scale = self.components
        self.targets = (flux - mean) @ basis.T / scale

    def _prepare_lesson(self):
        self.lesson = Lesson(self.inputs, self.targets)
        if self.n_taught:
            inputs, targets = (part.to(self._exact) for part in self.lesson)
            self.teacher = self.teacher or fit_teacher(inputs, targets)
            taught = teach(self.teacher, inputs, targets, self.n_taught, self.seed)
            self.lesson = Lesson(*(part.to(self.device) for part in taught))

    def _predicted(self, spectra):
        network = self.folded()
        with torch.no_grad():
            return network.output(network.hidden(self._inputs(spectra)).activation)

    def _inputs(self, spectra):
        labels = torch.tensor(spectra.labels, device=self._exact)
        return self.scaling.to_coordinates(labels).float().to(self.device)

    def _tensor(self, array):
        return torch.tensor(np.asarray(array), dtype=torch.float32, device=self.device)

    def _provenance(self):
        return {
            "trained_on": len(self._train),
            "validated_on": len(self._validation),
            "training_ids": [str(i) for i in self._train.ids],
            "steps": self.steps_done,
            "components": len(self.components.basis),
            "taught": self.n_taught,
            "seed": self.seed,
            "paper": "Ting et al. 2019, ApJ 879, 69",
            "errors": self.validate(),
        }


def update(network: Network, optimizer, inputs: Tensor, targets: Tensor) -> Tensor:
    """One optimizer update towards targets (n, n_out); returns the loss it saw."""
    predicted = network.output(network.hidden(inputs).activation)
    loss = ((predicted - targets) ** 2).sum(1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


def emulator_errors(predicted: Tensor, flux: Tensor) -> dict[str, float]:
    """Errors of predicted against true flux (n_stars, n_pixels); see `validate`."""
    residual = (flux - predicted).abs()
    deep = residual[flux < 1.0 - DEEP]
    return {
        "score": float(residual.median()),
        "p99": float(np.percentile(residual.numpy(force=True), 99)),
        "rms": float((residual**2).mean().sqrt()),
        "rms_deep": float((deep**2).mean().sqrt()) if len(deep) else 0.0,
    }


def _checked(spectra, names):
    spectra = spectra[:].with_labels(names)
    if not np.isfinite(spectra.labels).all():
        raise ValueError(
            f"{int((~np.isfinite(spectra.labels)).any(1).sum())} spectra have a label "
            "that is not finite, expected values for all. Leave these stars out."
        )
    bad = ~np.isfinite(np.asarray(spectra.flux))
    if bad.any() or not spectra.normalised:
        raise ValueError(
            f"the flux is not finite in {int(bad.sum())} pixels, or not normalised; "
            "the Payne is trained on noise-free, continuum-normalised model spectra."
        )
    return spectra
