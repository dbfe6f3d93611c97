"""What becomes of a painting: reloaded, in files, fitted, explained, without the kernel."""

import numpy as np
import pytest
from PIL import Image

from segxai.fcn.annotation import load_annotation, save_annotation

from .conftest import serious_findings
from .painting import CELL, EVIL, opened

pytestmark = pytest.mark.xdist_group("browser")  # one server and one browser for all of them


@pytest.fixture
def start(notebook):
    return lambda cell=CELL, **options: opened(notebook(cell, **options))


def test_reload_and_two_views(start):
    p = start()
    p.pick(2)
    p.drag((60, 60), (200, 60))
    p.field(2).fill("tabby")
    p.keys("Enter")
    painted = p.same()
    p.book._command("docmanager:save", {})
    p.page.wait_for_timeout(1500)
    p.page.reload()
    p.page.wait_for_selector(".sx-painter[data-ready]", timeout=240_000)
    np.testing.assert_array_equal(p.exported(), painted)
    assert p.root.locator(".sx-pick .sx-name").nth(1).inner_text() == "tabby"
    p.pick(1)
    p.drag((60, 160), (200, 160))
    assert set(np.unique(p.same())) == {0, 1, 255}
    # What Python sets is shown.
    p.book.value(
        "None",
        "import numpy as np; "
        "painter.canvas.show(np.tile(np.uint8(np.arange(360) // 180), (240, 1)), painter.names)",
    )
    p.page.wait_for_timeout(800)
    assert (p.exported() == np.arange(360) // 180).all()


def test_import_and_export(start, tmp_path):
    p = start()
    classes = np.full((240, 360), 255, np.uint8)
    classes[:100, :100], classes[150:, 200:], classes[120:130] = 0, 1, 2
    save_annotation(tmp_path / "mine.png", classes, ["wall", EVIL, "belt"])
    chooser = p.root.locator("input[type=file]")
    chooser.set_input_files(tmp_path / "mine.png")
    p.book.wait_value("list(painter.names)", ["wall", EVIL, "belt"])
    p.page.wait_for_timeout(500)
    np.testing.assert_array_equal(p.same(), classes)
    with p.page.expect_download() as download:
        p.press("Export PNG")
    exported, names = load_annotation(download.value.path(), classes.shape)
    np.testing.assert_array_equal(exported, classes)
    assert names == ("wall", EVIL, "belt")
    Image.new("RGB", (360, 240)).save(tmp_path / "colour.png")
    chooser.set_input_files(tmp_path / "colour.png")
    p.root.get_by_text("colour or 16-bit picture").wait_for()
    np.testing.assert_array_equal(p.same(), classes)


def test_fit_and_explain(start):
    p = start()
    p.press("Fit and explain")
    p.root.get_by_text("Paint at least two classes").wait_for(timeout=240_000)
    p.pick(2)
    p.drag((230, 60), (280, 120), (180, 150))
    p.pick(1)
    p.drag((20, 20), (150, 20))
    p.drag((20, 20), (20, 200))
    p.press("Fit and explain")
    p.root.get_by_role("button", name="Cancel").wait_for()
    p.press("Cancel")
    p.root.get_by_text("Cancelled.").wait_for(timeout=240_000)
    assert p.book.value("painter.fitted is None")
    p.press("Fit and explain")
    p.page.wait_for_selector(".sx-canvas[data-ready]", timeout=240_000)
    p.book.wait_value("sorted(painter.explanation.regions.names)", ["background", "cat"])
    assert (
        p.book.value(
            "float((painter.fitted.predictions == painter.annotation)"
            "[painter.annotation != 255].mean())"
        )
        > 0.9
    )
    assert p.book.value("painter.canvas.progress") == -1
    assert "the network gives" in p.root.locator(".sx-fitted").inner_text()
    p.page.locator(".sx-canvas .sx-stage").scroll_into_view_if_needed()
    p.book.picture("painter-explained")
    p.drag((20, 210), (100, 210))
    p.root.get_by_text("what is below does not belong to it any more").wait_for(timeout=30_000)


def test_kernel_away(start):
    p = start()
    p.book.restart()
    p.root.get_by_text("Kernel disconnected.").wait_for(timeout=30_000)
    p.drag((60, 60), (200, 60))
    p.pick(2)
    p.drag((60, 160), (200, 160))
    p.press("Undo")
    assert set(np.unique(p.exported())) == {0, 255}
    p.book.picture("painter-kernel-away")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 800, 390])
def test_looks_and_accessibility(start, theme, width):
    cell = """
import segxai
from segxai.widgets import AnnotationPainter
sample = segxai.data.load("astronaut")
painter = AnnotationPainter(sample.image, annotation=sample.annotation)
painter
"""
    p = start(cell, theme=theme)
    for height in (999, 1000):  # JupyterLab at times leaves a cell hidden until it is resized again
        p.page.set_viewport_size({"width": width, "height": height})
        p.page.wait_for_timeout(500)
    p.root.locator("summary").click()
    p.book.value(
        "None",
        "painter.canvas.progress, painter.canvas.status = "
        "0.4, 'Fitting FCN-8s to what is painted …'",
    )
    p.root.scroll_into_view_if_needed()
    p.stage.focus()
    p.keys("ArrowLeft")
    p.page.wait_for_timeout(500)
    p.book.picture(f"painter-{theme}-{width}")
    for element in p.root.locator("button, input, summary, p, .sx-stage").all():
        if element.is_visible():
            cut = element.evaluate(
                "e => { const r = e.closest('.sx-painter').getBoundingClientRect(),"
                " b = e.getBoundingClientRect();"
                " return b.left < r.left - 1 || b.right > r.right + 1 }"
            )
            assert not cut, element.evaluate("e => e.outerHTML")
    assert serious_findings(p.page, ".sx-painter") == []
