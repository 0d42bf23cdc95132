"""The list of runs: state, progress, best score; two or more of them compared."""

from pathlib import Path

import panel as pn

from stellar_gui.selection import Selection
from stellar_gui.views.components import RunsTable
from stellar_gui.views.run_words import duration, look, method_title, score

_MAX_COMPARED = 4  # curves that are told apart by their dashes
_NONE_YET = (
    "No run yet. A run started here or by stellar-gui train appears here, and goes on "
    "when this page or its server is closed."
)


class RunsView(pn.viewable.Viewer):
    """All runs; a click looks at one, or puts it beside the first."""

    def __init__(self, selection: Selection, **params):
        super().__init__(**params)
        self._selection = selection
        self._summaries, self._looked = [], False
        self.comparing = len(selection.runs) > 1
        self.table = RunsTable(state=self._state(), sizing_mode="stretch_both")
        self.table.listen(self._hear)

    def show(self, summaries) -> None:
        """List these runs."""
        self._summaries, self._looked = summaries, True
        self.update()

    def update(self) -> None:
        """Draw again what the selection says."""
        state = self._state()
        if state != self.table.state:
            self.table.state = state

    def _hear(self, command, value):
        chosen = self._selection.runs
        if command == "comparing":
            self.comparing = bool(value)
            if not self.comparing:
                self._selection.choose(run=",".join(chosen[:1]))
        elif command == "choose":
            self._selection.choose(run=value)
        elif command == "compare":
            names = [name for name in chosen if name != value]
            if value not in chosen:
                names = [*chosen[: _MAX_COMPARED - 1], value]
            self._selection.choose(run=",".join(names))
        self.update()

    def _state(self):
        chosen = self._selection.runs
        return {
            "runs": [self._row(summary, chosen) for summary in self._summaries],
            "comparing": self.comparing,
            "difference": self._difference(chosen),
            "words": self._words(),
        }

    def _words(self):
        if self._summaries:
            return ""
        return _NONE_YET if self._looked else "Looking for runs …"

    def _row(self, summary, chosen):
        status = summary.status
        return {
            "name": summary.name,
            "short": _short(summary),
            "method": method_title(summary.method),
            "state": summary.state,
            "tone": look(summary.state).tone,
            "progress": status.progress,
            "best": score(status.best_score),
            "on": summary.name == (chosen or [""])[0],
            "beside": summary.name in chosen[1:],
            "tip": status.message or f"trained for {duration(status.elapsed)}",
        }

    def _difference(self, chosen):
        known = {s.name: s for s in self._summaries if s.state != "unreadable"}
        runs = [known[name] for name in chosen if name in known]
        if len(runs) < 2:
            return None
        from stellar_gui.training.runs import compare

        rows = [
            [name, *(_written(value) for value in values)]
            for name, values in compare(runs)
        ]
        return {"names": [run.name for run in runs], "rows": rows}

    def __panel__(self):
        return self.table


def _short(summary):
    """The number of a run that has the usual name, whose method stands beside it."""
    number = summary.name.removeprefix(f"{summary.method}-")
    return number if number.isdigit() else summary.name


def _written(value):
    if value is None:
        return "—"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return Path(value).name if "/" in str(value) else str(value)
