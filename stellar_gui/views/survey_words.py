"""What the Survey page says in words of densities, stacks and models."""

import numpy as np

from stellar_gui.labels import describe
from stellar_gui.plots.style import number

_TITLES = {
    "payne": "physics model",
    "cannon": "data-driven model",
    "cycle_starnet": "after transfer",
}
_DECIMALS = {"zscore": 2, "difference": 4}
_SYMBOLS = {"zscore": "z", "difference": "Δ flux"}
_NAMES = {"zscore": "z-scores", "difference": "flux differences"}


def model_title(name: str, kind: str) -> str:
    """What a model stands for, and its name.

    >>> model_title("Payne 2", "payne")
    'physics model (Payne 2)'
    """
    return f"{_TITLES.get(kind, 'model')} ({name})"


def overall_words(overall, which: str) -> str:
    """Mean, standard deviation and robust sigma of all residuals of a model."""
    if not overall.n_values:
        return "no fit yet"
    digits, symbol = _DECIMALS[which], _SYMBOLS[which]
    return (
        f"mean {number(overall.mean, digits)}   std {number(overall.std, digits)}   "
        f"robust σ({symbol}) {number(overall.robust_std, digits)}"
    )


def counts(overall, n_stars: int) -> str:
    """How many stars and pixels are counted; of how many stars, while some are left."""
    some = number(overall.n_stars)
    of = f" of {number(n_stars)}" if overall.n_stars < n_stars else ""
    return f"{some}{of} stars × {number(overall.n_pixels)} pixels"


def density_sentence(counted, names, which: str) -> str:
    """What the densities show, for those who cannot see them; counted by side."""
    if not counted:
        return "No residuals are drawn: no star is fitted yet."
    parts = []
    for side, pixels in counted.items():
        overall, digits = pixels.density.overall, _DECIMALS[which]
        parts.append(
            f"{names[side]}: {number(overall.n_stars)} stars, mean "
            f"{number(overall.mean, digits)}, standard deviation "
            f"{number(overall.std, digits)}"
        )
    return (
        f"Density of {_NAMES[which]} over wavelength. {'; '.join(parts)}. "
        "The table has the pixels where most stars disagree with the models."
    )


def density_table(
    counted, names, which: str, wavelength, n_rows: int = 10
) -> dict | None:
    """The pixels with the largest median residual by the first model drawn."""
    if not counted:
        return None
    first = next(iter(counted.values()))
    loud = np.argsort(-np.nan_to_num(np.abs(first.median)))[:n_rows]
    digits = _DECIMALS[which]
    return {
        "head": [
            "wavelength / Å",
            *(f"median, {names[side]}" for side in counted),
            "stars",
        ],
        "rows": [
            [
                number(float(wavelength[pixel]), 2),
                *(number(float(p.median[pixel]), digits) for p in counted.values()),
                number(int(first.density.n_stars[pixel])),
            ]
            for pixel in loud
        ],
    }


def stack_sentence(stack, title: str) -> str:
    """What the stack shows, for those who cannot see it."""
    if stack is None:
        return "No stack is drawn: no star is fitted yet."
    return (
        f"Residuals of {number(len(stack.order))} stars in {number(len(stack.image))} "
        f"rows, sorted by {title}, the smallest at the bottom."
    )


def not_compared(unlabelled: bool, model: str) -> str:
    """Why no fits are compared with a reference: the stars have none, or no such."""
    if unlabelled:
        return (
            "These stars came without labels: there is nothing to compare fits with. "
            "The other tabs show what the models say."
        )
    return f"The stars came with none of these labels of {model}."


def not_in_plane(lacking, names, model: str) -> str:
    """Why a model has no star in a plane: labels that it lacks, or no good fit.

    >>> print(not_in_plane(["mg_fe"], ["teff", "fe_h"], "Cannon"))
    Cannon gives no [Mg/Fe]: its labels are Teff, [Fe/H].
    """
    if not lacking:
        return f"No fit by {model} has converged."
    gone, known = (
        ", ".join(describe(name).title for name in some) for some in (lacking, names)
    )
    return f"{model} gives no {gone}: its labels are {known}."


def duration(seconds: float) -> str:
    """A time as a reader says it.

    >>> duration(41.2), duration(70), duration(7300)
    ('41 s', '1 min', '2.0 h')
    """
    if seconds < 60:
        return f"{number(max(seconds, 1))} s"
    if seconds < 3600:
        return f"{number(seconds / 60)} min"
    return f"{number(seconds / 3600, 1)} h"
