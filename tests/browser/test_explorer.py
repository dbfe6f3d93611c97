"""The explorer in a real JupyterLab: what the page does by itself, and what reaches Python."""

import pytest

pytestmark = pytest.mark.xdist_group("browser")  # one server and one browser for all of them

SETUP = """
import numpy as np
import segxai
from segxai.widgets import ExplanationExplorer

def box(images):
    box.images += len(images)
    bright = images[:, ::9, ::9].astype(float).mean(axis=(1, 2, 3)) / 255
    helmet = images[:, 300::9, 300::9].astype(float).std(axis=(1, 2, 3)) / 255
    columns = [0.3 * bright, 0.6 * helmet, 0.05 + 0 * bright]
    return np.stack([*columns, 1 - sum(columns)], axis=1)

box.images = 0
classifier = segxai.load_classifier(box, class_names=["suit", "football helmet", "shuttle", "rest"])
quarters = segxai.Regions.from_labels(np.kron(np.arange(4).reshape(2, 2), np.ones((256, 256), int)), ["flag", "shuttle", "suit", "helmet"])
explorer = ExplanationExplorer(
    segxai.data.photograph("astronaut"), classifier, start=("quarters", "grid"), target="football helmet", max_evaluations=512,
    also={"quarters": quarters},
)
explorer.panes[1].set(rows=3, columns=3)
explorer.wait()
explorer
"""
STILL_TO_COME = 1500  # ms; what the page has for Python is sent by then
HELMET = (0.8, 0.85)
LONG = 240_000  # ms; machines are busy at times


@pytest.fixture(scope="module")
def opened(shared_notebook):
    book = shared_notebook(SETUP)
    book.run_all()
    book.page.wait_for_selector(".sx-canvas[data-ready] >> nth=1", timeout=LONG)
    return book


@pytest.fixture
def explorer(opened):
    """The explorer as it was at first."""
    start = """
explorer.panes[0].set(segmenter="quarters")
explorer.panes[1].set(segmenter="grid", rows=3, columns=3)
explorer.set(method="lime", kernel_width=0.25, fill="mean", target="football helmet", versus="", compare=True)
explorer.wait()
for pane in explorer.panes:
    pane.canvas.off, pane.canvas.opacity, pane.canvas.zoom, pane.canvas.view = [], 0.8, 1.0, "weights"
"""
    opened.page.wait_for_timeout(400)  # what the test before did last is on its way
    opened.value("True", start)
    titles = "() => [...document.querySelectorAll('.sx-title')].map(t => t.textContent.split(', R')[0]).join('; ')"
    opened.page.wait_for_function(f"({titles})() === 'regions: 4 regions, LIME; grid: 9 regions, LIME'", timeout=LONG)
    opened.page.wait_for_function("() => !document.querySelector('.sx-gone')")
    return opened


def at(canvas, share):
    paper = canvas.locator(".sx-paper")
    paper.evaluate("paper => paper.scrollIntoView({ block: 'center' })")
    box = paper.bounding_box()
    return box["x"] + share[0] * box["width"], box["y"] + share[1] * box["height"]


def test_pointing_stays_in_the_browser_and_the_panes_share_the_pointer(explorer):
    page = explorer.page
    left, right = page.locator(".sx-canvas").nth(0), page.locator(".sx-canvas").nth(1)
    page.wait_for_timeout(STILL_TO_COME)
    explorer.sent.clear()
    for share in ((0.1, 0.2), (0.3, 0.4), (0.6, 0.1), HELMET):
        page.mouse.move(*at(left, share))
    assert left.locator(".sx-pointed").inner_text().startswith("helmet: weight")
    assert left.locator(".sx-row.sx-lit").inner_text().startswith("helmet")
    assert right.locator(".sx-pointed").inner_text().startswith("row 3, column 3: weight")
    left.locator(".sx-row").last.hover()  # from the bars to the picture
    assert not left.locator(".sx-pointed").inner_text().startswith("helmet")
    page.wait_for_timeout(STILL_TO_COME)
    assert explorer.sent_to_kernel() == []


