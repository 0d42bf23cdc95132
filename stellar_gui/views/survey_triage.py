"""Triage: stars of a survey strangest first, and what is decided on them.

A decision is saved before it is shown; others' decisions are seen at the next look.
"""

from collections.abc import Callable

import numpy as np
import panel as pn

from stellar_gui.plots.style import number
from stellar_gui.selection import Selection
from stellar_gui.views.components import TriageList
from stellar_gui.views.notify import notify
from stellar_gui.views.shown import watch_while_shown
from stellar_gui.views.survey_source import SurveySource

_FIRST_ROWS = 40  # that are sent before the browser asks
_MOST_ROWS = 300
_HIGHEST = 10.0  # of the anomaly, a full bar


class TriageView(pn.viewable.Viewer):
    """The list of stars with an anomaly each, why, and the decision."""

    def __init__(
        self,
        selection: Selection,
        source: SurveySource,
        open_star: Callable[[], None],
        decided: Callable[[], None],
        **params,
    ):
        """open_star: shows the selected star on its own page; decided: told of every
        decision that is made here."""
        super().__init__(**params)
        self._selection, self._source, self._open = selection, source, open_star
        self._decided = decided
        self.only_failed = False
        self._rows, self._seen = (0, _FIRST_ROWS), (0, 0)
        self._order = np.empty(0, dtype=int)
        self._decisions = {}
        self.list = TriageList(state=self._state(), sizing_mode="stretch_both")
        self.list.listen(self.run)
        show = lambda names: self.show()  # noqa: E731
        watch_while_shown(selection, "survey", show, ["star"])

    # ---- what is shown

    def update(self) -> None:
        """Order the stars anew, by what is known of them by now."""
        facts = self._source.facts
        order = np.empty(0, dtype=int)
        if facts is not None and facts.anomalies is not None:
            order = facts.anomalies.order
            order = order[np.isfinite(facts.anomalies.score[order])]
        if self.only_failed and facts is not None:
            failed = np.any([f.failed for f in facts.fits.values()], axis=0)
            order = order[failed[order]]
        self._order = order
        self.look(always=True)

    def look(self, *, always: bool = False) -> None:
        """Read the decisions if anybody has made one since."""
        triage = self._source.triage
        if triage is None:
            self._decisions = {}
            self.show()
        elif always or triage.version != self._seen:
            self._seen = triage.version
            self._decisions = triage.decisions()
            self.show()

    def show(self) -> None:
        """Draw the rows that are in view."""
        self.list.state = self._state()

    def filter_failed(self, only: bool) -> None:
        """List all stars, or those alone that a model has no converged fit of."""
        self.only_failed = only
        self.update()

    def _state(self):
        first, count = self._rows
        first = max(0, min(first, len(self._order) - 1))
        shown = self._order[first : first + count]
        place = self._place()
        at = np.flatnonzero(self._order == place) if place is not None else []
        strange, decided = self._counts()
        return {
            "rows": [self._row(int(star)) for star in shown],
            "first": first,
            "total": len(self._order),
            "star": self._selection.star,
            "place": int(at[0]) if len(at) else -1,
            "sub": "fits that failed" if self.only_failed else "strangest first",
            "onlyFailed": self.only_failed,
            "decided": f"{number(strange)} strange, {number(decided)} decided",
            "note": self._decision(place).note if place is not None else "",
            "reason": self._reason(place),
            "details": self._details(place),
        }

    def _counts(self):
        """How many stars have a reason to be looked at, and how many are decided."""
        facts = self._source.facts
        if facts is None or facts.anomalies is None:
            return 0, 0
        words = np.asarray(facts.anomalies.words)
        decided = sum(decision.decided for decision in self._decisions.values())
        return int((words[self._order] != "").sum()), decided

    def _row(self, star):
        found = self._source.facts.anomalies
        decision = self._decision(star)
        score = float(found.score[star])
        return {
            "id": str(self._source.sample.ids[star]),
            "score": number(score, 1),
            "share": min(max(score / _HIGHEST, 0.0), 1.0),
            "kind": str(found.kinds[star]),
            "why": str(found.words[star]),
            "verdict": decision.verdict,
            "note": decision.note,
        }

    def _details(self, place):
        """All reasons of the selected star, strongest first, for those who ask."""
        facts = self._source.facts
        if place is None or facts is None or facts.anomalies is None:
            return ""
        reasons = facts.anomalies.of_star(place)
        return "; ".join(f"{words} ({number(s, 1)} σ)" for _, s, words in reasons[:4])

    def _decision(self, star):
        from stellar_gui.surveys.triage import Decision

        return self._decisions.get(self._key(star), Decision())

    def _key(self, star):
        """The id that a star's spectrum came with: the session may have changed it."""
        sample = self._source.sample
        return str(sample.spectra.ids[sample.rows[star]])

    def _place(self):
        sample = self._source.sample
        return None if sample is None else sample.place(self._selection.star)

    def _reason(self, place):
        """Why nothing can be decided now; empty if it can."""
        if self._source.triage is None:
            return "the sample is being read"
        return "" if place is not None else "the selected star is not in this sample"

    # ---- what a user does

    def run(self, command: str, value=None) -> str | None:
        """Do what a key or the list asks for; return the id of a star decided on."""
        match command:
            case "rows":
                self._rows = int(value[0]), min(int(value[1]), _MOST_ROWS)
                self.show()
            case "pick":
                with pn.io.hold():
                    self._selection.choose(star=value)
            case "open_star":
                self._open()
            case "triage_next" | "triage_back":
                self.step(1 if command == "triage_next" else -1)
            case "accept" | "flag":
                self._decide("accepted" if command == "accept" else "flagged")
            case "note":
                self.list.focus_note()
            case "save_note":
                self._decide(None, note=str(value))
            case "all_stars":
                self.filter_failed(False)

    def step(self, by: int) -> None:
        """Select the next star of the list, or the one before, stopping at the ends."""
        if not len(self._order):
            notify("info", "no star is listed yet")
            return
        at = np.flatnonzero(self._order == self._place())
        place = int(np.clip(at[0] + by, 0, len(self._order) - 1)) if at.size else 0
        star = self._source.sample.ids[self._order[place]]
        with pn.io.hold():
            self._selection.choose(star=str(star))

    def _decide(self, verdict, note=None):
        place = self._place()
        reason = self._reason(place)
        if reason:
            notify("warning", f"nothing was decided: {reason}")
            return
        # the same decision again takes it back
        if verdict is not None and self._decision(place).verdict == verdict:
            verdict = ""
        self._source.triage.decide(self._key(place), verdict=verdict, note=note)
        self._decided()
        self.look()

    def undo(self) -> bool:
        """Take back what was decided last here, and show its star; False if nothing."""
        triage = self._source.triage
        star = None if triage is None else triage.undo()
        if star is None:
            return False
        rows = np.flatnonzero(self._source.sample.spectra.ids == star)
        places = np.flatnonzero(np.isin(self._source.sample.rows, rows))
        if places.size:
            self._selection.choose(star=str(self._source.sample.ids[places[0]]))
        self.look()
        return True

    def __panel__(self):
        return self.list
