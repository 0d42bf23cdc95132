"""The Survey page in a browser: fits on demand, links, triage by keys."""

import re
import shutil

import pytest
from playwright.sync_api import expect

from stellar_gui.io import read_spectra
from stellar_gui.models import load_model
from tests.surveyed import fit_sample

from .conftest import IDLE, PATIENCE

pytestmark = pytest.mark.ui

FITTING = 120_000  # ms; a process of its own imports torch, politely
PLACE = """([name, across, up]) => {
  const [view] = Bokeh.index.query((v) => v.model.name === name)
  const box = view.el.getBoundingClientRect()
  const {left, top, width, height} = view.frame.bbox
  return [box.left + left + across * width, box.top + top + (1 - up) * height]
}"""
DRAWN = """() => Bokeh.documents[0].get_model_by_name("survey-pixels")
          ?.data.wavelength.length > 0"""
FOCUSED = """() => {
  let element = document.activeElement
  while (element.shadowRoot?.activeElement) element = element.shadowRoot.activeElement
  return [element.className, getComputedStyle(element).outlineStyle]
}"""
MARKED = """() => Bokeh.documents[0].get_model_by_name("stack-star").data.y"""


@pytest.fixture
def cache(server):
    return server.log.parent / "cache" / "surveys"


@pytest.fixture
def fitted(survey_files, cache, monkeypatch):
    """All stars fitted by both models, as the server's own process does it."""
    monkeypatch.setenv("STELLAR_GUI_CACHE", str(cache.parent))
    models = {path.stem: load_model(path) for path in survey_files[1:]}
    fit_sample(read_spectra(survey_files[0]), models, "all stars")


def opened(tab, query=""):
    """Open the page and wait until its figures are drawn."""
    tab.page.goto(f"{tab.url}?page=survey{query}", wait_until="commit")
    tab.page.wait_for_function(IDLE, timeout=PATIENCE, polling=50)
    tab.until(DRAWN)
    return tab


def click(tab, figure, across, up):
    """Click in a figure, at shares of its inside."""
    tab.page.mouse.click(*tab.page.evaluate(PLACE, [figure, across, up]))


def value(tab, name):
    """What the address says of a part of the selection."""
    found = re.search(rf"[?&]{name}=([^&]*)", tab.page.url)
    return found and found[1]


def selected(tab):
    return tab.page.get_by_role("grid", name="Triage").locator("[aria-selected=true]")


def test_one_button_fits_all_stars_and_shows_what_is_done(browser_tab, cache):
    shutil.rmtree(cache, ignore_errors=True)
    page = browser_tab.page
    page.goto(f"{browser_tab.url}?page=survey", wait_until="commit")
    empty = page.get_by_role("region", name="Nothing to show")
    expect(empty).to_contain_text("No star of this sample is fitted yet: 80 stars by 2")
    empty.get_by_role("button", name="Fit all").click()
    chips = page.get_by_role("status", name="Fits")
    expect(chips).to_contain_text("80 converged", timeout=FITTING)
    browser_tab.until(DRAWN, timeout=FITTING)
    fit = browser_tab.button("Fit all")
    expect(fit).to_be_disabled(timeout=FITTING)
    expect(fit).to_have_attribute("title", "every star is fitted by every model")


def test_row_and_column_are_selected_in_another_tab(browser_tab, other_tab, fitted):
    opened(browser_tab, "&star=star-0000")
    click(browser_tab, "survey-stack", 0.3, 0.95)
    browser_tab.page.wait_for_url("**pixel=52*")
    star, pixel = value(browser_tab, "star"), value(browser_tab, "pixel")
    assert star != "star-0000"
    other_tab.open(f"?star={star}&pixel={pixel}")
    other_tab.until_star(star)
    picked = 'Bokeh.documents[0].get_model_by_name("picked").data.x.length'
    assert other_tab.page.evaluate(picked) == 1
    click(browser_tab, "density-physics", 0.8, 0.5)
    browser_tab.page.wait_for_url("**pixel=53*")
    assert value(browser_tab, "star") == star
    browser_tab.press("Enter")
    browser_tab.until_star(star)
    opened(other_tab, f"&star={star}&pixel={value(browser_tab, 'pixel')}")
    readout = other_tab.page.get_by_role("status", name="Readout")
    expect(readout).to_contain_text(star)
    row = other_tab.page.evaluate(MARKED)
    assert len(row) == 1
    assert row[0] > 60  # it was clicked on near the top


