"""The Star page in a browser: keys, address, list, labels, theme, files."""

import re

import pytest
from playwright.sync_api import expect

from stellar_gui.io import write_spectra
from tests.small_survey import small_survey

pytestmark = pytest.mark.ui


def test_the_address_selects_a_star_and_follows_it(browser_tab):
    browser_tab.open("?star=star-0007")
    expect(browser_tab.field("Star")).to_have_value("star-0007")
    before = browser_tab.flux()
    browser_tab.field("Star").fill("star-0042")
    browser_tab.press("Enter")
    browser_tab.until_star("star-0042")
    assert browser_tab.flux() != before
    browser_tab.page.go_back()
    browser_tab.until_star("star-0007")
    assert browser_tab.flux() == before


def test_an_address_that_makes_no_sense_is_said_and_ignored(browser_tab):
    browser_tab.open("?star=nobody&window=blue")
    expect(browser_tab.page.get_by_text("star 'nobody' is not in")).to_be_visible()
    browser_tab.until_star("star-0000")


def test_arrows_walk_through_the_survey_and_u_takes_it_back(browser_tab):
    browser_tab.open("?star=star-0010")
    browser_tab.press("ArrowRight")
    browser_tab.until_star("star-0011")
    browser_tab.press("ArrowLeft", "ArrowLeft")
    browser_tab.until_star("star-0009")
    browser_tab.press("u")
    browser_tab.until_star("star-0010")


def test_keys_are_left_to_text_fields(browser_tab):
    browser_tab.open("?star=star-0010")
    browser_tab.press("/")
    expect(browser_tab.field("Star")).to_be_focused()
    browser_tab.page.keyboard.type("u?t")
    expect(browser_tab.field("Star")).to_have_value("u?t")
    browser_tab.press("Escape")
    expect(browser_tab.field("Star")).to_have_value("star-0010")


def test_numbers_show_and_hide_models_in_the_address_too(browser_tab):
    browser_tab.open("?star=star-0010")
    browser_tab.press("1")
    browser_tab.page.wait_for_url("**models=Cannon*2*")
    browser_tab.press("1")
    browser_tab.page.wait_for_url(re.compile("star-0010$"))


def test_the_list_sorts_filters_and_picks(browser_tab):
    browser_tab.open("?star=star-0010")
    browser_tab.press("t")
    grid = browser_tab.page.get_by_role("grid", name="All stars")
    expect(grid.get_by_role("row", selected=True)).to_contain_text("star-0010")
    grid.get_by_role("button", name="S/N").click()
    expect(grid.get_by_role("columnheader", name="S/N")).to_have_attribute(
        "aria-sort", "ascending"
    )
    fifth = sorted(small_survey().snr())[-5]
    browser_tab.field("Filter stars").fill(f"snr >= {fifth - 1e-6:.6f}")
    rows = grid.locator("[aria-selected]")
    expect(rows).to_have_count(5)
    first = rows.first
    star = first.get_by_role("gridcell").first.inner_text()
    first.click()
    browser_tab.until_star(star)
    browser_tab.field("Filter stars").fill("age > 3")
    expect(browser_tab.page.get_by_text("there is no column 'age'")).to_be_visible()


def test_previous_and_next_follow_the_sorted_list(browser_tab):
    browser_tab.open("?star=star-0079")
    browser_tab.press("t")
    heading = browser_tab.page.get_by_role("columnheader", name="star")
    heading.get_by_role("button").click()
    expect(browser_tab.page.get_by_text("1 of 80")).to_be_visible()
    browser_tab.press("ArrowRight")
    browser_tab.until_star("star-0078")


def test_labels_and_their_scale_change_with_the_star(browser_tab):
    browser_tab.open("?star=star-0010")
    panel = browser_tab.page.get_by_role("region", name="Labels", exact=True)
    table = panel.get_by_role("table")
    expect(table).to_contain_text("[Mg/H]")
    before = table.inner_text()
    browser_tab.press("ArrowRight")
    expect(table).not_to_have_text(before)
    panel.get_by_role("button", name="[X/Fe]").click()
    expect(table).to_contain_text("[Mg/Fe]")
    expect(table).to_contain_text("[Fe/H]")


def test_painting_asks_no_style_sheet(browser_tab):
    browser_tab.page.add_init_script(
        """window.asked = []
        const ask = CSSStyleDeclaration.prototype.getPropertyValue
        CSSStyleDeclaration.prototype.getPropertyValue = function (name) {
          if (name.startsWith("--bk-")) window.asked.push(name)
          return ask.call(this, name)
        }"""
    )
    browser_tab.open("?star=star-0010")
    browser_tab.press("ArrowRight")
    browser_tab.until_star("star-0011")
    browser_tab.until("() => Bokeh.documents[0].is_idle")
    assert browser_tab.page.evaluate("window.asked") == []


