"""The Elements page in a browser: pixels, windows, elements, limits, saving."""

import re

import pytest
from playwright.sync_api import expect

from stellar_gui.plots.style import TOKENS
from tests.ui.conftest import IDLE, PATIENCE
from tests.ui.test_spectrum import CENTER

pytestmark = pytest.mark.ui

WINDOW = """() => {
  const {start, end} = Bokeh.documents[0].get_model_by_name("derivatives").x_range
  return [start, end]
}"""
EDGES = """() => ["elements-overview", "element-map", "derivatives"].map((name) => {
  const [view] = Bokeh.index.query((v) => v.model.name === name)
  const {left} = view.el.getBoundingClientRect()
  return [left + view.frame.bbox.left, left + view.frame.bbox.right]
})"""
FITS = """() => document.scrollingElement.scrollWidth <= window.innerWidth
          && document.scrollingElement.scrollHeight <= window.innerHeight"""

# whether curves are drawn of all pixels in the window, and of so many others not
NEAR = """(spared) => {
  const {x_range, renderers} = [...Bokeh.index.query(
    (v) => v.model.name === "derivatives")][0].model
  const all = [...Bokeh.documents[0].get_model_by_name("derivative-curves").data.x]
  const inside = (x) => [...x].filter((v) => v >= x_range.start && v <= x_range.end)
  const lines = renderers.filter((r) => r.visible && r.glyph.type === "Line")
  return lines.length > 0 && inside(all).length > 0 && lines.every((line) => {
    const {x} = line.data_source.data
    return inside(x).length === inside(all).length && x.length <= all.length - spared
  })
}"""
# words of which a part is hidden, where nothing scrolls
CUT = """() => {
  const inside = (root) => [...root.querySelectorAll("*")]
    .flatMap((e) => e.shadowRoot ? [e, ...inside(e.shadowRoot)] : [e])
  return inside(document)
    .filter((e) => e.clientWidth && !e.closest(".visually-hidden, .scroll, svg"))
    .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
    .filter((e) => !["visible", "auto"].includes(getComputedStyle(e).overflowX))
    .filter((e) => e.scrollWidth > e.clientWidth + 1
                   || e.scrollHeight > e.clientHeight + 1)
    .map((e) => e.textContent)
}"""


def open_page(tab, query=""):
    """Open the Elements page and wait until derivatives are drawn."""
    tab.page.goto(f"{tab.url}?page=elements&{query}", wait_until="commit")
    tab.page.wait_for_function(IDLE, timeout=PATIENCE, polling=50)
    chips = tab.page.get_by_role("group", name="Elements", exact=True)
    expect(chips.get_by_role("button").first).to_be_visible(timeout=PATIENCE)
    return tab


def card(tab, name):
    return tab.page.get_by_role("region", name=name, exact=True)


def test_a_pixel_picked_on_the_star_page_is_answered_here(browser_tab, other_tab):
    browser_tab.open("?star=star-0010&window=5302-5306")
    browser_tab.page.mouse.click(*browser_tab.page.evaluate(CENTER, "fit"))
    browser_tab.page.wait_for_url("**pixel=*", timeout=PATIENCE)
    address = browser_tab.page.url
    pixel = re.search(r"pixel=(\d+)\.(\d+)", address)
    open_page(other_tab, address.partition("?")[2])
    answer = card(other_tab, "What is this line?")
    written = f"5\u2009{pixel[1][1:]}.{pixel[2]} Å"
    expect(answer).to_contain_text(written, timeout=PATIENCE)
    browser_tab.button("What is this line?").click()
    browser_tab.page.wait_for_url("**page=elements*", timeout=PATIENCE)
    here = card(browser_tab, "What is this line?")
    expect(here).to_contain_text(written, timeout=PATIENCE)
    assert here.inner_text() == answer.inner_text()


def test_the_window_is_that_of_the_star_page_and_figures_line_up(browser_tab):
    tab = open_page(browser_tab, "star=star-0010&window=5302-5306")
    tab.until(f"() => Math.abs(({WINDOW})()[1] - ({WINDOW})()[0] - 4) < 0.05")
    tab.until(NEAR, 100)
    edges = tab.page.evaluate(EDGES)
    for left, right in edges[1:]:
        assert left == pytest.approx(edges[0][0], abs=1)
        assert right == pytest.approx(edges[0][1], abs=1)
    tab.press("[")
    tab.page.wait_for_url(re.compile("window=51"), timeout=PATIENCE)
    tab.until(NEAR, 0)
    tab.button("Star").click()
    title = tab.page.get_by_role("heading", name="Spectrum").locator("..")
    expect(title).to_contain_text("piece 1 of 2", timeout=PATIENCE)


