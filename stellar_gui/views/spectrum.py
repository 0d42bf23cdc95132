"""SpectrumView: the star's spectrum, its fits and the residual z-scores."""

import functools
import weakref

import numpy as np
import panel as pn
from bokeh.events import DoubleTap, Tap

from stellar_gui.analysis.residuals import residual_zscore, summarise_zscores
from stellar_gui.plots.line_names import Lines
from stellar_gui.plots.pieces import Pieces
from stellar_gui.plots.pointer import send_pointer
from stellar_gui.plots.spectrum import (
    SIDE_WIDTH,
    Drawn,
    SpectrumFigures,
    StarArrays,
)
from stellar_gui.plots.style import Painter, model_style, number
from stellar_gui.preprocess.doppler import doppler_factor
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.spectra import Spectra
from stellar_gui.views.components import FitNumbers, SpectrumTitle
from stellar_gui.views.notify import guarded
from stellar_gui.views.shown import watch_while_shown
from stellar_gui.views.spectrum_numbers import ModelNumbers, numbers_state
from stellar_gui.views.transfer import KIND as TRANSFERRED

_TITLE_HEIGHT = 36  # px
_PROBED_STARS = 16  # stars of a set that are asked which pixels have data
_FIRST_VIEW = 0.6  # place in the list of views that a star is first looked at in
_WIDE_PIECE = 200.0  # Angstrom; a wider piece is called a chip
_REASON_LETTERS = 120  # that fit into a strip
_FITTING = "fitting …"


