"""The Domains page in a browser: from a click or a lasso to all three maps painted.

A server with 5000 made-up stars and a Cycle-StarNet of their pixels, so that each map
has 2 x 5000 points; a headless browser picks stars and draws lassos. Time runs from the
release of the pointer until each map has been painted with what was chosen, raster
included. The bar: 150 ms at the 95th percentile. The difference of the groups follows
by itself; its time is printed.
"""

import math
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np
from playwright.sync_api import sync_playwright

from stellar_gui.io import write_spectra
from stellar_gui.models import save_model
from tests.find_browser import ADVICE, find_browser
from tests.small_domains import small_domains, wide_transfer
from tests.ui.conftest import ARGUMENTS, IDLE, Server

N_STARS = 5000
PICKS, LASSOS = 40, 20
BAR = 150.0  # ms
MAPS = ("map-raw", "map-latents", "map-transferred")

# Stamps every paint of a map and of the difference; the one-pixel reads make the
# browser finish rasterising before the clock is read.
WATCH = """(maps) => {
  const stamps = window.stamps = {chosen: 0, painted: {}, difference: 0, released: 0}
  const choose = () => { stamps.chosen ||= performance.now() }
  const find = (name) => Bokeh.documents[0].get_model_by_name(name)
  find("map-picked").properties.data.change.connect(choose)
  find("members-a").properties.data.change.connect(choose)
  for (const view of Bokeh.index.query((v) => v.repainted !== undefined)) {
    const {name} = view.model
    view.repainted.connect(() => {
      for (const layer of [view.canvas_view.primary, view.canvas_view.overlays]) {
        layer.ctx.getImageData(0, 0, 1, 1)
      }
      const isMap = maps.includes(name)
      if (isMap && stamps.chosen) stamps.painted[name] ??= performance.now()
      if (name === "difference") stamps.difference = performance.now()
    })
  }
  document.addEventListener("pointerup", () => {
    Object.assign(stamps, {released: performance.now(), chosen: 0, painted: {}})
  }, {capture: true})
}"""
SETTLED = """(maps) => {
  const {painted, released} = window.stamps
  const last = Math.max(...maps.map((name) => painted[name] ?? Infinity))
  return released > 0 && performance.now() - last > 600
}"""
CENTRES = """(maps) => maps.map((name) => {
  const [view] = [...Bokeh.index.query((v) => v.model.name === name)]
  const {left, top, width, height} = view.el.getBoundingClientRect()
  return [left, top, width, height]
})"""


def serve(folder: Path) -> Server:
    """Start a server with a made-up survey and a model of its pixels."""
    write_spectra(folder / "many.h5", small_domains(N_STARS))
    save_model(wide_transfer(N_STARS), folder / "transfer.safetensors")
    server = Server([folder / "many.h5", folder / "transfer.safetensors"], folder)
    server.wait()
    return server


def map_all(page) -> None:
    """Have all stars mapped by their principal components."""
    page.wait_for_function(
        "() => window.Bokeh?.documents[0]?.get_model_by_name('map-points')"
        "?.data.shade.length",
        polling=200,
        timeout=180_000,
    )
    page.get_by_role("button", name="Recompute…").click()
    page.get_by_role("combobox", name="Method").select_option("pca")
    page.get_by_role("textbox", name="Number of stars").fill(str(N_STARS))
    page.get_by_role("button", name="Compute", exact=True).click()
    page.wait_for_function(
        "(n) => Bokeh.documents[0].get_model_by_name('map-points').data.shade.length"
        " === n",
        arg=2 * N_STARS,
        polling=200,
        timeout=180_000,
    )
    page.wait_for_function(IDLE, polling=100, timeout=60_000)
    page.get_by_role("dialog", name="Recompute the maps").wait_for(state="hidden")


def measure(page, act) -> dict[str, float]:
    """Do something with the pointer; return what it took after its release, ms."""
    page.evaluate(
        "Object.assign(stamps, {released: 0, chosen: 0, painted: {}, difference: 0})"
    )
    act()
    page.wait_for_function(SETTLED, arg=MAPS, polling=20, timeout=60_000)
    stamps = page.evaluate("stamps")
    return {
        "maps": max(stamps["painted"].values()) - stamps["released"],
        "difference": stamps["difference"] - stamps["released"],
    }


def pick(page, box, rng):
    """Click near the middle of a map, where points are dense."""
    x, y = rng.uniform(0.35, 0.65, 2)
    page.mouse.click(box[0] + x * box[2], box[1] + y * box[3])


def draw(page, box, rng):
    """Draw a lasso around a part of a map."""
    x, y = rng.uniform(0.35, 0.65, 2)
    corners = [
        (
            box[0] + box[2] * (x + 0.12 * math.cos(angle)),
            box[1] + box[3] * (y + 0.12 * math.sin(angle)),
        )
        for angle in np.linspace(0, 2 * math.pi, 25)
    ]
    page.mouse.move(*corners[0])
    page.mouse.down()
    for corner in corners[1:]:
        page.mouse.move(*corner)
    page.mouse.up()


def report(title: str, values) -> float:
    """Print the percentiles; return the 95th."""
    p50, p95 = np.percentile(values, [50, 95])
    print(
        f"{title}: median {p50:.0f} ms, 95th percentile {p95:.0f} ms, "
        f"largest {max(values):.0f} ms, {len(values)} times"
    )
    return float(p95)


def main() -> None:
    """Print the times; exit with a sentence where the bar is missed."""
    browser_path = find_browser()
    if browser_path is None:
        sys.exit(ADVICE)
    rng = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = serve(Path(folder))
        try:
            browser = playwright.chromium.launch(
                executable_path=browser_path, args=ARGUMENTS
            )
            page = browser.new_page(viewport={"width": 1440, "height": 900})
            page.goto(server.url + "?page=domains", wait_until="commit")
            map_all(page)
            page.evaluate(WATCH, MAPS)
            boxes = page.evaluate(CENTRES, MAPS)
            time.sleep(2)
            picks = [
                measure(page, lambda k=k: pick(page, boxes[k % 3], rng))
                for k in range(PICKS)
            ]
            lassos = []
            for k in range(LASSOS):
                lassos.append(measure(page, lambda k=k: draw(page, boxes[k % 3], rng)))
                time.sleep(1.0)  # for the difference, which the next would wait for
            browser.close()
        finally:
            server.stop()
    load = os.getloadavg()[0]
    print(f"2 x {N_STARS} points, load average {load:.2f} on {os.cpu_count()} cores")
    worst = [
        report("star, all maps painted", [t["maps"] for t in picks]),
        report("lasso, all maps painted", [t["maps"] for t in lassos]),
    ]
    drawn = [t["difference"] for t in lassos if t["difference"] > 0]
    if drawn:
        report("lasso, difference painted", drawn)
    if max(worst) > BAR:
        sys.exit(f"95th percentile {max(worst):.0f} ms, bar {BAR:.0f} ms")


if __name__ == "__main__":
    main()
