"""The Kiel diagram of the star: training set, reference and fits; a click picks."""

import numpy as np
import panel as pn
from bokeh.events import Tap

from stellar_gui.fitting.result import FitFlag
from stellar_gui.plots.kiel import KielPlot, Point
from stellar_gui.plots.style import REFERENCE_STYLE, Painter, model_style
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views.components import CardTitle
from stellar_gui.views.context_bar import edges_of
from stellar_gui.views.notify import guarded
from stellar_gui.views.shown import watch_while_shown

_AXES = ("teff", "logg")


class KielView(pn.viewable.Viewer):
    """``selection.star`` in the Kiel diagram; a click selects the nearest star."""

    def __init__(
        self, selection: Selection, session: Session, theme: str = "light", **params
    ):
        super().__init__(**params)
        self._selection, self._session = selection, session
        self._painter = Painter(theme)
        self.plot = KielPlot(self._painter)
        self._source = None
        self.title = CardTitle(
            state={"title": "Kiel diagram", "card": "kiel"},
            sizing_mode="stretch_width",
            height=36,
        )
        for fig in (self.plot.figure, self.plot.zoom):
            fig.on_event(Tap, guarded(self._pick))
        redraw = lambda names: self.update()  # noqa: E731
        watch_while_shown(selection, "star", redraw, ["star", "models"])
        self.update()

    def update(self) -> None:
        """Draw again what the selection says."""
        star_id = self._selection.star
        if not star_id:
            return
        fits = self._session.fits_of(star_id, self._selection.models)
        self._set_background()
        self.plot.show(self._points(star_id, fits))
        chips = _chips(fits, edges_of(fits, self._session))
        self.title.state = self.title.state | {"chips": chips}

    def _set_background(self):
        """Training stars of the first shown model that has them, else the survey."""
        if not self._session.loaded:  # the training set is worth waiting for
            return
        source, text = self._session.set_of(self._selection.star), "grey: this survey"
        labels, names = source.labels, source.label_names
        for name in self._selection.models:
            model = self._session.shown_model(name)
            if getattr(model, "training_labels", None) is not None:
                source, text = model, "grey: training set"
                labels, names = np.asarray(model.training_labels), model.label_names
                break
        if source is self._source:
            return
        self._source = source
        known = labels is not None and set(_AXES) <= set(names)
        self.title.state = self.title.state | {"note": text if known else ""}
        if not known:
            self.plot.set_background(np.empty(0), np.empty(0))
            return
        self.plot.set_background(*(labels[:, names.index(axis)] for axis in _AXES))

    def _points(self, star_id, fits):
        star = self._session.star(star_id)
        points = []
        if star.labels is not None and set(_AXES) <= set(star.label_names):
            sigma = star.with_labels(_AXES).labels_sigma
            covariance = None if sigma is None else np.diag(sigma[0] ** 2)
            values = star.with_labels(_AXES).labels[0]
            style = REFERENCE_STYLE
            points.append(Point(*values, covariance, style.token, style.marker))
        for name, fit in fits.items():
            if set(_AXES) <= set(fit.label_names):
                which = [fit.label_names.index(axis) for axis in _AXES]
                covariance = fit.covariance[0][np.ix_(which, which)]
                style = model_style(self._session.kinds[name])
                values = fit.labels[0][which]
                points.append(Point(*values, covariance, style.token, style.marker))
        return points

    def _pick(self, event):
        if event.x is None or event.y is None:
            return
        axes = event.model.x_range, event.model.y_range
        spans = (abs(float(axis.end) - float(axis.start)) for axis in axes)
        nearest = self._session.nearest(
            dict(zip(_AXES, (event.x, event.y), strict=True)),
            dict(zip(_AXES, spans, strict=True)),
        )
        if nearest is not None:
            self._selection.star = nearest

    def repaint(self, theme: str) -> None:
        """Draw in another theme."""
        self._painter.repaint(theme)
        self.plot.repaint()

    def __panel__(self):
        pane = pn.pane.Bokeh(self.plot.layout, sizing_mode="stretch_both", margin=0)
        return pn.Column(self.title, pane, sizing_mode="stretch_both", margin=0)


def _chips(fits, edges):
    """Whether Teff and log g of the fits are such as a model has been trained on."""
    if not fits:
        return []
    beyond = [
        f"{name}: {', '.join(label.text for label in labels if label.name in _AXES)}"
        for name, labels in edges.items()
        if any(label.name in _AXES for label in labels)
    ]
    alone = [
        f"{name}: unlike any star of the training set, all labels together"
        for name, fit in fits.items()
        if int(fit.flags[0]) & FitFlag.OUTSIDE_TRAINING
    ]
    if beyond or alone:
        return [_chip("warning", "outside", "; ".join(beyond + alone))]
    return [_chip("ok", "inside", "Teff and log g lie inside the training range")]


def _chip(kind, text, tip):
    return {"kind": kind, "text": text, "tip": tip}
