"""The spectrum in a browser: windows, models, residuals, names, pictures."""

import numpy as np
import pytest
from playwright.sync_api import expect

from stellar_gui.plots.style import TOKENS

pytestmark = pytest.mark.ui

RANGE = """() => {
  const {start, end} = Bokeh.documents[0].get_model_by_name("fit").x_range
  return [start, end]
}"""
CENTER = """(name) => {
  const [view] = Bokeh.index.query((v) => v.model.name === name)
  const box = view.el.getBoundingClientRect()
  const {left, top, width, height} = view.frame.bbox
  return [box.left + left + width / 2, box.top + top + height / 2]
}"""
SHOWN = """() => {
  const {data} = Bokeh.documents[0].get_model_by_name("pixels-in-view")
  return Object.fromEntries(Object.entries(data).map(([k, v]) => [k, [...v]]))
}"""


def window(tab):
    return tab.page.evaluate(RANGE)


def until_window(tab, other):
    """Wait until another window than ``other`` is in view, and return it."""
    tab.until(f"(o) => Math.abs(({RANGE})()[0] - o[0]) > 0.01", other)
    return window(tab)


def title(tab):
    return tab.page.get_by_role("heading", name="Spectrum").locator("..")


def test_pieces_are_stepped_through_and_stand_in_the_address(browser_tab):
    browser_tab.open("?star=star-0010")
    first = window(browser_tab)
    browser_tab.press("]")
    until_window(browser_tab, first)
    browser_tab.page.wait_for_url("**window=*")
    expect(title(browser_tab)).to_contain_text("of 2")
    browser_tab.press("[")
    browser_tab.until(f"(o) => Math.abs(({RANGE})()[0] - o[0]) < 0.02", first)


def test_only_the_window_and_its_surroundings_are_drawn(browser_tab):
    browser_tab.open("?star=star-0010&window=5302-5304")
    x = np.array(browser_tab.page.evaluate(SHOWN)["x"], dtype=float)
    start, end = window(browser_tab)
    assert np.nanmin(x) < start
    assert np.nanmax(x) > end
    assert len(x) < 100


def test_the_wheel_zooms_and_the_double_click_resets(browser_tab):
    browser_tab.open("?star=star-0010")
    before = window(browser_tab)
    browser_tab.page.mouse.move(*browser_tab.page.evaluate(CENTER, "fit"))
    browser_tab.page.mouse.wheel(0, -300)
    zoomed = until_window(browser_tab, before)
    assert zoomed[1] - zoomed[0] < before[1] - before[0]
    browser_tab.page.wait_for_url("**window=*")
    browser_tab.page.mouse.dblclick(*browser_tab.page.evaluate(CENTER, "fit"))
    browser_tab.until(f"(o) => Math.abs(({RANGE})()[0] - o[0]) < 0.02", before)


def test_the_button_resets_too(browser_tab):
    browser_tab.open("?star=star-0010&window=5304-5306")
    before = window(browser_tab)
    browser_tab.button("Whole piece again").click()
    assert until_window(browser_tab, before)[0] < before[0]


def test_a_drag_in_the_fit_pans_and_is_remembered(browser_tab):
    browser_tab.open("?star=star-0010&window=5304-5306")
    before = window(browser_tab)
    x, y = browser_tab.page.evaluate(CENTER, "fit")
    browser_tab.page.mouse.move(x, y)
    browser_tab.page.mouse.down()
    browser_tab.page.mouse.move(x - 200, y, steps=5)
    browser_tab.page.mouse.up()
    moved = until_window(browser_tab, before)
    assert moved[0] > before[0]
    expect(browser_tab.page).not_to_have_url("window=5304.00-5306.00")
    shown = np.array(browser_tab.page.evaluate(SHOWN)["x"], dtype=float)
    assert np.nanmax(shown) > moved[1]


def test_a_click_in_the_overview_goes_there(browser_tab):
    browser_tab.open("?star=star-0010&window=5301-5308")
    before = window(browser_tab)
    box = browser_tab.page.evaluate(CENTER, "overview")
    browser_tab.page.mouse.click(box[0] - 300, box[1])
    assert until_window(browser_tab, before)[0] < before[0]


def test_a_click_picks_a_pixel_and_reads_it_out(browser_tab):
    browser_tab.open("?star=star-0010")
    browser_tab.page.mouse.click(*browser_tab.page.evaluate(CENTER, "fit"))
    browser_tab.page.wait_for_url("**pixel=*")
    expect(browser_tab.page.get_by_label("Readout")).to_contain_text("flux")
    picked = 'Bokeh.documents[0].get_model_by_name("picked").data.x'
    browser_tab.until(f"() => {picked}.length === 1")
    browser_tab.press("Escape")
    browser_tab.until(f"() => {picked}.length === 0")