def test_what_is_switched_reaches_python_and_the_probability_is_pythons(explorer):
    page, canvas = explorer.page, explorer.page.locator(".sx-canvas").first
    page.mouse.click(*at(canvas, HELMET))
    explorer.wait_value("explorer.panes[0].canvas.off", [3])
    without = explorer.value("explorer.panes[0].canvas.answer")
    assert canvas.locator(".sx-now").inner_text() == f"{100 * without:.1f} %"
    canvas.locator(".sx-stage").focus()
    for key in ("ArrowLeft", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    assert len(explorer.value("explorer.panes[0].canvas.off")) >= 1
    row = canvas.locator(".sx-row").first
    row.focus()
    before = row.get_attribute("aria-checked")
    page.keyboard.press("Enter")
    assert row.get_attribute("aria-checked") != before
    canvas.get_by_role("button", name="Turn all on").click()
    explorer.wait_value("explorer.panes[0].canvas.off", [])
    assert page.locator(".jp-Cell").count() == 1  # no key was taken for one of JupyterLab's commands


def test_settings_are_computed_in_the_page_and_python_has_the_same_numbers(explorer):
    page, canvas = explorer.page, explorer.page.locator(".sx-canvas").first
    images = explorer.value("box.images")
    for change in (
        lambda: page.get_by_label("kernel width").fill("0"),
        lambda: page.get_by_label("method").select_option("banzhaf"),
        lambda: page.get_by_label("class to explain").select_option("suit"),
        lambda: page.get_by_label("rather than").select_option("rest"),
    ):
        before = canvas.locator(".sx-number").all_inner_texts()
        change()
        shown = canvas.locator(".sx-row .sx-number").all_inner_texts()  # at once, without Python
        assert canvas.locator(".sx-number").all_inner_texts() != before
        page.wait_for_timeout(STILL_TO_COME)
        found = explorer.value("sorted((round(abs(float(w)), 3) for w in explorer.explanation.weights), reverse=True)")
        assert [abs(float(text.replace("−", "-"))) for text in shown] == pytest.approx(found, abs=0.0011)
    assert explorer.value("box.images") == images


def test_segmenter_and_fill_change_in_the_background(explorer):
    page = explorer.page
    page.mouse.click(*at(page.locator(".sx-canvas").first, HELMET))
    page.get_by_label("fill hidden regions with").select_option("black")
    explorer.wait_value("[e.coalitions.fill for e in explorer.explanations]", ["black", "black"], timeout=120)
    assert page.locator(".sx-canvas").first.locator(".sx-gone .sx-name").inner_text() == "helmet"  # it stays off
    choice = page.get_by_role("combobox", name="segmenter").first
    choice.select_option("grid")
    page.wait_for_function("() => document.querySelector('.sx-title').textContent.startsWith('grid: 16')", timeout=LONG)
    page.get_by_role("slider", name="rows").first.fill("2")
    page.wait_for_function("() => document.querySelector('.sx-title').textContent.startsWith('grid: 8')", timeout=LONG)
    assert explorer.value("len(explorer.explanation.regions)") == 8


def test_regions_are_renamed_merged_and_divided_in_place(explorer):
    page, canvas = explorer.page, explorer.page.locator(".sx-canvas").first
    canvas.get_by_role("button", name="More for helmet").click()
    canvas.get_by_role("menuitem", name="Rename …").click()
    canvas.get_by_label("New name of helmet").fill("her helmet")
    page.keyboard.press("Enter")
    explorer.wait_value("list(explorer.regions.names)", ["flag", "shuttle", "suit", "her helmet"])
    canvas.get_by_role("button", name="More for suit").click()
    canvas.get_by_role("menuitem", name="Merge with …").click()
    assert canvas.locator(".sx-pointed").inner_text().startswith("Click the region to merge with suit")
    page.mouse.click(*at(canvas, HELMET))
    explorer.wait_value("list(explorer.regions.names)", ["flag", "shuttle", "suit and her helmet"], timeout=120)
    page.wait_for_function("() => document.querySelector('.sx-title').textContent.startsWith('regions: 3')", timeout=LONG)
    canvas.get_by_role("button", name="More for suit and her helmet").click()
    canvas.get_by_role("menuitem", name="Divide into parts").click()
    explorer.wait_value("list(explorer.regions.names)", ["flag", "shuttle", "suit", "her helmet"], timeout=120)


def test_after_a_reload_the_page_is_as_it_was(explorer):
    page = explorer.page
    canvas = page.locator(".sx-canvas").first
    page.mouse.click(*at(canvas, HELMET))
    canvas.locator(".sx-display summary").click()
    canvas.get_by_label("opacity").fill("0.2")
    canvas.get_by_role("button", name="Zoom in").click()
    page.get_by_label("method").select_option("banzhaf")
    explorer.wait_value("[explorer.panes[0].canvas.off, explorer.panes[0].canvas.opacity]", [[3], 0.2])
    explorer.wait_value("explorer.panes[1].canvas.opacity", 0.2)  # the panes share how they show
    explorer.run("docmanager:save")
    page.reload()
    page.wait_for_selector(".sx-canvas[data-ready] >> nth=1", timeout=LONG)
    assert page.get_by_text("Error displaying widget").count() == 0
    canvas = page.locator(".sx-canvas").first
    assert canvas.locator(".sx-row.sx-gone .sx-name").inner_text() == "helmet"
    assert "Banzhaf" in canvas.locator(".sx-title").inner_text()
    assert canvas.locator(".sx-paper").evaluate("paper => paper.style.width") == "150%"
    explorer.wait_value("explorer.shared.values['method']", "banzhaf")


NASTY = ["<img src=x onerror='window.hacked=1'>", "name " * 60, "שלום עולם", "🧑‍🚀🚀", "🚀" * 80]


def test_names_are_text_whatever_they_hold(notebook):
    book = notebook(
        f"import segxai, numpy as np\nfrom segxai.widgets import RegionCanvas\nnames = {NASTY!r}\n"
        "image = segxai.data.photograph('cat')\nlabels = np.arange(image.shape[1]) * len(names) // image.shape[1] + np.zeros(image.shape[:2], int)\n"
        "regions = segxai.Regions.from_labels(labels, [n.strip() for n in names], '<b>bold</b>')\n"
        "canvas = RegionCanvas(segxai.explain(image, regions, lambda x: x.mean((1, 2, 3)) / 255, 1))\ncanvas"
    )
    book.run_all()
    page = book.page
    page.wait_for_selector(".sx-canvas[data-ready]", timeout=LONG)
    shown = {name.inner_text() for name in page.locator(".sx-name").all()}
    assert shown == {name.strip() for name in NASTY}
    page.locator(".sx-row", has_text="🚀🚀🚀").hover()
    page.locator(".sx-pointed", has_text="🚀" * 69 + "…: weight").wait_for()  # and no half of an emoji
    assert "<b>bold</b>" in page.locator(".sx-title").inner_text()
    assert page.locator(".sx-canvas img").count() == 0
    assert page.evaluate("window.hacked") is None
    stage, row = page.locator(".sx-canvas").bounding_box(), page.locator(".sx-row").first.bounding_box()
    assert row["x"] + row["width"] <= stage["x"] + stage["width"] + 1
    book.picture("canvas-names")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 800])
