"""Training of Cycle-StarNet (O'Briain et al. 2021, ApJ 906, 130).

Two phases, each a number of steps: the synthetic autoencoder alone, copied to the
observed domain at its end; then both domains with cycle and critics. What differs from
the paper is in `cycle_settings`. There is no score among the validation figures: no
figure without the truth tells a better checkpoint, so the last one is the model.
"""

import contextlib
import copy
import dataclasses
from typing import Any

import torch
from torch import Tensor

from stellar_gui.analysis.mixing import domain_mixing
from stellar_gui.models.autoencoder import build_autoencoders
from stellar_gui.models.base import SpectralModel
from stellar_gui.models.critics import build_critics
from stellar_gui.models.cycle_starnet import CycleStarNet, split_prior
from stellar_gui.spectra import Spectra
from stellar_gui.training.cycle_data import (
    LabelSource,
    Observed,
    check_domains,
    typical_spectrum,
)
from stellar_gui.training.cycle_losses import pixel_weights
from stellar_gui.training.cycle_settings import PRESETS, Settings
from stellar_gui.training.cycle_step import (
    Batch,
    critic_losses,
    forward,
    frozen,
    generator_losses,
    pretraining_losses,
)
from stellar_gui.training.device import on_device
from stellar_gui.training.options import CHECKPOINT_EVERY

_SCALED_BY = 500  # synthetic spectra that centre and width are taken of
VALIDATED = 256  # spectra of each domain
_ENCODED = 1024  # spectra at a time
_NEIGHBOURS = 20  # among which those of the other domain are counted


