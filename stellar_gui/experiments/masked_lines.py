"""Lines that the synthetic domain lacks, and to which elements the transfer gives them.

O'Briain et al. (2021, section 3.3): a share of the features of synthetic spectra is set
to the continuum, observed ones are noisy and unpaired, and the transfer puts the lines
back. An element's lines can be told from another's only if the two vary independently:
[X/Fe] scatters by 0.15 dex on its own in both domains. All spectra come from one
emulator, so that its derivatives are the truth.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from stellar_gui.analysis.attribution import (
    Attribution,
    abundance_columns,
    attribute,
    line_derivatives,
)
from stellar_gui.analysis.leakage import label_leakage
from stellar_gui.analysis.transfer_gap import (
    TransferErrors,
    evaluate,
    gap_closed,
    transfer_errors,
)
from stellar_gui.experiments.features import Features, find_features
from stellar_gui.labels import SYNTHETIC_LABELS, relative_to_iron, to_x_fe
from stellar_gui.models import Payne
from stellar_gui.models.cycle_starnet import CycleStarNet
from stellar_gui.spectra import Spectra
from stellar_gui.synthesis.galaxy import DISC_SHARES, draw_stars
from stellar_gui.synthesis.lines import bundled_lines
from stellar_gui.training.cycle_settings import PRESETS, Settings
from stellar_gui.training.cycle_starnet import CycleStarNetTrainer
from stellar_gui.training.device import choose_device

X_FE_SCATTER = 0.15  # dex
SNR = (70.0, 160.0)
VBROAD = (2.0, 8.0)  # km/s
_LABELS = 6000  # of the synthetic domain
_VALIDATION, _TEST = 100, 300  # stars
_DERIVED = 40  # test stars whose derivatives are averaged

SETTINGS = dataclasses.replace(PRESETS["demo"], jacobian=0.0)
"""The penalty would forbid the very derivatives that this experiment looks for."""


@dataclass(frozen=True)
class MaskedRequest:
    """share: of the features, that is masked; stars: observed ones to train on."""

    share: float = 0.3
    steps: int | None = None
    stars: int = 6000
    device: str = "auto"

    def __post_init__(self):
        if not 0 < self.share < 1:
            raise ValueError(
                f"share is {self.share}, expected between 0 and 1: the part of the "
                "features that is masked"
            )

    @property
    def settings(self) -> Settings:
        return SETTINGS if self.steps is None else SETTINGS.lasting(self.steps)


class Domains(NamedTuple):
    """Both domains; the full emulator is nature, the masked one the synthesis."""

    full: Payne
    masked: Payne
    features: Features  # those that are masked
    assumed: torch.Tensor  # (n, n_labels)
    training: Spectra
    validation: Spectra
    test: Spectra  # with true labels


class MaskedResult(NamedTuple):
    """What one seed found."""

    seed: int
    attribution: Attribution
    recovered: np.ndarray  # (n_lines, n_elements) d flux_T - d flux_G per dex
    true: np.ndarray  # the same of the full emulator
    elements: tuple[str, ...]
    features: Features
    gap: float
    shift: float  # of the mean shift
    swapped: float
    leak: float  # mean R² of labels in z_split, abundances as [X/Fe]

    @property
    def derivative_error(self) -> float:
        """|recovered - true| / |true| over lines and elements; 1 says nothing of it."""
        return float(
            np.linalg.norm(self.recovered - self.true) / np.linalg.norm(self.true)
        )

    @property
    def derivative_correlation(self) -> float:
        """Correlation of recovered and true derivatives over lines and elements."""
        return float(np.corrcoef(self.recovered.ravel(), self.true.ravel())[0, 1])


def draw_labels(emulator: Payne, n_stars: int, rng) -> np.ndarray:
    """Labels (n_stars, n_labels) of disc stars whose [X/Fe] scatter independently.

    Inside the emulator's label space; broadening uniform.
    """
    labels = draw_stars(n_stars, rng, DISC_SHARES).labels
    labels = labels[:, [SYNTHETIC_LABELS.index(name) for name in emulator.label_names]]
    names = emulator.label_names
    labels[:, names.index("vbroad")] = rng.uniform(*VBROAD, n_stars)
    _, renamed = relative_to_iron(names)
    free = [k for k, name in enumerate(renamed) if name.endswith("_fe")]
    labels[:, free] += rng.normal(0.0, X_FE_SCATTER, (n_stars, len(free)))
    coordinates = emulator.scaling.to_coordinates(torch.tensor(labels))
    return emulator.scaling.to_labels(coordinates.clamp(-0.5, 0.5)).numpy()


def mask_pixels(emulator: Payne, masked: np.ndarray) -> Payne:
    """Return the emulator with a flux of 1 in masked pixels (n_pixels,) bool."""
    network, hidden = emulator.network, torch.as_tensor(masked)
    weight = torch.where(hidden[:, None], 0.0, network.weight3)
    bias = torch.where(hidden, 1.0, network.bias3)
    network = network._replace(weight3=weight, bias3=bias)
    return dataclasses.replace(emulator, network=network, flux_covariance=None)


def make_domains(emulator: Payne, request: MaskedRequest, seed: int) -> Domains:
    """Draw the stars of both domains, and the features that one of them lacks."""
    rng = np.random.default_rng(seed)
    emulator = dataclasses.replace(emulator, flux_covariance=None)
    assumed = torch.tensor(draw_labels(emulator, _LABELS, rng))
    _, elements = abundance_columns(emulator.label_names)
    features = find_features(
        bundled_lines(),
        emulator.wavelength.numpy(),
        emulator.medium,
        evaluate(emulator, assumed[:500]).mean(axis=0),
        elements,
    )
    count = max(round(request.share * len(features.pixel)), 1)
    chosen = np.sort(rng.choice(len(features.pixel), count, replace=False))
    chosen = features.of(chosen)
    masked = mask_pixels(emulator, chosen.mask(len(emulator.wavelength)))
    sizes = request.stars, _VALIDATION, _TEST
    stars = [
        _observe(emulator, n, name, rng) for n, name in zip(sizes, "tvj", strict=True)
    ]
    return Domains(emulator, masked, chosen, assumed, *stars)


def _observe(emulator, n_stars, prefix, rng) -> Spectra:
    labels = draw_labels(emulator, n_stars, rng)
    flux = evaluate(emulator, torch.tensor(labels))
    snr = rng.uniform(*SNR, n_stars)[:, None]
    return Spectra(
        emulator.wavelength.numpy(),
        flux + rng.normal(size=flux.shape) / snr,
        np.broadcast_to(snr**2, flux.shape),
        ids=[f"{prefix}-{k:05d}" for k in range(n_stars)],
        labels=labels,
        label_names=emulator.label_names,
        medium=emulator.medium,
        resolution=emulator.resolution,
    )


def run_masked_lines(
    emulator: Payne,
    request: MaskedRequest,
    seed: int,
    tell: Callable[[str], None] = lambda _: None,
) -> MaskedResult:
    """Mask, train and judge with one seed, which draws all that is drawn."""
    domains = make_domains(emulator, request, seed)
    trainer = CycleStarNetTrainer(
        domains.masked,
        domains.training,
        domains.validation,
        labels=domains.assumed,
        settings=request.settings,
        seed=seed,
        device=choose_device(request.device),
    )
    for done in range(1, trainer.total_steps + 1):
        trainer.step()
        if done % 1000 == 0:
            tell(f"seed {seed}: step {done} of {trainer.total_steps}")
    return judge_masked(domains, trainer.model().to("cpu"), seed)


def judge_masked(domains: Domains, model: CycleStarNet, seed: int) -> MaskedResult:
    """Score a transfer on test stars against the full emulator."""
    test, names = domains.test, domains.full.label_names
    labels = torch.tensor(test.labels)
    truth = evaluate(domains.full, labels)
    errors: TransferErrors = transfer_errors(model, test, labels, truth, seed)
    closed = lambda error: gap_closed(error, errors.emulator, seed).value  # noqa: E731
    few = labels[:_DERIVED]
    with torch.no_grad():
        plain = domains.masked.jacobian(few)
        changes = [m.jacobian(few) - plain for m in (model, domains.full)]
    recovered, true = (
        line_derivatives(change.numpy(), domains.features.pixel, names)
        for change in changes
    )
    _, elements = abundance_columns(names)
    features = domains.features
    return MaskedResult(
        seed=seed,
        attribution=attribute(
            recovered, true, elements, features.element, features.depth
        ),
        recovered=recovered,
        true=true,
        elements=tuple(elements),
        features=features,
        gap=closed(errors.own),
        shift=closed(errors.shifted),
        swapped=closed(errors.swapped),
        leak=_leak(model, test),
    )


def _leak(model, test):
    """Mean R², abundances as [X/Fe], as in the tables of scores."""
    labels, _, names = to_x_fe(test.labels, None, test.label_names)
    return label_leakage(model.own_nuisance(test).numpy(), labels, names).mean
