"""The numbers beside the fit, in words and as rows of a table."""

from typing import NamedTuple

from stellar_gui.analysis.residuals import ZscoreSummary
from stellar_gui.plots.style import NOTHING, number

_MANY = 3  # models, whose numbers find room in short


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
    """Symbol, meaning and value of each number; mean and deviation in one if brief."""
    summary = model.summary
    if summary is None:
        return [("fit", "no fit", NOTHING)]
    pixels = f"reduced chi squared of {number(summary.n_good)} good pixels"
    rows = [
        ("χ²/ν", pixels, number(model.reduced_chi2, 2)),
        ("rσ(z)", "robust standard deviation of z", number(summary.robust_std, 2)),
    ]
    std, mean = number(summary.std, 2), number(summary.mean, 2)
    if brief:
        meaning = f"mean {mean} and standard deviation {std} of z"
        rows.append(("z", meaning, f"{mean}±{std}"))
        return rows
    rows += [
        ("std z", "standard deviation of z", std),
        ("mean z", "mean of z", mean),
    ]
    if summary.n_good != n_good:  # the model says nothing of some pixels
        rows.append(("px", "good pixels of the fit", number(summary.n_good)))
    return rows
