"""Training the Cannon step by step: theta first, then the scatter.

The first step solves theta of all pixels without scatter; every further step is one
iteration of the scatter and of theta with it (Ness et al. 2015). `Cannon.train` does
the same in one go.
"""

import numpy as np
import torch

from stellar_gui.fitting.calibration import calibrated
from stellar_gui.fitting.cannon import infer_cannon
from stellar_gui.fitting.result import FitResult
from stellar_gui.models.cannon import MAX_STEPS, Cannon
from stellar_gui.spectra import Spectra
from stellar_gui.statistics import robust_std
from stellar_gui.training.options import CHECKPOINT_EVERY, NO_LEARNING_RATE

SAMPLE = {"label_names": ("teff", "logg", "fe_h", "mg_h", "ca_h"), "order": 3}
"""The Cannon of the sample survey.

Cubic, because one quadratic does not describe giants and dwarfs, metal-poor and
metal-rich, together (held-out teff: 42 K instead of 53 K). More elements move so nearly
with iron that the catalogue's errors, not the lines, would set their coefficients.
"""

_STATE = ("theta", "variance", "noise_ratio", "active")


class CannonTrainer:
    """Trains a `Cannon`; see `training.trainer.Trainer`.

    train, validation: Spectra with labels on one grid; ``validation`` is never trained
    on. Nothing is random. Further arguments and errors as in `Cannon.train`.
    """

    no_learning_rate = NO_LEARNING_RATE["cannon"]
    checkpoint_every = CHECKPOINT_EVERY["cannon"]

    def __init__(
        self,
        train: Spectra,
        validation: Spectra,
        *,
        label_names=None,
        order: int = 2,
        steps: int = MAX_STEPS,
        dtype: torch.dtype = torch.float64,
        device: str | torch.device = "cpu",
    ):
        self.total_steps = steps
        self.steps = 0
        self.device = torch.device(device)
        self._regression, self._context = Cannon.regression(
            train, label_names, order, dtype=dtype, device=device
        )
        self._validation = validation.with_labels(self._context["label_names"])

    def step(self) -> dict[str, float]:
        """One iteration; returns what `PixelRegression.step` does."""
        self.steps += 1
        return self._regression.step()

    def state_dict(self) -> dict:
        """theta, the scatter, and which pixels still change; nothing is random."""
        state = {n: getattr(self._regression, n).clone() for n in _STATE}
        return {"steps": self.steps, **state}

    def load_state_dict(self, state: dict) -> None:
        """Go on from ``state``. Raises ValueError if it is of another training set."""
        regression = self._regression
        if state["theta"].shape != regression.theta.shape:
            raise ValueError(
                f"the checkpoint has theta of shape {tuple(state['theta'].shape)}, "
                f"expected {tuple(regression.theta.shape)} for these spectra, labels "
                "and order. Resume with the configuration of the run."
            )
        self.steps = state["steps"]
        for name in _STATE:
            new = state[name].to(getattr(regression, name))
            setattr(regression, name, new.clone())

    def validate(self) -> dict[str, float]:
        """Fit the validation stars; ``score`` is -2 ln(likelihood) per good pixel.

        chi2 alone would praise a scatter that is too large. Beside it the median
        reduced chi2, and for each label the robust scatter about its reference, in its
        unit, and the robust standard deviation of (fitted - reference) / sigma, which
        is 1 for errors that hold; sigma includes that of the reference. Stars without a
        reference label, and those that could not be fitted, are left out of that
        label's scores; a label that none is left of has no scores.
        """
        model = self.model()
        fit = infer_cannon(model, self._validation)
        scores = {
            "score": _deviance(self._validation, fit),
            "chi2": float(np.nanmedian(fit.reduced_chi2)),
        }
        error = fit.labels - self._validation.labels
        reference = self._validation.labels_sigma
        zscore = error / np.hypot(fit.sigma, 0.0 if reference is None else reference)
        for k, name in enumerate(fit.label_names):
            if np.isfinite(zscore[:, k]).any():
                scores[f"{name}_scatter"] = robust_std(error[:, k])
                scores[f"{name}_zscore"] = robust_std(zscore[:, k])
        return scores

    def model(self) -> Cannon:
        """The Cannon as it stands, its errors calibrated on the validation stars.

        Raises ValueError before the first step.
        """
        return calibrated(self.preview(), self._validation)

    def preview(self) -> Cannon:
        """The Cannon as it stands, its errors not calibrated. Raises as `model`."""
        if not self.steps:
            raise ValueError("no step has been taken: call step() before model()")
        return Cannon.of(self._regression, **self._context)


def _deviance(spectra: Spectra, fit: FitResult) -> float:
    """-2 ln(likelihood) of the fitted spectra per good pixel, less ln(2 pi)."""
    ivar, flux = np.asarray(spectra.ivar), np.asarray(spectra.flux)
    good = (ivar > 0) & np.isfinite(fit.model_flux)
    variance = (1 / np.where(good, ivar, 1.0) + fit.model_sigma**2)[good]
    residual = (flux - fit.model_flux)[good]
    return float(np.mean(residual**2 / variance + np.log(variance)))