def test_a_cell_of_the_map_is_picked_and_let_go(browser_tab):
    tab = open_page(browser_tab, "star=star-0010")
    expect(card(tab, "What is this line?")).to_contain_text("Pick a pixel")
    tab.page.mouse.click(*tab.page.evaluate(CENTER, "element-map"))
    tab.page.wait_for_url("**pixel=*", timeout=PATIENCE)
    expect(card(tab, "What is this line?")).to_contain_text("share of the strongest")
    tab.press("Escape")
    expect(card(tab, "What is this line?")).to_contain_text("Pick a pixel")
    chips = tab.page.get_by_role("group", name="Elements", exact=True)
    chips.get_by_role("button", name="Fe").click()
    tab.page.wait_for_url("**elements=Mg*", timeout=PATIENCE)


def test_a_masked_line_is_left_out_of_the_limits(browser_tab):
    tab = open_page(browser_tab, "star=star-0010&pixel=5200.50")  # iron
    tab.button("Mask this line").click()
    expect(card(tab, "What is this line?")).to_contain_text(
        "left out of the limits", timeout=PATIENCE
    )
    limits = card(tab, "What can this spectrum tell?")
    expect(limits).to_contain_text("masked")
    limits.get_by_role("button", name="what if").click()
    limits.get_by_role("button", name="Refit").click()
    expect(limits).to_contain_text("of the prediction", timeout=PATIENCE)


def test_a_second_tab_shows_the_same_masks_and_given_labels(browser_tab, other_tab):
    tab = open_page(browser_tab, "star=star-0010&pixel=5200.50&given=teff:5000")
    tab.button("Mask this line").click()
    tab.page.wait_for_url("**masked=Fe:*", timeout=PATIENCE)
    limits = card(tab, "What can this spectrum tell?")
    limits.get_by_label("Pixels that count").select_option("all but window")
    tab.page.wait_for_url("**counted=outside*", timeout=PATIENCE)
    other = open_page(other_tab, tab.page.url.partition("?")[2])
    expect(other.page.get_by_text("given labels")).to_be_visible()
    expect(card(other, "What is this line?")).to_contain_text("left out of the limits")
    there = card(other, "What can this spectrum tell?")
    chip = there.get_by_role("button", name="Fe 5\u2009200")
    expect(there.get_by_label("Pixels that count")).to_have_value("outside")
    chip.click()
    expect(chip).to_have_count(0)
    other.press("u")
    expect(chip).to_be_visible()


def test_every_card_saves_pictures_and_numbers(browser_tab):
    tab = open_page(browser_tab, "star=star-0010&pixel=5304.00")
    kinds = {
        "Picture, PNG": b"\x89PNG",
        "Picture, SVG": b"<svg",
        "Numbers, ECSV": b"# %ECSV",
    }
    for menu in ("where each element speaks", "the answer", "limits"):
        for entry, start in kinds.items():
            tab.button(f"Save {menu}").click()
            with tab.page.expect_download(timeout=PATIENCE) as download:
                tab.page.get_by_role("menuitem", name=entry).click()
            assert download.value.suggested_filename.startswith("star-0010")
            content = download.value.path().read_bytes()
            assert content.startswith(start)
            assert b"var(--" not in content


def test_no_words_are_cut(browser_tab):
    tab = open_page(browser_tab, "star=star-0010&pixel=5304.00")
    for width, height in ((1440, 900), (1280, 800)):
        tab.page.set_viewport_size({"width": width, "height": height})
        tab.until("(width) => document.documentElement.clientWidth === width", width)
        for view in ("4 panels", "map"):
            tab.button(view).click()
            expect(tab.button(view)).to_have_attribute("aria-pressed", "true")
            assert tab.page.evaluate(CUT) == []


def test_it_is_dark_and_fits_a_narrow_window(browser_tab):
    browser_tab.page.set_viewport_size({"width": 1280, "height": 800})
    tab = open_page(browser_tab, "star=star-0010&pixel=5304.00")
    assert tab.page.evaluate(FITS)
    tab.button("Change to the dark theme").click()
    fill = 'Bokeh.documents[0].get_model_by_name("element-map").background_fill_color'
    tab.until(f"(c) => {fill} === c", TOKENS["dark"].surface)
    tab.button("4 panels").click()
    shown = "(n) => [...Bokeh.index.query((v) => v.model.name === n)].some("
    shown += "(v) => v.el.getBoundingClientRect().width > 300)"
    tab.until(shown, "panel-difference")
    tab.until(f"(n) => !({shown})(n)", "element-map")
    tab.button("map").click()
    tab.until(shown, "element-map")
    tab.until(f"(n) => !({shown})(n)", "panel-difference")
