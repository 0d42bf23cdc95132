"""What is this line? Every model's answer at the picked pixel, and listed lines."""

import functools

import numpy as np
import panel as pn

from stellar_gui.analysis.residuals import residual_zscore
from stellar_gui.labels import describe
from stellar_gui.masked import MaskedWindow
from stellar_gui.plots.style import FAMILY_TOKENS, model_style, number
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views.components import LineCard
from stellar_gui.views.element_map import ElementMapView
from stellar_gui.views.element_star import ElementStar, row_title
from stellar_gui.views.limits import LimitsView

_ROWS = 6  # labels that are drawn
_LINES = 4  # of the line list
_REACH = 1.5  # widths of the instrument on each side, that a masked line takes
_SILENT = {"no line": "No element moves this pixel by 0.005 of the continuum."}
_NAMELESS = {"no line": "No line", "not covered": "Unknown"}
_LOUD = 3.0  # |z| from which a pixel without a line needs an explanation
_WIDTH = 20000.0  # resolution where a spectrum tells none


class LineAnswerView(pn.viewable.Viewer):
    """The card "What is this line?" for ``selection.pixel``."""

    def __init__(
        self,
        selection: Selection,
        session: Session,
        star: ElementStar,
        main: ElementMapView,
        limits: LimitsView,
        **params,
    ):
        super().__init__(**params)
        self._selection, self._session = selection, session
        self._star, self._main, self._limits = star, main, limits
        self.answer = None
        self.card = LineCard(state=self._state(), sizing_mode="stretch_both")
        self.card.listen(self.run)

    # ---- the answer

    def update(self) -> None:
        """Answer for the pixel that is picked now."""
        self.answer = self._answer()
        state = self._state()
        if state != self.card.state:
            self.card.state = state

    def _answer(self):
        pixel = self._selection.pixel
        if pixel is None or not self._star.ready:
            return None
        from stellar_gui.analysis.line_answer import answer

        star = self._star.spectra
        seen = {name: self._star.seen(name) for name in self._session.kinds}
        return answer(
            pixel,
            {name: found for name, found in seen.items() if found is not None},
            self._listed(),
            resolution=star.resolution,
            rv=self._star.velocity(self._star.model),
        )

    def _listed(self):
        """The line list as this star shows it; None where labels are unknown."""
        labels = self._star.labels(self._star.model)
        if labels is None or not {"teff", "logg"} <= set(labels):
            return None
        rounded = tuple((name, round(value, 4)) for name, value in labels.items())
        return _star_lines(rounded, self._star.spectra.medium)

    @property
    def element(self) -> str | None:
        """The element that the picked pixel is attributed to."""
        return None if self.answer is None else self.answer.element

    # ---- what is shown

    def _state(self):
        if self.answer is None:
            frame = {"picked": False, "example": self._example()}
            return frame | {"waits": self._has_nothing(), "why": self._why()}
        found, unexplained = self.answer, self._unexplained()
        nameless = _NAMELESS.get(found.verdict.word, "Unknown")
        verdict = {
            "kind": found.verdict.kind,
            "text": found.words,
            "tip": found.verdict.meaning,
        }
        return {
            "picked": True,
            "title": found.species or ("Unexplained" if unexplained else nameless),
            "place": self._place(),
            "verdict": unexplained or verdict,
            "models": [self._look(name) for name in found.rankings],
            "rows": self._rows(),
            "lines": [_line(line) for line in found.lines[:_LINES]],
            "note": found.note or _SILENT.get(found.verdict.word, ""),
            "element": found.element,
            "known": found.element in self._main.known,
            "masked": self._limits.is_masked(found.wavelength),
            "file": f"{self._star.star_id}_{found.wavelength:.2f}",
        }

    def _has_nothing(self):
        """Whether nothing can be picked yet."""
        return not self._star.ready or self._star.shown() is None

    def _why(self):
        """Why nothing can be picked yet, where the main card does not say it."""
        if not self._has_nothing() or self._star.missing:
            return ""
        return self._star.reason or "There is no star yet; open spectra first."

    def _example(self):
        """A pixel to begin with: where the loudest element but iron speaks."""
        shown = self._star.shown() if self._star.ready else None
        if shown is None:
            return None
        found = shown.sensitivity
        size = np.nan_to_num(np.abs(found.per_step))
        columns = {e: k for e, k in found.elements.items() if e != "Fe"}
        if not columns or not size.any():
            return None
        element = max(columns, key=lambda e: size[:, columns[e]].max())
        wavelength = float(found.wavelength[size[:, columns[element]].argmax()])
        return {"text": f"Try {element} {number(wavelength)} Å", "pixel": wavelength}

    def _place(self):
        found = self.answer
        parts = [f"{number(found.wavelength, 2)} Å"]
        if np.isfinite(found.depth):
            parts.append(f"depth {number(found.depth, 2)}")
        zscore = self._zscore()
        if zscore is not None:
            parts.append(f"z {number(zscore, 1)}")
        return " · ".join(parts)

    def _unexplained(self):
        """The status of a pixel that no element moves and no model fits; else None."""
        zscore = self._zscore()
        if self.answer.verdict.word != "no line" or abs(zscore or 0.0) < _LOUD:
            return None
        tip = (
            f"{self.answer.verdict.meaning}, yet the spectrum lies "
            f"{number(abs(zscore), 1)} sigma from the fit: a line that no model knows, "
            "a fault of the data, or noise"
        )
        return {"kind": "warning", "text": f"z {number(zscore, 1)}", "tip": tip}

    def _zscore(self):
        """The residual of the chosen model's fit at the pixel; None without one."""
        fit = self._star.fit(self._star.model)
        if fit is None or self._star.given is not None:
            return None
        star = self._star.spectra
        zscore = residual_zscore(star.flux, star.ivar, fit.model_flux, fit.model_sigma)
        place = np.abs(np.asarray(star.wavelength) - self.answer.wavelength).argmin()
        value = float(zscore[0, place])
        return value if np.isfinite(value) else None

    def _look(self, name):
        token = model_style(self._session.kinds[name]).token
        short = name.replace("Cycle-StarNet", "CSN")
        return {"name": short, "title": name, "token": token.replace("_", "-")}

    def _rows(self):
        """Labels by strength, as the model with the most elements ranks them."""
        rankings = self.answer.rankings
        if not rankings:
            return []
        main = max(rankings.values(), key=lambda ranking: len(ranking.label_names))
        rows = []
        for name, share in zip(main.label_names[:_ROWS], main.share, strict=False):
            shares = [_share(ranking, name) for ranking in rankings.values()]
            rows.append(
                {
                    "title": row_title(name),
                    "token": FAMILY_TOKENS[describe(name).family].replace("_", "-"),
                    "shares": shares,
                    "text": number(float(share), 2),
                }
            )
        return rows

    # ---- what a user does

    def run(self, command: str, value=None) -> None:
        """Do what the card asks for."""
        if command == "pick" and value is not None:
            self._main.pick(float(value))
        elif command == "show_all" and self.element in self._main.known:
            self._selection.choose(elements=(self.element,))
        elif command == "mask" and self.answer is not None:
            self._mask()
        elif command == "numbers" and self.answer is not None:
            self.save_numbers()

    def _mask(self):
        """Leave the line out of the limits, or count it again."""
        wavelength, star = self.answer.wavelength, self._star.spectra
        half = _REACH * wavelength / (star.resolution or _WIDTH)
        if self._limits.is_masked(wavelength):
            self._limits.unmask(wavelength)
        else:
            low, high = wavelength - half, wavelength + half
            self._limits.mask(MaskedWindow(self.element or "", low, high))

    def save_numbers(self) -> None:
        """Have the browser save the answer of every model as a table."""
        from stellar_gui.analysis import element_tables as tables

        found = self.answer
        rows = [
            {
                "model": model,
                "rank": place + 1,
                "label": name,
                "change_of_flux": float(ranking.strength[place]),
                "share": float(ranking.share[place]),
            }
            for model, ranking in found.rankings.items()
            for place, name in enumerate(ranking.label_names)
        ]
        meta = {
            "wavelength": found.wavelength,
            "answer": found.species,
            "verdict": found.words,
            "lines": [line._asdict() for line in found.lines],
        }
        table = tables.rows_table(rows, self._star.star_id, meta)
        name = f"{self._star.star_id}_line_{found.wavelength:.2f}.ecsv"
        self.card.save(name, tables.as_text(table))

    def __panel__(self):
        return self.card


def _share(ranking, name):
    """A label's share of the strongest in a ranking; None if it is no label there."""
    if name not in ranking.label_names:
        return None
    return float(ranking.share[ranking.label_names.index(name)])


def _line(line):
    return {
        "wavelength": number(line.wavelength, 2),
        "species": line.species,
        "excitation": f"χ {number(line.excitation, 2)} eV",
        "log_gf": f"lg gf {number(line.log_gf, 2, signed=True)}",
        "share": f"{line.share:.0%}",
    }


@functools.lru_cache(maxsize=8)
def _star_lines(labels, medium):
    """The bundled list as a star with these labels, (name, value) pairs, shows it."""
    from stellar_gui.analysis.nearby_lines import star_lines

    return star_lines(_lines(), dict(labels), medium)


@functools.cache
def _lines():
    """The bundled list, read once for all sessions."""
    from stellar_gui.synthesis.lines import bundled_lines

    return bundled_lines()
