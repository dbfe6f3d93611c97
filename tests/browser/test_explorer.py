"""The explorer in a real JupyterLab: what the page does by itself, and what reaches Python."""

import pytest

pytestmark = pytest.mark.xdist_group("browser")  # one server and one browser for all of them


SETUP = """
import segxai
from segxai.widgets import ExplanationExplorer
explorer = ExplanationExplorer(segxai.data.photograph("astronaut"), start=("deep", "slic"), target="football helmet", max_evaluations=512)
segxai.explain(explorer.image, "grid", lambda images: images.mean((1, 2, 3)) / 255, max_evaluations=20, progress=True)
explorer
"""
STILL_TO_COME = 1500  # ms; what the page has for Python is sent by then
HELMET = (0.7, 0.8)  # where the helmet is on the photograph


@pytest.fixture(scope="module")
def opened(shared_notebook):
    book = shared_notebook(SETUP)
    book.run_all()
    book.page.wait_for_selector(".sx-canvas[data-ready] >> nth=1", timeout=120_000)
    return book


@pytest.fixture
def explorer(opened):
    """The explorer as it was at first."""
    start = """
for pane, name in zip(explorer.panes, ("deep", "slic")):
    pane.set(segmenter=name, n_regions=0, n_segments=14, compactness=10.0)
explorer.set(method="lime", kernel_width=0.25, fill="mean", target="football helmet", compare=True)
explorer.wait()
for pane in explorer.panes:
    pane.canvas.off, pane.canvas.opacity, pane.canvas.zoom, pane.canvas.view = [], 0.55, 1.0, "weights"
"""
    opened.page.wait_for_timeout(400)  # what the test before did last is on its way
    opened.value("True", start)
    titles = "() => [...document.querySelectorAll('.sx-title')].map(t => t.textContent.split(':')[0] + t.textContent.includes('lime')).join()"
    opened.page.wait_for_function(f"({titles})() === 'deep, 9 regionstrue,slic, 8 regionstrue'")
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
    for share in ((0.1, 0.2), (0.3, 0.4), (0.5, 0.1), HELMET):
        page.mouse.move(*at(left, share))
    assert left.locator(".sx-pointed").inner_text().startswith("black, bottom right: weight +0.095")
    assert left.locator(".sx-row.sx-lit").inner_text().startswith("black, bottom right")
    assert right.locator(".sx-pointed").inner_text().startswith("black, bottom right: weight +0.113")
    left.locator(".sx-row").last.hover()  # from the bars to the picture
    assert left.locator(".sx-pointed").inner_text().startswith("dark red, left: weight −0.021")
    left.locator("select").focus()
    page.wait_for_timeout(STILL_TO_COME)
    assert explorer.sent_to_kernel() == []


def test_regions_are_switched_by_mouse_and_by_keyboard_and_the_page_answers_from_the_table(explorer):
    page = explorer.page
    canvas = page.locator(".sx-canvas").first
    answer = canvas.locator(".sx-answer")
    assert "0.098 with every region shown" in answer.inner_text()
    page.mouse.click(*at(canvas, HELMET))
    table = "explorer.explanation.coalitions.value_of([name not in {} for name in explorer.explanation.regions.names])"
    without = explorer.value(table.format(["black, bottom right"]))
    assert f"without black, bottom right: {without:.3f}" in answer.inner_text()
    explorer.wait_value("explorer.panes[0].canvas.off", [6])
    assert explorer.value("explorer.panes[0].canvas.answer") == without

    canvas.locator(".sx-stage").focus()
    page.keyboard.press("End")
    page.keyboard.press("ArrowUp")
    assert canvas.locator(".sx-pointed").inner_text().startswith("light grey, top right 2")
    page.keyboard.press("Enter")
    both = explorer.value(table.format(["black, bottom right", "light grey, top right 2"]))
    assert f"{both:.3f}" in answer.inner_text()
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    explorer.wait_value("explorer.panes[0].canvas.off", [1])
    row = canvas.locator(".sx-row").first
    assert row.get_attribute("aria-checked") == "true"
    row.focus()
    page.keyboard.press("Enter")
    assert row.get_attribute("aria-checked") == "false"
    canvas.get_by_role("button", name="Turn all on").click()
    explorer.wait_value("explorer.panes[0].canvas.off", [])
    assert page.locator(".jp-Cell").count() == 1  # no key was taken for one of JupyterLab's commands


