"""The explorer in a real JupyterLab: what the page does by itself, and what reaches Python."""

import pytest

from segxai.fcn.annotation import load_annotation, save_annotation

from .conftest import findings
from .exploring import CLASSIFIER, HELMET, LONG, at

pytestmark = pytest.mark.xdist_group("browser")  # one server and one browser for all of them

SETUP = (
    CLASSIFIER
    + """
quarters = segxai.Regions.from_labels(
    np.kron(np.arange(4).reshape(2, 2), np.ones((256, 256), int)),
    ["flag", "shuttle", "suit", "helmet"],
)
explorer = ExplanationExplorer(
    segxai.data.photograph("astronaut"), classifier,
    start=("quarters", "grid"), target="football helmet", max_evaluations=512,
    also={"quarters": quarters},
)
explorer.panes[1].set(rows=3, columns=3)
explorer.wait()
explorer
"""
)
STILL_TO_COME = 1500  # ms; what the page has for Python is sent by then


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
explorer.set(
    method="lime", kernel_width=0.25, fill="mean", target="football helmet", versus="",
    compare=True,
)
explorer.wait()
explorer.panes[0].canvas.names = list(quarters.names)
for pane in explorer.panes:
    pane.canvas.off, pane.canvas.opacity = [], 0.8
    pane.canvas.zoom, pane.canvas.view = 1.0, "weights"