class CycleStarNetTrainer:
    """Trains a `CycleStarNet`; see `training.trainer.Trainer`.

    emulator: makes the synthetic spectra, at its own nuisance if it has one.
    observed_train, observed_validation: normalised spectra on the emulator's grid;
    their labels are not looked at. labels (n, n_labels), physical units: the assumed
    distribution that synthetic stars are drawn from, with replacement and as they are;
    None takes those that the emulator carries. Zero points of fitted labels will be
    those of this distribution.

    Raises ValueError, saying what mends it, if the domains differ in medium, grid,
    resolution or normalisation, and for labels that are missing or not finite.
    """

    best_score = None  # the last checkpoint counts
    checkpoint_every = CHECKPOINT_EVERY["cycle-starnet"]

    def __init__(
        self,
        emulator: SpectralModel,
        observed_train: Spectra,
        observed_validation: Spectra,
        *,
        labels=None,
        settings: Settings = PRESETS["demo"],
        seed: int = 0,
        device: str | torch.device = "cpu",
    ):
        for spectra in (observed_train, observed_validation):
            check_domains(emulator, spectra)
        self.settings, self.seed = settings, seed
        self.device = torch.device(device)
        self.batch_size = settings.batch_size
        self.steps_done, self.rate_scale = 0, 1.0
        self.tied = settings.pretraining_steps == 0  # there is nothing to copy then
        self.source = LabelSource.of(emulator, labels, self.device)
        self.emulator = self.source.emulator
        self.rng = torch.Generator().manual_seed(seed)
        self.networks, self.critics = self._start(observed_train)
        self.observed = Observed.of(observed_train, self.networks)
        self._validation = self._validation_batch(observed_validation)
        self._training_ids = [str(i) for i in observed_train.ids]
        self.generator_optimizer = self._optimizer(self.networks)
        self.critic_optimizer = self._optimizer(self.critics)

    @property
    def total_steps(self) -> int:
        return self.settings.total_steps

    @property
    def pretraining(self) -> bool:
        """Whether the next step is one of the first phase."""
        return not self.tied

    @property
    def phase_starts(self) -> tuple[int, ...]:
        """Steps at which another kind of step begins; see `training.pace`."""
        return tuple(sorted({0, self.settings.pretraining_steps}))

    @property
    def learning_rate(self) -> float:
        """That of the next step."""
        return self.rate_scale * self.settings.learning_rate_at(self.steps_done)

    def set_learning_rate(self, rate: float) -> None:
        """Take the next step at ``rate``, and scale what the schedule has left."""
        self.rate_scale *= rate / self.learning_rate

    def step(self) -> dict[str, float]:
        """One update of the generators, and of the critics after pretraining.

        Returns the losses before the update, by name, the accuracies of the critics
        and the learning rate.
        """
        rate = self.learning_rate
        for optimizer in (self.generator_optimizer, self.critic_optimizer):
            for group in optimizer.param_groups:
                group["lr"] = rate
        told = self._pretraining_step() if self.pretraining else self._full_step()
        self.steps_done += 1
        self._tie_when_due()
        values = torch.stack(list(told.values())).tolist()  # the one wait for a device
        return dict(zip(told, values, strict=True)) | {"learning_rate": rate}

    def validate(self) -> dict[str, float]:
        """Losses and critics' accuracies on observed stars that training never saw.

        ``mixing_shared`` says how well z_shared of both domains mix, 0.5 at best; it
        needs more than 20 stars. The synthetic stars are always the same. There is no
        noise on z_split.
        """
        if self.pretraining:
            with torch.no_grad():
                told = pretraining_losses(
                    self.networks, self._validation, self.settings
                )[1]
            return {name: float(value) for name, value in told.items()}
        unpenalised = dataclasses.replace(self.settings, gradient_penalty=0.0)
        with torch.no_grad():
            passed = forward(self.networks, self._validation, self.settings.link)
            told = generator_losses(
                self.critics, passed, self._validation, self.settings
            )[1]
            told |= critic_losses(self.critics, passed, unpenalised)[1]
        scores = {name: float(value) for name, value in told.items()}
        both = [z.z_shared.numpy(force=True) for z in (passed.z_synth, passed.z_obs)]
        if len(both[0]) > _NEIGHBOURS:
            mixing = domain_mixing(*both, n_neighbours=_NEIGHBOURS)
            scores["mixing_shared"] = mixing.value
        return scores

    def model(self) -> CycleStarNet:
        """The model as it stands; its nuisance spans the observed training stars."""
        networks = copy.deepcopy(self.networks).requires_grad_(False)
        return CycleStarNet(
            emulator=self.emulator,
            networks=networks.to(self.source.labels.device),
            nuisance=self._nuisance(),
            link=self.settings.link,
            training_labels=self.source.labels.cpu(),
            provenance=self._provenance(),
        )

    def state_dict(self) -> dict:
        """All that a bit-exact resume needs, the random generator included."""
        state = {
            "steps_done": self.steps_done,
            "rate_scale": self.rate_scale,
            "tied": self.tied,
            "seed": self.seed,
            "labels": self.source.labels.clone(),
            "rng": self.rng.get_state(),
        }
        for name, part in self._stateful().items():
            state[name] = copy.deepcopy(part.state_dict())
        return state

    def load_state_dict(self, state: dict) -> None:
        """Go on from ``state`` as if training had never stopped.

        Raises ValueError if it is of networks of other sizes.
        """
        self.steps_done, self.seed = state["steps_done"], state["seed"]
        self.rate_scale, self.tied = state["rate_scale"], state["tied"]
        labels = state["labels"].to(self.source.labels)
        self.source = self.source._replace(labels=labels)
        self.rng.set_state(state["rng"].cpu())
        for name, part in self._stateful().items():
            try:
                part.load_state_dict(state[name])
            except (RuntimeError, ValueError) as fault:
                raise ValueError(
                    f"the checkpoint's {name} does not fit these settings ({fault}). "
                    "Resume with the settings and the spectra of the run."
                ) from None
        self._tie_when_due()

    def _tie_when_due(self):
        if not self.tied and self.steps_done >= self.settings.pretraining_steps:
            self.networks.tie_domains()
            self.tied = True

    def _stateful(self):
        return {
            "networks": self.networks,
            "critics": self.critics,
            "generator_optimizer": self.generator_optimizer,
            "critic_optimizer": self.critic_optimizer,
        }

    def _pretraining_step(self):
        rows = self._draw(len(self.source.labels))
        flux = self.source.spectra(rows)
        batch = Batch(flux, None, flux, flux, None)
        with self._precision():
            total, told = pretraining_losses(self.networks, batch, self.settings)
        update(self.generator_optimizer, total)
        return told

    def _full_step(self):
        batch = self._batch()
        with self._precision():
            passed = forward(self.networks, batch, self.settings.link)
            with frozen(self.critics):
                total, told = generator_losses(
                    self.critics, passed, batch, self.settings
                )
        update(self.generator_optimizer, total)
        with self._precision():
            total, judged = critic_losses(self.critics, passed, self.settings)
        update(self.critic_optimizer, total)
        return told | judged

    def _batch(self) -> Batch:
        settings, n = self.settings, self.batch_size
        rows = self._draw(len(self.source.labels))
        stars = on_device(self._draw(len(self.observed.flux)), self.device)
        shift = noise = None
        if settings.jacobian:
            normal = self._normal(n, self.source.labels.shape[1])
            shift = settings.jitter * normal.double()
        if settings.split_noise:
            normal = self._normal(n, *self.networks.split_shape)
            noise = settings.split_noise * on_device(normal, self.device)
        synthetic, *moved = self.source.spectra(rows, shift).split(n)
        return Batch(
            flux_synth=synthetic,
            flux_moved=moved[0] if moved else None,
            flux_obs=self.observed.flux[stars],
            weights_obs=self._weights(self.observed.ivar[stars]),
            split_noise=noise,
        )

    def _validation_batch(self, spectra: Spectra) -> Batch:
        n = min(len(spectra), VALIDATED)
        flux, ivar = Observed.of(spectra[:n], self.networks)
        synthetic = self.source.spectra(self._spread(n))
        return Batch(synthetic, None, flux, self._weights(ivar), None)

    def _start(self, observed: Spectra):
        """Networks and critics with the scale of the synthetic spectra."""
        flux = self.source.spectra(self._spread(_SCALED_BY))
        config = self.settings.network_config(
            observed.n_pixels, float(flux.mean()), float(flux.std())
        )
        networks = build_autoencoders(config, self.seed)
        networks.typical.copy_(typical_spectrum(observed, flux))
        critics = build_critics(config, self.seed + 1)
        return networks.to(self.device), critics.to(self.device)

    def _optimizer(self, module):
        return torch.optim.Adam(
            module.parameters(),
            lr=self.settings.learning_rate,
            betas=self.settings.betas,
            fused=True,
        )

    def _weights(self, ivar: Tensor) -> Tensor:
        floor, limit = self.settings.sigma_floor, self.settings.sigma_limit
        return pixel_weights(ivar, floor, limit)

    def _draw(self, count: int) -> Tensor:
        """Indices below ``count``, on the CPU: the same for every device."""
        return torch.randint(count, (self.batch_size,), generator=self.rng)

    def _spread(self, n: int) -> Tensor:
        """n indices all over the assumed labels, the same whatever the seed."""
        return torch.arange(n) * len(self.source.labels) // n

    def _normal(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.rng)

    def _precision(self):
        if self.settings.autocast and computes_bfloat16(self.device):
            return torch.autocast(self.device.type, torch.bfloat16)
        return contextlib.nullcontext()

    @torch.no_grad()
    def _nuisance(self):
        """Mean and standard deviation of z_split over the observed training stars."""
        parts = self.observed.flux.split(_ENCODED)
        z = torch.cat([self.networks.encode(f, "obs").z_split for f in parts])
        return split_prior(z.to(self.source.labels.device))

    def _provenance(self) -> dict[str, Any]:
        return {
            "trained_on": len(self._training_ids),
            "training_ids": self._training_ids,
            "assumed_labels": len(self.source.labels),
            "steps": self.steps_done,
            "seed": self.seed,
            "settings": _plain(dataclasses.asdict(self.settings)),
            "paper": "O'Briain et al. 2021, ApJ 906, 130",
        }


def computes_bfloat16(device: torch.device) -> bool:
    """Whether matrix products in bfloat16 are faster than in single precision."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()


def update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    """One optimizer update down the gradient of ``loss``."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def _plain(value):
    """Tuples as lists, for JSON."""
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value