def test_what_is_switched_off_shows_its_fill(explorer):
    canvas = explorer.page.locator(".sx-canvas").first
    canvas.locator("select").select_option("photograph")
    colour = """canvas => { const c = canvas.querySelector('.sx-paper canvas');
        return [...c.getContext('2d').getImageData(.75 * c.width, .9 * c.height, 1, 1).data].slice(0, 3); }"""
    expected = "explorer.explanation.{}[int(.9 * 512), int(.75 * 512)].tolist()"
    near = pytest.approx
    assert canvas.evaluate(colour) == near(explorer.value(expected.format("image")), abs=14)
    explorer.page.mouse.click(*at(canvas, HELMET))
    assert canvas.evaluate(colour) == near(explorer.value(expected.format("coalitions.filled")), abs=14)


def test_method_and_kernel_width_are_answered_from_the_table(explorer):
    page = explorer.page
    first = page.locator(".sx-canvas").first.locator(".sx-number").first
    evaluated = explorer.value("explorer.explanation.coalitions.evaluations")
    slider = page.get_by_label("kernel width")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.36, box["y"] + box["height"] / 2)
    page.mouse.down()
    for step in range(1, 8):
        page.mouse.move(box["x"] + box["width"] * (0.36 + 0.07 * step), box["y"] + box["height"] / 2)
    page.mouse.up()
    page.wait_for_function("() => document.querySelector('.sx-number').textContent !== '+0.095'")
    page.wait_for_timeout(STILL_TO_COME)
    assert explorer.value("explorer.shared.values['kernel_width']") > 1
    weight = explorer.value("float(explorer.explanation.weights.max())")
    assert first.inner_text() == f"{weight:+.3f}"
    page.get_by_label("method").select_option("shapley")
    page.wait_for_function("() => document.querySelector('.sx-title').textContent.includes('shapley')")
    assert slider.is_disabled()
    weight = explorer.value("float(explorer.explanation.weights.max())")
    page.wait_for_function("text => document.querySelector('.sx-number').textContent === text", arg=f"{weight:+.3f}")
    assert explorer.value("explorer.explanation.coalitions.evaluations") == evaluated


def test_segmenter_and_fill_change_in_the_background(explorer):
    page = explorer.page
    choice = page.get_by_role("combobox", name="segmenter").first
    choice.select_option("grid")
    page.wait_for_function("() => document.querySelector('.sx-title').textContent.startsWith('grid, 16')", timeout=120_000)
    page.get_by_role("slider", name="rows").fill("2")
    page.wait_for_function("() => document.querySelector('.sx-title').textContent.startsWith('grid, 8')", timeout=120_000)
    assert explorer.value("len(explorer.explanation.regions)") == 8
    page.get_by_label("fill hidden regions with").select_option("black")
    page.wait_for_function("() => !document.querySelector('.sx-busy:not([hidden])')", timeout=120_000)
    explorer.wait_value("[e.coalitions.fill for e in explorer.explanations]", ["black", "black"], timeout=120)
    choice.select_option("quickshift")
    cancel = page.get_by_role("button", name="Cancel").first
    cancel.click()
    page.wait_for_selector(".sx-message:has-text('Cancelled.')")
    assert choice.input_value() == "grid"
    assert page.locator(".sx-title").first.inner_text().startswith("grid, 8")


def test_what_is_missing_is_offered_with_the_reason_and_cannot_be_chosen(explorer):
    option = explorer.page.get_by_role("combobox", name="segmenter").first.locator("option[value=pascal]")
    missing = explorer.value("why_unavailable('pascal')", "from segxai.segmentation.registry import why_unavailable")
    if missing:
        assert option.get_attribute("disabled") is not None
        assert "fetch deeplab" in option.inner_text()
    else:
        assert option.get_attribute("disabled") is None


