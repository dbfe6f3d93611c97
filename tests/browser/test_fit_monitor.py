"""The monitor in a real JupyterLab: beside other cells, and looked at without Python."""

import re

import pytest

from .conftest import serious_findings

pytestmark = pytest.mark.xdist_group("browser")  # one server and one browser for all of them


SETUP = """
import segxai
from segxai.widgets import FineTuneMonitor
monitor = FineTuneMonitor(segxai.data.load("cat"), iterations=4)
monitor
"""
OTHER = (
    "import time; print('other cell', sum(time.sleep(0.1) or i for i in range(5)), "
    "monitor.running, len(monitor.losses))"
)
LONG_CELL = """
try:
    if monitor.losses: time.sleep(300)
except KeyboardInterrupt:
    print("woken")
"""
NASTY = '<img src=x onerror="window.broken=1">'
NAMES = f"""
import segxai
from segxai.widgets import FineTuneMonitor
sample = segxai.data.load("coffee")
names = [
    {NASTY!r},
    "a very long name of a saucer that goes on and on and never seems to come to an end",
    "كوب",
    "coffee ☕",
    "spoon",
]
monitor = FineTuneMonitor(sample.image, sample.annotation.labels, names, iterations=6)
monitor
"""
LONG = 240_000  # ms; machines are busy at times
QUIET = 1500  # ms; what the page has for Python is sent by then


def frames(book, number, how=">="):
    book.page.wait_for_function(
        f"Number(document.querySelector('.sx-fit').dataset.frames) {how} {number}", timeout=LONG
    )


def rests(book):
    book.page.wait_for_selector(".sx-fit[data-running='false']", timeout=LONG)


def opened(notebook, *cells, **options):
    book = notebook(*cells, **options)
    book.run_all()
    book.page.wait_for_selector(".sx-fit[data-ready]", timeout=LONG)
    return book


@pytest.fixture
def book(notebook):
    return opened(notebook, SETUP, OTHER)


def button(book, name):
    return book.page.locator(".sx-fit").get_by_role("button", name=name, exact=True)


def summary(book):
    return book.page.locator(".sx-fit .sx-summary").inner_text()


def to_kernel(book):
    found = []
    for frame in book.sent:
        text = frame if isinstance(frame, str) else frame.decode("utf-8", "replace")
        found += [
            kind
            for kind in ("comm_msg", "execute_request")
            if f'"msg_type":"{kind}"' in text.replace(" ", "")
        ]
    return found


def pixels(book, kind):
    """The colours of one of the maps, summed, so that a change shows."""
    return book.page.evaluate(
        "kind => { const c = document.querySelector(`.sx-fit [data-map=${kind}]`);"
        " return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
        ".reduce((a, b, i) => (a * 31 + b) % 1000003, 7); }",
        kind,
    )


def test_training_beside_other_cells_then_stop_and_step(notebook):
    book = opened(notebook, SETUP, OTHER, LONG_CELL)
    page = book.page
    page.get_by_label("iterations").fill("50")
    page.evaluate(
        """() => { window.said = [];
        const line = document.querySelector('.sx-fit .sx-summary');
        new MutationObserver(() => said.push(line.textContent)).observe(line, {childList: true});
        }"""
    )
    button(book, "Start").click()
    frames(book, 2)
    said = page.evaluate("said")
    while_training = said[said.index("The first iteration is under way.") :]
    assert not any("Press Start" in text for text in while_training)
    assert page.locator(".sx-fit svg").first.locator(".sx-mark").count() >= 2
    # A cell that takes half a second runs while the kernel trains, and its output shows at once.
    page.locator(".jp-CodeCell").nth(1).locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    page.wait_for_function(
        "/other cell 10 True/.test(document.querySelectorAll('.jp-CodeCell')[1].innerText)",
        timeout=LONG,
    )
    first = int(re.search(r"True (\d+)", page.locator(".jp-CodeCell").nth(1).inner_text())[1])
    frames(book, first + 1)
    # Stop is heard even while a long cell has the kernel's main thread.
    long_cell = page.locator(".jp-CodeCell").nth(2)
    long_cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    long_cell.get_by_text("[*]:").wait_for()
    button(book, "Stop").click()
    rests(book)
    assert long_cell.get_by_text("[*]:").is_visible()
    book.server.api(f"kernels/{book.session()['kernel']['id']}/interrupt", "POST")
    long_cell.locator(".jp-OutputArea").get_by_text("woken").wait_for()
    assert not book.value("monitor.running")
    done = book.value("len(monitor.losses)")
    assert first <= done < 50
    assert book.value("monitor.fitted.interrupted")
    frames(book, done + 1, "==")  # and the one after the last update
    assert f"Stopped after {done} iterations." in page.locator(".sx-fit .sx-status").inner_text()
    for more in (1, 2):
        button(book, "Step").click()
        frames(book, done + more + 1, "==")
        rests(book)
    assert book.value("len(monitor.losses)") == done + 2
    page.get_by_label("stride").select_option("8")
    assert button(book, "Start again").is_visible()
    button(book, "Step").press("Enter")  # other settings: from the beginning
    book.wait_value("(len(monitor.losses), monitor.running)", [1, False], timeout=LONG / 1000)
    assert book.value("monitor.fitted.fcn.stride") == 8
    frames(book, 2, "==")
    assert button(book, "Continue").is_visible()


