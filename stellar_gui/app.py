"""The composition root: one session, its one timer, the page around the views.

``stellar-gui serve`` calls `serve`; ``panel serve stellar_gui/app.py`` works too, with
the sample survey.
"""

import functools
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from urllib.parse import parse_qsl

import panel as pn
from markdown_it import MarkdownIt

from stellar_gui import collector
from stellar_gui.actions import ACTIONS
from stellar_gui.library import Library
from stellar_gui.pages import BUILDERS, TICKS
from stellar_gui.paths import assets
from stellar_gui.plots.style import TOKENS, number
from stellar_gui.selection import PAGES, Selection
from stellar_gui.session import Session
from stellar_gui.training.runs import live_runs
from stellar_gui.views.components import Dialogs, EmptyPage, Shell, TopBar
from stellar_gui.views.files import Files
from stellar_gui.views.keys import commands_of, help_of
from stellar_gui.views.notify import faults_go_to
from stellar_gui.views.template import make_page

THEME_COOKIE = "stellar_gui_theme"
_UNUSED = 300_000  # ms that a session outlives its browser tab, to reconnect
_COUNT_EVERY = 3.0  # seconds between looks at which runs are being trained
_PAGE_FIRST = 3.0  # seconds for a first page to be asked for before models are loaded
_MAX_MESSAGE = 64 * 1024 * 1024  # bytes; a survey's figures are far below
_LOCAL = {"127.0.0.1", "localhost", "::1"}
_EVERYWHERE = {"0.0.0.0", "::", ""}
# Panel adds up the least heights of all pages, the hidden ones too
_ONE_PAGE = ":host { min-height: 0 !important; }"
_LOG = logging.getLogger(__name__)

pn.extension(reconnect=True)


