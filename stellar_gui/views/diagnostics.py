"""Diagnostics of a run, as lights with a sentence each."""

import panel as pn

from stellar_gui.views.components import DiagnosticsList

_GRAVE = {"bad": 2, "warning": 1}


class DiagnosticsView(pn.viewable.Viewer):
    """Lights of the run that is looked at; see `training.diagnosis`."""

    def __init__(self, **params):
        super().__init__(**params)
        self.list = DiagnosticsList(state=_state([]), sizing_mode="stretch_both")

    def show(self, summary, history, further=()) -> None:
        """Judge a run by what it logged; further: lights from elsewhere."""
        if summary is None or history is None:
            self.list.state = _state([])
            return
        from stellar_gui.training.diagnosis import diagnose

        status = summary.status
        checks = diagnose(
            summary.method,
            summary.state,
            status.message,
            status.step,
            history.rows,
            history.scores,
        )
        state = _state([*checks, *further])
        if state != self.list.state:
            self.list.state = state

    def __panel__(self):
        return self.list


def _state(checks):
    worst = max((check.kind for check in checks), key=_gravity, default="idle")
    return {
        "checks": [check._asdict() for check in checks],
        "chip": _chip(worst, checks),
        "empty": "Lights come on when a run is chosen.",
    }


def _gravity(kind):
    return _GRAVE.get(kind, 0)


def _chip(worst, checks):
    if all(check.kind == "idle" for check in checks):
        return None
    number = sum(check.kind == worst for check in checks)
    if worst == "bad":
        return {"kind": "bad", "text": f"{number} wrong"}
    if worst == "warning":
        return {"kind": "warning", "text": f"{number} to watch"}
    return {"kind": "ok", "text": "healthy"}
