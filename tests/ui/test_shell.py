"""The page around the figures: starting empty, the search field, keys, focus."""

import pytest
from playwright.sync_api import expect

from .conftest import IDLE, PATIENCE, Browser, Server

pytestmark = pytest.mark.ui


@pytest.fixture
def empty_tab(page, survey_files, tmp_path):
    """A tab of a server that was given a model and no spectra."""
    server = Server(survey_files[1:2], tmp_path)
    try:
        server.wait()
        tab = Browser(page, server.url)
        yield tab
        tab.check()
    finally:
        server.stop()
    server.check()


def test_without_spectra_one_sentence_and_one_example_are_shown(empty_tab):
    empty_tab.page.goto(empty_tab.url)
    expect(empty_tab.page.get_by_text("No spectra are open yet")).to_be_visible()
    empty_tab.button("Look at an APOGEE star").click()
    empty_tab.until_star("2M17335483-2753043")
    expect(empty_tab.page.get_by_text("No spectra are open yet")).to_be_hidden()
    empty_tab.until(
        """() => Bokeh.documents[0].get_model_by_name("pixels").data.flux
                 .some((v) => Number.isFinite(v))"""
    )


def test_bytes_in_the_address_that_are_no_text_are_said(browser_tab):
    browser_tab.open("?star=%FF")
    expect(browser_tab.page.get_by_text("is not in this survey")).to_be_visible()
    browser_tab.until_star("star-0000")


def test_a_search_that_finds_nothing_shows_the_star_again(browser_tab):
    browser_tab.open("?star=star-0010")
    for text in ("nobody", " "):
        browser_tab.field("Star").fill(text)
        browser_tab.press("Enter")
        expect(browser_tab.field("Star")).to_have_value("star-0010")
    expect(browser_tab.page.get_by_text("no star has 'nobody'")).to_be_visible()


def test_the_keyboard_stays_on_the_button_it_used(browser_tab):
    browser_tab.open("?star=star-0010")
    browser_tab.button("[X/Fe]").press("Enter")
    expect(browser_tab.button("[X/Fe]")).to_have_attribute("aria-pressed", "true")
    expect(browser_tab.button("[X/Fe]")).to_be_focused()
    browser_tab.button("Change to the dark theme").press("Enter")
    expect(browser_tab.button("Change to the light theme")).to_be_focused()
    browser_tab.button("Change to the light theme").press("Enter")
    expect(browser_tab.button("Change to the dark theme")).to_be_focused()


def test_a_key_held_down_stops_where_it_is_let_go(browser_tab):
    browser_tab.open("?star=star-0000")
    before = browser_tab.page.evaluate("() => history.length")
    for _ in range(40):  # as a keyboard repeats, faster than a star is drawn
        browser_tab.page.keyboard.down("ArrowRight")
    browser_tab.page.keyboard.up("ArrowRight")
    browser_tab.page.wait_for_timeout(1500)
    there = browser_tab.field("Star").input_value()
    browser_tab.page.wait_for_timeout(700)
    assert browser_tab.field("Star").input_value() == there
    assert "star-0000" < there < "star-0040"
    assert browser_tab.page.evaluate("() => history.length") <= before + 1


def test_pages_stay_as_high_as_the_window_whichever_came_before(browser_tab):
    browser_tab.page.set_viewport_size({"width": 1280, "height": 800})
    browser_tab.open("?star=star-0010")
    for name in ("Elements", "Survey", "Domains", "Star"):
        browser_tab.button(name).click()
        browser_tab.page.wait_for_function(IDLE, timeout=PATIENCE, polling=50)
        browser_tab.until(
            """() => document.scrollingElement.scrollHeight <= window.innerHeight"""
        )
    box = browser_tab.page.get_by_role("status", name="Readout").first.bounding_box()
    assert 700 < box["y"] + box["height"] <= 800