class SpectrumView(pn.viewable.Viewer):
    """Shows ``selection.star``, its fits and the residual z-scores."""

    def __init__(
        self, selection: Selection, session: Session, theme: str = "light", **params
    ):
        super().__init__(**params)
        self._selection, self._session = selection, session
        self._theme = theme
        self._named, self._difference = True, False
        self._grid: Spectra | None = None
        self._fits, self._zscores = {}, {}
        self.fitting = False  # whether a strip says that its fit is being made
        self.title = SpectrumTitle(sizing_mode="stretch_width", height=_TITLE_HEIGHT)
        self.title.listen(self._hear)
        self.numbers = FitNumbers(state=numbers_state([], 0, ""), width=SIDE_WIDTH)
        self._pane = pn.pane.Bokeh(sizing_mode="stretch_both", margin=0)
        self._build()
        watched = ["star", "window", "models", "pixel"]
        watch_while_shown(selection, "star", self._changed, watched)

    # ---- figures

    def _build(self):
        """Make the figures for the models there are now, and draw all."""
        self._painter = Painter(self._theme)
        drawn, kinds = [], set()
        for name, kind in self._session.kinds.items():
            dash = "dashed" if kind in kinds else "solid"
            kinds.add(kind)
            drawn.append(Drawn(name, model_style(kind).token, dash))
        self.figures = SpectrumFigures(self._painter, drawn)
        self._grid = None
        for fig in self.figures.linked:
            fig.on_event(Tap, guarded(self._tapped))
            fig.on_event(DoubleTap, guarded(lambda event: self._held(self.reset)))
        self.figures.overview.figure.on_event(Tap, guarded(self._overview_tapped))
        self.figures.pixels.settled.on_change("data", guarded(self._settled))
        for fig in (self.figures.overview.figure, self.figures.fit.figure):
            fig.on_change(
                "inner_width", lambda attr, old, new: self._held(self._resized)
            )
        self.figures.show_difference(self._difference)
        self._show_models()
        self._pane.object = self.figures.layout

    def _held(self, action, *arguments):
        """Send all that an action changes as one message."""
        with pn.io.hold():
            action(*arguments)

    def _changed(self, names):
        drawn = tuple(model.name for model in self.figures.models)
        with pn.io.hold():
            if drawn != tuple(self._session.kinds):
                self.figures.retire()
                self._build()
                send_pointer(self.figures.linked)
            elif "models" in names:
                self._show_models()
            elif "star" in names:
                with pn.io.immediate_dispatch():  # the other views can wait
                    self._show_star()
            else:
                if "window" in names:
                    self._show_window()
                if "pixel" in names:
                    self._show_pixel()

    def _show_models(self):
        for index, model in enumerate(self.figures.models):
            self.figures.show_model(index, model.name in self._selection.models)
        above, below = self.figures.side_margins
        self.numbers.styles = {
            "position": "absolute",
            "right": "0",
            "top": f"{_TITLE_HEIGHT + above}px",
            "height": f"calc(100% - {_TITLE_HEIGHT + above + below}px)",
        }
        self._show_star()

    def _show_star(self):
        star_id = self._selection.star
        if not star_id:
            self._show_title()
            return
        star = self._session.star(star_id)
        whole = self._session.set_of(star_id)
        if whole is not self._grid:
            self._grid = whole
            self.figures.set_grid(_pieces_of(whole), star.medium)
        self._fits = self._session.fits_of(star_id, self._selection.models)
        self._zscores = {
            name: residual_zscore(
                star.flux, star.ivar, fit.model_flux, fit.model_sigma
            )[0]
            for name, fit in self._fits.items()
        }
        self.figures.set_star(self._arrays(star))
        if self._difference:
            self.figures.show_difference(True)
        self._show_window()
        self._show_pixel()
        self._show_numbers(star)

    def update(self) -> None:
        """Draw the star again, with the fits there are by now."""
        self._show_star()

    def _arrays(self, star):
        names = [model.name for model in self.figures.models]
        reasons = [self._reason(name) for name in names]
        self.fitting = _FITTING in reasons
        return StarArrays(
            flux=star.flux[0],
            ivar=star.ivar[0],
            normalised=star.normalised,
            fits=[
                (self._fits[name].model_flux[0], self._zscores[name])
                if name in self._fits
                else None
                for name in names
            ],
            reasons=reasons,
        )

    def _reason(self, name):
        if name in self._fits or name not in self._selection.models:
            return None
        sentence = self._session.missing(name, self._selection.star) or _FITTING
        if len(sentence) <= _REASON_LETTERS:
            return sentence
        return sentence[:_REASON_LETTERS].rsplit(" ", 1)[0] + " …"

    def _show_window(self):
        if self.figures.pieces is None:
            return
        window = self._selection.window
        if window is None or not self.figures.set_window(*window):
            views = self.figures.pieces.views
            self.figures.set_window(*views[int(_FIRST_VIEW * len(views))])
        self._show_names()
        self._show_title()

    def _resized(self):
        if self.figures.pieces is not None:
            self.figures.overview.thin_ticks()
            self._show_names()

    def _show_names(self):
        if self.figures.pieces is not None and not self._waits():
            lines = _lines(self._grid.medium) if self._named else None
            self.figures.set_names(lines, self._shift())

    def _waits(self):
        """Whether fits will say which lines are strong, but there is none yet."""
        return not self._fits and bool(self._session.awaited(self._selection.star))

    def _shift(self):
        """Observed over listed wavelength, by the first fit that has a velocity."""
        for fit in self._fits.values():
            if np.isfinite(fit.rv[0]):
                return float(doppler_factor(fit.rv[0]))
        return 1.0

    def _show_pixel(self):
        wavelength = self._selection.pixel
        if self.figures.pieces is None:
            return
        if wavelength is None:
            self.figures.pick(None)
            return
        lines = _lines(self._grid.medium)
        listed = wavelength / self._shift()
        if not lines.covers(listed, listed):
            text = f"{number(wavelength, 2)} Å"
        else:
            text = ", ".join(lines.near(listed)[:4]) or "no line listed here"
        self.figures.pick(wavelength, text)

    def _show_numbers(self, star):
        rows = []
        for model in self.figures.models:
            if model.name in self._selection.models:
                fit = self._fits.get(model.name)
                rows.append(
                    ModelNumbers(
                        model.name,
                        model.token,
                        float(fit.reduced_chi2[0]) if fit else np.nan,
                        summarise_zscores(self._zscores[model.name]) if fit else None,
                    )
                )
        n_good = int((star.ivar[0] > 0).sum())
        low, high = self.figures.window
        place = (
            f"Spectrum of {self._selection.star} from {low:.0f} to {high:.0f} Å, "
            f"{self._grid.medium}"
        )
        self.numbers.state = numbers_state(rows, n_good, place)

    def _show_title(self):
        shown = self._selection.models
        self.title.state = {
            "title": self._selection.star,
            "sub": self._place(),
            "difference": self._difference,
            "models": [
                {
                    "name": model.name,
                    "token": model.token.replace("_", "-"),
                    "dash": model.dash != "solid",
                    "shown": model.name in shown,
                    "scored": self._session.kinds[model.name] == TRANSFERRED,
                }
                for model in self.figures.models
            ],
            "figures": self.figures.names,
        }

    def _place(self):
        """Where the window lies, in words."""
        pieces = self.figures.pieces
        if pieces is None:
            return ""
        low, high = self.figures.window
        place = f"{number(low)}–{number(high)} Å"
        first, last = pieces.piece_at(low + 0.01), pieces.piece_at(high - 0.01)
        if len(pieces) == 1:
            return place
        length = float(pieces.high[first] - pieces.low[first])
        word = "chip" if length > _WIDE_PIECE else "piece"
        if first == last:
            return f"{word} {first + 1} of {len(pieces)} · {place}"
        return f"{word}s {first + 1}–{last + 1} of {len(pieces)} · {place}"

    # ---- what a user does

    def toggle_model(self, index: int) -> None:
        """Show or hide a model."""
        self._selection.toggle_model(self.figures.models[index].name)

    def next_piece(self, step: int) -> None:
        """Look at the next piece, or the next part of a wide one."""
        if self.figures.pieces is not None:
            window = self.figures.pieces.next_view(self.figures.window, step)
            self._selection.window = _rounded(window)

    def toggle_lines(self) -> None:
        """Show or hide the line names."""
        self._named = not self._named
        self._show_names()

    def toggle_residual(self) -> None:
        """Change between z-scores and flux differences."""
        self._difference = not self._difference
        self.figures.show_difference(self._difference)
        self._show_title()

    def reset(self) -> None:
        """Look at the whole piece again."""
        self.next_piece(0)

    def repaint(self, theme: str) -> None:
        """Draw in another theme, in place."""
        self._theme = theme
        with pn.io.hold():
            self._painter.repaint(theme)

    def _hear(self, command, value):
        with pn.io.hold():
            if command == "model":
                self.toggle_model(value)
            elif command == "residual" and value != self._difference:
                self.toggle_residual()
            elif command == "reset":
                self.reset()
            elif command == "numbers":
                self._save_numbers()

    def _save_numbers(self):
        star_id = self._selection.star
        if star_id:
            # astropy's tables take half a second to import
            from stellar_gui.analysis.spectrum_table import spectrum_text

            text = spectrum_text(self._session.star(star_id), self._fits)
            self.title.save(f"{star_id}_spectrum.ecsv", text)

    def _tapped(self, event):
        pieces = self.figures.pieces
        if pieces is not None and event.x is not None:
            away = np.where(pieces.pixels < 0, np.inf, np.abs(pieces.x - event.x))
            self._selection.pixel = float(pieces.wavelength[np.argmin(away)])

    def _overview_tapped(self, event):
        if self.figures.pieces is not None and event.x is not None:
            wavelength = float(self.figures.pieces.to_wavelength(event.x))
            window = (wavelength, wavelength)
            self._selection.window = _rounded(self.figures.pieces.next_view(window, 0))

    def _settled(self, attr, old, new):
        if new["start"]:
            self._selection.window = _rounded(self.figures.window)

    def __panel__(self):
        return pn.Column(
            self.title,
            self._pane,
            self.numbers,
            sizing_mode="stretch_both",
            margin=0,
            styles={"position": "relative"},
        )


def _rounded(window):
    """To what the address of the page keeps, so that a bookmark changes nothing."""
    return round(window[0], 2), round(window[1], 2)


_pieces: weakref.WeakKeyDictionary[Spectra, Pieces] = weakref.WeakKeyDictionary()


def _pieces_of(spectra):
    """The pieces of a set of spectra, by what a sample of its stars covers."""
    if spectra not in _pieces:
        rows = np.linspace(0, len(spectra) - 1, min(len(spectra), _PROBED_STARS))
        sample = spectra[np.unique(rows.astype(int))]
        covered = (np.asarray(sample.ivar) > 0).any(axis=0)
        _pieces[spectra] = Pieces.of(spectra.wavelength, covered)
    return _pieces[spectra]


@functools.cache
def _lines(medium):
    from stellar_gui.synthesis.lines import bundled_lines

    return Lines.of(bundled_lines(), medium)
