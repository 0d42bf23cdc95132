"""One real server for all browser tests, and a page that tolerates no fault.

Every test ends with the same checks: nothing asked of another host, no error or warning
on the console, no failed request, and at the end no failed callback in the server's
log. With CI set, a missing browser is an error, not a skip.
"""

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from stellar_gui.io import write_spectra
from stellar_gui.models import save_model
from tests.find_browser import ADVICE, find_browser
from tests.small_survey import LABEL_NAMES, small_cannon, small_survey

BROWSER = find_browser()
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
IDLE = """() => window.Bokeh && Bokeh.documents.length > 0
          && Bokeh.documents.every((d) => d.is_idle)"""
# what software rendering in a headless browser says of itself
HARMLESS = re.compile(
    r"GL Driver Message|GroupMarkerNotSet|Automatic fallback to software WebGL"
)
FAILED = re.compile(
    r"Error running application|error handling message|callback .* failed"
    r"|Exception in callback|Traceback"
)
# what is logged of a tab that is left while it connects, or while it is sent something
CLOSED = re.compile(
    r"^Task exception was never retrieved\nfuture: .*?"
    r"^tornado\.websocket\.WebSocketClosedError$"
    r"|^Uncaught exception GET /ws.*?assert self\._session is not None.*?"
    r"^AssertionError$",
    re.DOTALL | re.MULTILINE,
)
STARTUP = 90  # seconds; a busy machine imports torch slowly
PATIENCE = 60_000  # ms until something awaited counts as never coming; for the same


def pytest_configure(config):
    expect.set_options(timeout=PATIENCE)
    # pytest-base-url, which comes with pytest-playwright, still defines them so
    config.addinivalue_line(
        "filterwarnings",
        "ignore:Session-scoped fixtures defined as instance methods"
        ":pytest.PytestRemovedIn10Warning",
    )


def pytest_collection_modifyitems(items):
    if BROWSER is not None:
        return
    mine = [item for item in items if "tests/ui/" in item.path.as_posix()]
    if mine and os.environ.get("CI"):
        raise pytest.UsageError(ADVICE)
    for item in mine:
        item.add_marker(pytest.mark.skip(reason=ADVICE))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, "executable_path": BROWSER, "args": ARGUMENTS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    screen = {"width": 1440, "height": 900}
    return {**browser_context_args, "viewport": screen, "reduced_motion": "reduce"}


@pytest.fixture(scope="session")
def survey_files(tmp_path_factory):
    """Paths of a survey of 80 stars and of two Cannons."""
    folder = tmp_path_factory.mktemp("survey")
    write_spectra(folder / "small.h5", small_survey())
    save_model(small_cannon(), folder / "a_cannon.safetensors")
    save_model(small_cannon(1, LABEL_NAMES[:3]), folder / "b_linear.safetensors")
    names = ("small.h5", "a_cannon.safetensors", "b_linear.safetensors")
    return [folder / name for name in names]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """``stellar-gui serve`` in a process of its own."""

    def __init__(self, files, folder: Path):
        self.port = free_port()
        self.log = folder / "server.log"
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "STELLAR_GUI_RUNS": str(folder / "runs"),
            "STELLAR_GUI_CACHE": str(folder / "cache"),
        }
        command = [sys.executable, "-u", "-m", "stellar_gui.cli", "serve"]
        with open(self.log, "w") as stream:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), *map(str, files)],
                stdout=stream,
                stderr=stream,
                env=environment,
            )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def wait(self) -> None:
        """Wait until it says that it is ready."""
        end = time.monotonic() + STARTUP
        while self.url.rstrip("/") not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, "the server did not start"
            time.sleep(0.05)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(15)

    def check(self) -> None:
        log = CLOSED.sub("", self.log.read_text())
        failed = [line for line in log.splitlines() if _failed(line)]
        assert not failed, log


def _failed(line):
    return FAILED.search(line) and "WebSocketClosedError" not in line


@pytest.fixture(scope="session")
def server(survey_files, tmp_path_factory):
    server = Server(survey_files, tmp_path_factory.mktemp("server"))
    try:
        server.wait()
        yield server
    finally:
        server.stop()
    server.check()


class Browser:
    """A tab that remembers everything that went wrong in it."""

    def __init__(self, page, url):
        self.page, self.url = page, url
        self.external, self.problems = [], []
        host = url.split("/")[2]
        own = (f"http://{host}/", f"ws://{host}/", "data:", "blob:", "about:")
        page.route(lambda address: not address.startswith(own), self._refuse)
        page.on("pageerror", lambda error: self.problems.append(f"pageerror {error}"))
        page.on("console", self._console)
        page.on("response", self._response)

    def _refuse(self, route):
        self.external.append(route.request.url)
        route.abort()

    def _console(self, message):
        if message.type in ("error", "warning") and not HARMLESS.search(message.text):
            self.problems.append(f"{message.type}: {message.text}")

    def _response(self, response):
        if response.status >= 400:
            self.problems.append(f"{response.status} {response.url}")

    def open(self, query="") -> "Browser":
        self.page.goto(self.url + query, wait_until="commit")
        self.page.wait_for_function(IDLE, timeout=PATIENCE, polling=50)
        self.button("Next star").wait_for()
        return self

    def until(self, script, argument=None, timeout=PATIENCE) -> None:
        """Wait until a script says true."""
        self.page.wait_for_function(script, arg=argument, timeout=timeout, polling=30)

    def button(self, name, **options):
        return self.page.get_by_role("button", name=name, exact=True, **options)

    def field(self, name):
        return self.page.get_by_role("textbox", name=name, exact=True)

    def press(self, *keys) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def flux(self):
        """The flux that the figures draw, NaN as None."""
        return self.page.evaluate(
            """() => [...Bokeh.documents[0].get_model_by_name("pixels").data.flux]
                      .map((v) => Number.isFinite(v) ? v : null)"""
        )

    def until_star(self, star) -> None:
        """Wait until the search field and the address name a star."""
        self.page.wait_for_url(f"**star={star}*", timeout=PATIENCE)
        expect(self.field("Star")).to_have_value(star, timeout=PATIENCE)

    def check(self) -> None:
        assert not self.external, f"the page asked another host: {self.external}"
        assert not self.problems, self.problems


@pytest.fixture
def browser_tab(page, server):
    """A tab of the application, checked when the test is done."""
    tab = Browser(page, server.url)
    yield tab
    tab.check()


@pytest.fixture
def other_tab(context, server):
    """A second tab of the same browser, a session of its own."""
    tab = Browser(context.new_page(), server.url)
    yield tab
    tab.check()