def test_a_hidden_model_leaves_its_room_to_the_fit(browser_tab):
    browser_tab.open("?star=star-0010")
    height = 'Bokeh.documents[0].get_model_by_name("fit").inner_height'
    before = browser_tab.page.evaluate(f"() => {height}")
    toggle = title(browser_tab).get_by_role("button", name="Cannon 2 2")
    expect(toggle).to_have_attribute("aria-pressed", "true")
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "false")
    browser_tab.until(f"(h) => {height} > h + 50", before)
    quality = browser_tab.page.get_by_role("region", name="Quality of the fits")
    expect(quality.get_by_role("table")).to_have_count(1)
    browser_tab.press("2")
    browser_tab.until(f"(h) => Math.abs({height} - h) < 2", before)


def test_residuals_change_to_flux_differences(browser_tab):
    browser_tab.open("?star=star-0010")
    before = browser_tab.page.evaluate(SHOWN)
    browser_tab.press("r")
    pressed = title(browser_tab).get_by_role("button", name="Δ flux")
    expect(pressed).to_have_attribute("aria-pressed", "true")
    unit = 'Bokeh.documents[0].get_model_by_name("residuals-0").left[0].axis_label'
    browser_tab.until(f"() => {unit} === 'Δ flux'")
    after = browser_tab.page.evaluate(SHOWN)
    flux, model = (np.array(after[k], dtype=float) for k in ("flux", "model_0"))
    ratio = np.array(after["line_0"], dtype=float) / (flux - model)
    good = np.abs(flux - model) > 1e-3
    assert np.ptp(ratio[good & np.isfinite(ratio)]) < 0.05 * np.nanmedian(ratio)
    assert before["line_0"] != after["line_0"]


def test_stacked_plots_are_aligned_to_the_pixel(browser_tab):
    browser_tab.open("?star=star-0010")
    sides = browser_tab.page.evaluate(
        """() => ["overview", "fit", "residuals-0", "residuals-1", "wavelength-axis"]
          .map((name) => {
            const [view] = Bokeh.index.query((v) => v.model.name === name)
            const box = view.el.getBoundingClientRect()
            return [box.left + view.frame.bbox.left, box.left + view.frame.bbox.right]
          })"""
    )
    lefts, rights = np.array(sides).T
    assert np.ptp(lefts) < 1
    assert np.ptp(rights) < 1


def test_ticks_are_true_wavelengths(browser_tab):
    browser_tab.open("?star=star-0010&window=5302-5308")
    texts = browser_tab.page.evaluate(
        """() => {
          const [view] = Bokeh.index.query((v) => v.model.name === "wavelength-axis")
          const axis = view.model.below[0]
          const {start, end} = view.model.x_range
          const ticks = axis.ticker.get_ticks(start, end, view.model.x_range, 0).major
          return axis.formatter.doFormat(ticks, {loc: 0})
        }"""
    )
    assert texts == [f"5\u2009{300 + k}" for k in range(2, 9)]


def test_numbers_and_pictures_can_be_saved(browser_tab):
    browser_tab.open("?star=star-0010")
    kinds = {
        "Picture, PNG": (".png", b"\x89PNG"),
        "Picture, SVG": (".svg", b"<svg"),
        "Numbers, ECSV": (".ecsv", b"# %ECSV"),
    }
    for entry, (suffix, start) in kinds.items():
        browser_tab.button("Save spectrum").click()
        with browser_tab.page.expect_download() as download:
            browser_tab.page.get_by_role("menuitem", name=entry).click()
        assert download.value.suggested_filename.startswith("star-0010")
        assert download.value.suggested_filename.endswith(suffix)
        content = download.value.path().read_bytes()
        assert content.startswith(start)
        assert len(content) > 10_000


def test_figures_change_theme_in_place(browser_tab):
    browser_tab.open("?star=star-0010")
    browser_tab.button("Change to the dark theme").click()
    fill = 'Bokeh.documents[0].get_model_by_name("fit").background_fill_color'
    browser_tab.until(f"(c) => {fill} === c", TOKENS["dark"].surface)
    line = 'Bokeh.documents[0].get_model_by_name("model-0").glyph.line_color.value'
    browser_tab.until(f"(c) => {line} === c", TOKENS["dark"].cannon)
    browser_tab.button("Change to the light theme").click()
    browser_tab.until(f"(c) => {fill} === c", TOKENS["light"].surface)


def test_a_model_opened_later_gets_a_strip(browser_tab, survey_files):
    browser_tab.open("?star=star-0010")
    browser_tab.button("Open a file").click()
    browser_tab.page.get_by_label("Choose files").set_input_files(survey_files[2])
    toggle = title(browser_tab).get_by_role("button", name="Cannon 3 3")
    expect(toggle).to_have_attribute("aria-pressed", "true")
    strip = 'Bokeh.documents[0].get_model_by_name("residuals-2")'
    browser_tab.until(f"() => {strip}?.inner_height > 50")
    browser_tab.press("Escape", "ArrowRight")
    browser_tab.until_star("star-0011")
