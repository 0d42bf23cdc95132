"""What a transfer adds to a star, in four panels: what they draw, say and save."""

from typing import TYPE_CHECKING

import numpy as np
from bokeh.models import ColumnDataSource, Range1d

from stellar_gui.analysis.four_panels import LEAST, LEAST_SLOPE
from stellar_gui.labels import describe
from stellar_gui.plots.derivatives import Curve
from stellar_gui.plots.four_panels import FourPanels
from stellar_gui.plots.style import FAMILY_TOKENS, Painter
from stellar_gui.views.element_star import ElementStar
from stellar_gui.views.element_words import NO_TRANSFER, panel_words, why_unexplained

if TYPE_CHECKING:
    from stellar_gui.analysis import four_panels as found

_LEAST = {"difference": LEAST, "derivatives": LEAST_SLOPE}


def named_curves(elements, values) -> list[Curve]:
    """Return a curve of each element; values (n_pixels, n_elements)."""
    tokens = [FAMILY_TOKENS[describe(f"{e.lower()}_h").family] for e in elements]
    return [Curve(*parts) for parts in zip(elements, tokens, values.T, strict=True)]


class ElementPanels:
    """The figures of the four panels, and where an element explains something."""

    def __init__(
        self,
        painter: Painter,
        window: Range1d,
        picked: ColumnDataSource,
        star: ElementStar,
    ):
        self._star = star
        self.plot = FourPanels(painter, window, picked, _LEAST)

    def show(self, elements, window: tuple[float, float]) -> None:
        """Draw what a transfer adds, with the derivatives by some elements."""
        found = self._found(elements)
        if found is None:
            self.plot.clear()
            return
        curves = named_curves(found.elements, found.change)
        self.plot.set_spectra(
            found.synthetic,
            found.transferred,
            self._star.flux,
            found.explained,
            curves,
        )
        self.plot.say(panel_words(found, window))

    def _found(self, elements) -> "found.FourPanels | None":
        transfer = self._star.transfer(elements) if self._star.ready else None
        return None if transfer is None else transfer[1]

    # ---- where an element explains something

    @property
    def reason(self) -> str:
        """Why there is nothing that an element explains, in words; "" if there is."""
        found = self._found(())
        return NO_TRANSFER if found is None else why_unexplained(found)

    @property
    def actions(self) -> list[dict]:
        """The button of the title that leads to what is explained."""
        tip = "The next piece in which an element explains a feature (C)"
        return [
            {
                "command": "next_explained",
                "word": "next explained",
                "tip": tip,
                "reason": self.reason,
            }
        ]

    def next_explained(self, wavelength: float) -> float:
        """The first feature that is explained beyond a wavelength, in a ring, Angstrom.

        There must be one, as `reason` says.
        """
        found = self._found(())
        starts = [own.start for own in found.features if own.is_explained]
        places = found.wavelength[starts]
        return float(next((own for own in places if own > wavelength), places[0]))

    def explaining(self, window: tuple[float, float]) -> list[str]:
        """The elements that explain the features of a window."""
        found = self._found(())
        here = [own for own in found.inside(*window) if own.is_explained]
        return list(dict.fromkeys(found.element(own) for own in here))

    # ---- saving

    def table(self, elements):
        """Return what is drawn as a table."""
        from stellar_gui.analysis import element_tables as tables

        name, panels = self._star.transfer(elements)
        names = np.array(["", *panels.elements])
        curves = {
            "synthetic": panels.synthetic,
            "transferred": panels.transferred,
            "observed": self._star.flux,
            "explained_by": names[panels.explained + 1],
        }
        for element, change in zip(panels.elements, panels.change.T, strict=True):
            curves[f"change_per_0.1_dex_{element}"] = change
        star = self._star.spectra
        return tables.panels_table(
            star.wavelength, curves, self._star.star_id, name, star.medium
        )