"""
    opened.page.wait_for_timeout(400)  # what the test before did last is on its way
    opened.value("True", start)
    titles = (
        "() => [...document.querySelectorAll('.sx-title')]"
        ".map(t => t.textContent.split(', R')[0]).join('; ')"
    )
    opened.page.wait_for_function(
        f"({titles})() === 'regions: 4 regions, LIME; grid: 9 regions, LIME'", timeout=LONG
    )
    opened.page.wait_for_function("() => !document.querySelector('.sx-gone')")
    opened.page.evaluate(
        "() => document.querySelectorAll('.sx-canvas details').forEach(e => { e.open = false; })"
    )
    return opened


def test_pointing_stays_in_the_browser_and_the_panes_share_the_pointer(explorer):
    page = explorer.page
    left, right = page.locator(".sx-canvas").nth(0), page.locator(".sx-canvas").nth(1)
    page.wait_for_timeout(STILL_TO_COME)
    explorer.sent.clear()
    for share in ((0.1, 0.2), (0.3, 0.4), (0.6, 0.1), HELMET):
        page.mouse.move(*at(left, share))
    assert "helmet: weight" in left.locator(".sx-pointed").inner_text()
    assert "helmet" in left.locator(".sx-row.sx-lit").inner_text()
    assert right.locator(".sx-pointed").inner_text().startswith("row 3, column 3: weight")
    left.locator(".sx-row").last.hover()  # from the bars to the picture
    assert "helmet" not in left.locator(".sx-pointed").inner_text()
    page.wait_for_timeout(STILL_TO_COME)
    assert explorer.sent_to_kernel() == []


def test_what_is_switched_reaches_python_and_the_probability_is_pythons(explorer):
    page, canvas = explorer.page, explorer.page.locator(".sx-canvas").first
    page.mouse.click(*at(canvas, HELMET))
    explorer.wait_value("explorer.panes[0].canvas.off", [3])
    without = explorer.value(
        "explorer.explanation.coalitions.value_of([k != 3 for k in range(len(explorer.regions))])"
    )
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
    assert (
        page.locator(".jp-Cell").count() == 1
    )  # no key was taken for one of JupyterLab's commands


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
        found = explorer.value(
            "sorted((round(abs(float(w)), 3) for w in explorer.explanation.weights), reverse=True)"
        )
        assert [abs(float(text.replace("−", "-"))) for text in shown] == pytest.approx(
            found, abs=0.0011
        )
    assert explorer.value("box.images") == images


def test_segmenter_and_fill_change_in_the_background(explorer):
    page = explorer.page
    page.mouse.click(*at(page.locator(".sx-canvas").first, HELMET))
    page.get_by_label("fill hidden regions with").select_option("black")
    explorer.wait_value(
        "[e.coalitions.fill for e in explorer.explanations]", ["black", "black"], timeout=120
    )
    assert (
        page.locator(".sx-canvas")
        .first.locator(".sx-gone .sx-name")
        .inner_text()
        .endswith("helmet")
    )  # it stays off
    choice = page.get_by_role("combobox", name="segmenter").first
    choice.select_option("grid")
    page.wait_for_function(
        "() => document.querySelector('.sx-title').textContent.startsWith('grid: 16')", timeout=LONG
    )
    page.get_by_role("slider", name="rows").first.fill("2")
    page.wait_for_function(
        "() => document.querySelector('.sx-title').textContent.startsWith('grid: 8')", timeout=LONG
    )
    assert explorer.value("len(explorer.explanation.regions)") == 8


def test_regions_are_renamed_merged_and_divided_in_place(explorer):
    page, canvas = explorer.page, explorer.page.locator(".sx-canvas").first
    canvas.get_by_role("button", name="Rename helmet").click()
    canvas.get_by_label("New name of helmet").fill("her helmet")
    page.keyboard.press("Enter")
    explorer.wait_value("list(explorer.regions.names)", ["flag", "shuttle", "suit", "her helmet"])
    assert explorer.value("explorer.panes[0].canvas.off") == []
    canvas.get_by_role("button", name="Rename suit").click()
    canvas.get_by_role("button", name="Merge with …").click()
    assert (
        canvas.locator(".sx-pointed").inner_text().startswith("Click the region to merge with suit")
    )
    page.mouse.click(*at(canvas, HELMET))
    explorer.wait_value(
        "list(explorer.regions.names)", ["flag", "shuttle", "suit and her helmet"], timeout=120
    )
    page.wait_for_function(
        "() => document.querySelector('.sx-title').textContent.startsWith('regions: 3')",
        timeout=LONG,
    )
    canvas.get_by_role("button", name="Rename suit and her helmet").click()
    canvas.get_by_role("button", name="Divide into parts").click()
    explorer.wait_value(
        "list(explorer.regions.names)", ["flag", "shuttle", "suit", "her helmet"], timeout=120
    )


def test_the_depth_of_a_tree_is_a_slider_in_the_page_too(explorer):
    page, canvas = explorer.page, explorer.page.locator(".sx-canvas").first
    page.get_by_label("Method").select_option("tree")
    page.wait_for_function(
        "() => document.querySelectorAll('.sx-title')[1].textContent.includes('tree')", timeout=LONG
    )
    depth = page.get_by_label("Depth")
    page.wait_for_selector("[data-field=depth][max='9']")
    images = explorer.value("box.images")
    for wanted in (1, 2, 4):
        depth.fill(str(wanted))
        shown = canvas.locator(".sx-row .sx-number").all_inner_texts()  # at once, without Python
        assert len(shown) == wanted
        explorer.wait_value("len(explorer.explanation.regions)", wanted)
        found = explorer.value(
            "sorted((round(abs(float(w)), 3) for w in explorer.explanation.weights), reverse=True)"
        )
        assert [abs(float(text.replace("−", "-"))) for text in shown] == pytest.approx(
            found, abs=0.0011
        )
    assert explorer.value("box.images") == images
    page.mouse.click(*at(canvas, HELMET))
    explorer.wait_value(
        "[explorer.panes[0].canvas.names[k] for k in explorer.panes[0].canvas.off]", ["helmet"]
    )
    explorer.picture("explorer-tree")
    page.get_by_label("Method").select_option("shapley")
    page.wait_for_function(
        "() => document.querySelector('.sx-title').textContent.includes('Shapley')", timeout=LONG
    )
    assert canvas.locator(".sx-gone .sx-name").all_inner_texts() == [
        "helmet"
    ]  # it survives the method
    page.wait_for_function("() => !document.querySelector('[data-field=depth]')", timeout=LONG)


def test_the_panes_and_a_pinned_picture_are_subtracted(explorer):
    page, canvas = explorer.page, explorer.page.locator(".sx-canvas").first
    weights = explorer.value("[[float(w) for w in e.weights] for e in explorer.explanations]")

    def difference():
        return float(
            canvas.locator(".sx-pointed")
            .inner_text()
            .split("difference ")[1]
            .split(" ")[0]
            .replace("−", "-")
        )

    def colour():
        return canvas.locator(".sx-paper canvas").first.evaluate(
            "c => { const context = c.getContext('2d');"
            " const [r, , b] = context.getImageData(.88 * c.width, .72 * c.height, 1, 1).data;"
            " return b - r; }"
        )

    canvas.get_by_role("button", name="Difference").click()
    pressed = page.locator("[data-view][aria-pressed=true]")
    assert pressed.all_inner_texts() == ["Difference", "Difference"]
    tops = [paper.bounding_box()["y"] for paper in page.locator(".sx-paper").all()]
    assert tops[0] == pytest.approx(tops[1], abs=2)  # what is unfolded is so in both
    page.mouse.move(*at(canvas, (0.88, 0.72)))
    assert difference() == pytest.approx(weights[0][3] - weights[1][8], abs=0.0011)
    assert colour() * difference() > 0
    explorer.picture("explorer-difference")
    page.get_by_label("Second pane").uncheck()
    page.wait_for_function("() => document.querySelectorAll('.sx-canvas').length === 1")
    canvas.get_by_role("button", name="Pin", exact=True).click()
    page.get_by_label("Class to explain").select_option("suit")
    now = explorer.value("[float(w) for w in explorer.explanation.refit(target='suit').weights]")
    page.mouse.move(*at(canvas, (0.85, 0.7)))
    assert difference() == pytest.approx(now[3] - weights[0][3], abs=0.0011)
    assert "football helmet" in canvas.locator(".sx-pin").inner_text()
    explorer.picture("explorer-pinned")
    canvas.get_by_role("button", name="Unpin").click()
    assert pressed.all_inner_texts() == ["Weights"]  # nothing is left to compare with


def test_regions_go_to_a_file_and_come_back(explorer, tmp_path):
    page, canvas = explorer.page, explorer.page.locator(".sx-canvas").first
    canvas.locator(".sx-files summary").click()
    with page.expect_download() as download:
        canvas.get_by_role("button", name="Save regions (PNG)").click()
    download.value.save_as(tmp_path / "regions.png")
    shown = tuple(explorer.value("list(explorer.regions.names)"))
    classes, names = load_annotation(tmp_path / "regions.png", (512, 512))
    assert names == shown
    assert explorer.value("explorer.regions.labels.tolist()") == classes.tolist()
    save_annotation(tmp_path / "regions.png", classes, ["flag", "rocket", "suit", "helmet"])
    with page.expect_file_chooser() as chooser:
        canvas.get_by_role("button", name="Load regions…").click()
    chooser.value.set_files(tmp_path / "regions.png")
    explorer.wait_value(
        "list(explorer.regions.names)", ["flag", "rocket", "suit", "helmet"], timeout=120
    )
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with page.expect_file_chooser() as chooser:
        canvas.get_by_role("button", name="Load regions…").click()
    chooser.value.set_files([tmp_path / "broken.png"])
    canvas.locator(".sx-title", has_text="cannot be read as an image").wait_for()


def test_words_and_tooltips(explorer):
    page = explorer.page
    explorer.value("True", "explorer.panes[1].set(segmenter='slic'); explorer.wait()")
    page.locator(".sx-title", has_text="(asked for 14, got").wait_for(timeout=LONG)
    for summary in page.locator(".sx-canvas").first.locator("summary").all():
        summary.click()
    page.wait_for_function(
        "() => document.querySelectorAll('.sx-canvas details[open]').length === 6"
    )  # the other pane's, too
    bare = page.evaluate(
        """() => [...document.querySelectorAll(
            '.segxai-widget :is(button, select, input, summary, .sx-title, .sx-legend)')]
          .filter((e) => e.checkVisibility() && !e.closest('[title]'))
          .map((e) => e.outerHTML.slice(0, 120))"""
    )
    assert bare == []
    wide = page.evaluate(
        """() => [...document.querySelectorAll('.sx-form select')].filter((e) => {
          const box = e.getBoundingClientRect();
          const around = e.closest('.sx-form').getBoundingClientRect();
          return box.right > around.right + 1;
        }).length"""
    )
    assert wide == 0


def test_picture_gauge_and_five_weights_fit_beside_the_open_sidebar(explorer):
    page = explorer.page
    page.set_viewport_size({"width": 1280, "height": 900})
    explorer.run("application:toggle-left-area")
    page.wait_for_timeout(500)
    assert page.locator("#jp-left-stack").bounding_box()["width"] > 150
    for pane in page.locator(".sx-canvas").all():
        rows = pane.locator(".sx-row").all()
        picture, last = pane.locator(".sx-stage").bounding_box(), rows[min(4, len(rows) - 1)]
        last = last.bounding_box()
        assert last["y"] + last["height"] - picture["y"] <= 780
        assert picture["height"] >= 280
    explorer.picture("explorer-sidebar")
    explorer.run("application:toggle-left-area")


def test_after_a_reload_the_page_is_as_it_was(explorer):
    page = explorer.page
    canvas = page.locator(".sx-canvas").first
    page.mouse.click(*at(canvas, HELMET))
    canvas.locator(".sx-display summary").click()
    canvas.get_by_label("opacity").fill("0.2")
    canvas.get_by_role("button", name="Zoom in").click()
    page.get_by_label("method").select_option("banzhaf")
    explorer.wait_value(
        "[explorer.panes[0].canvas.off, explorer.panes[0].canvas.opacity]", [[3], 0.2]
    )
    explorer.wait_value("explorer.panes[1].canvas.opacity", 0.2)  # the panes share how they show
    explorer.run("docmanager:save")
    page.reload()
    page.wait_for_selector(".sx-canvas[data-ready] >> nth=1", timeout=LONG)
    assert page.get_by_text("Error displaying widget").count() == 0
    canvas = page.locator(".sx-canvas").first
    assert canvas.locator(".sx-row.sx-gone .sx-name").inner_text().endswith("helmet")
    assert "Banzhaf" in canvas.locator(".sx-title").inner_text()
    assert "sx-zooming" in canvas.get_attribute("class")
    explorer.wait_value("explorer.shared.values['method']", "banzhaf")


NASTY = ["<img src=x onerror='window.hacked=1'>", "name " * 60, "שלום עולם", "🧑‍🚀🚀", "🚀" * 80]


def test_names_are_text_whatever_they_hold(notebook):
    book = notebook(
        f"import segxai, numpy as np\nfrom segxai.widgets import RegionCanvas\nnames = {NASTY!r}\n"
        "image = segxai.data.photograph('cat')\n"
        "labels = np.arange(image.shape[1]) * len(names) // image.shape[1]\n"
        "labels = labels + np.zeros(image.shape[:2], int)\n"
        "regions = segxai.Regions.from_labels(labels, [n.strip() for n in names], '<b>bold</b>')\n"
        "canvas = RegionCanvas(\n"
        "    segxai.explain(image, regions, lambda x: x.mean((1, 2, 3)) / 255, 1))\ncanvas"
    )
    book.run_all()
    page = book.page
    page.wait_for_selector(".sx-canvas[data-ready]", timeout=LONG)
    shown = {name.inner_text() for name in page.locator(".sx-name").all()}
    assert shown == {name.strip() for name in NASTY}
    page.locator(".sx-row", has_text="🚀🚀🚀").hover()
    page.locator(
        ".sx-pointed", has_text="🚀" * 69 + "…: weight"
    ).wait_for()  # and no half of an emoji
    assert "<b>bold</b>" in page.locator(".sx-title").inner_text()
    assert page.locator(".sx-canvas img").count() == 0
    assert page.evaluate("window.hacked") is None
    stage, row = (
        page.locator(".sx-canvas").bounding_box(),
        page.locator(".sx-row").first.bounding_box(),
    )
    assert row["x"] + row["width"] <= stage["x"] + stage["width"] + 1
    book.picture("canvas-names")


def test_it_is_accessible_and_nothing_is_cut_off(explorer):
    page = explorer.page
    page.mouse.click(*at(page.locator(".sx-canvas").first, HELMET))
    page.locator(".sx-coalition summary").first.click()
    for theme in ("light", "dark"):
        explorer.theme(theme)
        for width in (390, 1280, 1920):
            page.set_viewport_size({"width": width, "height": 1080 if width == 1920 else 900})
            page.wait_for_timeout(500)
            explorer.picture(f"explorer-{theme}-{width}")
            if width > 390:  # the pictures are on one line, whatever sliders the panes have
                tops = [paper.bounding_box()["y"] for paper in page.locator(".sx-paper").all()]
                assert tops[0] == pytest.approx(tops[1], abs=2)
                rows = page.locator(".sx-canvas").nth(1).locator(".sx-row")
                assert rows.nth(4).bounding_box()["y"] + 38 - tops[1] <= 660  # all on one screen
            if (theme, width) != ("light", 1920):  # axe takes seconds
                assert findings(page, ".jp-OutputArea .segxai-explorer") == [], (theme, width)
            cut = (
                "[...document.querySelectorAll('.segxai-widget')]"
                ".filter(w => w.scrollWidth > w.clientWidth + 1).length"
            )
            assert page.evaluate(cut) == 0, (theme, width)
    explorer.theme("light")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_without_a_kernel_the_canvas_still_works_and_what_needs_it_is_disabled(explorer):
    page = explorer.page
    explorer.restart()
    page.wait_for_function(
        "() => document.querySelector('.sx-form .sx-away').textContent"
        ".startsWith('Kernel disconnected.')",
        timeout=LONG,
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