def test_it_is_accessible_and_nothing_is_cut_off(explorer, theme, width):
    from axe_playwright_python.sync_playwright import Axe

    page = explorer.theme(theme).page
    page.set_viewport_size({"width": width, "height": 1000 if width == 1280 else 2000})
    page.wait_for_timeout(500)
    page.mouse.click(*at(page.locator(".sx-canvas").first, HELMET))
    explorer.picture(f"explorer-{theme}-{width}")
    found = Axe().run(page, context={"include": [[".segxai-widget"]]}).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == []
    assert (
        page.evaluate("[...document.querySelectorAll('.segxai-widget')].filter(w => w.scrollWidth > w.clientWidth + 1).length") == 0
    )


def test_without_a_kernel_the_canvas_still_works_and_what_needs_it_is_disabled(explorer):
    page = explorer.page
    explorer.restart()
    page.wait_for_function(
        "() => document.querySelector('.sx-canvas .sx-away').textContent.startsWith('Kernel disconnected.')", timeout=LONG
    )
    explorer.picture("explorer-kernel-away")
    canvas = page.locator(".sx-canvas").first
    page.mouse.click(*at(canvas, HELMET))
    assert "→" in canvas.locator(".sx-gauge").inner_text()
    assert page.get_by_role("combobox", name="segmenter").first.is_disabled()
    assert page.get_by_label("fill hidden regions with").is_disabled()
    before = canvas.locator(".sx-row .sx-number").all_inner_texts()
    page.get_by_label("method").select_option("shapley")  # algebra needs no kernel
    assert canvas.locator(".sx-row .sx-number").all_inner_texts() != before
