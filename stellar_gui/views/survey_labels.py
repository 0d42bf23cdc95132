"""Labels of all stars of a survey by one model: against their reference, their pulls,
in the Kiel diagram and in the plane of [Mg/Fe] and [Fe/H]; and one star by all models.
"""

import numpy as np
import panel as pn
from bokeh.events import Tap

from stellar_gui.labels import describe
from stellar_gui.plots.one_to_one import OneToOnePlot, PullPlot
from stellar_gui.plots.style import Painter, model_style, number, sequential
from stellar_gui.plots.survey_planes import PlaneAxes, PlanePlot
from stellar_gui.selection import Selection
from stellar_gui.session import Session
from stellar_gui.views.components import EmptyState, FigureTitle, SurveyTabs
from stellar_gui.views.notify import guarded
from stellar_gui.views.shown import watch_while_shown
from stellar_gui.views.survey_compared import (
    compared,
    histograms,
    lacking,
    planes,
    table_of,
)
from stellar_gui.views.survey_duel import DuelView
from stellar_gui.views.survey_source import SHORT, TRANSFERRED, SurveySource
from stellar_gui.views.survey_stars import (
    Scale,
    choices,
    label_groups,
    scale_of,
    title_of,
    values_of,
)
from stellar_gui.views.survey_words import not_compared, not_in_plane

TABS = {
    "labels": ("1 : 1", "Inferred against reference"),
    "pulls": ("Pulls", "Pulls of the labels"),
    "kiel": ("Kiel", "Kiel diagram of the results"),
    "mg_fe": ("[Mg/Fe]", "Abundance plane of the results"),
    "duel": ("Duel", "Model duel"),
}
"""By tab: the word on it, and the title of the card."""

_PLANES = {
    "kiel": (("teff", "logg"), PlaneAxes(("Teff / K", "log g"), (True, True))),
    "mg_fe": (("fe_h", "mg_fe"), PlaneAxes(("[Fe/H]", "[Mg/Fe]"))),
}
_PANES = {"kiel": "plane", "mg_fe": "plane"}  # tabs that share their figure
_SHADES = 12
_BOTH = {"sizing_mode": "stretch_both", "margin": 0}
_HOLDER = {"stylesheets": [":host { min-height: 0; }"], **_BOTH}
_PANE = {"stylesheets": [":host { padding: 0 4px 4px 0; }"], **_BOTH}


