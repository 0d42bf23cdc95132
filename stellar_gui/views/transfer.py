"""The panel of a transferred model: how good it is, and whose zero points it has."""

from collections.abc import Callable

import panel as pn

from stellar_gui.labels import describe
from stellar_gui.plots.style import number
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views.components import TransferPanel
from stellar_gui.views.shown import watch_while_shown

KIND = "cycle_starnet"
REACH = {"teff": 100.0, "element": 0.2}
"""How far the assumed distribution can be shifted, K and dex."""

TREATMENT = (
    "z_split is fitted jointly with the labels, under the Gaussian that the encoder's "
    "z_split of the training stars follow."
)

WIDTH = 400  # px


class TransferView(pn.viewable.Viewer):
    """Scores of the first transferred model shown, and a shift of what it assumed.

    ``on_change(what)`` hears "close", and "shift" when labels are to be drawn anew.
    """

    def __init__(
        self,
        selection: Selection,
        session: Session,
        on_change: Callable[[str], None],
        **params,
    ):
        super().__init__(**params)
        self._selection, self._session, self._on_change = selection, session, on_change
        self._element = ""
        self.panel = TransferPanel(
            state={}, visible=False, width=WIDTH, sizing_mode="stretch_height"
        )
        self.panel.listen(self.run)
        redraw = lambda names: self.update()  # noqa: E731
        watch_while_shown(selection, "star", redraw, ["models"])

    @property
    def model_name(self) -> str | None:
        """The model that is spoken of; None if none is shown."""
        return transferred(self._selection.models, self._session.kinds)

    def open(self, shown: bool) -> None:
        """Show or hide the panel."""
        self.panel.visible = shown and self.model_name is not None
        self.update()

    def run(self, command: str, value=None) -> None:
        """Do what the panel asks for."""
        if command == "close":
            self._on_change("close")
        elif command == "teff" and self.model_name:
            self._shift({"teff": _within(value, REACH["teff"])})
        elif command == "amount" and self.model_name:
            self._shift({self._element: _within(value, REACH["element"])})
        elif command == "element" and value in self._elements():
            moved = self._offsets().pop(self._element, 0.0)
            self._shift({self._element: 0.0})
            self._element = value
            self._shift({value: moved})
        elif command == "reset" and self.model_name:
            self._session.shift(self.model_name, {})
            self.update()
            self._on_change("shift")

    def _shift(self, changes):
        self._session.shift(self.model_name, self._offsets() | changes)
        self.update()
        self._on_change("shift")

    def _offsets(self):
        return dict(self._session.offsets.get(self.model_name, {}))

    def _elements(self):
        name = self.model_name
        names = self._session.models[name].label_names if name else ()
        return [label for label in names if label.endswith("_h")]

    def update(self) -> None:
        """Draw again; a closed panel is left alone."""
        if not self.panel.visible:
            return
        if self.model_name is None:
            self._on_change("close")
        elif self._session.loaded:
            self.panel.state = self._state()

    def _state(self):
        from stellar_gui.views import transfer_tables as tables  # torch, not at start

        elements, offsets = self._elements(), self._offsets()
        if self._element not in elements:
            self._element = "mg_h" if "mg_h" in elements else "".join(elements[:1])
        provenance = getattr(self._session.models[self.model_name], "provenance", {})
        return {
            "name": self.model_name,
            **tables.scores_state(provenance),
            **tables.errors_state(provenance),
            "departures": tables.departures(provenance),
            "retraining": tables.retraining(provenance),
            "treatment": TREATMENT,
            "teff": offsets.get("teff", 0.0),
            "element": self._element,
            "elements": [[name, describe(name).title] for name in elements],
            "amount": offsets.get(self._element, 0.0),
            "moved": moved_words(offsets),
        }

    def __panel__(self):
        return self.panel


def transferred(names, kinds) -> str | None:
    """Return the first of the models that is a transferred one."""
    return next((name for name in names if kinds.get(name) == KIND), None)


def moved_words(offsets) -> str:
    """Say a shift, as in "Teff +50 K, [Mg/H] −0.10"; nothing without one."""
    parts = []
    for name, by in offsets.items():
        about = describe(name)
        unit = "" if about.unit == "dex" else f" {about.unit}"
        parts.append(f"{about.title} {number(by, about.decimals, signed=True)}{unit}")
    return ", ".join(parts)


def _within(value, reach):
    return min(max(float(value), -reach), reach)
