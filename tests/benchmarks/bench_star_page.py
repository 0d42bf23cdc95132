"""The Star page in a browser: from key press to everything painted.

A server with the mock survey (8575 pixels) and a Cannon trained on it at start; a
headless browser walks on by the arrow key, one new star at a time, then jumps to stars
never seen before. Time runs from the event of the key to the end of the last paint of a
figure or change of a label, raster included. Bars at the 95th percentile, first visits
included: fit, strips and histograms 100 ms; labels and Kiel diagram 250 ms.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
from playwright.sync_api import sync_playwright

from stellar_gui.io import write_spectra
from stellar_gui.models import Cannon, save_model
from tests.benchmarks.bench_cannon import mock_survey
from tests.find_browser import ADVICE, find_browser
from tests.ui.conftest import ARGUMENTS, IDLE, Server

STEPS, JUMPS = 60, 40
PAUSE = 0.4  # seconds between key presses: a quick reader
BARS = {"spectrum": 100.0, "labels and Kiel diagram": 250.0}  # ms

# Stamps every paint of a figure and every change of the labels. The one-pixel read
# makes the browser finish rasterising before the clock is read.
WATCH = """() => {
  const stamps = window.stamps = {spectrum: 0, beside: 0, data: 0, key: 0}
  const flush = (view) => view.canvas_view.primary.ctx.getImageData(0, 0, 1, 1)
  for (const view of Bokeh.index.query((v) => v.repainted !== undefined)) {
    const name = view.model.name ?? ""
    const spectrum = /^(overview|fit|residuals|histogram|wavelength)/.test(name)
    view.repainted.connect(() => {
      flush(view)
      stamps[spectrum ? "spectrum" : "beside"] = performance.now()
    })
  }
  const source = Bokeh.documents[0].get_model_by_name("pixels")
  source.properties.data.change.connect(() => { stamps.data = performance.now() })
  const seen = new MutationObserver(() => { stamps.beside = performance.now() })
  const roots = (node) => [...node.querySelectorAll("*")]
    .flatMap((e) => e.shadowRoot ? [e.shadowRoot, ...roots(e.shadowRoot)] : [])
  const labels = roots(document).find((root) => /log g/.test(root.textContent)
    && root.querySelector("table, [role=table]"))
  const all = {childList: true, subtree: true, characterData: true}
  if (labels) seen.observe(labels, all)
  window.watches_labels = labels !== undefined
  document.addEventListener("keydown", (event) => {
    stamps.key = performance.now()
  }, {capture: true})
}"""
SETTLED = """() => {
  const {key, data, spectrum, beside} = window.stamps
  const now = performance.now()
  return data > key && spectrum > data && now - Math.max(data, spectrum, beside) > 150
}"""


def serve(folder: Path) -> Server:
    """Start a server with the mock survey and a Cannon trained on it."""
    train, test = mock_survey()
    started = time.perf_counter()
    save_model(Cannon.train(train, order=2), folder / "cannon.safetensors")
    print(f"a Cannon trained in {time.perf_counter() - started:.1f} s")
    names = np.array([f"mock-{row:04d}" for row in range(len(test))])
    write_spectra(folder / "mock.h5", test.replace(ids=names))
    server = Server([folder / "mock.h5", folder / "cannon.safetensors"], folder)
    server.wait()
    return server


def measure(page, act) -> dict[str, float]:
    """Press a key and return what it took, ms."""
    page.evaluate("Object.assign(stamps, {spectrum: 0, beside: 0, data: 0, key: 0})")
    act()
    page.wait_for_function(SETTLED, polling=20, timeout=30_000)
    stamps = page.evaluate("stamps")
    time.sleep(PAUSE)
    return {
        "spectrum": stamps["spectrum"] - stamps["key"],
        "labels and Kiel diagram": stamps["beside"] - stamps["key"],
    }


def jump(page, star: int):
    field = page.get_by_role("textbox", name="Star", exact=True)
    field.fill(f"mock-{star:04d}")
    return lambda: page.keyboard.press("Enter")


def report(title: str, times: list[dict[str, float]]) -> None:
    for what in BARS:
        values = [time[what] for time in times]
        p50, p95 = np.percentile(values, [50, 95])
        print(
            f"{title}, {what}: median {p50:.0f} ms, 95th percentile {p95:.0f} ms, "
            f"largest {max(values):.0f} ms, {len(values)} stars"
        )


def open_page(playwright, server: Server):
    """Return the browser and the Star page in it, at rest and watched."""
    browser_path = find_browser()
    if browser_path is None:
        sys.exit(ADVICE)
    browser = playwright.chromium.launch(executable_path=browser_path, args=ARGUMENTS)
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    started = time.perf_counter()
    page.goto(server.url, wait_until="commit")
    page.wait_for_function(IDLE, polling=50, timeout=120_000)
    print(f"first page idle after {time.perf_counter() - started:.1f} s")
    page.evaluate(WATCH)
    if not page.evaluate("window.watches_labels"):
        sys.exit("the table of labels is not on the page; nothing to measure")
    time.sleep(2)
    return browser, page


def main() -> None:
    """Print the times; exit with a sentence where a bar is missed."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = serve(Path(folder))
        try:
            browser, page = open_page(playwright, server)
            step = lambda: page.keyboard.press("ArrowRight")  # noqa: E731
            steps = [measure(page, step) for _ in range(STEPS)]
            seats = np.random.default_rng(1).permutation(np.arange(100, 1000))[:JUMPS]
            jumps = [measure(page, jump(page, int(star))) for star in seats]
            browser.close()
        finally:
            server.stop()
    load = os.getloadavg()[0]
    print(f"load average {load:.2f} on {os.cpu_count()} cores at the end")
    report("next star", steps)
    report("any star", jumps)
    everything = steps + jumps
    report("all", everything)
    late = [
        f"{what} {p95:.0f} ms, bar {bar:.0f} ms"
        for what, bar in BARS.items()
        if (p95 := np.percentile([t[what] for t in everything], 95)) > bar
    ]
    if late:
        sys.exit("at the 95th percentile: " + "; ".join(late))


if __name__ == "__main__":
    main()
