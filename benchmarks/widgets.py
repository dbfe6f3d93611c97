"""The explorer in a real browser: milliseconds from an event to repainted pixels, and bytes sent.

In JupyterLab on loopback, a 512 x 512 photograph with 10 regions; and a saved page with a tree of
48 leaves. Chromium without a GPU.

With `--against FOLDER`, a checkout of another revision is measured before and after this one: where
a machine has other work to do, only what both take in one run can be compared.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))
from conftest import CHROMIUM, Notebook, Server, write_notebook

import segxai

SETUP = """
import numpy as np
import segxai
from segxai.widgets import ExplanationExplorer
astronaut = segxai.data.photograph("astronaut")
regions = segxai.segment(astronaut, "grid", rows=2, columns=5)
def box(images):
    bright = images[:, ::9, ::9].astype(float).mean(axis=(2, 3)) / 255
    left, right = bright[:, :20].mean(1), bright[:, 20:].std(1)
    return np.stack([0.5 * left, 0.4 * right, bright[:, ::7].mean(1) ** 2 / 4], axis=1)
explorer = ExplanationExplorer(
    astronaut, box, target=1, also={"ten": regions}, start=("ten", "grid"), max_evaluations=1024
)
explorer
"""
# From the event to the end of its handler, which paints before it returns.
REPAINT = """async (hover) => {
  const stage = document.querySelector('.sx-canvas .sx-paper canvas');
  const box = stage.getBoundingClientRect(), times = [];
  for (let n = 0; n < 40; n++) {
    const x = box.left + box.width * ((n * 7) % 40 + .5) / 40;
    const y = box.top + box.height * ((n * 11) % 40 + .5) / 40;
    const event = (kind) => stage.dispatchEvent(new PointerEvent(kind,
      { clientX: x, clientY: y, bubbles: true }));
    const started = performance.now();
    event(hover ? 'pointermove' : 'click');
    times.push(performance.now() - started);
    await new Promise(requestAnimationFrame);
  }
  return times;
}"""
# From the slider's event until other weights are in the list.
SLIDE = """async (field) => {
  const slider = document.querySelector(`[data-field=${field}]`), times = [];
  const low = Number(slider.min), high = Number(slider.max);
  const shown = () => [...document.querySelectorAll('.sx-row .sx-number')];
  const numbers = () => shown().map((e) => e.textContent).join();
  for (let n = 0; n < 25; n++) {
    const before = numbers(), started = performance.now();
    slider.value = low + (high - low) * ((n % 2 ? .2 : .6) + .008 * n);
    slider.dispatchEvent(new Event('input'));
    while (numbers() === before && performance.now() - started < 3000)
      await new Promise(requestAnimationFrame);
    times.push(performance.now() - started);
    await new Promise((done) => setTimeout(done, 100));
  }
  return times;
}"""


def tree_page(path):
    image = segxai.data.photograph("astronaut")
    regions = segxai.segment(image, "grid", rows=6, columns=8)

    def box(images):
        return images[:, ::9, ::9].astype(float).std(axis=(1, 2, 3)) / 255

    segxai.explain(image, regions, box, 1, method="tree", max_evaluations=256, progress=False).save(
        path
    )


def measure(playwright, server, folder):
    browser = playwright.chromium.launch(
        executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
    )
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    received = []
    page.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda frame: received.append(len(frame))),
    )
    book = Notebook(server, page, write_notebook(server, SETUP)).open()
    before = sum(received)
    book.run_all()
    page.wait_for_selector(".sx-canvas[data-ready] >> nth=1", timeout=300_000)
    page.wait_for_timeout(2000)
    opening = sum(received) - before
    times = {
        "hover": page.evaluate(REPAINT, True),
        "switch": page.evaluate(REPAINT, False),
        "kernel width": page.evaluate(SLIDE, "kernel_width"),
    }
    tree_page(folder / "tree.html")
    page.goto((folder / "tree.html").as_uri())
    page.wait_for_selector(".sx-canvas[data-ready]")
    times["depth"] = page.evaluate(SLIDE, "depth")
    return times, opening


def medians_of(folder) -> dict:
    """What the same benchmark prints at another revision."""
    script = Path(folder, "benchmarks", "widgets.py")
    done = subprocess.run(
        [sys.executable, script],
        env=os.environ | {"PYTHONPATH": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, help="a checkout of another revision")
    against = parser.parse_args().against
    others = [medians_of(against)] if against else []
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        sys.exit("Chromium is missing; on Debian: apt-get install chromium")
    folder = Path(tempfile.mkdtemp())
    server = Server(folder / "server")
    try:
        with sync_playwright() as playwright:
            found, opening = measure(playwright, server, folder)
    finally:
        server.stop()
    print(f"{'':<14}{'median':>9}{'slowest':>9}   (ms; a frame at 60 Hz is 16.7 ms)")
    for what, times in found.items():
        print(f"{what:<14}{statistics.median(times):>9.1f}{max(times):>9.1f}")
    if against:
        others.append(medians_of(against))
        for what, times in found.items():
            pair = [other[what] for other in others]
            ratio = statistics.median(times) / statistics.mean(pair)
            print(
                f"{what}: {ratio:.2f} times the {pair[0]:.1f} and {pair[1]:.1f} ms "
                "of the other revision"
            )
    print(f"opening the explorer with two panes sends {opening / 1e6:.2f} MB")
    print(
        json.dumps(
            {what: round(float(np.median(times)), 2) for what, times in found.items()}
            | {"bytes": opening}
        )
    )


if __name__ == "__main__":
    main()
