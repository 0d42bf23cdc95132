"""What the missing-line laboratory draws: choices, stages, and what was found."""

from collections.abc import Iterable, Mapping
from typing import Any

from stellar_gui.experiments.trial import SHARES, STARS, STEPS, Trial
from stellar_gui.experiments.verdict import percent, verdict
from stellar_gui.labels import describe
from stellar_gui.plots.style import FAMILY_TOKENS, NOTHING, number
from stellar_gui.views.run_words import count, duration

_ANSWERS = {
    "right": ("ok", "hidden line, right element"),
    "wrong": ("warning", "hidden line, other element"),
    "beside": ("ok", "hidden with a line beside it"),
    "false": ("bad", "false: nothing hidden here"),
}
"""What a candidate is -> icon and words."""

_TWO = (
    "Two trainings of {steps} steps, one after the other: with hidden lines, and with "
    "none hidden, for the false-positive rate. "
)
_ONE = (
    "One training of {steps} steps. That with nothing hidden, for the false-positive "
    "rate, is there already. "
)
_REFERENCE_MACHINE = (
    "About {minutes} CPU-minutes{each} on a shared core of a server; other processes "
    "make it longer."
)
_CPU_MINUTES = 6  # of the usual trial; sample_data/laboratory/README.md


def choices_state(
    share: float, seed: str, problem: str, trials: Iterable[Trial], shown: Trial
) -> dict:
    """The form: share and seed, what is wrong with them, and trials there are."""
    low, high = SHARES
    return {
        "share": {"value": share, "low": low, "high": high, "text": percent(share)},
        "seed": seed,
        "problem": problem,
        "trials": [
            {"name": t.name, "text": _trial_words(t), "on": t == shown} for t in trials
        ],
    }


def _trial_words(trial):
    text = f"{percent(trial.share)}, seed {trial.seed}"
    other = [f"{count(trial.steps)} steps"] if trial.steps != STEPS else []
    other += [f"{count(trial.stars)} stars"] if trial.stars != STARS else []
    return ", ".join([text, *other])


def estimate(trial: Trial, known: bool, seconds_per_step: float | None) -> str:
    """Say what a trial will cost; known: the reference is there already.

    seconds_per_step: of an earlier trial here, None without one.
    """
    steps = count(trial.steps)
    text = (_ONE if known else _TWO).format(steps=steps)
    if seconds_per_step is None:
        each = "" if known else " each"
        return text + _REFERENCE_MACHINE.format(minutes=_CPU_MINUTES, each=each)
    each = duration(seconds_per_step * trial.steps)
    each += "" if known else " each"
    return f"{text}About {each}, at the pace of the last one on this machine."


def progress_state(state: str, progress, left: float | None, error: str) -> dict | None:
    """How far the trial is; None before it began. left: seconds, None if unknown."""
    if state == "new":
        return None
    tones = {"running": "", "finished": "ok", "stopped": "idle", "failed": "bad"}
    words = progress.words or "starting"
    if state == "running" and left is not None:
        words += f" · {duration(left)} left"
    if state == "stopped":
        words = f"stopped while {words}: what was made is kept"
    if state == "failed":
        words = error
    if state == "finished":
        words = "finished"
    return {"share": progress.share, "words": words, "tone": tones[state]}


def result_state(findings: Mapping[str, Any] | None) -> dict | None:
    """What was found, ready to be drawn; None before that."""
    if findings is None:
        return None
    return {
        "title": f"{len(findings['candidates'])} candidates",
        "sub": f"{findings['n_hidden']} lines were hidden",
        "verdict": [sentence._asdict() for sentence in verdict(findings)],
        "shares": _shares(findings),
        "candidates": [_candidate(row) for row in findings["candidates"]],
        "missed": [
            f"{row['element']} {row['wavelength']:.2f} Å, depth {row['depth']:.2f}"
            for row in findings["missed"]
        ],
        "confusion": _confusion(findings["confusion"]),
        "threshold": "A dip counts from a depth of {depth:g} and {significance:g} "
        "times its error over bootstraps of the stars on. What lies within 5 pixels "
        "of a hidden line is hidden with it.".format(**findings["threshold"]),
    }


def _shares(findings):
    """Rows of (title, value, interval, yardstick)."""
    plain, named = findings["without_network"], findings["named"]
    plain_p, plain_r = (
        f"no network {_value(plain[name])}" for name in ("precision", "recall")
    )
    chance = f"at random {number(findings['chance'], 2)}"
    rows = [
        _row("precision", findings["precision"], f"{plain_p} · {chance}"),
        _row("recall", findings["recall"], plain_r),
    ]
    reference = findings["reference"]
    if reference is not None:
        beside = f"{reference['candidates']} of {reference['dips']} dips"
        rows.append(_row("false positives, nothing hidden", reference["rate"], beside))
    else:
        rows.append(["false positives, nothing hidden", NOTHING, "", "not known yet"])
    if named is not None:
        iron = f"always Fe {named['always_iron']:.2f}"
        ceiling = f"ceiling {_value(named['ceiling'])} (blends)"
        rows += [
            _row("element right", named["own"], f"{iron} · {ceiling}"),
            _row("element among the first three", named["own_top3"], ""),
            _row("element right, not iron", named["not_iron"], _elsewhere(named)),
        ]
    return rows


def _elsewhere(named):
    rate = named["always_iron_elsewhere"]
    if rate["value"] is None:
        return ""
    return f"always Fe {_value(rate)} (at most {number(rate['high'], 2)})"


def _row(title, rate, beside):
    if rate["value"] is None:
        return [title, NOTHING, "", beside]
    low, high = number(rate["low"], 2), number(rate["high"], 2)
    return [title, _value(rate), f"{low}\u2013{high}", beside]


def _value(rate):
    return NOTHING if rate["value"] is None else number(rate["value"], 2)


def _candidate(row):
    kind, word = _ANSWERS[_answer(row)]
    return {
        "wavelength": row["wavelength"],
        "depth": row["depth"],
        "significance": row["significance"],
        "element": row["element"],
        "token": element_token(row["element"]),
        "support": percent(row["support"]),
        "second": row["second"],
        "own": row["own"] or NOTHING,
        "kind": kind,
        "word": word,
    }


def _answer(row):
    if row["own"]:
        return "right" if row["own"] == row["element"] else "wrong"
    return "beside" if row["right"] else "false"


def _confusion(table):
    most = max((max(row) for row in table["count"] if row), default=0)
    right = sum(
        row[table["given"].index(own)]
        for own, row in zip(table["own"], table["count"], strict=True)
        if own in table["given"]
    )
    counted = sum(map(sum, table["count"]))
    iron = _given_to_iron(table)
    return {
        **table,
        "most": most,
        "sentence": f"{right} of {counted} candidates lie on the diagonal: given to "
        f"the element of the line that was hidden. {iron} of the others are given to "
        "iron.",
    }


def _given_to_iron(table):
    """How many candidates that are no iron line come back as iron."""
    if "Fe" not in table["given"]:
        return 0
    column = table["given"].index("Fe")
    rows = zip(table["own"], table["count"], strict=True)
    return sum(row[column] for own, row in rows if own != "Fe")


def element_token(element: str) -> str:
    """The colour of an element's family, as a CSS variable.

    >>> element_token("Fe")
    '--iron-peak'
    """
    family = describe(f"{element.lower()}_h").family
    return "--" + FAMILY_TOKENS[family].replace("_", "-")
