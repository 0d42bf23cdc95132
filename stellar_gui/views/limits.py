"""What this spectrum can tell: limits, correlations, and what a fault would do."""

from collections.abc import Callable
from functools import partial

import numpy as np
import panel as pn

from stellar_gui.labels import describe
from stellar_gui.masked import MaskedWindow
from stellar_gui.plots.style import FAMILY_TOKENS, NOTHING, number
from stellar_gui.selection import Selection
from stellar_gui.views.components import LimitsCard
from stellar_gui.views.element_star import TRANSFERRED, ElementStar, in_order, row_title
from stellar_gui.views.notify import notify
from stellar_gui.views.what_if import WhatIf

SNR_RANGE = (10, 300)  # of the slider, per pixel
BAR = (0.5, 1.78)  # times the S/N, the ends of the bars
_VIEWS = ("limits", "correlations", "what if")
_PIXELS = {
    "all": "all pixels",
    "window": "this window",
    "outside": "all but window",
}
_NOTHING = "Without derivatives there are no limits."
_COUNTED = {
    "all": "all pixels",
    "window": "the pixels of the window alone",
    "outside": "all pixels outside the window",
}


class LimitsView(pn.viewable.Viewer):
    """Fisher limits of every label against S/N, pixels that count, and the what-if."""

    def __init__(
        self,
        selection: Selection,
        session,
        star: ElementStar,
        window: Callable[[], tuple[float, float]],
        **params,
    ):
        """window: returns what is in view, (low, high) in Angstrom."""
        super().__init__(**params)
        self._selection, self._star, self._window = selection, star, window
        self._view = "limits"
        self._snr: float | None = None  # that of the star unless a user moved it
        self._information = {}
        self.what_if = WhatIf(session, star, self._show)
        self.card = LimitsCard(state={}, sizing_mode="stretch_both")
        self.card.listen(self.run)
        self._show()

    # ---- what counts

    def update(self) -> None:
        """Compute anew for the star, the model and the pixels that count now."""
        self._information = {}
        self.what_if.forget()
        self._show()

    def show_window(self) -> None:
        """Follow the window, where it says which pixels count."""
        if self._selection.counted != "all":
            self.show_counted()

    def show_counted(self) -> None:
        """Count the pixels that are chosen now."""
        self._information = {}
        self._show()

    def mask(self, window: MaskedWindow) -> None:
        """Leave the pixels of a window out of the limits."""
        self._choose_masked((*self._selection.masked, window))

    def unmask(self, wavelength: float) -> None:
        """Count the pixels of every masked window that holds a wavelength again."""
        kept = (own for own in self._selection.masked if not own.holds(wavelength))
        self._choose_masked(tuple(kept))

    def _choose_masked(self, windows):
        for refused in self._selection.choose(masked=windows):
            notify("warning", refused)

    def is_masked(self, wavelength: float | None) -> bool:
        """Whether a pixel is left out as part of a masked window."""
        windows = self._selection.masked
        return wavelength is not None and any(own.holds(wavelength) for own in windows)

    @property
    def snr(self) -> float:
        """The S/N per pixel that limits are stated for."""
        if self._snr is not None or not self._star.ready:
            return self._snr or SNR_RANGE[0]
        return float(np.clip(round(self._own_snr()), *SNR_RANGE))

    def _own_snr(self):
        return float(self._star.spectra.snr()[0])

    def _counting(self):
        """(n_pixels,) bool: which pixels count."""
        wavelength = np.asarray(self._star.spectra.wavelength)
        counts, counted = np.ones(len(wavelength), bool), self._selection.counted
        if counted != "all":
            low, high = self._window()
            inside = (wavelength >= low) & (wavelength <= high)
            counts = inside if counted == "window" else ~inside
        for own in self._selection.masked:
            counts &= ~own.holds(wavelength)
        return counts

    # ---- limits

    @property
    def _model(self):
        return self._star.model

    def _limits(self, *, everything=False):
        """Limits at the S/N; everything: of all pixels, whatever is left out."""
        from stellar_gui.analysis.fisher import information

        seen = self._star.seen(self._model)
        if everything not in self._information:
            pixels = None if everything else self._counting()
            ivar = self._star.spectra.ivar[0]
            self._information[everything] = information(
                seen, ivar, pixels, velocity=True
            )
        return self._information[everything].limits(self.snr / self._own_snr())

    @property
    def _partial(self):
        return self._selection.counted != "all" or bool(self._selection.masked)

    def _show(self):
        state = self._state()
        if state != self.card.state:
            self.card.state = state

    def _state(self):
        frame = {
            "view": self._view,
            "views": list(_VIEWS),
            "pixels": self._selection.counted,
            "pixelChoices": list(_PIXELS.items()),
            "masked": [_named(own) for own in self._selection.masked],
            "range": list(SNR_RANGE),
            "snr": self.snr,
            "file": f"{self._star.star_id}_limits",
        }
        if not self._star.ready or self._star.seen(self._model) is None:
            reason = self._star.reason or "There is no star yet."
            empty = _NOTHING if self._star.missing else reason
            return frame | {"empty": empty, "rows": []}
        limits = self._limits()
        return frame | {
            "empty": "",
            "bars": f"per px, bar {self.snr * BAR[0]:.0f}–{self.snr * BAR[1]:.0f}",
            "model": self._model,
            "rows": self._rows(limits),
            "others": self._others(limits),
            "sentence": self._sentence(limits),
            "notes": list(limits.degenerate[:3]),
            "matrix": self._matrix(limits) if self._view == "correlations" else None,
            "whatIf": self.what_if.state() if self._view == "what if" else None,
        }

    def _rows(self, limits):
        """Elements by how well they can be known, the best first."""
        before = self._limits(everything=True) if self._partial else None
        rows = []
        for place, name in enumerate(limits.label_names):
            about = describe(name)
            if not about.element:
                continue
            sigma = float(limits.sigma[place])
            rows.append(
                {
                    "title": about.element,
                    "token": FAMILY_TOKENS[about.family].replace("_", "-"),
                    "sigma": sigma if np.isfinite(sigma) else None,
                    "text": _dex(sigma),
                    "before": None if before is None else float(before.sigma[place]),
                    "tip": _tip(about, sigma, limits.alone[place], before, place),
                }
            )
        return sorted(rows, key=lambda row: row["sigma"] or np.inf)

    def _others(self, limits):
        """The labels that are no abundances, in words."""
        parts = []
        for name, sigma in zip(limits.label_names, limits.sigma, strict=True):
            about = describe(name)
            if about.element is None:
                part = f"{about.title} ± {_with_unit(sigma, about)}"
                parts.append(part.replace(" ", "\u00a0"))  # kept on one line
        return " · ".join(parts)

    def _sentence(self, limits):
        fitted = "RV and z_split" if self._is_transferred() else "RV"
        words, n_masked = _COUNTED[self._selection.counted], len(self._selection.masked)
        lost = f", {n_masked} masked" if n_masked else ""
        return (
            f"Cramér–Rao limits of {self._model} at S/N {self.snr:.0f} per pixel, from "
            f"{words}{lost}; {fitted} fitted beside the labels."
        )

    def _is_transferred(self):
        return self._star.kind == TRANSFERRED

    def _matrix(self, limits):
        names = in_order(limits.label_names)
        order = [limits.label_names.index(name) for name in names]
        values = limits.correlation[np.ix_(order, order)]
        return {
            "titles": [row_title(name) for name in names],
            "tokens": [
                FAMILY_TOKENS[describe(name).family].replace("_", "-") for name in names
            ],
            "values": [
                [round(float(v), 3) if np.isfinite(v) else None for v in row]
                for row in values
            ],
        }

    # ---- what a user does

    def run(self, command: str, value=None) -> None:
        """Do what the card asks for."""
        if command == "snr":
            self._snr = float(np.clip(float(value), *SNR_RANGE))
        elif command == "view" and value in _VIEWS:
            self._view = value
        elif command == "pixels" and value in _PIXELS:
            self._selection.choose(counted=value)
        elif command == "unmask":
            masked = self._selection.masked
            self._choose_masked(masked[: int(value)] + masked[int(value) + 1 :])
        elif command == "numbers":
            self.save_numbers()
        else:
            self.what_if.run(command, value)
        self._show()

    def new_star(self) -> None:
        """Return to the S/N of the star that is looked at now."""
        self._snr = None
        self.update()

    def save_numbers(self) -> None:
        """Have the browser save the numbers of what is shown."""
        if not self._star.ready or self._star.seen(self._model) is None:
            notify("warning", "there are no limits to save yet")
            return
        from stellar_gui.analysis import element_tables as tables

        star = self._star.star_id
        if self._view == "what if":
            table = self.what_if.table(partial(tables.rows_table, star=star))
        else:
            sentence = self._sentence(self._limits())
            table = tables.limits_table(
                self._limits(), star, self._model, self.snr, sentence
            )
        word = "what_if" if self._view == "what if" else "limits"
        self.card.save(f"{star}_{word}.ecsv", tables.as_text(table))

    def __panel__(self):
        return self.card


def _named(masked):
    """A masked window as its chip has it: "Ca 6 439"."""
    return f"{masked.element} {number(masked.middle)}".strip()


def _dex(sigma):
    return number(sigma, 3) if np.isfinite(sigma) and sigma < 9.9 else NOTHING


def _with_unit(sigma, about):
    """A sigma with its unit, with a digit more than the label is written with."""
    decimals = about.decimals + (about.unit == "dex")
    unit = "" if about.unit == "dex" else f" {about.unit}"
    return number(float(sigma), decimals) + unit


def _tip(about, sigma, alone, before, place):
    words = (
        f"{about.title}: {_dex(sigma)} dex, {_dex(float(alone))} if all else is known"
    )
    if before is not None:
        words += f", {_dex(float(before.sigma[place]))} from all pixels"
    return words
