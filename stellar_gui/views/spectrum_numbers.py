"""The numbers beside the fit, in words and as rows of a table."""

from typing import NamedTuple

from stellar_gui.analysis.residuals import ZscoreSummary
from stellar_gui.plots.style import NOTHING, number

_MANY = 3  # models, whose numbers find no room on a low screen


class ModelNumbers(NamedTuple):
    """What is written of one model's fit; ``summary`` None without a fit."""

    name: str
    token: str
    reduced_chi2: float
    summary: ZscoreSummary | None


def numbers_state(models: list[ModelNumbers], n_good: int, place: str) -> dict:
    """What the component `FitNumbers` draws; ``place`` says what is in view."""
    fits = ", ".join(
        f"{model.name} with reduced chi squared {number(model.reduced_chi2, 2)}"
        for model in models
        if model.summary
    )
    return {
        "models": [
            {
                "name": model.name,
                "token": model.token.replace("_", "-"),
                "rows": _rows(model, n_good, brief=len(models) >= _MANY),
            }
            for model in models
        ],
        "good": f"{number(n_good)} good px",
        "sentence": f"{place}, with the fits of {fits or 'no model'}.",
    }


def _rows(model, n_good, *, brief):
    """Symbol, meaning and value of each number, and whether a low screen spares it."""
    summary = model.summary
    if summary is None:
        return [("fit", "no fit", NOTHING, False)]
    std = number(summary.std, 2)
    pixels = f"reduced chi squared of {number(summary.n_good)} good pixels"
    robust = f"robust standard deviation of z; the plain one is {std}"
    rows = [
        ("χ²/ν", pixels, number(model.reduced_chi2, 2), False),
        ("rσ(z)", robust, number(summary.robust_std, 2), False),
        ("std z", "standard deviation of z", std, brief),
        ("mean z", "mean of z", number(summary.mean, 2), False),
    ]
    if summary.n_good != n_good and not brief:  # the model is silent on some pixels
        rows.append(("px", "good pixels of the fit", number(summary.n_good), False))
    return rows