class App:
    """One browser session: what it shows, and the commands that change it.

    Everything a key, a button or the address can do is a command; `run` takes them by
    name, one at a time, and turns faults into notifications.
    """

    def __init__(
        self, library: Library, query: str = "", theme: str = "light", paths=True
    ):
        self.library = library
        self.session = Session(
            fits=library.fits, library=library, files=_adopted(query, library.kinds)
        )
        self.selection = Selection(
            self.session.stars, tuple(self.session.kinds), tuple(library.kinds)
        )
        self.theme = theme if theme in TOKENS else "light"
        refused = self.take_address(query)
        self.selection.start_here()
        self.timer = None
        self._training, self._counted = live_runs(), time.monotonic()
        self._views: dict[str, pn.viewable.Viewer] = {}
        self._panes: dict[str, pn.viewable.Viewable] = {}
        both = {"sizing_mode": "stretch_both", "margin": 0}
        self._body = pn.Column(stylesheets=[_ONE_PAGE], **both)
        self.shell = Shell(theme=self.theme, query=self.selection.to_query())
        self.dialogs = Dialogs()
        say = lambda kind, text: self.notify(kind, text)  # noqa: E731
        self.files = Files(self.session, self.dialogs, say, self._opened)
        self.dialogs.state = self._dialogs_state(paths, refused)
        self.top = TopBar(state=self._top(), sizing_mode="stretch_width")
        self.empty = EmptyPage()
        self.empty.state = {"files": self.files.examples[:1]}
        for part in (self.shell, self.dialogs, self.top, self.empty):
            part.listen(self.run)
        self._show_page()
        self.selection.param.watch(self._changed, list(Selection.param))
        self._look_ahead()
        self.page = self._page()
        faults_go_to(self.notify)

    # ---- pages

    def view(self, name: str) -> pn.viewable.Viewer:
        """The view of a page, built when it is first asked for."""
        if name not in self._views:
            self._views[name] = BUILDERS[name](self)
            self._panes[name] = self._views[name].__panel__()
            self._panes[name].visible = name == self.selection.page
            self._body.append(self._panes[name])
        return self._views[name]

    def _show_page(self):
        """Show the page that is selected; the others stay as they are, hidden."""
        name = self.selection.page
        self.view(name)
        for other, pane in self._panes.items():
            pane.visible = other == name
        self.shell.commands = commands_of(name)
        self.dialogs.state = self.dialogs.state | {"keys": help_of(name)}
        self.top.state = self._top()
        self._show_empty()
        if self.timer is not None:
            self.timer.period = TICKS[name]

    def _show_empty(self):
        self.empty.visible = self.selection.page == "star" and not self.session.stars

    def _page(self):
        layout = pn.Column(
            self._body,
            self.empty,
            self.shell,
            self.dialogs,
            sizing_mode="stretch_both",
            margin=0,
        )
        return make_page(header=self.top, main=layout, theme=self.theme)

    # ---- commands

    def run(self, command: str, value=None) -> None:
        """Do what a key, a button or the address asks for; faults are notified."""
        action = ACTIONS.get(command)
        shown = self.view(self.selection.page)
        if action is None and command not in getattr(shown, "commands", ()):
            return
        with pn.io.hold():
            try:
                if action is None:
                    shown.run(command, value)
                else:
                    action(self, value)
            except Exception as error:
                _LOG.exception("command %s failed", command)
                self.notify("error", f"{command}: {error}; nothing else has changed")

    def change_theme(self, theme: str) -> None:
        """Show everything in the theme "light" or "dark"; others are ignored."""
        if theme in TOKENS:
            self.theme = self.shell.theme = theme
            self.page.dark_theme = theme == "dark"
            for view in self._views.values():
                view.repaint(theme)
            self.top.state = self._top()

    # ---- what follows from a change

    def take_address(self, query: str | Mapping[str, str]) -> list[str]:
        """Look at what the address says, at the first star if it names none.

        Returns a sentence for each value that was refused.
        """
        refused = self.selection.from_query(query)
        if not self.selection.star and self.session.order:
            self.selection.choose(star=self.session.order[0])
        return refused

    def _changed(self, *events):
        names = {event.name for event in events}
        self.shell.replaces = names <= {"window", "pixel", "given"}
        self.shell.query = self.selection.to_query()
        if "page" in names:
            self._show_page()
        if "star" in names:
            self._look_ahead()

    def _look_ahead(self):
        if self.selection.star:
            self.session.prefetch(self.selection.star)

    def show_new_models(self) -> None:
        """Show models that were added to the session since."""
        for name in self.session.kinds:
            if name not in self.selection.model_names:
                self.selection.add_model_name(name)

    def show_adopted(self, name: str) -> None:
        """Show the model of a training run, as it is now."""
        shown = tuple(n for n in self.selection.models if n != name)
        self.selection.choose(models=shown)  # an earlier one of the run goes
        if name in self.selection.model_names:
            self.selection.choose(models=(*shown, name))
        else:
            self.selection.add_model_name(name, usual=False)

    def _opened(self, ids):
        self.show_new_models()
        self.top.state = self._top()
        self._show_empty()
        self.view("star").update()
        if ids:
            self.selection.choose(star=ids[0])

    def tick(self) -> None:
        """Now and then: show what the background has done since."""
        self.view(self.selection.page).tick()
        if time.monotonic() - self._counted > _COUNT_EVERY:
            self._counted, before = time.monotonic(), self._training
            self._training = live_runs()
            if self._training != before:
                self.top.state = self._top()

    def run_by(self, timer) -> None:
        """Have ``timer`` call `tick`, as often as the page that is shown asks for."""
        self.timer = timer
        timer.period = TICKS[self.selection.page]

    def close(self) -> None:
        """End the session: stop its work, remove its files."""
        self.session.close()
        self.files.close()

    def notify(self, kind: str, text: str) -> None:
        """Show a notice: "success", "info", "warning" or "error"."""
        self.dialogs.say(kind, text)

    # ---- what the shell shows

    def _top(self):
        stars = number(len(self.session.stars))
        return {
            "pages": [[page, page.capitalize()] for page in PAGES],
            "page": self.selection.page,
            "data": f"{self.library.title} · {stars} stars",
            "dark": self.theme == "dark",
            "training": self._training_words(),
        }

    def _training_words(self):
        """How many runs are being trained; the Training page says it at length."""
        n = len(self._training)
        if not n or self.selection.page == "training":
            return ""
        return f"{n} run{'s' * (n > 1)} training"

    def _dialogs_state(self, paths, refused):
        return {
            "notices": [{"kind": "warning", "text": text} for text in refused],
            "keys": help_of(self.selection.page),
            "keysOn": True,
            "cards": _cards(),
            "paths": paths,
            "reason": ""
            if paths
            else "Opening by path is off: this server is open to other machines.",
            "files": self.files.examples,
        }


