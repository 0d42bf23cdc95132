"""What came of fitting stars, a refusal or a fault included, for those who show it."""

import dataclasses
import logging
from collections.abc import Mapping

import numpy as np

from stellar_gui.fitting.cache import Outcome
from stellar_gui.fitting.result import FitResult
from stellar_gui.spectra import Spectra

_LOG = logging.getLogger(__name__)


def fit_outcome(model, spectra: Spectra, **options) -> Outcome:
    """Fit stars; never raises: a refusal is an outcome, and so is a fault.

    options: those of `fit_labels`.
    """
    from stellar_gui.fitting import fit_labels

    try:
        return Outcome(fit_labels(model, spectra, **options), None)
    except ValueError as error:
        return Outcome(None, str(error))
    except Exception as error:  # a singular matrix, memory, a lost disk, a fault here
        _LOG.exception("a fit failed")
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        return Outcome(None, f"the fit failed: {reason}. Other stars are not affected.")


def single(outcome: Outcome, place: int) -> Outcome:
    """Return the outcome of one star of several that were fitted together."""
    if outcome.result is None:
        return outcome
    return outcome._replace(result=outcome.result[place])


def is_slow(model) -> bool:
    """Whether a fit may take longer than a key press should.

    So it is where parameters are fitted beside the labels.
    """
    return getattr(model, "nuisance", None) is not None


def moved(result: FitResult, offsets: Mapping[str, float]) -> FitResult:
    """Return a fit with its labels moved by constants, by label name.

    The fit through a model whose spectra belong to labels moved so.
    """
    by = np.array([offsets.get(name, 0.0) for name in result.label_names])
    return dataclasses.replace(result, labels=result.labels + by)
