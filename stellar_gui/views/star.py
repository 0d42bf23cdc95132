"""The Star page: context bar, star drawer, spectrum, labels, Kiel diagram, readout."""

import panel as pn

from stellar_gui.plots.pointer import send_pointer
from stellar_gui.plots.style import model_style
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views.components import StatusBar
from stellar_gui.views.context_bar import ContextBarView
from stellar_gui.views.keys import HINTS
from stellar_gui.views.kiel import KielView
from stellar_gui.views.labels import LabelsView
from stellar_gui.views.notify import notify
from stellar_gui.views.shown import watch_while_shown
from stellar_gui.views.spectrum import SpectrumView
from stellar_gui.views.star_list import StarListView
from stellar_gui.views.transfer import TransferView
from stellar_gui.views.work import in_background

_MODEL_KEYS = 3
_BODY = """
:host { gap: 10px; padding: 12px; background: var(--page); overflow: hidden; }
@media (max-width: 1099px) { :host { flex-wrap: wrap; overflow: auto; } }
"""
_RIGHT = """
:host { flex: none !important; width: 356px !important; }
@media (max-width: 1300px) { :host { width: 330px !important; } }
@media (max-width: 1099px) {
  :host { width: 100% !important; height: 700px !important; }
}
"""
_CARD = """
:host {
  background: var(--surface); border: 1px solid var(--rule); border-radius: 8px;
  overflow: hidden; min-width: 0; box-sizing: border-box;
}
"""
_SPECTRUM = """
@media (max-width: 1099px) {
  :host { flex: none !important; width: 100% !important; height: 620px !important; }
}
"""
_LABELS = """
:host { flex: 1 1 auto !important; min-height: 0; overflow: hidden; }
:host { margin-bottom: 10px !important; }
"""
_KIEL = ":host { flex: 1 0 286px !important; max-height: 380px; }"


class StarPage(pn.viewable.Viewer):
    """All of the Star page, wired to one selection and one session."""

    def __init__(
        self, selection: Selection, session: Session, theme: str = "light", **params
    ):
        super().__init__(**params)
        self._selection, self._session = selection, session
        # first, because views hear of a new star in this order
        self.spectrum = SpectrumView(selection, session, theme=theme)
        self.context = ContextBarView(selection, session)
        self.stars = StarListView(selection, session, self._stars_changed)
        self.context.bar.listen(self._hear)
        self.labels = LabelsView(selection, session)
        self.transfer = TransferView(selection, session, self._transfer_changed)
        self.spectrum.title.listen(self._ask)
        self.labels.table.listen(self._ask)
        self.kiel = KielView(selection, session, theme=theme)
        self.status = StatusBar(
            state=self._status(), sizing_mode="stretch_width", height=28
        )
        self.status.listen(lambda command, value: self.on_command(command, value))
        self.on_command = lambda command, value: None
        watched = ["star", "pixel", "models"]
        watch_while_shown(selection, "star", self._changed, watched)
        self._follow_pointer()
        self._settle()

    def _changed(self, names):
        self._update_status()
        if names & {"star", "models"}:
            self._settle()

    # ---- fits that take longer than a key press should

    def _settle(self):
        """Have the fits made that are awaited, and show them when they are there.

        While models are still being loaded, the quick ones are shown first.
        """
        session, star_id = self._session, self._selection.star
        if star_id and session.awaited(star_id):
            wanted = lambda: self._selection.star == star_id  # noqa: E731
            slow = session.loaded
            work = lambda: session.settle(star_id, wanted, slow=slow)  # noqa: E731
            in_background(work, self._settled)
        elif star_id and self.spectrum.fitting:  # refused since the strip was drawn
            with pn.io.hold():
                self.spectrum.update()

    def _settled(self, result):
        if isinstance(result, Exception):
            notify("error", str(result))
        if result == self._selection.star or isinstance(result, Exception):
            with pn.io.hold():
                self.spectrum.update()
                self.update()
            if not isinstance(result, Exception):
                self._settle()

    def _hear(self, command, value):
        if command == "transfer":
            self._ask(command, value)
        else:
            self.on_command(command, value)

    # ---- scores of a transfer

    def _ask(self, command, value):
        """Open the panel of the transfer; at its zero points if asked for them."""
        if command in ("transfer", "zero_points"):
            self.transfer.open(True)
            if command == "zero_points":
                self.transfer.panel.show_zero_points()

    def _transfer_changed(self, what):
        if what == "close":
            self.transfer.open(False)
        else:
            self.labels.update()
            self.kiel.update()

    # ---- star drawer

    def toggle_list(self, shown: bool | None = None) -> None:
        """Open or close the star drawer."""
        shown = not self.context.list_open if shown is None else shown
        self.context.list_open = shown
        self.stars.open(shown)
        self.context.update()

    def escape(self) -> None:
        """Let go of what is picked, then close a drawer that is not pinned."""
        if self._selection.pixel is not None:
            self._selection.pixel = None
        elif self.transfer.panel.visible:
            self.transfer.open(False)
        elif self.context.list_open and not self.stars.pinned:
            self.toggle_list(False)

    def _stars_changed(self, what):
        if what == "close":
            self.toggle_list(False)
        else:
            self.context.update()

    # ---- readout

    def _follow_pointer(self):
        send_pointer(self.spectrum.figures.linked)

    def _update_status(self):
        self.status.state = self._status()

    def _status(self):
        shown, n_models = self._selection.models, len(self._session.kinds)
        looks = []
        for index, (name, kind) in enumerate(self._session.kinds.items()):
            token = model_style(kind).token.replace("_", "-")
            if name in shown:
                looks.append({"title": name, "token": token, "index": index})
        return {
            "idle": "point at the spectrum to read it, click to pick a pixel",
            "hints": [_for_models(hint, n_models) for hint in HINTS["star"]],
            "pixel": self._selection.pixel,
            "star": self._selection.star,
            "models": looks,
        }

    # ---- all

    def update(self) -> None:
        """Draw everything again, as after a change of what is loaded."""
        self.context.update()
        self.stars.update()
        self.labels.update()
        self.kiel.update()
        self.transfer.update()
        self._update_status()

    def tick(self) -> None:
        """Show what the background has fitted since."""
        self.stars.refresh()

    def repaint(self, theme: str) -> None:
        """Draw in another theme; the rest follows the style sheet."""
        self.spectrum.repaint(theme)
        self.kiel.repaint(theme)

    def __panel__(self):
        both = {"sizing_mode": "stretch_both", "margin": 0}
        spectrum = pn.Column(self.spectrum, stylesheets=[_CARD, _SPECTRUM], **both)
        kiel = pn.Column(self.kiel, stylesheets=[_CARD, _KIEL], **both)
        right = pn.Column(
            pn.Column(self.labels, stylesheets=[_LABELS], **both),
            kiel,
            stylesheets=[_RIGHT],
            width=356,
            sizing_mode="stretch_height",
            margin=0,
        )
        body = pn.Row(
            self.stars, self.transfer, spectrum, right, stylesheets=[_BODY], **both
        )
        return pn.Column(self.context, body, self.status, **both)


def _for_models(hint, n_models):
    """The hint of the keys of models, one key for each there is."""
    names, text = hint
    if text == "models":
        names = [str(place + 1) for place in range(min(n_models, _MODEL_KEYS))]
    return names, text
