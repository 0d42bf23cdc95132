"""How healthy a run is, by plain rules on what it logs; no rule needs the truth.

Ranges for Cycle-StarNet are those of trainings that worked and of others that failed.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from stellar_gui.training.curves import Curve, column, main_curve

_RECENT = 0.2  # of the steps so far, over which a trend is told
_FEW_SCORES = 4
_RISES = 0.05  # relative; a loss that rises by less has levelled off
_LEVEL = 0.01
_GAP = (1.15, 1.5)  # validation over train: watch above, wrong above
_ACCURACY = (0.8, 0.9)  # of critics: watch above, wrong above; 0.5 cannot tell
_GENERATOR = 4.0  # of the adversarial loss, above which the critics have won
_CHI2 = ((0.9, 1.15), (0.7, 1.5))  # healthy, and still to watch
_NOISE_RATIO = ((0.97, 1.03), (0.8, 1.25))
_EMULATOR = (0.01, 0.04)  # rms flux error in lines: watch above, wrong above
_SAME = 1e-12


class Check(NamedTuple):
    """One light: "ok", "warning", "bad" or "idle" (not known yet), and a sentence.

    action: what a button beside it says, and the command it asks for.
    """

    kind: str
    title: str
    text: str
    tip: str = ""
    action: tuple[str, str] | None = None


def diagnose(
    method: str,
    state: str,
    message: str,
    step: int,
    rows: Sequence[dict],
    scores: Sequence[dict],
) -> list[Check]:
    """Return the lights of a run that stands at ``step``.

    rows, scores: of `training.history.History`; message: why it failed, if it did.
    """
    checks = [_ended(state, message, step), _falls(method, rows, scores)]
    checks += _METHODS.get(method, lambda rows, scores: [])(rows, scores)
    return [check for check in checks if check is not None]


def _ended(state, message, step):
    if state in ("failed", "crashed"):
        verb = "has crashed" if state == "crashed" else "has failed"
        return Check("bad", f"Run {verb}", message or f"at step {step:,}")
    if not step:
        return Check("idle", "Nothing is trained yet", "the first step is being made")
    return Check("ok", "Numbers are finite", f"no NaN in {_count(step)} steps")


def _falls(method, rows, scores):
    """Whether the loss by which runs are compared still falls."""
    curve = main_curve(method)
    steps, values = _series(curve, rows, scores)
    if len(values) < _FEW_SCORES:
        return Check("idle", "Trend of the loss", "too few steps to tell")
    late = steps > steps[-1] * (1 - _RECENT)
    early = (steps > steps[-1] * (1 - 2 * _RECENT)) & ~late
    if not early.any():
        early = ~late
    before, now = np.median(values[early]), np.median(values[late])
    change = now / before - 1 if abs(before) > _SAME else 0.0
    span = steps[-1] - steps[early][0] if early.any() else steps[-1]
    text = (
        f"{curve.name} {_short(values[-1])}, "
        f"{_percent(change)} over {_count(span)} steps"
    )
    tip = f"a rise of more than {100 * _RISES:.0f} % is to be watched"
    if method == "cannon":  # its ratio shall come to 1, not fall
        return None
    if change > _RISES:
        return Check("warning", "Loss rises", text, tip)
    title = "Loss has levelled off" if change > -_LEVEL else "Loss falls"
    return Check("ok", title, text, tip)


def _cycle_starnet(rows, scores):
    full = [row for row in rows if "adv_obs" in row]
    if not full:
        return [
            Check(
                "idle",
                "Domains are not linked yet",
                "the synthetic autoencoder is trained first",
            )
        ]
    judged = [row for row in scores if "validation_adv_obs" in row]
    return [_keeps_up(scores), _critics(full), _generators(full, judged)]


def _keeps_up(scores):
    """Validation against what was logged at the same step, observed domain."""
    both = [r for r in scores if {"rec_obs", "validation_rec_obs"} <= set(r)][-6:]
    if not both:
        return Check("idle", "Validation against training", "not validated yet")
    ratio = float(
        np.median([row["validation_rec_obs"] for row in both])
        / np.median([row["rec_obs"] for row in both])
    )
    watch, wrong = _GAP
    kind = "ok" if ratio <= watch else "warning" if ratio <= wrong else "bad"
    title = "Validation keeps up" if kind == "ok" else "Validation gap grows"
    text = f"rec_obs {ratio:.2f} × train; watch above {watch}"
    return Check(kind, title, text, "the network learns its training stars by heart")


def _critics(full):
    recent = full[-max(len(full) // 10, 5) :]
    names = ("critic_accuracy_obs", "critic_accuracy_synth")
    accuracy = [float(np.nanmean(column(recent, name))) for name in names]
    if not all(map(math.isfinite, accuracy)):
        return None
    watch, wrong = _ACCURACY
    worst = max(accuracy)
    kind = "ok" if worst <= watch else "warning" if worst <= wrong else "bad"
    title = "Critics are balanced" if kind == "ok" else "Critics tell the domains apart"
    text = f"right in {accuracy[0]:.2f} and {accuracy[1]:.2f}; 0.5 cannot tell"
    tip = "often the assumed labels are not those of the observed stars"
    return Check(kind, title, text, f"watch above {watch}: {tip}")


def _generators(full, judged):
    recent = full[-max(len(full) // 10, 5) :]
    losses = [float(np.mean(column(recent, f"adv_{d}"))) for d in ("obs", "synth")]
    kind = "ok" if max(losses) <= _GENERATOR else "warning"
    title = "Generators hold their ground" if kind == "ok" else "Critics have won"
    text = f"adv {losses[0]:.2f} and {losses[1]:.2f}; ln 2 = 0.69 cannot be told"
    return Check(kind, title, text, f"watch above {_GENERATOR:.0f}")


def _payne(rows, scores):
    if not scores:
        return [Check("idle", "Error on unseen spectra", "not validated yet")]
    error = scores[-1].get("validation_rms_deep") or math.nan
    watch, wrong = _EMULATOR
    kind = "ok" if error <= watch else "warning" if error <= wrong else "bad"
    title = "Emulator is good enough" if kind == "ok" else "Emulator is coarse yet"
    text = (
        f"rms {_short(error)} in lines: below the noise up to S/N {_count(1 / error)}"
    )
    checks = [Check(kind, title, text, f"watch above {watch}")]
    return [*checks, _best_is_recent(scores)]


def _best_is_recent(scores):
    values = column(scores, "validation_score")
    steps = column(scores, "step")
    if len(values) < _FEW_SCORES:
        return None
    best = int(np.nanargmin(values))
    worse = values[-1] / values[best] - 1
    kind = "warning" if steps[best] < 0.7 * steps[-1] and worse > 0.1 else "ok"
    title = "Best score is behind" if kind == "warning" else "Best score is recent"
    text = f"{_short(values[best])} at step {_count(steps[best])}"
    return Check(kind, title, text, "the best state is kept, whatever comes after")


def _cannon(rows, scores):
    checks = []
    if rows:
        ratio = rows[-1].get("noise_ratio", math.nan)
        left = rows[-1].get("pixels_left", math.nan)
        kind = _inside(ratio, _NOISE_RATIO)
        done = "all pixels have settled" if not left else f"{_count(left)} pixels move"
        title = "Scatter explains the residuals"
        text = f"noise ratio {ratio:.3f}, 1 is right; {done}"
        checks.append(Check(kind, title, text, "healthy from 0.97 to 1.03"))
    chi2 = scores[-1].get("validation_chi2", math.nan) if scores else math.nan
    if math.isfinite(chi2):
        kind = _inside(chi2, _CHI2)
        title = "Held-out stars fit" if kind == "ok" else "Held-out stars fit badly"
        text = f"median χ²/ν {chi2:.2f} of stars it never saw"
        checks.append(Check(kind, title, text, "healthy from 0.9 to 1.15"))
    scatter = _worst_zscore(scores)
    if scatter is not None:
        checks.append(scatter)
    return checks


def _worst_zscore(scores):
    """Whether the labels' errors hold, of the label where they hold least."""
    found = {
        name.removeprefix("validation_").removesuffix("_zscore"): value
        for name, value in (scores[-1] if scores else {}).items()
        if name.endswith("_zscore")
    }
    if not found:
        return None
    name = max(found, key=lambda name: abs(math.log(max(found[name], 1e-3))))
    kind = _inside(found[name], ((0.7, 1.4), (0.4, 2.5)))
    title = "Errors of labels hold" if kind == "ok" else "Errors of labels do not hold"
    text = f"rσ((fit − reference)/σ) is {found[name]:.2f} for {name}, the farthest of 1"
    return Check(kind, title, text, "healthy from 0.7 to 1.4")


def _inside(value, ranges):
    for kind, (low, high) in zip(("ok", "warning"), ranges, strict=True):
        if low <= value <= high:
            return kind
    return "bad"


def _series(curve: Curve, rows, scores):
    """Steps and values of a curve, validated ones where there are enough."""
    known = [row for row in scores if curve.scored in row]
    if len(known) >= _FEW_SCORES:
        values = column(known, curve.scored)
    else:
        known = [row for row in rows if curve.logged in row]
        values = column(known, curve.logged, root=curve.root)
    return column(known, "step"), values


def _short(value):
    if 0 < abs(value) < 1e-3:
        digits, _, power = f"{value:.1e}".partition("e")
        return f"{digits}e−{power.lstrip('-0')}"
    return f"{value:.2g}" if abs(value) < 0.1 else f"{value:.2f}"


def _percent(change):
    sign = "−" if change < 0 else "+"
    return f"{sign}{abs(100 * change):.0f} %"


def _count(value):
    return f"{value:,.0f}".replace(",", "\u2009")


_METHODS = {"cycle-starnet": _cycle_starnet, "payne": _payne, "cannon": _cannon}
