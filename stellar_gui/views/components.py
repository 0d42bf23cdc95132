"""The interface's own components: thin shells around scripts of ``assets/js``.

Each holds a ``state`` that its script draws and sends commands back as messages
``{"command": ..., "value": ...}``. They ask the network for nothing.
"""

from collections.abc import Callable
from functools import cache, partial

import panel as pn
import param

from stellar_gui.paths import assets
from stellar_gui.views.notify import guarded

OVER_CARD = {
    "position": "absolute",
    "inset": "36px 0 0 0",
    "width": "100%",
    "height": "calc(100% - 36px)",
    "background": "var(--surface)",
    "z-index": "2",
}
"""Style of what lies over all of a card but its title."""


@cache
def _text(path: str) -> str:
    return (assets() / path).read_text(encoding="utf-8")


def _script(name: str, *shared: str) -> str:
    return "".join(_text(f"js/{part}.js") for part in ("dom", *shared, name))


def _hear(component, handle):
    """Pass messages on where Bokeh's models may be changed, whatever thread brings
    them; faults are notified."""

    def receive(event):
        command, value = event.data["command"], event.data.get("value")
        pn.state.execute(partial(guarded(handle), command, value))

    component.on_msg(receive)


class Component(pn.custom.JSComponent):
    """Something drawn by a script from ``state``; `listen` hears its commands."""

    __abstract = True

    state = param.Dict(default={}, doc="All that the script draws, JSON-able.")

    def __init__(self, **params):
        styles = [_text("css/interface.css"), _text(f"css/{self._css}.css")]
        params.setdefault("margin", 0)
        super().__init__(stylesheets=styles, **params)

    def listen(self, handle: Callable[[str, object], None]) -> None:
        """Call ``handle(command, value)`` for every message of the script."""
        _hear(self, handle)


class TopBar(Component):
    """Pages, what is loaded, open, help, theme."""

    _esm = _script("top_bar")
    _css = "top_bar"


class EmptyPage(Component):
    """What stands in place of a page while there are no spectra."""

    _esm = _script("empty_page")
    _css = "empty_page"


class ContextBar(Component):
    """Which star, and how far to trust what is shown of it."""

    _esm = _script("context_bar")
    _css = "context_bar"

    def focus_search(self) -> None:
        """Put the cursor into the search field."""
        self._send_msg({"focus": "search"})


class StarList(Component):
    """All stars as a table of which only the rows in view exist."""

    _esm = _script("star_list")
    _css = "star_list"


class LabelsTable(Component):
    """Labels of one star with pull bars."""

    _esm = _script("labels")
    _css = "labels"


class TransferPanel(Component):
    """How good a transferred model is, and whose zero points it has."""

    _esm = _script("transfer")
    _css = "transfer"

    def show_zero_points(self) -> None:
        """Bring the zero points into view."""
        self._send_msg({"show": "zero"})


class CardTitle(Component):
    """The title of a card with its "What am I seeing?"."""

    _esm = _script("title_row")
    _css = "title_row"


class SpectrumTitle(Component):
    """The title of the spectrum: models as toggles, residual mode, reset, saving."""

    _esm = _script("spectrum_title", "save")
    _css = "spectrum_title"

    def save(self, filename: str, text: str) -> None:
        """Have the browser save ``text`` as a file."""
        self._send_msg({"filename": filename, "text": text})


class FitNumbers(Component):
    """Numbers of the fits, and in words what the spectrum shows."""

    _esm = _script("numbers")
    _css = "numbers"


class StatusBar(Component):
    """The readout of the pixel under the cursor, and key hints."""

    _esm = _script("readout", "status_bar")
    _css = "status_bar"


class RunBar(Component):
    """Which training run, where it stands, and what can be done with it."""

    _esm = _script("run_bar")
    _css = "run_bar"


class Banner(Component):
    """What went wrong: what, why, what is safe, and the repair as a button."""

    _esm = _script("banner")
    _css = "banner"


class TrainingForm(Component):
    """The form of a new training run."""

    _esm = _script("training_form")
    _css = "training_form"


class LossesTitle(Component):
    """The title of the losses: smoothing, range, scale."""

    _esm = _script("losses_title")
    _css = "losses_title"


class ReplayRow(Component):
    """Beside the track of checkpoints: the step, and buttons to go on and back."""

    _esm = _script("replay_row")
    _css = "replay_row"


class DiagnosticsList(Component):
    """Diagnostics of a run as lights with a sentence each."""

    _esm = _script("diagnostics")
    _css = "diagnostics"


class RunsTable(Component):
    """All training runs, and how the chosen ones differ."""

    _esm = _script("runs_list")
    _css = "runs_list"


class RunStatus(Component):
    """The readout of the losses, and key hints."""

    _esm = _script("readout", "run_status")
    _css = "status_bar"


