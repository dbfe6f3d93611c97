"""The saved explorer and report: pages that work from a file, with Python gone and no request."""

import numpy as np
import pytest
from playwright.sync_api import expect

import segxai
from segxai import report
from segxai.explanation.checks import evaluated
from segxai.widgets import RegionCanvas

from .conftest import PICTURES, findings

pytestmark = pytest.mark.xdist_group("browser")  # one browser for all of them

NAMES = ["suit", "football helmet", "shuttle", "flag", "hat", "rest"]
HELMET = (0.8, 0.85)
QUARTERS = np.kron(np.array([[0, 1], [2, 3]]), np.ones((128, 128), int))


def box(images):
    """A classifier whose classes depend on the brightness of places of the photograph."""
    bright = images[:, ::9, ::9].astype(float).mean(axis=(1, 2, 3)) / 255
    helmet = images[:, 150::9, 150::9].astype(float).std(axis=(1, 2, 3)) / 255
    head = images[:, 25:100:9, 100:175:9].astype(float).std(axis=(1, 2, 3)) / 255
    columns = [
        0.3 * bright,
        helmet * (0.4 + head),
        0.05 + 0 * bright,
        0.1 * bright,
        0.02 + 0 * bright,
    ]
    return np.stack([*columns, 1 - sum(columns)], axis=1)


@pytest.fixture(scope="module")
def astronaut(astronaut):
    """Small: what is computed in advance is not the point here."""
    return np.ascontiguousarray(astronaut[::2, ::2])


@pytest.fixture(scope="module")
def classifier():
    return segxai.load_classifier(box, class_names=NAMES)


@pytest.fixture(scope="module")
def explanations(astronaut, classifier):
    regions = segxai.Regions.from_labels(QUARTERS, ["flag", "shuttle", "suit", "helmet"], "by hand")
    grid = segxai.segment(astronaut, "grid", rows=3, columns=3)
    return {
        (r.method, fill): segxai.explain(astronaut, r, classifier, "football helmet", fill=fill)
        for r in (regions, grid)
        for fill in ("mean", "black")
    }


