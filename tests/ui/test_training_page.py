"""The Training page in a browser: runs are processes of their own, and outlive it."""

import contextlib
import os
import signal
import time

import numpy as np
import pytest
from playwright.sync_api import expect

from stellar_gui.io import write_spectra
from stellar_gui.spectra import Spectra
from stellar_gui.training.run import Run
from tests.small_survey import LABEL_NAMES, noise_free, small_survey, wavelength

from .conftest import Browser, Server

pytestmark = pytest.mark.ui

STEPS = 500_000  # of a small Payne: half an hour
PATIENCE = 120_000  # ms; a busy machine imports torch slowly, and a run is polite


@pytest.fixture(scope="module")
def training_files(survey_files, tmp_path_factory):
    """A survey with its Cannon, and noise-free spectra for a Payne."""
    stars = small_survey(120, seed=3)
    flux = noise_free(stars.labels)
    path = tmp_path_factory.mktemp("grid") / "synthetic.h5"
    grid = Spectra(
        wavelength(),
        flux,
        np.full(flux.shape, 1e8),
        ids=[f"grid-{k:03d}" for k in range(len(flux))],
        labels=stars.labels,
        label_names=LABEL_NAMES,
        medium="air",
        resolution=20000.0,
    )
    write_spectra(path, grid)
    return [*survey_files[:2], path]


@pytest.fixture
def runs(tmp_path):
    """The folder of runs; whatever still trains there is ended afterwards."""
    folder = tmp_path / "runs"
    yield folder
    for config in folder.glob("*/config.json"):
        status = Run(config.parent).status()
        if status.active:
            with contextlib.suppress(ProcessLookupError):
                os.kill(status.pid, signal.SIGKILL)


@pytest.fixture
def serve(training_files, runs, tmp_path):
    """Start servers that share the folder of runs; all are stopped afterwards."""
    started = []

    def start():
        server = Server(training_files, tmp_path)
        started.append(server)
        server.wait()
        return server

    yield start
    for server in started:
        if server.process.poll() is None:
            server.stop()
    started[-1].check()


class TrainingTab(Browser):
    """A tab that looks at the Training page."""

    def open(self, query=""):
        self.page.set_default_timeout(PATIENCE)
        self.page.goto(f"{self.url}?page=training{query}", wait_until="commit")
        expect(self.button("Start new run")).to_be_enabled(timeout=PATIENCE)
        return self

    def field_of_form(self, name):
        return self.page.get_by_role("textbox", name=name, exact=True)

    def start_payne(self):
        """Start a Payne that trains for long, small enough to begin at once."""
        self.page.get_by_role("combobox", name="Method").select_option("payne")
        self.field_of_form("Steps").fill(str(STEPS))
        self.field_of_form("Hidden").fill("24")
        self.page.get_by_text("More settings").click()
        self.field_of_form("Components").fill("8")
        self.field_of_form("Taught").fill("0")
        self.press("Tab")
        self.button("Start new run").click()
        self.page.wait_for_url("**run=payne-*", timeout=PATIENCE)
        self.until_logged(3)

    def type_while_the_method_changes(self):
        """Choose a method and type in one turn of the browser: no server is so fast."""
        method = self.page.get_by_role("combobox", name="Method").element_handle()
        steps = self.field_of_form("Steps").element_handle()
        script = """([method, steps]) => {
            method.value = "cannon";
            method.dispatchEvent(new Event("change"));
            steps.focus();
            steps.value = "7";
            steps.dispatchEvent(new Event("input"));
        }"""
        self.page.evaluate(script, [method, steps])

    def keeps_what_was_typed(self):
        """What is being typed stays when fields change, and reaches the new method."""
        self.type_while_the_method_changes()
        order = self.page.get_by_role("combobox", name="Order", exact=True)
        expect(order).to_be_visible(timeout=PATIENCE)
        steps = self.field_of_form("Steps")
        expect(steps).to_be_focused()
        expect(steps).to_have_value("7")
        # leaves the field first, so that the preset has the last word
        self.page.get_by_role("radio", name="Standard").check()
        expect(steps).to_have_value("10", timeout=PATIENCE)

    def mends_what_was_wrong(self):
        """The button is ready as soon as a field holds what it should."""
        steps = self.field_of_form("Steps")
        steps.fill("many")
        self.press("Tab")
        problem = self.page.get_by_text("'many' is not a whole number").first
        expect(problem).to_be_visible(timeout=PATIENCE)
        steps.fill("8")  # and stays there
        expect(self.button("Start new run")).to_be_enabled(timeout=PATIENCE)
        expect(steps).to_be_focused()

    def chip(self, state):
        bar = self.page.get_by_role("region", name="Run", exact=True)
        expect(bar.get_by_role("status")).to_have_text(state, timeout=PATIENCE)

    def logged(self):
        """The steps that are drawn."""
        script = "() => [...Bokeh.documents[0].get_model_by_name('losses').data.step]"
        return self.page.evaluate(script)

    def shows_the_run_on_the_star_page(self):
        """Wait until the adopted model is drawn beside those that ship."""
        legend = self.page.get_by_role("group", name="Models")
        expect(legend).to_contain_text("payne-001", timeout=PATIENCE)
        fit = self.page.get_by_role("table", name="payne-001")
        expect(fit).to_be_visible(timeout=PATIENCE)
        origin = self.page.get_by_text("payne-001 is the model of the run payne-001")
        expect(origin).to_be_visible(timeout=PATIENCE)

    def until_logged(self, step):
        """Wait until a step beyond this one is drawn."""
        self.until(
            "(step) => Bokeh.documents[0].get_model_by_name('losses')"
            ".data.step.at(-1) > step",
            step,
            timeout=PATIENCE,
        )