class FigureTitle(Component):
    """The title of a card with figures: choices, a status, and what can be saved.

    ``state`` has title and card (of "What am I seeing?") from the start; sub, note,
    chips, choices [{command, label, value, options, menu}], actions [{command, word,
    tip, reason}], scale {ends, colors}, file, figures (names of those to save), words,
    sentence and table {head, rows} may change. Sends "numbers" and the commands of its
    choices and actions.
    """

    _esm = _script("figure_title", "save")
    _css = "figure_title"

    def save(self, filename: str, text: str) -> None:
        """Have the browser save ``text`` as a file."""
        self._send_msg({"filename": filename, "text": text})


class CardNote(Component):
    """A line at the foot of a card."""

    _esm = _script("card_note")
    _css = "card_note"


class EmptyState(Component):
    """What stands where nothing can be shown: one sentence, one working example."""

    _esm = _script("empty_state")
    _css = "empty_state"


class DomainBar(Component):
    """What is shown in the maps and how, and how the maps were made."""

    _esm = _script("domain_bar", "recompute", "augment")
    _css = "domain_bar"


class MixingScore(Component):
    """How well two domains mix in a map, as a number and a bar."""

    _esm = _script("mixing_score")
    _css = "mixing_score"


class MapStatus(Component):
    """The readout of the point under the pointer in a map, and key hints."""

    _esm = _script("readout", "map_status")
    _css = "map_status"


class _Saving(Component):
    """A card whose numbers can be saved."""

    __abstract = True

    def save(self, filename: str, text: str) -> None:
        """Have the browser save ``text`` as a file."""
        self._send_msg({"filename": filename, "text": text})


class ElementsBar(Component):
    """At which labels, of which model, of which elements derivatives are drawn."""

    _esm = _script("elements_bar")
    _css = "elements_bar"


class LineCard(_Saving):
    """What a picked pixel answers to, by every model, and the lines near it."""

    _esm = _script("line_answer", "save")
    _css = "line_answer"


class LimitsCard(_Saving):
    """The best possible errors, their correlations, and what a fault would do."""

    _esm = _script("limits", "save")
    _css = "limits"


class ElementsStatus(Component):
    """The readout of derivatives under the pointer, and key hints."""

    _esm = _script("readout", "elements_status")
    _css = "status_bar"


class LaboratoryPanel(Component):
    """The missing-line laboratory: choices, progress, candidates and their scores."""

    _esm = _script("laboratory", "save", "confusion")
    _css = "laboratory"


class SurveyBar(Component):
    """Which sample, which models, how far its fits are, and what can be done."""

    _esm = _script("survey_bar")
    _css = "survey_bar"


class SurveyTabs(Component):
    """What is shown of labels: a tab, a group of labels, a colour."""

    _esm = _script("survey_tabs")
    _css = "survey_tabs"


class DuelTable(Component):
    """One star by every model, disagreements first."""

    _esm = _script("duel")
    _css = "duel"


class TriageList(Component):
    """Stars strangest first, of which only the rows in view exist, and decisions."""

    _esm = _script("triage")
    _css = "triage"

    def focus_note(self) -> None:
        """Put the cursor into the note of the selected star."""
        self._send_msg({"focus": "note"})


class SurveyStatus(Component):
    """The readout of the residuals of all stars, and key hints."""

    _esm = _script("readout", "survey_status")
    _css = "status_bar"


class Dialogs(Component):
    """Help, opening files, the cards "What am I seeing?", and notices.

    Notices are our own: Panel's notification area keeps every session alive.
    """

    _esm = _script("dialogs")
    _css = "dialogs"

    def show(self, name: str) -> None:
        """Open the dialog "help" or "open"."""
        self._send_msg({"show": name})

    def show_text(self, title: str, text: str) -> None:
        """Open a dialog with a text to read, such as a log."""
        self._send_msg({"show": "text", "title": title, "text": text})

    def hide(self, name: str) -> None:
        """Close a dialog."""
        self._send_msg({"hide": name})

    def say(self, kind: str, text: str) -> None:
        """Show a notice: "success", "info", "warning" or "error"."""
        self._send_msg({"notice": {"kind": kind, "text": text}})

    def acknowledge(self, received: bool) -> None:
        """Ask for the next part of an upload, or for no more of it."""
        self._send_msg({"received": received})


class Shell(pn.custom.JSComponent):
    """Keys, address, theme and downloads of the browser tab; shows nothing."""

    commands = param.Dict(default={}, doc="key -> command")
    theme = param.String(default="light")
    query = param.String(default="", doc="what the address should say")
    replaces = param.Boolean(default=False, doc="without a new entry in the history")

    _esm = _script("shell")

    def listen(self, handle: Callable[[str, object], None]) -> None:
        """Call ``handle(command, value)`` for keys and ways through the history."""
        _hear(self, handle)

    def download(self, filename: str, text: str) -> None:
        """Have the browser save ``text`` as a file."""
        self._send_msg({"filename": filename, "text": text})
