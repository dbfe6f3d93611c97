"""One explorer in JupyterLab, as a Voilà page and as a saved page: the same steps show the same in all three."""

import json

import pytest

from .conftest import PICTURES, Server, write_notebook

pytestmark = pytest.mark.xdist_group("browser")  # one server and one browser for all of them

CELL = """
import numpy as np
import segxai
from segxai.widgets import ExplanationExplorer

def box(images):
    bright = images[:, ::9, ::9].astype(float).mean(axis=(1, 2, 3)) / 255
    helmet = images[:, 300::9, 300::9].astype(float).std(axis=(1, 2, 3)) / 255
    head = images[:, 50:200:9, 200:350:9].astype(float).std(axis=(1, 2, 3)) / 255
    columns = [0.3 * bright, helmet * (0.4 + head), 0.05 + 0 * bright]
    return np.stack([*columns, 1 - sum(columns)], axis=1)

classifier = segxai.load_classifier(box, class_names=["suit", "football helmet", "shuttle", "rest"])
labels = np.kron(np.arange(4).reshape(2, 2), np.ones((256, 256), int))
explorer = ExplanationExplorer(
    segxai.data.photograph("astronaut"), classifier, start=("by hand", "grid"), target="football helmet",
    also={"by hand": segxai.Regions.from_labels(labels, ["flag", "shuttle", "suit", "helmet"])},
)
explorer.save("saved.html", fills=("mean",))
explorer
"""
HELMET = (0.8, 0.85)
LONG = 240_000  # ms; machines are busy at times


@pytest.fixture(scope="module")
def voila(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("voila"), "server")
    yield server
    server.stop()


def at(page, share, pane=0):
    paper = page.locator(".sx-paper").nth(pane)
    paper.evaluate("paper => paper.scrollIntoView({ block: 'center' })")
    box = paper.bounding_box()
    return box["x"] + share[0] * box["width"], box["y"] + share[1] * box["height"]


def walk(page) -> dict:
    """{step: what the page then shows}, of both panes."""
    page.wait_for_selector(".sx-canvas[data-ready]", timeout=LONG)
    if not page.get_by_label("second pane").is_checked():
        page.get_by_label("second pane").check()
    page.wait_for_selector(".sx-canvas[data-ready] >> nth=1", timeout=LONG)
    left, steps = page.locator(".sx-canvas").first, {}

    def shown():
        numbers = [page.locator(".sx-canvas").nth(pane).locator(".sx-row").all_inner_texts() for pane in (0, 1)]
        gauges = page.locator(".sx-gauge").all_inner_texts()
        pointed = page.locator(".sx-pointed").all_inner_texts()
        return [numbers, gauges, pointed, page.locator(".sx-row.sx-gone .sx-name").all_inner_texts()]

    def note(step):
        before = None
        while before != (seen := shown()):  # until nothing changes any more
            before = seen
            page.wait_for_timeout(300)
        steps[step] = seen

    note("at first")
    page.mouse.move(*at(page, HELMET))
    note("pointed at")
    page.mouse.click(*at(page, HELMET))
    note("switched off")
    left.get_by_role("button", name="Invert").click()
    note("inverted")
    left.get_by_role("button", name="Turn all on").click()
    page.get_by_label("show only the top").first.select_option("2")
    note("the top two")
    left.get_by_role("button", name="Turn all on").click()
    page.get_by_label("both panes").first.check()
    page.mouse.click(*at(page, (0.2, 0.2)))
    note("in both panes")
    page.get_by_label("both panes").first.uncheck()
    for pane in (0, 1):
        page.locator(".sx-canvas").nth(pane).get_by_role("button", name="Turn all on").click()
    page.get_by_label("kernel width").fill("0")  # its logarithm
    note("another kernel width")
    page.get_by_label("method").select_option("shapley")
    page.get_by_label("class to explain").select_option("suit")
    note("Shapley values of another class")
    page.get_by_label("rather than").select_option("rest")
    note("a contrast")
    left.locator(".sx-stage").focus()
    for key in ("ArrowLeft", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    note("by keys")
    left.get_by_role("button", name="More for suit").click()
    left.get_by_role("menuitem", name="Show only this").click()
    note("only this")
    page.locator(".sx-display summary").first.click()
    views = page.locator(".sx-display").get_by_label("view")
    views.first.select_option("difference")
    steps["views"] = [views.nth(pane).input_value() for pane in (0, 1)]
    return steps


def check_access(page):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, context=".sx-canvas").response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    assert not serious, json.dumps(serious, indent=1)[:3000]


def test_the_same_steps_show_the_same(shared_notebook, voila, browser):
    book = shared_notebook(CELL)
    book.run_all()
    in_lab = walk(book.page)
    check_access(book.page)
    book.picture("everywhere-lab")
    assert in_lab["at first"][0][0] != in_lab["another kernel width"][0][0]
    assert in_lab["switched off"][3] == ["helmet"]
    assert len(in_lab["in both panes"][3]) == 2
    assert in_lab["views"] == ["difference", "difference"]

    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{voila.url}/voila/render/{write_notebook(voila, CELL)}?token={voila.token}", timeout=LONG)
    in_voila = walk(page)
    check_access(page)
    page.screenshot(path=PICTURES / "everywhere-voila.png")
    assert in_voila == in_lab

    requests = []
    page.goto("about:blank")
    page.on("request", lambda request: requests.append(request.url))
    page.goto((voila.folder / "work" / "saved.html").as_uri())
    in_a_file = walk(page)
    check_access(page)
    page.screenshot(path=PICTURES / "everywhere-saved.png")
    page.close()
    assert in_a_file == in_lab
    assert [url for url in requests if not url.startswith(("file:", "blob:", "data:"))] == []
