"""The region canvas in a real browser: milliseconds from click to repaint and from slider to refitted bars, and bytes sent.

A 512 x 512 photograph with 12 regions, in JupyterLab on loopback, by Chromium without a GPU.
"""

import json
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))
from conftest import CHROMIUM, Notebook, Server, write_notebook

SETUP = """
import segxai
from segxai.widgets import ExplanationExplorer
astronaut = segxai.data.photograph("astronaut")
regions = segxai.segment(astronaut, "deep", n_regions=12)
explorer = ExplanationExplorer(astronaut, target="football helmet", also={"twelve": regions}, start=("twelve", "slic"), max_evaluations=4096)
explorer
"""
# From the event to the end of its handler, which paints before it returns.
REPAINT = """async (hover) => {
  const stage = document.querySelector('.sx-canvas .sx-paper canvas'), box = stage.getBoundingClientRect(), times = [];
  for (let n = 0; n < 40; n++) {
    const x = box.left + box.width * ((n * 7) % 40 + .5) / 40, y = box.top + box.height * ((n * 11) % 40 + .5) / 40;
    const event = (kind) => stage.dispatchEvent(new PointerEvent(kind, { clientX: x, clientY: y, bubbles: true }));
    const started = performance.now();
    event(hover ? 'pointermove' : 'click');
    const painted = performance.now() - started;
    await new Promise(requestAnimationFrame);
    times.push(painted);
  }
  return times;
}"""
REFIT = """async () => {
  const slider = document.querySelector('[data-field=kernel_width]'), times = [];
  for (let n = 0; n < 25; n++) {
    const before = [...document.querySelectorAll('.sx-number')].map(e => e.textContent).join();
    const started = performance.now();
    slider.value = Number(slider.min) + (Number(slider.max) - Number(slider.min)) * ((n % 2 ? .2 : .6) + .008 * n);
    slider.dispatchEvent(new Event('input'));
    while ([...document.querySelectorAll('.sx-number')].map(e => e.textContent).join() === before && performance.now() - started < 3000) {
      await new Promise(requestAnimationFrame);
    }
    times.push(performance.now() - started);
    await new Promise((done) => setTimeout(done, 300));
  }
  return times;
}"""


def main():
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        sys.exit("Chromium is missing; on Debian: apt-get install chromium")
    server = Server(Path(tempfile.mkdtemp()))
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            received = []
            page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))))
            book = Notebook(server, page, write_notebook(server, SETUP)).open()
            before = sum(received)
            book.run_all()
            page.wait_for_selector(".sx-canvas[data-ready] >> nth=1", timeout=300_000)
            page.wait_for_timeout(2000)
            opening = sum(received) - before
            hover, click = page.evaluate(REPAINT, True), page.evaluate(REPAINT, False)
            refit = page.evaluate(REFIT)
    finally:
        server.stop()
    measured = {"hover": hover, "click": click, "kernel width": refit}
    print(f"{'':<14}{'median':>9}{'slowest':>9}   (ms, {len(hover)} and {len(refit)} times; a frame at 60 Hz is 16.7 ms)")
    for what, times in measured.items():
        print(f"{what:<14}{statistics.median(times):>9.1f}{max(times):>9.1f}")
    print(f"opening the explorer with two panes sends {opening / 1e6:.2f} MB")
    print(json.dumps({what: round(statistics.median(times), 2) for what, times in measured.items()} | {"bytes": opening}))


if __name__ == "__main__":
    main()
