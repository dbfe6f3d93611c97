"""All widgets on one page, where their styles meet in one head."""

import pytest

pytestmark = pytest.mark.xdist_group("browser")  # one server and one browser for all of them

PAINTER = """
import segxai
from segxai.widgets import AnnotationPainter, ExplanationExplorer, FineTuneMonitor
sample = segxai.data.load("cat")
painter = AnnotationPainter(sample.image, annotation=sample.annotation)
painter
"""
EXPLORER = (
    "ExplanationExplorer(sample.image, lambda images: images.mean((1, 2, 3)) / 255, "
    "start='grid', max_evaluations=50)"
)
MONITOR = "FineTuneMonitor(sample)"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_widget_has_the_style_of_another(notebook, theme):
    book = notebook(PAINTER, EXPLORER, MONITOR, theme=theme)
    book.page.set_viewport_size({"width": 1280, "height": 3000})
    book.run_all()
    for root in (".sx-painter", ".sx-canvas", ".sx-fit"):
        book.page.wait_for_selector(f"{root}[data-ready]", timeout=240_000)
    book.page.wait_for_timeout(500)
    book.picture(f"together-{theme}")

    def style(selector, name):
        return book.page.locator(selector).first.evaluate(
            "(node, name) => getComputedStyle(node)[name]", name
        )

    assert style(".sx-canvas .sx-pointed", "overflow") == "hidden"
    assert style(".sx-painter .sx-note", "overflow") == "visible"
    assert style(".sx-canvas", "container-type") == "inline-size"
    assert style(".sx-painter", "container-type") == "normal"
    assert style(".sx-canvas .sx-name", "white-space") == "nowrap"
    assert style(".sx-fit .sx-name", "white-space") == "normal"
    assert style(".sx-form select", "max-width") == "192px"
    assert style(".sx-fit select", "max-width") == "208px"
    assert book.page.locator(".sx-fit svg").first.locator("text").first.text_content() == "0"
    assert (
        book.page.locator(".sx-fit svg").first.get_by_text("0.2", exact=True).count() == 1
    )  # an empty chart has short numbers
