"""What a transfer must be compared with: the emulator, and cheaper ways to better it.

Each baseline is a `SpectralModel` with the options of its fit, so that the same tables
judge all of them and the transfer. They learn from training stars only, without labels,
but for the Cannon, which is told the true ones.
"""

import time
from typing import Any, NamedTuple

import numpy as np

from stellar_gui.experiments.recalibrated import mean_shift, self_calibrated
from stellar_gui.experiments.scatter import pixel_scatter, with_scatter
from stellar_gui.fitting import FitResult, fit_labels
from stellar_gui.models import Cannon
from stellar_gui.models.base import SpectralModel
from stellar_gui.models.broadened import Broadened
from stellar_gui.models.polynomial import Polynomial
from stellar_gui.spectra import Spectra

RV_RANGE = 3.0  # km/s: spectra are at rest but for what a pipeline leaves
FAST = {
    "rv_range": RV_RANGE,
    "starts": 1,
}  # of many stars whose single fit is no matter
CANNON_STARS = 500
_SCATTER_STARS = 300
_CALIBRATION_STARS = 500
_STARS_PER_TERM = 3


class Baseline(NamedTuple):
    """One way to labels; ``options`` are those of `fit_labels`."""

    title: str
    model: SpectralModel
    options: dict[str, Any]
    seconds: float  # of one core, to learn it

    def fit(self, spectra: Spectra) -> FitResult:
        """Fit the labels of stars as this baseline does."""
        return fit_labels(self.model, spectra, **self.options)


def broadened(emulator: SpectralModel) -> SpectralModel:
    """Return the emulator with a broadening, unless it has one among its labels."""
    return emulator if "vbroad" in emulator.label_names else Broadened(emulator)


def plain_emulator(emulator: SpectralModel) -> Baseline:
    """The emulator as it is, at the broadening that it was made with."""
    return Baseline("emulator alone", emulator, {"rv_range": RV_RANGE}, 0.0)


def well_parametrised(
    emulator: SpectralModel, training: Spectra, degree: int = 2
) -> Baseline:
    """The emulator with all that a careful user would fit beside the labels.

    A broadening, a continuum of this degree for each piece, and the scatter of each
    pixel as a weight, measured on some of the training stars.
    """
    started = time.process_time()
    model, options = broadened(emulator), {"continuum_degree": degree}
    few = training[:_SCATTER_STARS]
    scatter = pixel_scatter(few, fit_labels(model, few, **FAST, **options))
    return Baseline(
        "emulator + broadening + continuum",
        with_scatter(model, scatter),
        {"rv_range": RV_RANGE, **options},
        time.process_time() - started,
    )


def shifted(emulator: SpectralModel, training: Spectra) -> Baseline:
    """The emulator plus the mean residual of its fits of the training stars."""
    started = time.process_time()
    model = mean_shift(emulator, training, fit_labels(emulator, training, **FAST))
    seconds = time.process_time() - started
    return Baseline("mean shift", model, {"rv_range": RV_RANGE}, seconds)


def calibrated(emulator: SpectralModel, training: Spectra) -> Baseline:
    """Strength and offset of every pixel, in turn with labels and broadening."""
    started = time.process_time()
    few = training[:_CALIBRATION_STARS]
    model = self_calibrated(broadened(emulator), few, **FAST)
    seconds = time.process_time() - started
    return Baseline("self-calibration", model, {"rv_range": RV_RANGE}, seconds)


def cannon(training: Spectra, true_labels: np.ndarray, label_names) -> Baseline:
    """A quadratic Cannon on training stars with their true labels (n_stars, n_labels).

    On 500 stars, or as many more as its terms need; linear if there are not so many.
    Without the correction for the noise of its coefficients, which diverges where they
    are nearly as many as the stars.
    """
    started = time.process_time()
    needed = _STARS_PER_TERM * Polynomial(len(label_names), 2).n_terms
    order = 2 if needed <= len(training) else 1
    count = max(CANNON_STARS, needed if order == 2 else 0)
    stars = training[:count].replace(
        labels=np.asarray(true_labels)[:count],
        labels_sigma=None,
        label_names=tuple(label_names),
        label_units=(),
    )
    model = Cannon.train(stars, order=order, errors_in_variables=False)
    title = f"Cannon of order {order}, {len(stars)} true labels"
    return Baseline(title, model, {}, time.process_time() - started)
