"""A transferred model in a browser: drawn as a third, its scores, its zero points."""

import pytest
from playwright.sync_api import expect

from stellar_gui.io import write_spectra
from stellar_gui.models import save_model
from tests.transfer_survey import scored_transfer, transfer_survey
from tests.ui.conftest import Browser, Server

pytestmark = pytest.mark.ui
_LATE = 15_000  # ms, for what the server has to answer


@pytest.fixture(scope="module")
def transfer_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("transfer")
    model = scored_transfer()
    write_spectra(folder / "observed.h5", transfer_survey())
    save_model(model.emulator, folder / "a_payne.safetensors")
    save_model(model, folder / "b_transfer.safetensors")
    names = "observed.h5", "a_payne.safetensors", "b_transfer.safetensors"
    server = Server([folder / name for name in names], folder)
    try:
        server.wait()
        yield server
    finally:
        server.stop()
    server.check()


@pytest.fixture
def tab(page, transfer_server):
    tab = Browser(page, transfer_server.url)
    yield tab.open("?star=obs-0003")
    tab.check()


def drawn(model):
    source = 'Bokeh.documents[0].get_model_by_name("pixels").data'
    return f"() => {source}.model_{model}.some((value) => isFinite(value))"


def teff_of(tab, place):
    """Teff that the table writes for a model, K."""
    table = tab.page.get_by_role("region", name="Table of labels")
    row = table.get_by_role("row").filter(has_text="Teff")
    text = row.locator(".value").nth(place).inner_text()
    return float(text.split("±")[0].split("\n")[-1].replace("\u2009", ""))


def test_the_third_model_is_drawn_when_its_fit_is_there(tab):
    tab.until(drawn(1), timeout=60_000)
    strip = 'Bokeh.documents[0].get_model_by_name("residuals-1")'
    tab.until(f"() => {strip}?.inner_height > 50")
    tab.press("ArrowRight")
    tab.until_star("obs-0004")
    tab.until(drawn(1), timeout=60_000)
    tab.press("2")
    tab.page.wait_for_url("**models=Payne*")


def test_scores_open_from_the_legend_and_name_baselines(tab):
    tab.until(drawn(1), timeout=60_000)
    tab.button("How good is the transfer?").click()
    panel = tab.page.get_by_role("region", name="How good is the transfer?")
    expect(panel).to_contain_text("1 of 2 scores failed", timeout=_LATE)
    expect(panel.get_by_role("row").filter(has_text="gap closed")).to_contain_text(
        "0.9000.7001.000"
    )
    expect(panel).to_contain_text("mean shift: as good as the transfer")
    expect(panel).to_contain_text("Gaussian noise on z_split while training")
    tab.press("Escape")
    expect(panel).to_be_hidden(timeout=_LATE)
    tab.button("transfer failed").click()
    expect(panel).to_be_visible(timeout=_LATE)


def test_labels_follow_the_slider_and_come_back(tab):
    tab.until(drawn(1), timeout=60_000)
    table = tab.page.get_by_role("region", name="Table of labels")
    expect(table).to_contain_text("±")
    emulated, transferred = teff_of(tab, 0), teff_of(tab, 1)
    tab.button("Shift").click()
    tab.page.get_by_role("slider", name="Shift of the assumed Teff, K").fill("50")
    labels = tab.page.get_by_role("region", name="Labels", exact=True)
    expect(labels).to_contain_text("shifted by Teff +50 K", timeout=_LATE)
    assert teff_of(tab, 1) == transferred + 50
    assert teff_of(tab, 0) == emulated
    tab.button("Reset").click()
    expect(labels).not_to_contain_text("shifted by", timeout=_LATE)
    assert teff_of(tab, 1) == transferred
    tab.press("ArrowRight")  # a slider keeps the arrows to itself, a button does not
    tab.until_star("obs-0004")