def test_after_a_reload_the_page_is_as_it_was(explorer):
    page = explorer.page
    canvas = page.locator(".sx-canvas").first
    page.mouse.click(*at(canvas, HELMET))
    canvas.get_by_label("opacity").fill("0.2")
    canvas.get_by_role("button", name="Zoom in").click()
    page.get_by_label("method").select_option("banzhaf")
    explorer.wait_value("[explorer.panes[0].canvas.off, explorer.panes[0].canvas.opacity]", [[6], 0.2])
    explorer.run("docmanager:save")
    page.reload()
    page.wait_for_selector(".sx-canvas[data-ready] >> nth=1", timeout=120_000)
    assert page.get_by_text("Error displaying widget").count() == 0  # the progress bar left nothing behind
    canvas = page.locator(".sx-canvas").first
    assert canvas.locator(".sx-row.sx-gone").inner_text().startswith("black, bottom right")
    assert canvas.get_by_label("opacity").input_value() == "0.2"
    assert "banzhaf" in canvas.locator(".sx-title").inner_text()
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
    page.wait_for_selector(".sx-canvas[data-ready]", timeout=120_000)
    book.picture("canvas-names")
    shown = {name.inner_text() for name in page.locator(".sx-name").all()}
    assert shown == {name.strip() for name in NASTY}
    for row in page.locator(".sx-row").all():
        row.click()
    page.locator(".sx-row", has_text="🚀🚀🚀").hover()
    page.locator(".sx-pointed", has_text="🚀" * 69 + "…: weight").wait_for()  # and no half of an emoji
    answer = page.locator(".sx-answer")
    assert "<img src=x onerror" in answer.inner_text()
    assert set(answer.locator("bdi").all_inner_texts()) > {"שלום עולם"}  # a name cannot turn the sentence around
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
    page.set_viewport_size({"width": width, "height": 1500 if width == 1280 else 2000})
    page.wait_for_timeout(500)
    page.mouse.click(*at(page.locator(".sx-canvas").first, HELMET))
    explorer.picture(f"explorer-{theme}-{width}")
    found = Axe().run(page, context={"include": [[".segxai-widget"]]}).response["violations"]
    serious = [(v["id"], v["nodes"][0]["html"][:200]) for v in found if v["impact"] in ("serious", "critical")]
    assert serious == []
    assert (
        page.evaluate("[...document.querySelectorAll('.segxai-widget')].filter(w => w.scrollWidth > w.clientWidth + 1).length") == 0
    )


def test_without_a_kernel_the_canvas_still_answers(explorer):
    page = explorer.page
    explorer.restart()
    page.wait_for_function(
        "() => document.querySelector('.sx-canvas .sx-away').textContent.startsWith('Kernel disconnected.')", timeout=60_000
    )
    explorer.picture("explorer-kernel-away")
    canvas = page.locator(".sx-canvas").first
    page.mouse.move(*at(canvas, HELMET))
    assert canvas.locator(".sx-pointed").inner_text().startswith("black, bottom right")
    page.mouse.click(*at(canvas, HELMET))
    assert "without black, bottom right: 0.005" in canvas.locator(".sx-answer").inner_text()


def test_a_saved_canvas_works_from_a_file_without_server(page, tmp_path, astronaut):
    import segxai
    from segxai.widgets import RegionCanvas

    explanation = segxai.explain(astronaut, "deep", target="football helmet")
    RegionCanvas(explanation).save(tmp_path / "canvas.html")
    requested = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto((tmp_path / "canvas.html").as_uri())
    page.wait_for_selector(".sx-canvas[data-ready]")
    page.mouse.click(*at(page.locator(".sx-canvas"), HELMET))
    assert "without black, bottom right: 0.005" in page.locator(".sx-answer").inner_text()
    assert [url for url in requested if not url.startswith(("file:", "data:", "blob:"))] == []
    assert page.locator(".sx-away").inner_text() == ""


def test_the_report_works_from_a_file_without_server(page, tmp_path, astronaut):
    import segxai

    segxai.explain(astronaut, "deep", target="football helmet").save(tmp_path / "why.html")
    page.goto((tmp_path / "why.html").as_uri())
    region = page.locator(".sx-region[aria-label^='black, bottom right']")
    region.focus()
    page.keyboard.press("Enter")
    assert "without black, bottom right: 0.005" in page.locator(".sx-answer").inner_text()
    assert region.get_attribute("aria-pressed") == "false"