def test_looking_back_sends_nothing_and_shows_the_kernels_numbers(book):
    page = book.page
    button(book, "Start").click()
    frames(book, 5, "==")
    rests(book)
    losses, final = book.value("(monitor.losses, monitor.fitted.final_loss)")
    iou = book.value(
        "[float(intersection_over_union(monitor._labels, s.predictions)[1]) "
        "for s in [*monitor.fitted.steps, monitor.fitted]]",
        "from segxai.metrics import intersection_over_union",
    )
    page.wait_for_timeout(QUIET)
    book.sent.clear()

    def check(place):
        loss = ([*losses, final])[place]
        assert f"loss {round(loss):,}," in summary(book)
        assert (
            page.locator(".sx-fit tbody tr").nth(1).locator("td").inner_text()
            == f"{iou[place]:.3f}"
        )
        assert page.locator(".sx-fit .sx-mark").count() == 5 + 10  # one line of losses, two of IoU

    check(4)
    assert "After 4 updates" in summary(book)
    scrub = page.get_by_role("slider", name="iteration")
    scrub.focus()
    maps = set()
    for place in (3, 2, 1, 0):
        page.keyboard.press("ArrowLeft")
        check(place)
        assert f"Iteration {place + 1}, before" in summary(book)
        assert scrub.get_attribute("aria-valuetext") == summary(book)
        maps.add((pixels(book, "argmax"), pixels(book, "probability")))
    assert len(maps) == 4
    page.keyboard.press("End")
    check(4)
    box = scrub.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 8, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=8)
    page.mouse.up()
    check(2)
    box = page.locator(".sx-fit svg").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.2, box["y"] + box["height"] / 2)
    check(0)
    button(book, "Play").press("Enter")
    page.wait_for_function(
        "document.querySelector('.sx-fit .sx-summary').innerText.startsWith('After')", timeout=LONG
    )
    check(4)
    assert button(book, "Play").is_visible()
    page.wait_for_timeout(QUIET)
    assert to_kernel(book) == []
    # The class is remembered in Python, so this one is sent; its map is drawn without waiting.
    before = pixels(book, "probability")
    page.get_by_label("probability of", exact=True).select_option("0")
    assert pixels(book, "probability") != before
    book.wait_value("monitor.shown_class", 0)
    # With the kernel gone the page says so, and looking back goes on.
    book.restart()
    page.wait_for_function(
        "document.querySelector('.sx-fit .sx-away').innerText.includes('Kernel disconnected.')",
        timeout=LONG,
    )
    scrub.press("ArrowLeft")
    assert "Iteration 4, before" in summary(book)


def test_restored_when_the_page_is_loaded_again(book):
    page = book.page
    page.get_by_label("learning rate").fill("2e-4")
    button(book, "Start").click()
    frames(book, 5, "==")
    rests(book)
    before = summary(book), pixels(book, "argmax"), pixels(book, "probability")
    book._command("docmanager:save", {})
    page.wait_for_timeout(QUIET)
    page.reload()
    page.wait_for_selector(".sx-fit[data-ready]", timeout=LONG)
    assert (summary(book), pixels(book, "argmax"), pixels(book, "probability")) == before
    assert page.get_by_label("learning rate").input_value() == "0.0002"
    button(book, "Step").click()
    frames(book, 6, "==")
    rests(book)
    # In the middle of a run: what was missed is requested.
    page.get_by_label("iterations").fill("50")
    button(book, "Continue").click()
    frames(book, 8)
    page.reload()
    page.wait_for_selector(".sx-fit[data-ready]", timeout=LONG)
    frames(book, 10)
    button(book, "Stop").click()
    rests(book)
    done = book.value("len(monitor.losses)")
    frames(book, done + 1, "==")


def test_an_error_is_one_line_and_a_wrong_number_is_not_sent(book):
    page = book.page
    page.get_by_label("iterations").fill("51")
    page.wait_for_timeout(QUIET)
    book.sent.clear()
    button(book, "Start").click()
    page.wait_for_timeout(QUIET)
    assert to_kernel(book) == []
    page.get_by_label("iterations").fill("8")
    page.get_by_label("learning rate").fill("1e30")
    button(book, "Start").click()
    page.wait_for_function(
        "document.querySelector('.sx-error').textContent.includes('smaller learning_rate')",
        timeout=LONG,
    )
    rests(book)
    page.get_by_label("learning rate").fill("1e-4")
    button(book, "Start again").click()
    frames(book, 9, "==")
    rests(book)
    assert page.locator(".sx-error").inner_text() == ""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_looks_and_accessibility(notebook, theme):
    book = opened(notebook, NAMES, theme=theme)
    page = book.page
    button(book, "Start").click()
    frames(book, 7, "==")
    rests(book)
    page.get_by_label("probability of", exact=True).select_option("1")
    page.get_by_role("slider", name="iteration").fill("3")
    for width in (1280, 800):
        page.set_viewport_size({"width": width, "height": 1500})
        page.locator(".sx-fit").scroll_into_view_if_needed()
        page.wait_for_timeout(500)
        book.picture(f"fit_monitor_{theme}_{width}")
        cut_off = page.evaluate(
            "() => [...document.querySelectorAll('.sx-fit, .sx-fit *')]"
            ".filter(e => e.getBoundingClientRect().right >"
            " document.querySelector('.sx-fit').parentElement.getBoundingClientRect().right + 1)"
            ".map(e => e.className || e.tagName)"
        )
        assert cut_off == []
    assert serious_findings(page, ".sx-fit") == []
    assert page.evaluate("window.broken") is None
    assert page.locator(".sx-fit img").count() == 0
    assert page.locator(".sx-fit tbody .sx-name").first.inner_text() == NASTY