def test_a_run_is_started_watched_paused_stopped_and_used(page, browser, serve, runs):
    server = serve()
    tab = TrainingTab(page, server.url).open()
    tab.keeps_what_was_typed()
    tab.mends_what_was_wrong()
    tab.start_payne()
    assert Run(runs / "payne-001").config["options"]["steps"] == STEPS
    tab.chip("running")
    tab.until_logged(tab.logged()[-1] + 20)
    tab.button("Star").click()
    tab.button("1 run training").click()  # in the top bar, on every other page
    tab.page.wait_for_url("**page=training*")
    tab.chip("running")
    assert np.all(np.diff(tab.logged()) > 0)

    tab.press("Space")
    tab.chip("paused")
    there = Run(runs / "payne-001").status().step
    tab.button("Resume").click()
    tab.chip("running")
    tab.until_logged(there)

    tab.page.reload(wait_until="commit")  # the address names the run
    tab.chip("running")
    another = browser.new_context(viewport={"width": 1440, "height": 900})
    other = TrainingTab(another.new_page(), server.url).open()
    other.chip("running")
    other.button("Stop and save").click()
    for each in (tab, other):
        each.chip("stopped")
    last = Run(runs / "payne-001").status().step
    for each in (tab, other):  # many rows are drawn thinned, so not always the last
        each.until_logged(0.9 * last)
    until_both_end_alike(tab, other)
    other.page.close()
    another.close()

    tab.button("Use this model").click()
    loaded = tab.page.get_by_text("the model of run payne-001").first
    expect(loaded).to_be_visible(timeout=PATIENCE)
    tab.button("Star").click()
    tab.shows_the_run_on_the_star_page()
    tab.page.wait_for_url("**models=*payne-001*")
    tab.page.reload(wait_until="commit")
    tab.shows_the_run_on_the_star_page()
    tab.check()
    other.check()


def until_both_end_alike(tab, other):
    """Wait until two tabs draw the same end: many rows are read in turns."""
    end = time.monotonic() + PATIENCE / 1000
    while tab.logged()[-1] != other.logged()[-1]:
        assert time.monotonic() < end, (tab.logged()[-1], other.logged()[-1])
        tab.page.wait_for_timeout(100)


def test_a_run_outlives_its_server_and_the_next_one_adopts_it(context, serve, runs):
    first = serve()
    tab = TrainingTab(context.new_page(), first.url).open()
    tab.start_payne()
    tab.page.close()
    first.process.kill()
    first.process.wait(10)
    step = Run(runs / "payne-001").status().step
    end = time.monotonic() + PATIENCE / 1000
    while Run(runs / "payne-001").status().step <= step:
        assert time.monotonic() < end, "the run ended with the server"
        time.sleep(0.1)

    again = TrainingTab(context.new_page(), serve().url).open("&run=payne-001")
    again.chip("running")
    again.until_logged(step)
    again.press("s")
    again.chip("stopped")
    again.check()