def test_the_theme_changes_in_place_and_is_remembered(browser_tab):
    browser_tab.open("?star=star-0010")
    browser_tab.press("ArrowRight")
    browser_tab.until_star("star-0011")
    session = "() => Bokeh.documents[0].session?.id ?? Bokeh.documents[0].roots()[0].id"
    before = browser_tab.page.evaluate(session)
    browser_tab.button("Change to the dark theme").click()
    browser_tab.button("Change to the light theme").wait_for()
    assert browser_tab.page.evaluate(session) == before
    browser_tab.open("?star=star-0011")
    ground = "() => getComputedStyle(document.body).backgroundColor"
    assert browser_tab.page.evaluate(ground) == "rgb(14, 19, 24)"
    browser_tab.press("u")  # the new session has nothing to take back
    browser_tab.page.get_by_text("nothing to undo").wait_for()


def test_help_lists_the_keys_and_can_switch_them_off(browser_tab):
    browser_tab.open("?star=star-0010")
    browser_tab.press("?")
    help_ = browser_tab.page.get_by_role("dialog", name="Keys")
    expect(help_).to_contain_text("undo the last change")
    help_.get_by_role("checkbox").uncheck()
    browser_tab.press("Escape")
    expect(help_).to_be_hidden()
    browser_tab.press("ArrowRight", "?")
    expect(help_).to_be_visible()
    browser_tab.press("Escape")
    expect(browser_tab.field("Star")).to_have_value("star-0010")


def test_a_card_says_what_is_seen(browser_tab):
    browser_tab.open("?star=star-0010")
    panel = browser_tab.page.get_by_role("region", name="Labels", exact=True)
    panel.get_by_role("button", name="What am I seeing?").click()
    card = browser_tab.page.get_by_role("dialog", name="What am I seeing?")
    expect(card).to_contain_text("below the reference value")
    browser_tab.press("Escape")
    expect(card).to_be_hidden()


def test_a_bad_file_is_said_and_the_session_lives(browser_tab, tmp_path):
    bad = tmp_path / "notes.txt"
    bad.write_text("to do: nothing that is a spectrum\n")
    browser_tab.open("?star=star-0010")
    browser_tab.button("Open a file").click()
    browser_tab.page.get_by_label("Choose files").set_input_files(bad)
    expect(browser_tab.page.get_by_text("notes.txt was not opened")).to_be_visible()
    browser_tab.press("Escape", "ArrowRight")
    browser_tab.until_star("star-0011")


def test_an_uploaded_file_stays_in_its_own_session(browser_tab, other_tab, tmp_path):
    path = tmp_path / "mine.h5"
    write_spectra(path, small_survey(2, seed=5, prefix="mine"))
    browser_tab.open("?star=star-0010")
    browser_tab.button("Open a file").click()
    browser_tab.page.get_by_label("Choose files").set_input_files(path)
    browser_tab.until_star("mine-0000")
    other_tab.open("?star=mine-0000")
    message = other_tab.page.get_by_text("star 'mine-0000' is not in this survey")
    expect(message).to_be_visible()


def test_a_real_spectrum_opens_without_fits_and_says_why(browser_tab):
    browser_tab.open("?star=star-0010")
    browser_tab.button("Open a file").click()
    browser_tab.button("apStar-dr17-2M17335483-2753043").click()
    browser_tab.until_star("2M17335483-2753043")
    expect(browser_tab.page.get_by_text("no Cannon fit")).to_be_visible()


def test_two_tabs_look_at_different_stars(browser_tab, other_tab):
    browser_tab.open("?star=star-0010")
    other_tab.open("?star=star-0020")
    other_tab.press("ArrowRight")
    other_tab.until_star("star-0021")
    expect(browser_tab.field("Star")).to_have_value("star-0010")


@pytest.mark.parametrize("width", [1280, 1440])
def test_nothing_overflows(browser_tab, width):
    height = {1280: 800, 1440: 900}[width]
    browser_tab.page.set_viewport_size({"width": width, "height": height})
    browser_tab.open("?star=star-0010")
    browser_tab.press("t")
    browser_tab.page.get_by_role("grid", name="All stars").wait_for()
    size = browser_tab.page.evaluate(
        "() => [document.documentElement.scrollWidth, "
        "document.documentElement.scrollHeight]"
    )
    assert size[0] <= width
    assert size[1] <= height
    export = browser_tab.button("Export").bounding_box()
    assert export["x"] + export["width"] <= width
