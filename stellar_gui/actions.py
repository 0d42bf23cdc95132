"""Actions: what the commands do that mean the same on every page.

Each takes the application and the value that came with the command. A page answers
further commands of its own.
"""

from collections.abc import Callable


def _find(app, text):
    """Look at the star of an id, or at the first whose id holds the text."""
    text, session = str(text).strip(), app.session
    if not text:
        return
    found = [star for star in session.ids if text.lower() in star.lower()]
    if text in session.stars:
        found = [text]
    if found:
        app.selection.choose(star=found[0])
    elif session.ids:
        app.notify(
            "warning",
            f"no star has {text!r} in its id, expected an id such as "
            f"{session.ids[0]}; the star list (T) has them all",
        )
    else:
        app.notify("warning", "there is no star to find yet; open spectra first")


def _step(app, by):
    app.selection.choose(star=app.session.step(app.selection.star, int(by)))


def _toggle_model(app, index):
    names = app.selection.model_names
    if index < len(names):
        app.selection.toggle_model(names[index])


def _undo(app, value):
    if not app.selection.undo():
        app.notify("info", "nothing to undo")


def _export(app, value):
    """Save the fits of the star by all models as a table."""
    star = app.selection.star
    app.session.settle(star)
    fits = app.session.fits_of(star, app.session.kinds)
    if not fits:
        app.notify("warning", "no fit to export: no loaded model covers this star")
        return
    from stellar_gui.fitting.tables import fits_text

    app.shell.download(f"{star}_fits.ecsv", fits_text(fits, star))


def _spectrum(app, method, *arguments):
    getattr(app.view("star").spectrum, method)(*arguments)


def _search(app, value):
    app.selection.choose(page="star")
    app.view("star").context.bar.focus_search()


def _stars(app, value):
    if app.selection.page == "star":
        app.view("star").toggle_list()
    else:
        app.selection.choose(page="star")
        app.view("star").toggle_list(True)


def _keys_on(app, value):
    app.dialogs.state = app.dialogs.state | {"keysOn": bool(value)}


ACTIONS: dict[str, Callable] = {
    "address": lambda app, value: app.take_address(value),
    "page": lambda app, value: app.selection.choose(page=value),
    "theme": lambda app, value: app.change_theme(value),
    "previous": lambda app, value: _step(app, -1),
    "next": lambda app, value: _step(app, 1),
    "step": _step,
    "find": _find,
    "search": _search,
    "stars": _stars,
    "undo": _undo,
    "escape": lambda app, value: app.view(app.selection.page).escape(),
    "help": lambda app, value: app.dialogs.show("help"),
    "keys_on": _keys_on,
    "export": _export,
    "open": lambda app, value: app.dialogs.show("open"),
    "open_path": lambda app, value: app.files.open_path(value),
    "open_example": lambda app, value: app.files.open_example(value),
    "upload": lambda app, value: app.files.upload(value),
    "model_1": lambda app, value: _toggle_model(app, 0),
    "model_2": lambda app, value: _toggle_model(app, 1),
    "model_3": lambda app, value: _toggle_model(app, 2),
    "piece_back": lambda app, value: _spectrum(app, "next_piece", -1),
    "piece_on": lambda app, value: _spectrum(app, "next_piece", 1),
    "lines": lambda app, value: _spectrum(app, "toggle_lines"),
    "residual": lambda app, value: _spectrum(app, "toggle_residual"),
    "reset": lambda app, value: _spectrum(app, "reset"),
}
"""What each command does, by its name."""
