"""The saved explorer and report: pages that work from a file, with Python gone and no request."""

import numpy as np
import pytest

import segxai
from segxai.widgets import RegionCanvas

from .conftest import PICTURES

pytestmark = pytest.mark.xdist_group("browser")  # one browser for all of them

NAMES = ["suit", "football helmet", "shuttle", "flag", "hat", "rest"]
HELMET = (0.8, 0.85)
QUARTERS = np.kron(np.array([[0, 1], [2, 3]]), np.ones((256, 256), int))


def box(images):
    """A classifier whose classes depend on the brightness of places of the photograph."""
    bright = images[:, ::9, ::9].astype(float).mean(axis=(1, 2, 3)) / 255
    helmet = images[:, 300::9, 300::9].astype(float).std(axis=(1, 2, 3)) / 255
    head = images[:, 50:200:9, 200:350:9].astype(float).std(axis=(1, 2, 3)) / 255
    columns = [
        0.3 * bright,
        helmet * (0.4 + head),
        0.05 + 0 * bright,
        0.1 * bright,
        0.02 + 0 * bright,
    ]
    return np.stack([*columns, 1 - sum(columns)], axis=1)


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
        return self.page.locator(".sx-gauge").nth(pane).inner_text()

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
    page.get_by_label("second pane").check()
    page.wait_for_selector(".sx-canvas[data-ready] >> nth=1")
    page.mouse.move(*opened.at(HELMET))
    assert page.locator(".sx-pointed").nth(1).inner_text().startswith("row 3, column 3: weight")
    page.locator(".sx-display summary").first.click()
    page.get_by_label("view").first.select_option("borders")
    assert page.get_by_label("view").nth(1).input_value() == "borders"
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
    page, canvas = opened.page, opened.canvas

    def gone():
        return sorted(canvas.locator(".sx-row.sx-gone .sx-name").all_inner_texts())

    page.get_by_label("show only the top").select_option("1")
    top = max(opened.weights().items(), key=lambda item: item[1])[0]
    assert gone() == sorted({"flag", "shuttle", "suit", "helmet"} - {top})
    canvas.get_by_role("button", name="Invert").click()
    assert gone() == [top]
    canvas.get_by_role("button", name="Turn all on").click()
    assert gone() == []
    canvas.get_by_role("button", name="More for suit").click()
    canvas.get_by_role("menuitem", name="Show only this").click()
    assert gone() == ["flag", "helmet", "shuttle"]


def test_a_region_is_renamed_in_place(opened):
    canvas, evil = opened.canvas, "<img src=x onerror=window.hacked=1>"
    canvas.get_by_role("button", name="More for helmet").click()
    canvas.get_by_role("menuitem", name="Rename …").click()
    field = canvas.get_by_label("New name of helmet")
    field.fill(evil)
    field.press("Enter")
    opened.page.wait_for_function(
        "() => [...document.querySelectorAll('.sx-name')]"
        ".some(n => n.textContent.includes('onerror'))"
    )
    assert evil in opened.weights()
    assert opened.page.evaluate("window.hacked") is None


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
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className").startswith("sx-row")
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


def test_everything_that_matters_is_within_650_pixels(opened):
    opened.page.set_viewport_size(
        {"width": 960, "height": 900}
    )  # what JupyterLab leaves of 1280 beside its open sidebar
    opened.page.get_by_label("second pane").check()
    opened.page.wait_for_selector(".sx-canvas[data-ready] >> nth=1")
    for pane in opened.page.locator(".sx-canvas").all():
        top = pane.locator(".sx-gauge").bounding_box()["y"]
        rows = pane.locator(".sx-row").all()
        last = rows[min(4, len(rows) - 1)].bounding_box()
        picture = pane.locator(".sx-stage").bounding_box()
        assert last["y"] + last["height"] - top <= 650
        assert picture["height"] >= 280
    opened.picture("saved-960")


@pytest.mark.parametrize("width", [390, 800, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible_and_nothing_is_cut_off(opened, width, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = opened.page
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    page.locator(".sx-display summary").first.click()
    page.mouse.click(*opened.at(HELMET))
    found = Axe().run(page).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in found] == []
    assert (
        page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        <= 0
    )
    opened.picture(f"saved-{scheme}-{width}")


def test_a_report_and_a_canvas_are_shown_by_the_same_code(page, tmp_path, explanations):
    e = explanations["by hand", "mean"]
    e.save(tmp_path / "why.html")
    RegionCanvas(e).save(tmp_path / "canvas.html")
    for name in ("why", "canvas"):
        opened = Saved(page, tmp_path / f"{name}.html")
        assert opened.weights() == expected(e)
        if (
            name == "why"
        ):  # what the classifier predicts and uses, and what happens without: on the first screen
            answer, picture = page.locator(".sx-answer"), page.locator(".sx-stage").bounding_box()
            without = e.coalitions.value_of([True, True, True, False])
            assert (
                f"gives “football helmet” {100 * e.coalitions.full:.1f} %. It relies most on “helmet”"
                in answer.inner_text()
            )
            assert f"Without “helmet”: {100 * without:.1f} %." in answer.inner_text()
            assert picture["y"] + picture["height"] <= 900
        opened.page.mouse.click(*opened.at(HELMET))
        assert "→" in opened.gauge()
        assert opened.problems == []
        opened.picture(f"saved-{name}")


def test_a_report_begins_with_the_answer(page, tmp_path, explanations):
    e = explanations["by hand", "mean"]
    e.save(tmp_path / "why.html")
    page.set_viewport_size({"width": 1280, "height": 800})
    opened = Saved(page, tmp_path / "why.html")
    answer, strongest = page.locator(".sx-answer"), int(np.argmax(e.weights))
    text = answer.inner_text()
    assert f"“{e.target}” {100 * e.coalitions.full:.1f} %" in text
    without = e.coalitions.value_of(np.arange(len(e.regions)) != strongest)
    assert f"Without “{e.regions.names[strongest]}”: {100 * without:.1f} %" in text
    box = answer.bounding_box()
    assert box["y"] + box["height"] < page.locator(".sx-stage").bounding_box()["y"] < 800
    assert opened.problems == []


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
