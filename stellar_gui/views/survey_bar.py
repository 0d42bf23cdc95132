"""The context bar of the Survey page: sample, models, how far the fits are."""

import time

import numpy as np

from stellar_gui.plots.style import number
from stellar_gui.views.survey_source import SurveySource
from stellar_gui.views.survey_words import duration


def bar_state(source: SurveySource, samples, names, choices) -> dict:
    """What the bar shows. samples: titles; names: by side, the model that is drawn;
    choices: by side, those that can be."""
    sample = source.sample
    stars = [[t, f"{t} · {number(len(s))} stars"] for t, s in samples.items()]
    return {
        "samples": stars,
        "sample": "" if sample is None else sample.title,
        "models": [
            {
                "side": side,
                "value": names.get(side, ""),
                "options": choices[side],
            }
            for side in choices
        ],
        "chips": _chips(source),
        "made": _made(source),
        "fitting": _fitting(source),
        "button": _button(source),
        "canExport": source.facts is not None and source.progress[0] > 0,
    }


def _chips(source):
    """How many stars have converged fits by all models, and how many have not."""
    if source.facts is None:
        return []
    fits = source.facts.fits
    tried = np.any([fit.done for fit in fits.values()], axis=0)
    failed = np.any([fit.failed for fit in fits.values()], axis=0)
    if not tried.any():
        return []
    each = "\n".join(
        f"{name}: {number(int(fit.converged.sum()))} converged, "
        f"{number(int(fit.failed.sum()))} failed"
        for name, fit in fits.items()
    )
    n_failed = int(failed.sum())
    good = {
        "kind": "ok",
        "text": f"{number(int((tried & ~failed).sum()))} converged",
        "tip": each,
        "command": "",
    }
    bad = {
        "kind": "bad" if n_failed else "ok",
        "text": f"{number(n_failed)} failed",
        "tip": f"{each}\nClick to list them",
        "command": "failed" if n_failed else "",
    }
    return [good, bad]


def _made(source):
    """When the fits were made and how long they took."""
    if source.facts is None or source.fitting:
        return ""
    made = [f.made for f in source.facts.fits.values() if np.isfinite(f.made)]
    if not made:
        return ""
    seconds = sum(f.seconds for f in source.facts.fits.values())
    then, now = time.localtime(max(made)), time.localtime()
    same_day = then[:3] == now[:3]
    moment = time.strftime("%H:%M" if same_day else "%Y-%m-%d %H:%M", then)
    return f"fits of {moment} · {duration(seconds)}"


def _fitting(source):
    """How far the fits are; None while none is made."""
    if not source.fitting or source.sample is None:
        return None
    done, total = source.progress
    n_stars = len(source.sample)
    name = source.running or next(iter(source.left), "")
    survey = source.surveys.get(name)
    n_done = n_stars if survey is None else survey.n_done
    left = duration(source.seconds_left)
    return {
        "share": done / total if total else 0.0,
        "words": f"{name}: {number(n_done)} of {number(n_stars)} stars",
        "left": f"about {left} of a processor left",
    }


def _button(source):
    if source.fitting:
        return {"command": "stop_fits", "text": "Stop", "picture": "stop", "reason": ""}
    reason = ""
    if not source.surveys:
        reason = source.problem or "the sample is being read"
    elif not source.left:
        reason = "every star is fitted by every model"
    begun = source.surveys and 0 < source.progress[0] < source.progress[1]
    text = "Resume" if begun else "Fit all"
    return {"command": "fit_all", "text": text, "picture": "play", "reason": reason}


def empty_state(source: SurveySource, reading: bool) -> dict:
    """What stands where nothing is fitted yet: one sentence, and the button.

    reading: the samples are not known yet.
    """
    if source.problem:
        text = f"There are no fits: {source.problem}"
        return {"icon": "warning", "text": text, "buttons": _fit_button(source)}
    if source.sample is None and not reading:
        text = "A survey needs spectra of two stars or more, and none are loaded."
        return {"icon": "open", "text": text, "buttons": []}
    if not source.surveys:
        return {"icon": "clock", "text": "reading the sample …", "buttons": []}
    if source.fitting:
        text = "The first stars are being fitted; they are shown as they are done."
        return {"icon": "clock", "text": text, "buttons": []}
    n_models = len(source.surveys)
    text = (
        f"No star of this sample is fitted yet: {number(len(source.sample))} stars by "
        f"{number(n_models)} model{'s' if n_models > 1 else ''} take about "
        f"{duration(source.seconds_left)} of a processor."
    )
    return {"icon": "play", "text": text, "buttons": _fit_button(source)}


def _fit_button(source):
    return [["Fit all", "fit_all", None]] if source.surveys else []
