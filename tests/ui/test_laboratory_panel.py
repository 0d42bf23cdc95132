"""The missing-line laboratory in a browser, on the trial that ships."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.ui


@pytest.fixture
def laboratory(browser_tab):
    """A tab on the Elements page with the laboratory open."""
    tab = browser_tab.open()
    tab.page.get_by_role("button", name="Elements", exact=True).click()
    tab.button("Missing lines…").click()
    panel = tab.page.get_by_role("region", name="Missing-line laboratory")
    expect(panel).to_contain_text("ships with the sample")
    return tab, panel


def test_candidates_are_sorted_looked_at_and_saved(laboratory):
    tab, panel = laboratory
    table = panel.get_by_role("region", name="Candidates")
    table.get_by_role("button", name="λ / Å").click()
    links = table.get_by_role("button", name="Look at")
    first = links.first.inner_text()
    assert float(first) == min(float(text) for text in links.all_inner_texts())
    with tab.page.expect_download() as saved:
        panel.get_by_role("button", name="Line-list stub").click()
    assert saved.value.suggested_filename.endswith("-candidates.ecsv")
    links.first.click()
    tab.page.wait_for_url(f"**pixel={first[:-1]}*")
    expect(panel).to_be_hidden()


def test_the_matrix_can_be_read_as_a_table_and_saved_as_a_picture(laboratory):
    tab, panel = laboratory
    matrix = panel.get_by_role("table", name="Elements of hidden lines")
    row = matrix.get_by_role("row").filter(has_text="Fe").nth(1)
    expect(row.get_by_role("cell").first).to_have_text("17")
    panel.get_by_role("button", name="Save the confusion of elements").click()
    with tab.page.expect_download() as saved:
        panel.get_by_role("menuitem", name="Picture, SVG").click()
    assert saved.value.suggested_filename == "confusion-of-elements.svg"


def test_a_seed_that_makes_no_sense_cannot_be_started(laboratory):
    tab, panel = laboratory
    seed = tab.field("Seed")
    seed.fill("many")
    seed.press("Enter")
    expect(panel.get_by_role("alert")).to_contain_text("expected a whole number")
    expect(panel.get_by_role("button", name="Start")).to_be_disabled()
    seed.fill("2")
    seed.press("Enter")
    expect(panel).to_contain_text("see which of them a transfer finds")
    expect(panel.get_by_role("button", name="Start")).to_be_enabled()


def test_escape_closes_the_card_first_and_then_the_laboratory(laboratory):
    tab, panel = laboratory
    panel.get_by_role("button", name="What am I seeing?").first.click()
    card = tab.page.get_by_role("dialog", name="What am I seeing?")
    expect(card).to_contain_text("A share of the lines")
    tab.press("Escape")
    expect(card).to_be_hidden()
    expect(panel).to_be_visible()
    tab.press("Escape")
    expect(panel).to_be_hidden()
