"""One star as the Elements page looks at it: which labels, which model, which spectrum.

Holds what all cards of the page share, so that each derivative is computed once. Knows
nothing of Panel.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from stellar_gui.labels import FAMILIES, describe
from stellar_gui.plots.style import number
from stellar_gui.session import Session

if TYPE_CHECKING:
    from stellar_gui.analysis.four_panels import FourPanels
    from stellar_gui.analysis.sensitivity import Sensitivity
    from stellar_gui.spectra import Spectra

TRANSFERRED, CANNON, PAYNE = "cycle_starnet", "cannon", "payne"
_FAMILY_ORDER = ("atmosphere", *FAMILIES, "other")


class Shown(NamedTuple):
    """What is drawn: whose derivatives, in words, and what must be said of them."""

    sensitivity: "Sensitivity"
    title: str  # "Payne", "Cannon − Payne"
    notes: tuple[str, ...]


def in_order(label_names) -> list[str]:
    """Return label names by family, as the map has its rows.

    >>> in_order(("fe_h", "teff", "mg_h"))
    ['teff', 'mg_h', 'fe_h']
    """
    place = {family: k for k, family in enumerate(_FAMILY_ORDER)}
    return sorted(label_names, key=lambda name: place[describe(name).family])


def row_title(name: str) -> str:
    """Return how a row of the map is named: "Ca", "Teff"."""
    about = describe(name)
    return about.element or about.title


class ElementStar:
    """Derivatives at one star by every model of a session, computed when asked for."""

    def __init__(self, session: Session):
        self._session = session
        self.star_id = ""
        self.model, self.mode = "", "synthetic"
        self.given: dict[str, float] | None = None
        self._seen: dict[tuple, Sensitivity] = {}
        self._transfers: dict[tuple, FourPanels] = {}

    # ---- what is looked at

    def look(self, star_id: str) -> None:
        """Look at a star, with the fits there are by now; given labels stay."""
        self.star_id = star_id
        self._forget()
        if self.model not in self._session.kinds:
            self.model = self._first_model()
            self.mode = self.mode if self.mode in self.choices() else "synthetic"

    def give(self, labels: Mapping[str, float] | None) -> None:
        """Look at labels of the user's choice, or at those of the star's fit again."""
        self.given = None if labels is None else dict(labels)
        self._forget()

    def _forget(self):
        self._seen, self._transfers = {}, {}

    def choose(self, model: str | None = None, mode: str | None = None) -> None:
        """Draw derivatives of another model, or in another mode.

        A transfer is asked of the first transferred model, where the one that is drawn
        has none.
        """
        if model in self._session.kinds:
            self.model = model
        if mode == "transferred" and self.kind != TRANSFERRED:
            self.model = self._of_kind(TRANSFERRED) or self.model
        wanted = self.mode if mode is None else mode
        self.mode = "synthetic" if self.choices()[wanted] else wanted

    @property
    def address(self) -> str:
        """Model and mode as an address has them; "" for the usual."""
        if (self.model, self.mode) == (self._first_model(), "synthetic"):
            return ""
        return f"{self.model}:{self.mode}"

    def take(self, address: str) -> None:
        """Draw the model and the mode of an address, as far as there are such."""
        if address != self.address:
            model, _, mode = address.rpartition(":")
            self.choose(model or self._first_model(), mode or "synthetic")

    def choices(self) -> dict[str, str]:
        """Return for each mode why it cannot be chosen; "" if it can."""
        transferred = self._of_kind(TRANSFERRED)
        missing = "no transferred model is loaded"
        pair = self._pair()
        alone = "needs a transferred model, or a Cannon and a Payne"
        return {
            "synthetic": "",
            "transferred": "" if transferred else missing,
            "difference": "" if pair else alone,
        }

    @property
    def kind(self) -> str | None:
        """The kind of the model that is chosen."""
        return self._kind(self.model)

    def _first_model(self):
        """The Payne, if there is one: it knows every element."""
        names = [self._of_kind(PAYNE), *self._session.kinds]
        return next((name for name in names if name), "")

    def _kind(self, name):
        return self._session.kinds.get(name)

    def _of_kind(self, kind):
        return next((n for n, k in self._session.kinds.items() if k == kind), None)

    def _pair(self):
        """Names of the two models whose difference is drawn; None if there are none."""
        if self.kind == TRANSFERRED:
            return self.model, self.model
        cannon, payne = self._of_kind(CANNON), self._of_kind(PAYNE)
        if cannon and payne:
            return cannon, payne
        return None

    # ---- the star

    @property
    def ready(self) -> bool:
        """Whether derivatives can be had at once."""
        return bool(self.star_id) and self._session.loaded and bool(self.model)

    @property
    def reason(self) -> str:
        """Why there are no derivatives by the chosen model, in words."""
        if not self.star_id:
            return ""
        return self.missing or "Derivatives come with the fit of the star."

    @property
    def missing(self) -> str:
        """Why the chosen model will have no derivatives here; "" if it may."""
        if not self.star_id or self.given is not None:
            return ""
        if not self._session.kinds:
            return "No model is loaded, so there are no derivatives: open or train one."
        found = self._session.missing(self.model, self.star_id) or ""
        return (found and self._apart()) or found[:1].upper() + found[1:]

    def _apart(self):
        """Where the star and the models lie, if they share nothing, and what to do."""
        if not self._session.loaded:
            return ""
        low, high = self.spectra.wavelength[[0, -1]].tolist()
        ends = [m.wavelength[[0, -1]].tolist() for m in self._session.models.values()]
        if any(first < high and last > low for first, last in ends):
            return ""
        first, last = min(a for a, _ in ends), max(b for _, b in ends)
        return (
            f"This spectrum reaches from {number(low)} to {number(high)} Å, the loaded "
            f"models from {number(first)} to {number(last)} Å: open a model that "
            "reaches there, or train one."
        )

    @property
    def instead(self) -> list[str]:
        """Names of other models that have a fit of the star, or may have one soon."""
        return [
            name
            for name in self._session.kinds
            if name != self.model and self._session.missing(name, self.star_id) is None
        ]

    @property
    def spectra(self) -> "Spectra":
        """The container of the star alone."""
        return self._session.star(self.star_id)

    @property
    def flux(self) -> np.ndarray:
        """(n_pixels,) observed flux, NaN where bad; of the model at given labels."""
        star = self.spectra
        if self.given is not None:
            whole = self.seen(self.model)
            if whole is not None:
                return whole.flux
        return np.where(star.ivar[0] > 0, star.flux[0], np.nan)

    def fit(self, name: str):
        """Return the star's fit by a model, if it can be had at once; else None."""
        return self._session.fits_of(self.star_id, [name]).get(name)

    def labels(self, name: str) -> dict[str, float] | None:
        """Return the labels that a model is looked at with; None if unknown.

        Those given by the user; else of the model's own fit, else of the fit of the
        model that is drawn, as far as it has them.
        """
        model = self._session.shown_model(name)
        found = {} if self.given is None else dict(self.given)
        for source in (name, self.model):
            fit = self.fit(source)
            if fit is not None:
                own = zip(fit.label_names, fit.labels[0].tolist(), strict=True)
                found = dict(own) | found
        values = {n: found.get(n, np.nan) for n in model.label_names}
        return values if np.isfinite(list(values.values())).all() else None

    def velocity(self, name: str) -> float:
        """Return the velocity of the star by a model's fit, km/s; 0 if unknown."""
        if self.given is not None:
            return 0.0
        for source in (name, self.model, *self._session.kinds):
            fit = self.fit(source)
            if fit is not None and np.isfinite(fit.rv[0]):
                return float(fit.rv[0])
        return 0.0

    # ---- derivatives

    def seen(self, name: str, *, emulator: bool = False) -> "Sensitivity | None":
        """Return what a model says on the star's pixels; None without labels.

        emulator: before the transfer, of a transferred model.
        """
        key = (name, emulator)
        if key not in self._seen:
            self._seen[key] = self._compute(name, emulator)
        return self._seen[key]

    def _compute(self, name, emulator):
        from stellar_gui.analysis.seen import as_seen
        from stellar_gui.analysis.sensitivity import sensitivity

        labels = self.labels(name)
        if labels is None:
            return None
        model, values = self._session.shown_model(name), np.array([*labels.values()])
        fit, nuisance = self.fit(name), None
        if fit is not None and fit.nuisance is not None and self.given is None:
            nuisance = fit.nuisance[0]
        if emulator:
            model, values = model.emulator, values - model.offsets.numpy(force=True)
            nuisance = None
        return as_seen(
            sensitivity(model, values, nuisance), self.spectra, self.velocity(name)
        )

    def shown(self) -> Shown | None:
        """Return what is drawn of the chosen model in the chosen mode."""
        name, transferred = self.model, self.kind == TRANSFERRED
        if self.mode == "difference":
            return self._difference()
        emulator = transferred and self.mode == "synthetic"
        found = self.seen(name, emulator=emulator)
        if found is None:
            return None
        return Shown(found, f"{name}'s emulator" if emulator else name, ())

    def _difference(self):
        from stellar_gui.analysis.sensitivity import difference

        a, b = self._pair()
        first = self.seen(a)
        second = self.seen(b, emulator=a == b)
        if first is None or second is None:
            return None
        found = difference(first, second)
        title = f"{a} − its emulator" if a == b else f"{a} − {b}"
        return Shown(found.sensitivity, title, found.left_out)

    def transfer(self, elements) -> "tuple[str, FourPanels] | None":
        """Return a transferred model and what it adds, with the elements that explain.

        The chosen model, or the first transferred one. None if there is none yet.
        """
        from stellar_gui.analysis.four_panels import four_panels

        own = self.kind == TRANSFERRED
        name = self.model if own else self._of_kind(TRANSFERRED)
        if name is None:
            return None
        before, after = self.seen(name, emulator=True), self.seen(name)
        if after is None or before is None:
            return None
        known = tuple(element for element in elements if element in after.elements)
        if (name, known) not in self._transfers:
            self._transfers[name, known] = four_panels(before, after, known)
        return name, self._transfers[name, known]
