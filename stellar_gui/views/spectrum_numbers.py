"""The numbers beside the fit, as a table that a screen reader can read too."""

from html import escape
from typing import NamedTuple

from stellar_gui.analysis.residuals import ZscoreSummary
from stellar_gui.plots.style import NOTHING, number


class ModelNumbers(NamedTuple):
    """What is written of one model's fit; ``summary`` None without a fit."""

    name: str
    token: str
    reduced_chi2: float
    summary: ZscoreSummary | None


def numbers_html(models: list[ModelNumbers], n_good: int, sentence: str) -> str:
    """The column of numbers; ``sentence`` says in words what the figure shows."""
    tables = "".join(_table(model, n_good) for model in models)
    return (
        f'<div class="numbers"><p class="unseen">{escape(sentence)}</p>{tables}'
        f'<div class="all">{number(n_good)} good px</div>'
        '<div class="foot">all pixels<br>vs N(0, 1)</div></div>'
    )


def _table(model, n_good):
    summary = model.summary
    rows = [("fit", "no fit", NOTHING)]
    if summary:
        rows = [
            ("χ²/ν", "reduced chi squared", number(model.reduced_chi2, 2)),
            ("rσ(z)", "robust standard deviation of z", number(summary.robust_std, 2)),
            ("std z", "standard deviation of z", number(summary.std, 2)),
            ("mean z", "mean of z", number(summary.mean, 2)),
        ]
        if summary.n_good != n_good:  # the model says nothing of some pixels
            rows.append(("px", "good pixels of the fit", number(summary.n_good)))
    body = "".join(
        f'<tr><th scope="row" title="{title}">{name}</th><td>{text}</td></tr>'
        for name, title, text in rows
    )
    token = model.token.replace("_", "-")
    caption = f'<caption style="color: var(--{token})">{escape(model.name)}</caption>'
    return f"<table>{caption}{body}</table>"
