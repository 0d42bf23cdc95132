"""Pages: what builds the view of each, when it is first asked for.

A view answers ``commands`` by its ``run(command, value)``, and has ``tick``,
``escape`` and ``repaint``.
"""

from collections.abc import Callable
from functools import partial

from stellar_gui.views.star import StarPage


def _star(app):
    page = StarPage(app.selection, app.session, theme=app.theme)
    page.on_command = app.run
    return page


def _elements(app):
    from stellar_gui.views.elements import ElementsPage

    return ElementsPage(
        app.selection,
        app.session,
        on_command=app.run,
        laboratory=partial(_laboratory, app),
        theme=app.theme,
    )


def _laboratory(app):
    from stellar_gui.views.laboratory import LaboratoryView

    view = LaboratoryView(
        app.selection,
        download=app.shell.download,
        on_close=lambda: app.view("elements").run("laboratory"),
    )
    view.open(True)
    return view


def _domains(app):
    from stellar_gui.views.domains import DomainsPage

    page = DomainsPage(app.selection, app.session, theme=app.theme)
    page.on_command = app.run
    return page


def _survey(app):
    from stellar_gui.views.survey import SurveyPage

    return SurveyPage(
        app.selection, app.session, download=app.shell.download, theme=app.theme
    )


def _training(app):
    from stellar_gui.views.training import TrainingPage

    library = app.library
    return TrainingPage(
        app.selection,
        app.session,
        files=[*library.spectra_paths, *library.model_paths],
        adopted=app.show_adopted,
        download=app.shell.download,
        show_text=app.dialogs.show_text,
        theme=app.theme,
    )


BUILDERS: dict[str, Callable] = {
    "star": _star,
    "domains": _domains,
    "elements": _elements,
    "survey": _survey,
    "training": _training,
}
"""By the name of the page: what builds its view for an application."""

TICKS = {
    "star": 1000,
    "domains": 500,
    "elements": 1000,
    "survey": 1000,
    "training": 500,
}
"""By the name of the page: ms between its looks at what is going on."""