@pytest.fixture(scope="module")
def saved(astronaut, classifier, explanations, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "explorer.html"
    segmenters = [explanations[method, "mean"].regions for method in ("by hand", "grid")]
    segxai.save_explorer(
        path,
        astronaut,
        classifier,
        "football helmet",
        segmenters=segmenters,
        fills=("mean", "black", "blur", "grey"),
    )
    return path


class Saved:
    def __init__(self, page, path):
        self.page, self.requests, self.problems = page, [], []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on(
            "console",
            lambda message: self.problems.append(message.text) if message.type == "error" else None,
        )
        page.goto(path.as_uri())
        page.wait_for_selector(".sx-canvas[data-ready]")
        self.canvas = page.locator(".sx-canvas").first

    def at(self, share, pane=0):
        paper = self.page.locator(".sx-paper").nth(pane)
        paper.scroll_into_view_if_needed()
        box = paper.bounding_box()
        return box["x"] + share[0] * box["width"], box["y"] + share[1] * box["height"]

    def gauge(self, pane=0):
        return " ".join(self.page.locator(".sx-gauge").nth(pane).inner_text().split())

    def weights(self, pane=0):
        """{name: weight} of the list."""
        rows = self.page.locator(".sx-canvas").nth(pane).locator(".sx-row").all()
        texts = [
            [row.locator(f".sx-{part}").inner_text() for part in ("name", "number")] for row in rows
        ]
        return {name: float(number.replace("−", "-")) for name, number in texts}

    def picture(self, name):
        PICTURES.mkdir(exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{name}.png")


@pytest.fixture
def opened(page, saved):
    opened = Saved(page, saved)
    yield opened
    assert opened.problems == []
    assert [url for url in opened.requests if not url.startswith(("file:", "blob:", "data:"))] == []


def expected(explanation):
    return dict(zip(explanation.regions.names, np.round(explanation.weights, 3), strict=True))


def test_it_is_small_and_names_no_address(saved):
    page = saved.read_text(encoding="utf-8")
    assert len(page) < 1_000_000
    assert "://" not in page


def test_the_probability_is_above_the_picture_and_moves_with_every_switch(opened, explanations):
    table = explanations["by hand", "mean"].coalitions
    full = table.full
    assert opened.gauge() == f"football helmet {full:.1%}".replace("%", " %")
    opened.page.mouse.click(*opened.at(HELMET))
    without = table.value_of([True, True, True, False])
    assert opened.gauge() == f"football helmet {full:.1%} → {without:.1%}".replace("%", " %")
    shown = opened.canvas.locator(".sx-classes .sx-number").all_inner_texts()
    row = table.table[(table.masks == [True, True, True, False]).all(axis=1)][0]
    assert shown == [f"{value:.1%}".replace("%", " %") for value in row]
    opened.picture("saved-switched")


def test_method_class_width_and_contrast_are_algebra_in_the_page(opened, explanations):
    e = explanations["by hand", "mean"]
    assert opened.weights() == expected(e)
    opened.page.get_by_label("kernel width").fill("0")  # its logarithm
    assert opened.weights() == expected(e.refit(kernel_width=1.0))
    opened.page.get_by_label("method").select_option("shapley")
    assert opened.page.get_by_label("kernel width").is_disabled()
    assert opened.weights() == expected(e.refit("shapley"))
    opened.page.mouse.click(*opened.at(HELMET))
    opened.page.get_by_label("class to explain").select_option("suit")
    assert opened.weights() == expected(e.refit("shapley", target="suit"))
    assert opened.gauge().startswith("suit")
    assert "→" in opened.gauge()  # what is off stays so
    opened.page.get_by_label("rather than").select_option("football helmet")
    assert opened.weights() == expected(
        e.refit("shapley", target="suit").refit(versus="football helmet")
    )


def test_fills_and_segmenters_change_and_what_is_off_survives_the_fill(opened, explanations):
    opened.page.mouse.click(*opened.at(HELMET))
    opened.page.get_by_label("fill hidden regions with").select_option("black")
    opened.page.wait_for_function(
        "() => document.querySelector('.sx-gauge').textContent.includes('→')"
    )
    without = explanations["by hand", "black"].coalitions.value_of([True, True, True, False])
    opened.page.wait_for_function(
        "text => document.querySelector('.sx-now')?.textContent === text",
        arg=f"{100 * without:.1f} %",
    )
    assert opened.weights() == expected(explanations["by hand", "black"])
    opened.page.get_by_role("combobox", name="segmenter").first.select_option("grid")
    opened.page.wait_for_function(
        "() => document.querySelector('.sx-title').textContent.startsWith('grid: 9 regions')"
    )
    assert opened.weights() == expected(explanations["grid", "black"])
    assert "→" not in opened.gauge()  # other regions: everything is on


def test_two_panes_share_pointer_view_and_scale(opened, explanations):
    page = opened.page
    assert page.get_by_label("second pane").is_checked()  # two segmenters were asked for
    page.wait_for_selector(".sx-canvas[data-ready] >> nth=1")
    page.mouse.move(*opened.at(HELMET))
    assert page.locator(".sx-pointed").nth(1).inner_text().startswith("row 3, column 3: weight")
    page.get_by_role("button", name="Photograph").first.click()
    second = page.locator(".sx-canvas").nth(1)
    assert second.locator("[data-view=photograph]").get_attribute("aria-pressed") == "true"
    limits = [
        max(map(abs, expected(explanations[method, "mean"]).values()))
        for method in ("by hand", "grid")
    ]
    widths = [
        page.locator(".sx-canvas")
        .nth(n)
        .locator(".sx-bar > span")
        .first.evaluate("b => parseFloat(b.style.width)")
        for n in (0, 1)
    ]
    assert max(widths) == pytest.approx(50)
    assert min(widths) / 50 == pytest.approx(min(limits) / max(limits), abs=0.02)
    page.get_by_label("both panes").first.check()
    page.mouse.click(*opened.at(HELMET))
    assert page.locator(".sx-row.sx-gone .sx-name").all_inner_texts() == [
        "helmet",
        "row 3, column 3",
    ]
    opened.picture("saved-two-panes")


def test_switches_worth_having(opened):
    canvas = opened.canvas

    def gone():
        return sorted(canvas.locator(".sx-row.sx-gone .sx-name").all_inner_texts())

    canvas.get_by_label("show only").select_option("top 1")
    top = max(opened.weights().items(), key=lambda item: item[1])[0]
    assert gone() == sorted({"flag", "shuttle", "suit", "helmet"} - {top})
    canvas.get_by_role("button", name="Invert").click()
    assert gone() == [top]
    canvas.get_by_role("button", name="Turn all on").click()
    assert gone() == []
    canvas.get_by_role("button", name="More for suit").click()
    canvas.get_by_role("menuitem", name="Show only this").click()
    assert gone() == ["flag", "helmet", "shuttle"]
    canvas.get_by_label("show only").select_option(label="flag")
    assert gone() == ["helmet", "shuttle", "suit"]


def test_the_pencil_renames_offers_nouns_and_switches_nothing(opened):
    page, canvas, evil = opened.page, opened.canvas, "<img src=x onerror=window.hacked=1>"
    canvas.get_by_role("button", name="Rename helmet").click()
    field = canvas.get_by_label("New name of helmet")
    offered = field.evaluate("field => [...field.list.options].map(o => o.value)")
    assert offered[:2] == ["helmet", "rest"]  # its own noun, then the classifier's classes
    field.fill(evil)
    page.keyboard.press("Enter")
    assert evil in opened.weights()
    assert page.evaluate("window.hacked") is None
    assert canvas.locator(".sx-gone").count() == 0
    assert "→" not in opened.gauge()
    canvas.locator(".sx-row", has_text="suit").focus()
    page.keyboard.press("r")
    page.keyboard.type("jacket")
    page.keyboard.press("Enter")
    assert "jacket" in opened.weights()
    page.keyboard.press("r")
    page.keyboard.type("no")
    page.keyboard.press("Escape")
    assert "jacket" in opened.weights()
    assert canvas.locator(".sx-gone").count() == 0


def test_a_new_name_survives_class_method_fill_and_a_second_visit(opened):
    page, canvas = opened.page, opened.canvas
    canvas.get_by_role("button", name="Rename helmet").click()
    canvas.get_by_label("New name of helmet").fill("her helmet")
    page.keyboard.press("Enter")
    page.get_by_label("class to explain").select_option("suit")
    assert page.get_by_role("heading").first.inner_text() == "Why suit?"
    page.get_by_label("rather than").select_option("rest")
    assert page.get_by_role("heading").first.inner_text() == "Why suit rather than rest?"
    assert page.title() == "Why suit rather than rest?"
    page.get_by_label("method").select_option("shapley")
    page.get_by_label("fill hidden regions with").select_option("black")
    segmenter = page.get_by_role("combobox", name="segmenter").first
    for name, wanted in (("grid", "grid: 9"), ("by hand", "by hand: 4")):
        segmenter.select_option(name)
        canvas.locator(".sx-title", has_text=wanted).wait_for()
    assert "her helmet" in opened.weights()


def test_every_row_shows_its_thing(opened):
    canvas = opened.canvas
    for row in canvas.locator(".sx-row").all():
        cutout = row.locator(".sx-cutout")
        name = row.locator(".sx-name").inner_text()
        assert cutout.get_attribute("aria-label") == name
        solid = cutout.evaluate(
            "c => c.getContext('2d').getImageData(0, 0, 48, 48).data"
            ".filter((_, i) => i % 4 === 3).filter(Boolean).length"
        )
        assert solid > 1000  # of 2,304: a quarter of the photograph fills its square
    opened.page.mouse.move(*opened.at(HELMET))
    assert canvas.locator(".sx-pointed .sx-cutout").get_attribute("aria-label") == "helmet"


def test_a_coalition_is_a_photograph_a_row_and_a_sum(opened, explanations):
    page, canvas, e = opened.page, opened.canvas, explanations["by hand", "mean"]
    canvas.locator(".sx-coalition summary").click()
    rows = canvas.locator(".sx-coalitions tbody tr")
    expect(rows).to_have_count(16)
    everything = rows.first.locator("td").all_inner_texts()
    kernel = np.exp(-((1 - np.sqrt(3 / 4)) ** 2) / (2 * e.details.kernel_width**2))
    assert everything[:3] == [
        f"{e.coalitions.full:.3f}", "1.000", f"{e.intercept + e.weights.sum():.3f}",
    ]  # fmt: skip
    without = rows.filter(has_text="without “helmet”").first
    without.hover()
    found = without.locator("td").all_inner_texts()
    value = e.coalitions.value_of([True, True, True, False])
    expected_sum = e.intercept + e.weights[:3].sum()
    assert found == [
        f"{value:.3f}", f"{kernel:.3f}", f"{expected_sum:.3f}", "1", "1", "1", "0",
    ]  # fmt: skip
    total = canvas.locator(".sx-sum")
    assert f"= {expected_sum:.3f}" in total.inner_text()
    assert total.locator("s").count() == 1
    picture = canvas.locator(".sx-three > div > canvas")
    assert picture.get_attribute("aria-label") == "The photograph, without “helmet”"
    filled = picture.evaluate(
        "c => [...c.getContext('2d').getImageData(.9 * c.width, .9 * c.height, 1, 1).data]"
    )
    view = evaluated(e).filled_view
    mean = view[int(0.9 * view.shape[0]), int(0.9 * view.shape[1])]
    assert np.abs(np.array(filled[:3]) - mean).max() < 16  # and not the helmet itself
    total.locator("[data-k='2']").hover()  # a weight marks its region everywhere
    assert canvas.locator(".sx-row.sx-lit .sx-name").inner_text() == "suit"
    assert canvas.locator(".sx-coalitions td.sx-same").count() == 16
    page.mouse.move(*opened.at((0.25, 0.25)))
    assert total.locator(".sx-same").inner_text().endswith("flag")
    rows.filter(has_text="without “suit”").first.get_by_role("button").click()
    assert canvas.locator(".sx-row.sx-gone .sx-name").all_inner_texts() == ["suit"]
    assert rows.first.locator("th").inner_text() == "without “suit”"
    opened.picture("saved-coalition")


def test_present_fills_the_screen_and_zoom_enlarges_the_picture(opened):
    page, canvas = opened.page, opened.canvas
    size = canvas.locator(".sx-gauge").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    canvas.get_by_role("button", name="Present").click()
    page.wait_for_function("() => document.fullscreenElement?.querySelector('.sx-legend')")
    larger = canvas.locator(".sx-gauge").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")
    assert larger > 1.2 * size
    opened.picture("saved-present")
    page.evaluate("document.exitFullscreen()")
    page.wait_for_function("() => !document.fullscreenElement")
    page.get_by_label("second pane").uncheck()
    before = canvas.locator(".sx-paper").bounding_box()
    canvas.locator(".sx-display summary").click()
    canvas.get_by_role("button", name="Zoom in").click()
    after = canvas.locator(".sx-paper").bounding_box()
    assert after["width"] == pytest.approx(1.5 * before["width"], rel=0.02)
    assert canvas.locator(".sx-stage").evaluate("s => s.scrollHeight - s.clientHeight") <= 1


def test_arrow_keys_go_where_they_point_and_the_list_is_one_stop(opened):
    page, canvas = opened.page, opened.canvas
    canvas.locator(".sx-stage").focus()
    pointed = []
    for key in ("ArrowLeft", "ArrowUp", "ArrowLeft", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
        pointed.append(canvas.locator(".sx-pointed").inner_text().split(":")[0])
    assert pointed[2:] == [
        "flag",
        "suit",
        "helmet",
    ]  # the first key chooses a region near the middle
    page.keyboard.press("Enter")
    assert "→" in opened.gauge()
    for _ in range(12):  # past the switches beside the picture
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.className").startswith("sx-row"):
            break
    names = []
    for _ in range(3):
        page.keyboard.press("ArrowDown")
        names.append(page.evaluate("document.activeElement.querySelector('.sx-name').textContent"))
    assert len(set(names)) == 3
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.className").startswith("sx-row")


def test_colours_are_those_of_the_weights_whatever_the_photograph(opened, explanations):
    weights = explanations["by hand", "mean"].weights
    colours = opened.canvas.locator(".sx-paper canvas").first.evaluate(
        """canvas => [[.25, .25], [.75, .25], [.25, .75], [.75, .75]].map(([x, y]) => {
          const left = x * canvas.width - 60, top = y * canvas.height - 60;
          const { data } = canvas.getContext("2d").getImageData(left, top, 120, 120);
          const sum = [0, 0, 0];
          data.forEach((value, i) => { if (i % 4 < 3) sum[i % 4] += value; });
          return sum.map((value) => value / (data.length / 4));
        })"""
    )
    strongest = np.abs(weights).max()
    for weight, (red, _, blue) in zip(weights, colours, strict=True):
        if abs(weight) < 0.005 * strongest:
            assert abs(red - blue) < 4
        else:
            assert (blue - red) * weight > 0


def on_one_screen(page, most):
    """Gauge, classes, picture and five weights with their cut-outs are within so many pixels."""
    for pane in page.locator(".sx-canvas:visible").all():
        rows = pane.locator(".sx-row").all()
        parts = [pane.locator(".sx-stage"), pane.locator(".sx-gauge"), pane.locator(".sx-classes")]
        boxes = [part.bounding_box() for part in (*parts, rows[min(4, len(rows) - 1)])]
        assert min(box["y"] for box in boxes) >= 0
        assert max(box["y"] + box["height"] for box in boxes) <= most


def test_the_picture_takes_the_room_that_there_is(opened, page):
    for width, height, compare in (
        (960, 900, True),  # what JupyterLab leaves of 1280 beside its open sidebar
        (1280, 900, True),
        (1280, 900, False),
        (1920, 1080, True),
        (1920, 1080, False),
    ):
        page.set_viewport_size({"width": width, "height": height})
        page.get_by_label("second pane").set_checked(compare)
        page.wait_for_function(
            f"() => [...document.querySelectorAll('.sx-canvas')]"
            f".filter(c => c.checkVisibility()).length === {2 if compare else 1}"
        )
        page.wait_for_timeout(200)
        on_one_screen(page, height)
        tops = [paper.bounding_box() for paper in page.locator(".sx-paper:visible").all()]
        assert len({round(box["y"]) for box in tops}) == 1
        if width >= 1280:  # one row of controls, and the panes' segmenters
            fields = page.locator(".sx-form").first.locator(".sx-field").all()
            assert np.ptp([field.bounding_box()["y"] for field in fields]) < 12
        if (width, compare) == (1920, False):
            assert tops[0]["height"] >= 800
        opened.picture(f"saved-{width}-{1 + compare}")


@pytest.mark.parametrize(("height", "width"), [(256, 110), (100, 256)])
def test_tall_and_wide_photographs_take_it_too(page, tmp_path, astronaut, height, width):
    image = np.ascontiguousarray(astronaut[:height, :width])
    e = segxai.explain(image, "grid", lambda x: x.mean((1, 2, 3)) / 255, max_evaluations=64)
    RegionCanvas(e).save(tmp_path / "canvas.html")
    page.set_viewport_size({"width": 1920, "height": 1080})
    opened = Saved(page, tmp_path / "canvas.html")
    box = page.locator(".sx-paper").bounding_box()
    assert box["height"] >= 800 or box["width"] >= 1100
    on_one_screen(page, 1080)
    assert opened.problems == []


def test_a_long_list_says_how_many_more_there_are(page, tmp_path, astronaut):
    grid = segxai.segment(astronaut, "grid", rows=9, columns=3)
    e = segxai.explain(astronaut, grid, lambda x: x.mean((1, 2, 3)) / 255, max_evaluations=64)
    RegionCanvas(e).save(tmp_path / "canvas.html")
    opened = Saved(page, tmp_path / "canvas.html")
    more = page.locator(".sx-rest")
    for size in ((1920, 1080), (1280, 900), (1280, 700), (390, 844)):  # wherever a window ends
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.wait_for_timeout(200)
        bottom = page.locator(".sx-list").evaluate("l => l.getBoundingClientRect().bottom")
        boxes = [row.bounding_box() for row in page.locator(".sx-row").all()]
        begun = [box for box in boxes if box["y"] < bottom - 2]
        assert all(box["y"] + box["height"] <= bottom + 1 for box in begun)  # none is cut in half
        assert len(begun) >= 5
        assert len(begun) + int(more.inner_text().split(" ")[1]) == 27
    more.click()
    assert page.locator(".sx-list").evaluate("l => l.scrollHeight - l.clientHeight") <= 1
    assert opened.problems == []


def test_what_does_not_fit_is_counted_at_every_depth(page, tmp_path, astronaut):
    grid = segxai.segment(astronaut, "grid", rows=9, columns=3)
    e = segxai.explain(
        astronaut, grid, lambda x: x.std((1, 2, 3)) / 255, method="tree", max_evaluations=64
    )
    e.save(tmp_path / "tree.html")
    opened = Saved(page, tmp_path / "tree.html")
    page.set_viewport_size({"width": 1280, "height": 700})
    more, counts = page.locator(".sx-rest"), []
    most = int(page.get_by_label("Depth").get_attribute("max"))
    for depth in (most, most - 1, 2, most):
        page.get_by_label("Depth").fill(str(depth))
        page.wait_for_timeout(200)
        rows = page.locator(".sx-list .sx-row")
        assert rows.count() == depth
        counts.append(int(more.inner_text().split(" ")[1]) if more.is_visible() else 0)
        numbers = rows.evaluate_all("rows => rows.map(row => Number(row.dataset.region))")
        assert sorted(numbers) == list(range(depth))
    assert counts == [counts[0], counts[0] - 1, 0, counts[0]]
    assert counts[0] > 0
    assert opened.problems == []


def test_two_figures_of_a_report_fill_the_window(page, tmp_path, explanations):
    sections = [("astronaut", [report.figure(explanations["by hand", "mean"])] * 2)]
    report.write_report(tmp_path / "report.html", sections)
    opened = Saved(page, tmp_path / "report.html")
    for width, height, least in ((1280, 900, 330), (1920, 1080, 640)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(200)
        on_one_screen(page, height)
        boxes = [paper.bounding_box() for paper in page.locator(".sx-paper").all()]
        assert boxes[0]["y"] == boxes[1]["y"]
        assert min(box["height"] for box in boxes) >= least
        right = page.locator(".sx-right").last.bounding_box()
        assert width - right["x"] - right["width"] < 40
        opened.picture(f"saved-report-{width}")
    assert opened.problems == []


def test_it_is_accessible_and_nothing_is_cut_off(opened):
    page = opened.page
    for summary in page.locator(".sx-canvas summary:visible").all():
        summary.click()
    opened.canvas.get_by_role("button", name="Rename helmet").click()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (390, 800, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_timeout(200)
            if width != 800:  # axe takes seconds
                assert findings(page) == [], (scheme, width)
            wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert page.evaluate(wider) <= 0, (scheme, width)
            opened.picture(f"saved-{scheme}-{width}")


def test_a_report_and_a_canvas_are_shown_by_the_same_code(page, tmp_path, explanations):
    e = explanations["by hand", "mean"]
    e.save(tmp_path / "why.html")
    RegionCanvas(e).save(tmp_path / "canvas.html")
    for name in ("why", "canvas"):
        opened = Saved(page, tmp_path / f"{name}.html")
        assert opened.weights() == expected(e)
        opened.page.mouse.click(*opened.at(HELMET))
        assert "→" in opened.gauge()
        assert opened.problems == []
        opened.picture(f"saved-{name}")


def test_the_first_screen_says_what_counts_most_and_what_is_left_without_it(
    page, tmp_path, explanations
):
    e = explanations["by hand", "mean"]
    e.save(tmp_path / "why.html")
    page.set_viewport_size({"width": 1280, "height": 800})
    opened = Saved(page, tmp_path / "why.html")
    answer, helmet = page.locator(".sx-answer"), np.array([True, True, True, False])
    row = int(np.flatnonzero((e.coalitions.masks == helmet).all(axis=1))[0])

    def given(e):
        return [f"{100 * e.coalitions.table[row, k]:.1f} %" for k in e.coalitions.columns]

    said = f"Supported most by “helmet” (+{e.weights.max():.3f}); without it {given(e)[0]}."
    assert answer.inner_text() == said
    on_one_screen(page, 800)
    page.mouse.click(*opened.at(HELMET))
    page.get_by_label("rather than").select_option("suit")  # it follows what is asked
    contrast = e.refit(versus="suit")
    assert answer.inner_text() == (
        f"Rather than suit, supported most by “helmet” (+{contrast.weights.max():.3f}); "
        f"without it {' against '.join(given(contrast))}."
    )
    page.get_by_label("Rather than", exact=True).select_option("")
    page.get_by_label("class to explain").select_option("shuttle")  # which nothing changes
    assert answer.inner_text() == "Supported by no region."
    assert opened.problems == []


def test_the_chosen_class_is_read_whole(opened):
    choice = opened.page.get_by_label("class to explain")
    assert choice.get_attribute("title") == "football helmet"
    needed = choice.evaluate(
        """select => { const pen = document.createElement('canvas').getContext('2d');
        pen.font = getComputedStyle(select).font;
        return pen.measureText(select.selectedOptions[0].text).width; }"""
    )
    assert choice.bounding_box()["width"] >= needed + 30  # beside its arrow
    choice.select_option("suit")
    assert choice.get_attribute("title") == "suit"


def test_a_switch_moves_nothing(opened):
    """Else the next click on a row of the list would meet another one."""
    page = opened.page
    rows = page.locator(".sx-row:visible").all()
    before = [row.bounding_box() for row in rows]
    page.locator(".sx-row", has_text="helmet").click()
    assert "→" in opened.gauge()
    assert [row.bounding_box() for row in rows] == before


def test_a_table_that_is_a_sample_estimates_what_it_does_not_hold(
    page, tmp_path, astronaut, classifier
):
    regions = segxai.segment(astronaut, "grid", rows=4, columns=4)
    e = segxai.explain(astronaut, regions, classifier, "football helmet", max_evaluations=200)
    RegionCanvas(e).save(tmp_path / "sampled.html")
    opened = Saved(page, tmp_path / "sampled.html")
    assert opened.weights() == expected(e)
    held = np.flatnonzero(~e.coalitions.masks[5])
    for k in held:
        opened.page.locator(f".sx-row[data-region='{k}']").click()
    assert opened.gauge().endswith(f"{100 * e.coalitions.values[5]:.1f} %")
    opened.canvas.get_by_role("button", name="Turn all on").click()
    missing = next(k for k in range(16) if e.coalitions.value_of(np.arange(16) != k) is None)
    opened.page.locator(f".sx-row[data-region='{missing}']").click()
    assert opened.gauge().endswith("(estimated from the weights)")


def test_the_depth_of_a_tree_is_a_slider(page, tmp_path, astronaut, classifier):
    grid = segxai.segment(astronaut, "grid", rows=4, columns=4)
    e = segxai.explain(
        astronaut, grid, classifier, "football helmet", method="tree", max_evaluations=128
    )
    e.coarsen(3).save(tmp_path / "tree.html")
    opened = Saved(page, tmp_path / "tree.html")
    assert opened.weights() == expected(e.coarsen(3))
    for depth in (1, 7, 16):
        page.get_by_label("Depth").fill(str(depth))
        assert opened.weights() == expected(e.coarsen(depth))
    page.get_by_label("rather than").select_option("suit")
    assert opened.weights() == pytest.approx(expected(e.refit(versus="suit")), abs=0.0011)
    page.mouse.click(*opened.at((0.9, 0.9)))  # what is off stays off at every depth
    page.get_by_label("Depth").fill("2")
    page.get_by_label("Depth").fill("16")
    assert page.locator(".sx-gone").count() == 1
    assert opened.problems == []
    opened.picture("saved-tree")


def test_logits_of_a_picture_with_five_channels_are_named_and_never_shares(page, tmp_path):
    bands = np.repeat(np.linspace(100, 900, 60)[None, :, None], 40, axis=0) * np.arange(1, 6)

    def logits(images):
        return np.stack(
            [images[..., 4].mean(axis=(1, 2)) / 1000, -images[..., 3].mean(axis=(1, 2)) / 1000],
            axis=1,
        )

    classifier = segxai.load_classifier(logits, class_names=["bright", "dark"], output="logit")
    regions = segxai.Regions.from_labels(
        np.arange(60)[None].repeat(40, axis=0) // 30, ["left", "right"], "halves"
    )
    picture = segxai.Bands(bands, rgb=(2, 1, 0))
    segxai.save_explorer(
        tmp_path / "bands.html",
        picture,
        classifier,
        "bright",
        segmenters=[regions],
        fills=["black"],
    )
    shown = Saved(page, tmp_path / "bands.html")
    assert shown.gauge() == "bright logit 2.500"
    assert "dark\nlogit -2.000" in page.locator(".sx-classes").inner_text()
    page.locator(".sx-row[data-region='1']").click()
    expected = np.where(np.arange(60) < 30, bands[0, :, 4], 500).mean() / 1000
    assert shown.gauge() == f"bright logit 2.500 → logit {expected:.3f}"
    assert page.get_by_title("The class whose logit the weights explain").count() == 1
    assert not shown.problems
    assert not [
        request for request in shown.requests if not request.startswith(("file:", "data:", "blob:"))
    ]


def test_the_address_keeps_what_is_shown_and_back_undoes(opened, explanations):
    page = opened.page
    assert "#" not in page.url
    first = opened.weights()
    page.get_by_label("method").select_option("shapley")
    page.get_by_label("class to explain").select_option("suit")
    page.wait_for_function("() => location.hash.includes('target=suit')")
    page.mouse.click(*opened.at(HELMET))
    page.wait_for_function("() => location.hash.includes('off=3')")
    link, gauge = page.url, opened.gauge()
    assert "→" in gauge

    page.goto("about:blank")  # somebody else opens the link
    page.goto(link)
    page.wait_for_selector(".sx-canvas[data-ready]")
    e = explanations["by hand", "mean"].refit("shapley", target="suit")
    assert opened.weights() == expected(e)
    assert opened.gauge() == gauge

    page.mouse.click(*opened.at(HELMET))
    page.wait_for_function("() => !location.hash.includes('off')")
    page.go_back()
    page.wait_for_function("() => document.querySelector('.sx-gauge').textContent.includes('→')")
    assert opened.gauge() == gauge
    page.evaluate("() => location.hash = ''")
    page.wait_for_function("() => !document.querySelector('.sx-gauge').textContent.includes('→')")
    assert opened.weights() == first


def test_two_panes_are_in_the_address_too(opened, saved):
    page = opened.page
    page.goto(f"{saved.as_uri()}#compare=true&2.segmenter=by+hand&2.off=0.2&view=photograph&off=1")
    page.reload()
    page.wait_for_selector(".sx-canvas[data-ready] >> nth=1")
    assert "→" in opened.gauge(0)
    panes = page.locator(".sx-canvas")
    assert panes.nth(1).locator(".sx-row.sx-gone").count() == 2
    assert opened.weights(0).keys() == opened.weights(1).keys()


def test_an_address_that_makes_no_sense_changes_nothing(opened, saved):
    page, first = opened.page, opened.weights()
    for evil in (
        "target=<img src=x onerror=window.hacked=1>&method=magic&kernel_width=-1&fill=red",
        "off=99.-1.x.1e9&view=nothing&segmenter=none&2.off=3&__proto__=1&compare=maybe",
        "%E0%A4%A",
    ):
        page.goto(f"{saved.as_uri()}#{evil}")
        page.reload()
        page.wait_for_selector(".sx-canvas[data-ready]")
        assert opened.weights() == first
        assert "→" not in opened.gauge()
    assert page.evaluate("window.hacked") is None
