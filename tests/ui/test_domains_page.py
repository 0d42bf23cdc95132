"""The Domains page in a browser: linked maps, groups in the address, themes, saving."""

import math
import re

import pytest
from playwright.sync_api import expect

from stellar_gui.io import read_spectra, write_spectra
from stellar_gui.maps import MapSettings, worker
from stellar_gui.maps.files import write_maps
from stellar_gui.maps.request import MapRequest
from stellar_gui.maps.store import Maps
from stellar_gui.models import load_model, save_model
from tests.small_domains import small_domains, wide_transfer

from .conftest import Browser, Server

pytestmark = pytest.mark.ui

PATIENCE = 120_000  # ms; a busy machine imports torch slowly, and maps are polite
MARKED = """() => ["members-a", "members-b"].map((name) =>
  [...Bokeh.documents[0].get_model_by_name(name).data.x_0]
    .map((x) => Math.round(1e5 * x)).sort((a, b) => a - b))"""
RINGED = """() => Bokeh.documents[0].get_model_by_name("map-picked").data"""
POINT = """([map, place, star]) => {
  const {data} = Bokeh.documents[0].get_model_by_name("map-points")
  const [view] = [...Bokeh.index.query((v) => v.model.name === map)]
  const row = data.name.indexOf(star)
  const {left, top} = view.el.getBoundingClientRect()
  const {x_scale, y_scale, bbox} = view.frame
  return [left + x_scale.compute(data[`x_${place}`][row]),
          top + y_scale.compute(data[`y_${place}`][row])]
}"""


@pytest.fixture(scope="module")
def domains_server(tmp_path_factory):
    """A server with both domains, whose maps are kept in a folder of its own."""
    folder = tmp_path_factory.mktemp("domains")
    write_spectra(folder / "observed.h5", small_domains(60))
    save_model(wide_transfer(60), folder / "transfer.safetensors")
    _keep_maps(folder)
    server = Server([folder / "observed.h5", folder / "transfer.safetensors"], folder)
    try:
        server.wait()
        yield server
    finally:
        server.stop()
    server.check()


def _keep_maps(folder):
    """Keep maps as if a t-SNE had been made before: that takes a minute when busy."""
    model = load_model(folder / "transfer.safetensors")
    request = MapRequest(model, read_spectra(folder / "observed.h5"), MapSettings())
    maps = Maps(folder / "cache" / "maps")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "lay_out", lambda reduced, *rest: reduced[:, :2].copy())
        laid_out = worker.laid_out(maps.compute(request), request.settings)
    kept = maps.job(request).folder
    kept.mkdir(parents=True)
    write_maps(kept / worker.RESULT, laid_out)


class DomainsTab(Browser):
    """A tab that looks at the Domains page."""

    def open(self, query="?page=domains"):
        self.page.set_default_timeout(PATIENCE)
        self.page.goto(self.url + query, wait_until="commit")
        return self.until_maps()

    def until_maps(self):
        """Wait until the t-SNE maps are shown, which are kept."""
        words = self.page.get_by_text(re.compile("t-SNE · perplexity 30 · seed 1"))
        expect(words).to_be_visible(timeout=PATIENCE)
        return self

    def lasso(self, name, centre=(0.5, 0.5), reach=0.3):
        """Draw a lasso on a map; centre and reach in shares of its size."""
        box = self.page.evaluate(
            """(name) => {
              const [view] = [...Bokeh.index.query((v) => v.model.name === name)]
              const {left, top, width, height} = view.el.getBoundingClientRect()
              return [left, top, width, height]
            }""",
            name,
        )
        corners = [
            (
                box[0] + box[2] * (centre[0] + reach * math.cos(angle)),
                box[1] + box[3] * (centre[1] + reach * math.sin(angle)),
            )
            for angle in [2 * math.pi * k / 16 for k in range(17)]
        ]
        self.page.mouse.move(*corners[0])
        self.page.mouse.down()
        for corner in corners[1:]:
            self.page.mouse.move(*corner)
        self.page.mouse.up()

    def click_star(self, name, place, star):
        self.page.mouse.click(*self.page.evaluate(POINT, [name, place, star]))

    def marked(self):
        return self.page.evaluate(MARKED)

    def until_compared(self):
        """Wait until the difference of the groups is said."""
        sentence = self.page.get_by_text(re.compile(r"^A, \d+ stars"))
        expect(sentence.first).to_be_visible(timeout=PATIENCE)
        return sentence.first.inner_text()


@pytest.fixture
def tab(page, domains_server):
    tab = DomainsTab(page, domains_server.url)
    yield tab
    tab.check()


