"""The context bar of the Training page, and the banner when a run ended badly."""

from datetime import datetime

from stellar_gui.views.run_words import (
    count,
    duration,
    look,
    method_title,
    per_step,
)

_NO_RUN = "No run is chosen: start one on the left, or pick one on the right."


def bar_state(summary, replay_step: int | None, rated: bool) -> dict:
    """What the bar shows of a run; rated: there is a checkpoint to take a model of.

    summary: of `training.runs`, or None without a run.
    """
    if summary is None:
        return {"run": None, "empty": _NO_RUN, "buttons": []}
    return {
        "run": _run(summary),
        "empty": "",
        "buttons": _buttons(summary, replay_step, rated),
    }


def _run(summary):
    status, state = summary.status, summary.state
    tone, picture = look(state)
    kind = {"": "ok"}.get(tone, tone)
    return {
        "name": summary.name,
        "method": method_title(summary.method),
        "chip": {"kind": kind, "picture": picture, "text": state, "tip": _tip(status)},
        "progress": status.progress,
        "tone": tone,
        "steps": _steps(status),
        "pace": _pace(summary),
    }


def _steps(status):
    if not status.total_steps:
        return ("", "no step yet")
    return (count(status.step), f" of {count(status.total_steps)} steps")


def _tip(status):
    words = [status.message] if status.message else []
    if status.device:
        words.append(f"on {status.device}")
    return ", ".join(words)


def _pace(summary):
    status = summary.status
    if summary.state in ("running", "paused"):
        parts = [per_step(status.rate)]
        if status.seconds_left is not None:
            parts.append(f"{duration(status.seconds_left)} left")
        if status.memory:
            parts.append(f"{status.memory / 2**30:.1f} GB")
        return " · ".join(part for part in parts if part)
    if summary.state == "crashed":
        return _last_word(summary.path)
    if summary.state == "starting":
        return "imports torch, reads the data"
    return f"trained for {duration(status.elapsed)}" if status.elapsed else ""


def _last_word(path):
    """When the process of a run last wrote, by this machine's clock."""
    try:
        written = datetime.fromtimestamp((path / "status.json").stat().st_mtime)
    except OSError:  # the folder is being removed
        return ""
    today = written.date() == datetime.now().date()
    when = f"{written:%H:%M:%S}" if today else f"{written.day} {written:%b %Y, %H:%M}"
    return f"last sign of life {when}"


def _buttons(summary, replay_step, rated):
    status, state = summary.status, summary.state
    over = f"the run has {state}" if state != "stopped" else "the run is stopped"
    paused = state in ("paused", "stopped")
    go_on = {"text": "Resume", "command": "run_pause", "picture": "play", "reason": ""}
    pause = {
        "text": "Pause",
        "command": "run_pause",
        "picture": "pause",
        "reason": "" if state in ("running", "starting") else over,
    }
    no_step = "no checkpoint was kept yet"
    at = "" if replay_step is None else f" at {count(replay_step)}"
    return [
        go_on if paused else pause,
        {
            "text": "Stop and save",
            "command": "run_stop",
            "picture": "stop",
            "reason": "" if status.active else over,
        },
        {
            "text": f"Fork{at}",
            "command": "run_fork",
            "reason": "" if replay_step is not None else no_step,
        },
        {
            "text": "Use this model",
            "command": "run_use",
            "reason": "" if rated else no_step,
        },
        {
            "text": "Export",
            "command": "run_export",
            "picture": "download",
            "reason": "",
        },
    ]


def banner_state(summary, kept_steps: list[int]) -> dict | None:
    """What the banner says of a run that ended badly; None of any other."""
    if summary is None or summary.state not in ("failed", "crashed", "unreadable"):
        return None
    status = summary.status
    if summary.state == "unreadable":
        return {"title": f"Run {summary.name} cannot be read.", "text": status.message}
    verb = "stopped" if summary.state == "failed" else "crashed"
    safe = "No checkpoint was made yet, so nothing can go on; start it again."
    if kept_steps:
        safe = f"Checkpoint {count(kept_steps[-1])} is safe."
    repair = _repair(status, kept_steps)
    actions = [] if repair is None else [repair | {"first": True}]
    actions.append({"text": "Show log", "command": "log"})
    return {
        "title": f"Run {summary.name} {verb} at step {count(status.step)}.",
        "text": f"{_why(status)} {safe}",
        "actions": actions,
    }


def _why(status):
    if status.fitting_batch is not None:
        batch = count(status.fitting_batch)
        return (
            f"A step needs more memory than {status.device} has; {batch} spectra fit."
        )
    message = (status.message or "its process ended without a word").rstrip(".") + "."
    return message[:1].upper() + message[1:]


def _repair(status, kept_steps):
    """The button that lets the run go on, with a smaller batch if memory was short."""
    batch = status.fitting_batch
    last = count(kept_steps[-1]) if kept_steps else None
    if batch is not None:
        text = f"Go on from {last}" if last else "Start again"
        return {"text": f"{text}, batch {count(batch)}", "command": "smaller_batch"}
    return {"text": f"Resume from {last}", "command": "resume"} if last else None