def test_a_point_selects_its_star(browser_tab, fitted):
    opened(browser_tab, "&star=star-0000")
    before = browser_tab.page.evaluate(MARKED)
    ranges = """() => {
      const fig = Bokeh.documents[0].get_model_by_name("one-to-one-1")
      const {data} = Bokeh.documents[0].get_model_by_name("one-to-one")
      const {x_range: h, y_range: v} = fig
      return [(data.x_1[33] - h.start) / (h.end - h.start),
              (data.y_1[33] - v.start) / (v.end - v.start)]
    }"""
    click(browser_tab, "one-to-one-1", *browser_tab.page.evaluate(ranges))
    browser_tab.page.wait_for_url(re.compile(r"star=star-00(?!00)"))
    browser_tab.until(f"(before) => String(({MARKED})()) !== String(before)", before)


def test_decisions_are_kept_over_a_reload(browser_tab, fitted):
    opened(browser_tab, "&star=star-0012")
    browser_tab.press("j", "k")  # brings its row into view
    expect(selected(browser_tab)).to_contain_text("star-0012")
    browser_tab.press("a")
    expect(selected(browser_tab)).to_contain_text("accepted")
    browser_tab.press("j")
    expect(selected(browser_tab)).not_to_contain_text("star-0012")
    star = value(browser_tab, "star")
    browser_tab.press("f")
    expect(selected(browser_tab)).to_contain_text("flagged")
    browser_tab.press("o")
    browser_tab.field("Note").fill("broad lines, a f j k")
    browser_tab.press("Enter")
    expect(selected(browser_tab)).to_contain_text("note")
    opened(browser_tab, f"&star={star}")
    browser_tab.press("k")
    expect(selected(browser_tab)).to_contain_text("star-0012")
    expect(selected(browser_tab)).to_contain_text("accepted")
    browser_tab.press("j")
    expect(selected(browser_tab)).to_contain_text("flagged")
    expect(selected(browser_tab)).to_contain_text("note")


def test_the_keyboard_alone_rings_a_figure_and_enter_presses_a_button(
    browser_tab, fitted
):
    opened(browser_tab, "&star=star-0020")
    click(browser_tab, "survey-stack", 0.3, 0.5)
    figure, outline = browser_tab.page.evaluate(FOCUSED)
    assert "bk-events" in figure
    assert outline == "none"
    for _ in range(20):
        browser_tab.press("Tab")
        focused, outline = browser_tab.page.evaluate(FOCUSED)
        if focused == figure:
            break
    assert (focused, outline) == (figure, "solid")
    browser_tab.press("j", "k")  # brings the row of the star into view
    browser_tab.page.get_by_role("button", name="Accept").focus()
    browser_tab.press("Enter")
    expect(selected(browser_tab)).to_contain_text("accepted")
    assert value(browser_tab, "page") == "survey"


def test_the_readout_says_what_most_stars_show_in_a_pixel(browser_tab, fitted):
    opened(browser_tab)
    at = browser_tab.page.evaluate(PLACE, ["survey-stack", 0.5, 0.5])
    browser_tab.page.mouse.move(*at)
    readout = browser_tab.page.get_by_role("status", name="Readout")
    expect(readout).to_contain_text(
        re.compile(r"λ 5.\d{3}\.\d\d Å.median z .*\d\d stars")
    )


def test_tabs_show_planes_and_the_duel_of_the_selected_star(browser_tab, fitted):
    opened(browser_tab, "&star=star-0012")
    tab = lambda name: browser_tab.page.get_by_role("tab", name=name, exact=True)  # noqa: E731
    tab("Kiel").click()
    kiel = """() => Bokeh.documents[0].get_model_by_name("survey-plane")
             ?.below[0].axis_label === "Teff / K" """
    browser_tab.until(kiel)
    tab("Duel").click()
    duel = browser_tab.page.get_by_role("region", name="Labels by every model")
    expect(duel).to_contain_text("[Mg/H]")
    expect(duel).to_contain_text("Cannon 2")


def test_dark_and_narrow_nothing_overflows(browser_tab, fitted):
    browser_tab.page.set_viewport_size({"width": 1280, "height": 800})
    opened(browser_tab)
    browser_tab.button("Change to the dark theme").click()
    palette = """() => Bokeh.index.query((v) => v.model.name === "density-physics")
      .next().value.model.renderers.find((r) => r.glyph.type === "Image")
      .glyph.color_mapper.palette.at(-1)"""
    browser_tab.until(f"() => ({palette})() === '#e7ecf1'")
    size = browser_tab.page.evaluate(
        "() => [document.documentElement.scrollWidth, "
        "document.documentElement.scrollHeight]"
    )
    assert size[0] <= 1280
    assert size[1] <= 800
    for name in ("Export table", "Save residual stack", "Open star ↵"):
        box = browser_tab.page.get_by_role("button", name=name).bounding_box()
        assert box["x"] + box["width"] <= 1280, name
        assert box["y"] + box["height"] <= 800, name