def test_groups_are_in_the_address_for_other_tabs_and_reloads(
    tab, context, domains_server
):
    tab.open()
    tab.lasso("map-transferred", (0.3, 0.5), 0.25)
    tab.page.wait_for_url(re.compile(r"lasso_a=\w+-transferred:"), timeout=PATIENCE)
    tab.press("b")
    lassos = tab.page.get_by_role("group", name="A drag draws")
    pressed = lassos.get_by_role("button", name="Lasso B", exact=True)
    expect(pressed).to_have_attribute("aria-pressed", "true")
    tab.lasso("map-transferred", (0.7, 0.5), 0.25)
    tab.page.wait_for_url(re.compile(r"lasso_b=\w+-transferred:"), timeout=PATIENCE)
    said = tab.until_compared()
    marked = tab.marked()
    assert all(marked)

    other = DomainsTab(context.new_page(), domains_server.url)
    other.open(tab.page.url.removeprefix(tab.url))
    same = f"(said) => JSON.stringify(({MARKED})()) === said"
    other.until(same, _json(marked), timeout=PATIENCE)
    assert other.until_compared() == said

    tab.page.reload(wait_until="commit")
    tab.until_maps()
    tab.until(same, _json(marked), timeout=PATIENCE)
    tab.press("Escape")
    tab.page.wait_for_url(re.compile(r"^(?!.*lasso)"), timeout=PATIENCE)
    gone = f"() => ({MARKED})().every((rows) => rows.length === 0)"
    tab.until(gone, timeout=PATIENCE)
    other.check()


def _json(rows):
    return str(rows).replace(" ", "")


def test_a_click_picks_a_star_that_other_pages_show(tab):
    tab.open()
    tab.click_star("map-transferred", 2, "star-0041")
    tab.page.wait_for_url("**star=star-0041*", timeout=PATIENCE)
    ringed = tab.page.evaluate(RINGED)
    assert {len(column) for column in ringed.values()} == {1}
    status = tab.page.get_by_role("status", name="Readout").last
    expect(status).to_contain_text("star-0041", timeout=PATIENCE)
    tab.click_star("map-raw", 0, "synth-7")
    tab.page.mouse.move(5, 5)
    expect(status).to_contain_text("no observed star", timeout=PATIENCE)
    tab.press("Escape")
    expect(status).to_contain_text("star-0041", timeout=PATIENCE)
    tab.press("Enter")
    expect(tab.field("Star")).to_have_value("star-0041", timeout=PATIENCE)


def test_maps_by_other_settings_and_what_cannot_be(tab):
    tab.open()
    tab.button("Recompute…").click()
    dialog = tab.page.get_by_role("dialog", name="Recompute the maps")
    dialog.get_by_role("textbox", name="Perplexity").fill("many")
    tab.button("Compute").click()
    expect(dialog.get_by_role("alert")).to_contain_text("perplexity is 'many'")
    dialog.get_by_role("combobox", name="Method").select_option("pca")
    dialog.get_by_role("textbox", name="Perplexity").evaluate("e => e.value = '30'")
    tab.button("Compute").click()
    expect(dialog).to_be_hidden(timeout=PATIENCE)
    words = tab.page.get_by_text("PCA · components 1 and 2 · 120 stars")
    expect(words).to_be_visible(timeout=PATIENCE)
    tab.button("Augment").click()
    tab.page.get_by_role("checkbox", name="pixels set to zero").check()
    augmented = tab.page.get_by_text("augmented vs observed · PCA")
    expect(augmented).to_be_visible(timeout=PATIENCE)
    tab.button("before").click()
    expect(augmented).to_be_hidden(timeout=PATIENCE)


@pytest.mark.parametrize(("width", "theme"), [(1280, "dark"), (1440, "light")])
def test_the_page_fits_and_is_saved_in_both_themes(tab, width, theme):
    height = {1280: 800, 1440: 900}[width]
    tab.page.set_viewport_size({"width": width, "height": height})
    tab.open()
    if theme == "dark":
        tab.button("Change to the dark theme").click()
        tab.button("Change to the light theme").wait_for()
    tab.page.get_by_role("combobox", name="Colour by").select_option("teff")
    tab.until(
        "() => Bokeh.documents[0].get_model_by_name('map-points').data.shade"
        ".some((shade) => shade > 0 && shade < 1)",
        timeout=PATIENCE,
    )
    tab.page.get_by_role("button", name=re.compile("Compare stars of high")).click()
    tab.until_compared()
    size = tab.page.evaluate(
        "() => [document.documentElement.scrollWidth, "
        "document.documentElement.scrollHeight]"
    )
    assert size == [width, height]
    recompute = tab.button("Recompute…").bounding_box()
    assert recompute["x"] + recompute["width"] <= width
    for card in ("spectra", "difference spectrum", "what explains it"):
        for entry, begin in (
            ("Picture, PNG", b"\x89PNG"),
            ("Picture, SVG", b"<svg"),
            ("Numbers, ECSV", b"# %ECSV"),
        ):
            tab.button(f"Save {card}").click()
            with tab.page.expect_download(timeout=PATIENCE) as download:
                tab.page.get_by_role("menuitem", name=entry).locator(
                    "visible=true"
                ).click()
            assert download.value.path().read_bytes().startswith(begin)
