"""One explorer in JupyterLab, as a Voilà page and as a saved page.

The same steps show the same in all three.
"""

import pytest

from .conftest import APPLICATION, PICTURES, Server, serious_findings, write_notebook
from .exploring import CLASSIFIER, HELMET, LONG, at

pytestmark = pytest.mark.xdist_group("browser")  # one server and one browser for all of them

CELL = (
    CLASSIFIER
    + """
labels = np.kron(np.arange(4).reshape(2, 2), np.ones((256, 256), int))
explorer = ExplanationExplorer(
    segxai.data.photograph("astronaut"), classifier,
    start=("by hand", "grid"), target="football helmet",
    also={"by hand": segxai.Regions.from_labels(labels, ["flag", "shuttle", "suit", "helmet"])},
)
explorer.save("saved.html", fills=("mean",))
explorer
"""
)


@pytest.fixture(scope="module")
def voila(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("voila"), "server", **APPLICATION)
    yield server
    server.stop()


def walk(page) -> dict:
    """{step: what the page then shows}, of both panes."""
    page.wait_for_selector(".sx-canvas[data-ready]", timeout=LONG)
    assert page.get_by_label("second pane").is_checked()  # two segmenters were asked for
    page.wait_for_selector(".sx-canvas[data-ready] >> nth=1", timeout=LONG)
    left, steps = page.locator(".sx-canvas").first, {}

    def shown():
        numbers = [
            page.locator(".sx-canvas").nth(pane).locator(".sx-row").all_inner_texts()
            for pane in (0, 1)
        ]
        gauges = page.locator(".sx-gauge").all_text_contents()
        pointed = page.locator(".sx-pointed").all_inner_texts()
        return [
            numbers,
            gauges,
            pointed,
            page.locator(".sx-row.sx-gone .sx-name").all_inner_texts(),
        ]

    def note(step):
        before = None
        while before != (seen := shown()):  # until nothing changes any more
            before = seen
            page.wait_for_timeout(300)
        steps[step] = seen

    note("at first")
    page.mouse.move(*at(left, HELMET))
    note("pointed at")
    page.mouse.click(*at(left, HELMET))
    note("switched off")
    left.get_by_role("button", name="Invert").click()
    note("inverted")
    left.get_by_role("button", name="Turn all on").click()
    left.get_by_label("show only").select_option("top 2")
    note("the top two")
    left.get_by_role("button", name="Turn all on").click()
    page.get_by_label("both panes").first.check()
    page.mouse.click(*at(left, (0.2, 0.2)))
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
    left.get_by_role("button", name="Difference").click()
    note("the difference")
    steps["views"] = page.locator("[data-view][aria-pressed=true]").all_inner_texts()
    return steps


def test_the_same_steps_show_the_same(shared_notebook, voila, page):
    book = shared_notebook(CELL)
    book.run_all()
    in_lab = walk(book.page)
    assert serious_findings(book.page, ".sx-canvas") == []
    book.picture("everywhere-lab")
    assert in_lab["at first"][0][0] != in_lab["another kernel width"][0][0]
    assert in_lab["switched off"][3] == ["helmet"]
    assert len(in_lab["in both panes"][3]) == 2
    assert in_lab["views"] == ["Difference", "Difference"]

    page.goto(
        f"{voila.url}/voila/render/{write_notebook(voila, CELL)}?token={voila.token}", timeout=LONG
    )
    in_voila = walk(page)
    assert serious_findings(page, ".sx-canvas") == []
    page.screenshot(path=PICTURES / "everywhere-voila.png")
    assert in_voila == in_lab

    requests = []
    page.goto("about:blank")
    page.on("request", lambda request: requests.append(request.url))
    page.goto((voila.folder / "work" / "saved.html").as_uri())
    in_a_file = walk(page)
    assert serious_findings(page, ".sx-canvas") == []
    page.screenshot(path=PICTURES / "everywhere-saved.png")
    assert in_a_file == in_lab
    assert [url for url in requests if not url.startswith(("file:", "blob:", "data:"))] == []