class SurveyLabels(pn.viewable.Viewer):
    """The card of labels: one tab at a time, of one model at a time."""

    def __init__(
        self,
        selection: Selection,
        session: Session,
        source: SurveySource,
        theme: str = "light",
        **params,
    ):
        super().__init__(**params)
        self._selection, self._source = selection, source
        self._painter = Painter(theme)
        self.tab, self.method = "labels", ""
        self.group, self.colour = "main", ""
        self._scale: Scale | None = None
        self._agreements = {}
        self._missing = ""  # why nothing is drawn, if nothing is
        self.plots = {}
        self.duel = DuelView(selection, session, source)
        self.title = FigureTitle(sizing_mode="stretch_width", height=36)
        self.title.state = self._title_state()
        self.tabs = SurveyTabs(sizing_mode="stretch_width", height=34)
        self.tabs.state = self._tabs_state()
        for part in (self.title, self.tabs):
            part.listen(self.hear)
        # a pane of Bokeh takes its visibility from the figure again: hide what holds it
        self._panes = {
            name: pn.Column(
                pn.pane.Bokeh(None, **_PANE), visible=name == self.tab, **_HOLDER
            )
            for name in ("labels", "pulls", "plane")
        }
        self.nothing = EmptyState(state={}, visible=False, sizing_mode="stretch_both")
        self.nothing.listen(self.hear)
        watched = ["star", "group_a", "group_b"]
        watch_while_shown(selection, "survey", self._mark, watched)

    def _mark(self, names):
        if "star" in names:
            self.show_star()
        if names & {"group_a", "group_b"}:
            self.show_groups()

    # ---- drawing

    @property
    def names(self) -> list[str]:
        """The models whose labels can be shown, those with fits."""
        facts = self._source.facts
        return [] if facts is None else [n for n, f in facts.fits.items() if len(f)]

    def update(self) -> None:
        """Draw what is known of the sample by now."""
        names = self.names
        if names and self.method not in names:
            kinds = [self._source.kind(name) for name in names]
            kind = TRANSFERRED if TRANSFERRED in kinds else kinds[0]
            self.method = names[kinds.index(kind)]
        self.show_tab()

    def show_tab(self) -> None:
        """Draw the tab that is looked at; the others wait until they are."""
        with pn.io.hold():
            for name, pane in self._panes.items():
                pane.visible = name == _PANES.get(self.tab, self.tab)
            self.duel.table.visible = self.tab == "duel"
            if self.tab == "duel":
                self._agreements, self._missing = {}, ""
                self.duel.update()
            else:
                self._draw(self._plot(self.tab))
                self.show_star()
                self.show_groups()
            self._show_missing()
            self.title.state = self._title_state()
            self.tabs.state = self._tabs_state()

    def _show_missing(self):
        """Say in place of empty figures why they are empty, and who can fill them."""
        buttons, pane = [], self._panes.get(_PANES.get(self.tab, self.tab))
        if self.tab in ("labels", "pulls") and self.names and not self._agreements:
            unlabelled = self._source.facts.reference is None
            self._missing = not_compared(unlabelled, self.method)
        elif self._missing:
            others = [name for name in self.names if name != self.method]
            able = [name for name in others if not self._lacking(name)]
            buttons = [[f"Show {name}", "method", name] for name in able]
        self.nothing.visible = bool(self._missing)
        if self._missing:
            pane.visible = False
            words = {"icon": "scores", "text": self._missing, "buttons": buttons}
            self.nothing.state = words

    def _plot(self, tab):
        """The figures of a tab, made when it is first looked at."""
        pane = _PANES.get(tab, tab)
        if pane in self.plots:
            return self.plots[pane]
        if tab == "labels":
            plot = OneToOnePlot(self._painter)
            figures, layout = plot.figures, plot.layout
        elif tab == "pulls":
            plot = PullPlot(self._painter)
            figures, layout = [], plot.layout
        else:
            plot = PlanePlot(self._painter, "survey-plane")
            figures, layout = [plot.figure], plot.figure
        for plane, fig in enumerate(figures):
            tapped = lambda event, p=plot, f=fig, k=plane: self._tapped(p, f, k, event)  # noqa: E731
            fig.on_event(Tap, guarded(tapped))
        self.plots[pane] = plot
        self._panes[pane][0].object = layout
        return plot

    def _draw(self, plot):
        self._scale, self._agreements, self._missing = None, {}, ""
        if not self.names:
            return
        token = model_style(self._source.kind(self.method)).token
        shade = self._shade()
        if self.tab == "labels":
            plot.set(planes(self._compared()), shade, token)
        elif self.tab == "pulls":
            plot.set(histograms(self._compared()), token)
        else:
            self._draw_plane(plot, shade, token)

    def _shade(self):
        if self.colour not in dict(choices(self._source)):
            return None
        self._scale = scale_of(self.colour, values_of(self._source, self.colour))
        return None if self._scale is None else self._scale.shade

    def _compared(self):
        """Agreements of the labels of the group that both have."""
        names = self._groups().get(self.group, ())
        inferred = self._source.labels(self.method)
        self._agreements = compared(inferred, self._source.facts.reference, names)
        return self._agreements

    def _lacking(self, name):
        """Labels of the plane that is looked at which a model has not."""
        return lacking(self._source.labels(name), _PLANES[self.tab][0])

    def _groups(self):
        if not self.names:
            return {}
        return label_groups(self._source.facts.fits[self.method].label_names)

    def _draw_plane(self, plot, shade, token):
        from stellar_gui.analysis.agreement import plane

        (names, axes), labels = _PLANES[self.tab], self._source.labels(self.method)
        points = plane(labels, names)
        if points is None:
            points = np.full((len(self._source.sample), 2), np.nan)
        gone, known = lacking(labels, names), np.isfinite(points).all(axis=1).any()
        if gone or (self._source.facts.fits[self.method].done.any() and not known):
            self._missing = not_in_plane(gone, labels.names, self.method)
        training = self._source.training(self.method)
        known = None if training is None else plane(training, names)
        plot.set(axes, points, known, shade, token)

    # ---- what is selected

    def _points(self):
        """What holds the points of the tab; None where it has none."""
        return getattr(self._shown_plot, "points", None)

    @property
    def _shown_plot(self):
        """The figures of the tab; None before they are made."""
        return self.plots.get(_PANES.get(self.tab, self.tab))

    def show_star(self) -> None:
        """Ring the selected star."""
        if self.tab == "duel":
            self.title.state = self._title_state()
        points, sample = self._points(), self._source.sample
        if points is not None and self._source.facts is not None:
            points.mark_star(sample.place(self._selection.star))

    def show_groups(self) -> None:
        """Mark the chosen groups."""
        points, sample = self._points(), self._source.sample
        if points is not None and self._source.facts is not None:
            groups = (self._selection.group_a, self._selection.group_b)
            points.mark_groups(*(sample.places(group) for group in groups))

    def _tapped(self, plot, fig, plane, event):
        if event.x is None or event.y is None or self._source.facts is None:
            return
        place = plot.points.nearest(fig, plane, event.x, event.y)
        if place is not None:
            with pn.io.hold():
                self._selection.choose(star=str(self._source.sample.ids[place]))

    # ---- titles

    def _title_state(self):
        methods = [
            [name, SHORT.get(self._source.kind(name), name), name]
            for name in self.names
        ]
        return {
            "title": TABS[self.tab][1],
            "card": "survey_labels",
            "sub": self._sub(),
            "choices": [
                {
                    "command": "method",
                    "label": "Model",
                    "value": self.method,
                    "options": methods if self.tab != "duel" else [],
                }
            ],
            "file": f"survey_{self.tab}",
            "figures": self._figure_names(),
            "sentence": self._sentence(),
            "table": table_of(self._agreements),
        }

    def _sub(self):
        """The star that is looked at, or which labels have no reference."""
        if self.tab == "duel":
            return self._selection.star
        if not self._agreements:
            return ""
        names = [n for n in self._groups()[self.group] if n not in self._agreements]
        titles = ", ".join(describe(name).title for name in names)
        return f"no reference: {titles}" if titles else ""

    def _figure_names(self):
        plot = self._shown_plot
        figures = getattr(plot, "figures", None) or [getattr(plot, "figure", None)]
        if plot is None or not self.names or self._missing:
            return []
        return [fig.name for fig in figures]

    def _sentence(self):
        if not self.names or self._source.sample is None:
            return "Nothing is drawn: no star is fitted yet."
        if self._missing:
            return f"Nothing is drawn. {self._missing}"
        words = TABS[self.tab][1]
        return f"{words} by {self.method}, {number(len(self._source.sample))} stars."

    def _tabs_state(self):
        labelled = self.tab in ("labels", "pulls")
        colours = [["", "colour: model"], *map(list, choices(self._source))]
        colored = self.tab in ("labels", "kiel", "mg_fe")
        return {
            "tabs": [[tab, word] for tab, (word, _) in TABS.items()],
            "tab": self.tab,
            "groups": list(self._groups()) if labelled else [],
            "group": self.group,
            "colours": colours if colored else [],
            "colour": self.colour,
            "scale": self._scale_state() if colored else None,
        }

    def _scale_state(self):
        if self._scale is None:
            return None
        colors = sequential(self._painter.theme)
        picks = np.linspace(0, len(colors) - 1, _SHADES).round().astype(int)
        return {
            "ends": list(self._scale.ends),
            "colors": [colors[k] for k in picks],
            "title": title_of(self._source, self.colour),
        }

    # ---- what a user does

    def hear(self, command: str, value) -> None:
        """Do what the titles ask for."""
        if command == "tab" and value in TABS:
            self.tab = value
        elif command == "method" and value in self.names:
            self.method = value
        elif command == "group" and value in self._groups():
            self.group = value
        elif command == "colour":
            self.colour = str(value)
        elif command == "numbers":
            self.save_numbers()
            return
        self.show_tab()

    def save_numbers(self) -> None:
        """Have the browser save the labels of all stars by the model."""
        if not self.names:
            return
        # astropy's tables take half a second to import
        from stellar_gui.surveys.numbers import labels_table
        from stellar_gui.surveys.table import table_text

        source = self._source
        table = labels_table(
            source.sample.ids, source.labels(self.method), source.facts.reference
        )
        table.meta |= {"model": self.method, "sample": source.sample.title}
        self.title.save(f"survey_{self.tab}.ecsv", table_text(table))

    def repaint(self, theme: str) -> None:
        """Draw in another theme, in place."""
        self._painter.repaint(theme)
        for plot in self.plots.values():
            if hasattr(plot, "points"):
                plot.points.repaint()
        self.tabs.state = self._tabs_state()

    def __panel__(self):
        below = (*self._panes.values(), self.nothing, self.duel.table)
        return pn.Column(self.title, self.tabs, *below, **_BOTH)
