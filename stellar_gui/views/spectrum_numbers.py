"""The numbers beside the fit, as a table that a screen reader can read too."""

from html import escape
from typing import NamedTuple

from stellar_gui.analysis.residuals import ZscoreSummary
from stellar_gui.plots.style import NOTHING, number

_CSS = """<style>
.numbers { height: 100%; padding: 44px 10px 6px 4px; font: 11px/15px Roboto, Helvetica,
  Arial, sans-serif; color: var(--ink2); display: flex; flex-direction: column;
  font-variant-numeric: tabular-nums; box-sizing: border-box; overflow: hidden; }
.numbers table { width: 100%; border-collapse: collapse; margin-bottom: 8px; }
.numbers caption { text-align: left; font-weight: 500; white-space: nowrap; }
.numbers th { text-align: left; font-weight: 400; padding: 0; }
.numbers td { text-align: right; color: var(--ink); padding: 0; }
.numbers .all { border-top: 1px solid var(--rule); padding-top: 5px; }
.numbers .foot { margin-top: auto; text-align: center; }
.numbers .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); }
</style>"""


class ModelNumbers(NamedTuple):
    """What is written of one model's fit; ``summary`` None without a fit."""

    name: str
    token: str
    reduced_chi2: float
    summary: ZscoreSummary | None


def numbers_html(models: list[ModelNumbers], n_good: int, sentence: str) -> str:
    """The column of numbers; ``sentence`` says in words what the figure shows."""
    tables = "".join(_table(model) for model in models)
    return (
        f'{_CSS}<div class="numbers"><p class="unseen">{escape(sentence)}</p>{tables}'
        f'<div class="all">{number(n_good)} good px</div>'
        '<div class="foot">all pixels<br>vs N(0, 1)</div></div>'
    )


def _table(model):
    s = model.summary
    rows = (
        [
            ("χ²/ν", "reduced chi squared", number(model.reduced_chi2, 2)),
            ("rσ(z)", "robust standard deviation of z", number(s.robust_std, 2)),
            ("std z", "standard deviation of z", number(s.std, 2)),
            ("mean z", "mean of z", number(s.mean, 2)),
            ("px", "good pixels of the fit", number(s.n_good)),
        ]
        if s
        else [("fit", "no fit", NOTHING)]
    )
    body = "".join(
        f'<tr><th scope="row" title="{title}">{name}</th><td>{text}</td></tr>'
        for name, title, text in rows
    )
    token = model.token.replace("_", "-")
    caption = f'<caption style="color: var(--{token})">{escape(model.name)}</caption>'
    return f"<table>{caption}{body}</table>"