@functools.cache
def _cards():
    """The texts of "What am I seeing?" as HTML, by name."""
    render = MarkdownIt().render
    folder = assets() / "cards"
    return {p.stem: render(p.read_text("utf-8")) for p in folder.glob("*.md")}


@functools.cache
def _sample():
    """The sample survey, read once for all sessions."""
    return Library()


def read_query(arguments: Mapping[str, list[bytes]]) -> dict[str, str]:
    """Return the first value of each argument of an address, whatever its bytes are.

    >>> read_query({"star": [b"HD 122563"], "models": [b"none"]})
    {'star': 'HD 122563', 'models': 'none'}
    """
    return {name: v[0].decode(errors="replace") for name, v in arguments.items()}


def _adopted(query, known):
    """Files of the models of training runs that an address names, by name."""
    from stellar_gui.training.adopted import adopted_files

    if isinstance(query, str):
        query = dict(parse_qsl(query.lstrip("?")))
    names = query.get("models", "").split(",")
    return adopted_files(name for name in names if name and name not in known)


def build(library: Library | None = None, *, paths: bool = True):
    """Return the page of a new session; paths: files may be opened by their path."""
    query = read_query(pn.state.session_args)
    theme = pn.state.cookies.get(THEME_COOKIE, "light")
    app = App(library or _sample(), query, theme, paths)
    if pn.state.curdoc is not None and pn.state.curdoc.session_context is not None:
        pn.state.on_session_destroyed(lambda context: app.close())
        app.run_by(pn.state.add_periodic_callback(app.tick, period=1000))
    return app.page


def allowed_origins(address: str, port: int, allowed: list[str]) -> list[str] | None:
    """Return the hosts whose pages may open the socket; None: Panel's own choice.

    Raises ValueError for an address that is no host and comes without one.
    """
    if not allowed and address in _LOCAL:
        return None
    if not allowed and address in _EVERYWHERE:
        raise ValueError(
            f"the address {address!r} says where to listen, expected the name under "
            "which browsers reach this machine too; add it, as in --allow-origin "
            f"myhost.example.org:{port}"
        )
    listening = address in _LOCAL | _EVERYWHERE
    own = ("127.0.0.1", "localhost") if listening else (address,)
    return [*allowed, *(f"{host}:{port}" for host in own)]


def serve(
    files: Iterable[str | Path] = (),
    *,
    port: int = 5006,
    address: str = "127.0.0.1",
    allow_origin: Iterable[str] = (),
    show: bool = False,
    announce: Callable[[str], None] = print,
) -> None:
    """Serve the application until it is stopped; ``announce`` hears its address.

    files: a survey, spectra and models; none: the sample survey. allow_origin: further
    HOST or HOST:PORT under which browsers reach the server. Raises ValueError or
    OSError with a sentence for files that cannot be read, for a port in use and for an
    address that no browser could connect to.
    """
    origins = allowed_origins(address, port, list(allow_origin))
    library = Library(files)
    local = address in _LOCAL and origins is None
    server = pn.serve(
        {"/": lambda: build(library, paths=local)},
        port=port,
        address=address,
        show=show,
        start=False,
        verbose=False,
        websocket_origin=origins,
        title="stellar_gui",
        location=False,
        liveness=True,
        unused_session_lifetime_milliseconds=_UNUSED,
        websocket_max_message_size=_MAX_MESSAGE,
    )
    server.start()
    collector.settle()
    preload = threading.Timer(_PAGE_FIRST, lambda: library.models)
    preload.daemon = True
    preload.start()
    announce(f"stellar_gui is ready at http://{address}:{port}")
    server.io_loop.start()


if __name__.startswith("bokeh_app"):  # panel serve stellar_gui/app.py
    build().servable()
