"""The painter in a real JupyterLab: what is painted with mouse, finger, pen and keys is what Python has."""

import json
import zlib

import numpy as np
import pytest
from PIL import Image

CELL = """
import zlib
import segxai
from segxai.widgets import AnnotationPainter

pytestmark = pytest.mark.xdist_group("browser")  # one server and one browser for all of them
photo = segxai.data.photograph("cat")[:240, :360]
painter = AnnotationPainter(photo, ["background", "cat"])
painter
"""
EVIL = "<img src=x onerror=window.hacked=1>"


class Painter:
    """The widget on the page; places are pixels of the photograph, which has 240 x 360."""

    def __init__(self, book):
        self.book, self.page = book, book.page
        self.root = self.page.locator(".sx-painter")
        self.stage = self.root.locator(".sx-stage")

    def at(self, x, y):
        self.stage.locator("canvas").first.scroll_into_view_if_needed()
        box = self.stage.locator(".sx-paper").bounding_box()
        return box["x"] + (x + 0.5) * box["width"] / 360, box["y"] + (y + 0.5) * box["height"] / 240

    def press(self, name):
        self.root.get_by_role("button", name=name, exact=True).click()

    def pick(self, number):
        self.root.locator(".sx-pick").nth(number - 1).click()

    def field(self, number):
        return self.root.locator(".sx-classes input").nth(number - 1)

    def drag(self, *places):
        mouse = self.page.mouse
        mouse.move(*self.at(*places[0]))
        mouse.down()
        for place in places[1:]:
            mouse.move(*self.at(*place), steps=6)
        mouse.up()

    def click(self, x, y):
        self.page.mouse.click(*self.at(x, y))

    def keys(self, *names):
        for name in names:
            self.page.keyboard.press(name)

    def devtools(self, method, **arguments):
        self.session = getattr(self, "session", None) or self.page.context.new_cdp_session(self.page)
        self.session.send(method, arguments)

    def fingers(self, kind, *places):
        points = [{"x": x, "y": y, "id": k} for k, (x, y) in enumerate(self.at(*place) for place in places)]
        self.devtools("Input.dispatchTouchEvent", type=kind, touchPoints=points)

    def exported(self):
        with self.page.expect_download() as download:
            self.press("Export PNG")
        with Image.open(download.value.path()) as picture:
            assert picture.mode == "P"
            return np.asarray(picture)

    def same(self):
        """The map that the browser and the kernel both have by now."""
        here = self.exported()
        self.book.wait_value("zlib.crc32(painter.annotation.tobytes())", zlib.crc32(here.tobytes()))
        return here

    def said(self):
        return self.root.locator(".sx-said").inner_text()


@pytest.fixture
def start(notebook):
    def go(cell=CELL, **options):
        book = notebook(cell, **options)
        book.run_all()
        book.page.wait_for_selector(".sx-painter[data-ready]", timeout=120_000)
        return Painter(book)

    return go


def messages(book):
    texts = [frame if isinstance(frame, str) else frame.decode("utf-8", "replace") for frame in book.sent]
    return sum('"msg_type":"comm_msg"' in text.replace(" ", "") for text in texts)


def test_mouse_finger_and_pen(start):
    p = start()
    p.pick(2)
    p.drag((60, 50), (150, 50), (150, 120))
    mouse = p.same()
    assert (mouse[50, 60:150] == 1).all()
    assert (mouse[50:120, 150] == 1).all()
    assert set(np.unique(mouse)) == {1, 255}
    assert mouse[80, 60] == 255
    p.pick(1)
    p.fingers("touchStart", (200, 150))
    p.fingers("touchMove", (250, 150))
    p.fingers("touchMove", (250, 200))
    p.fingers("touchEnd")
    finger = p.same()
    assert (finger[150, 200:250] == 0).all()
    assert (finger[150:200, 250] == 0).all()
    p.pick(2)
    for kind, place in (("mousePressed", (300, 20)), ("mouseMoved", (340, 20)), ("mouseReleased", (340, 20))):
        x, y = p.at(*place)
        p.devtools("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1, clickCount=1, pointerType="pen")
    pen = p.same()
    assert (pen[20, 300:340] == 1).all()
    # A second finger takes back what the first began: two fingers move the picture.
    p.fingers("touchStart", (100, 200))
    p.fingers("touchMove", (110, 200))
    p.fingers("touchStart", (110, 200), (150, 200))
    p.fingers("touchMove", (110, 190), (150, 190))
    p.fingers("touchEnd")
    np.testing.assert_array_equal(p.exported(), pen)


def test_only_finished_strokes_go_to_python(start):
    p = start()
    p.page.wait_for_timeout(1000)
    p.book.sent.clear()
    p.page.mouse.move(*p.at(60, 60))
    p.page.mouse.move(*p.at(90, 90), steps=20)
    p.page.mouse.down()
    p.page.mouse.move(*p.at(200, 90), steps=20)
    p.page.wait_for_timeout(800)
    assert messages(p.book) == 0
    p.page.mouse.up()
    p.page.wait_for_timeout(1000)
    assert messages(p.book) == 1
    assert p.book.value("int((painter.annotation != 255).sum())") > 1000


def test_polygon_erase_fill_undo(start):
    p = start()
    p.pick(2)
    p.press("Polygon")
    for place in ((100, 40), (220, 40), (220, 160)):
        p.click(*place)
    p.press("Close polygon")
    p.keys("b")
    triangle = p.same()
    inside = np.array([[y > 40 and x < 220 and x - 100 > y - 40 for x in range(360)] for y in range(240)])
    assert (triangle[inside] == 1).all()
    assert (triangle == 1).sum() < inside.sum() + 500
    p.pick(1)
    p.press("Fill")
    p.click(10, 10)
    filled = p.same()
    assert (filled == 255).sum() == 0
    assert ((filled == 1) == (triangle == 1)).all()
    p.press("Erase")
    p.drag((20, 200), (60, 200))
    erased = p.same()
    assert (erased[200, 20:60] == 255).all()
    p.press("Undo")
    np.testing.assert_array_equal(p.same(), filled)
    p.press("Undo")
    np.testing.assert_array_equal(p.same(), triangle)
    p.press("Redo")
    p.press("Redo")
    np.testing.assert_array_equal(p.same(), erased)
    p.pick(2)
    p.press("Paint the rest")
    assert (p.same()[200, 20:60] == 1).all()


def test_keys_alone(start):
    p = start()

    def same():
        found = p.same()  # which presses a button
        p.stage.focus()
        return found

    p.stage.focus()
    p.keys("1", "ArrowRight", " ")  # from the middle, (180, 120)
    spot = same()
    assert spot[120, 188] == 1
    size = (spot == 1).sum()
    p.keys("]", "]", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowUp", " ")
    assert (same() == 1).sum() > 2 * size
    p.keys("Control+z", "Control+z")
    assert (same() == 255).all()
    p.keys("Control+y")
    np.testing.assert_array_equal(same(), spot)
    p.keys("Enter", "ArrowDown", "ArrowDown", "Shift+ArrowDown", "Enter", "ArrowDown")  # the brush down, and up again
    line = same()
    assert (line[88:105, 188] == 1).all()
    assert p.said().startswith("189 right, 114 down")
    p.keys("p", "0")
    for corner in range(4):
        p.keys(" ", *["ArrowRight" if corner == 0 else "ArrowDown" if corner == 1 else "ArrowLeft"] * 5)
    p.keys("Enter")
    box = same()
    assert (box[118:150, 192:226] == 0).all()
    p.keys("f", "1", "ArrowLeft", "ArrowLeft", " ")
    assert (same() != 255).all()
    p.keys("e", "ArrowLeft", " ")
    assert (same() == 255).sum() > 50
    p.keys("+", "+")
    p.book.wait_value("painter.canvas.zoom", 2.25)
    # Letters in a name are letters.
    p.field(1).fill("")
    p.field(1).press_sequentially("bepf r")
    p.keys("Enter")
    p.book.wait_value("painter.names[0]", "bepf r")
    assert p.book.value("painter.canvas.tool") == "erase"


def test_names_are_text(start):
    p = start()
    names = [EVIL, "very long " * 40 + "end", "שלום עולם", "🐈‍⬛ cat"]
    p.press("Add a class")
    p.press("Add a class")
    for number, name in enumerate(names, 1):
        p.field(number).fill(name)
        p.keys("Enter")
    p.book.wait_value("list(painter.names)", names)
    p.pick(1)
    p.drag((50, 50), (80, 50))
    assert EVIL in p.said()
    p.pick(4)
    p.drag((50, 150), (80, 150))
    p.field(2).fill(EVIL)
    p.keys("Enter")
    assert "already" in p.said()
    p.field(3).fill("   ")
    p.keys("Enter")
    assert "needs a name" in p.said()
    p.root.get_by_role("button", name=f"Remove class 1: {names[1]}").click()
    p.book.wait_value("list(painter.names)", [names[0], *names[2:]])
    assert set(np.unique(p.same())) == {0, 2, 255}
    p.press("Undo")
    p.book.wait_value("list(painter.names)", names)
    assert set(np.unique(p.same())) == {0, 3, 255}
    assert p.page.evaluate("window.hacked") is None
    assert p.root.locator(".sx-classes img").count() == 0
    p.book.picture("painter-names")


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
    p.page.wait_for_selector(".sx-painter[data-ready]", timeout=60_000)
    np.testing.assert_array_equal(p.exported(), painted)
    assert p.field(2).input_value() == "tabby"
    p.pick(1)
    p.drag((60, 160), (200, 160))
    assert set(np.unique(p.same())) == {0, 1, 255}
    # What Python sets is shown.
    p.book.value("None", "import numpy as np; painter.annotation = np.tile(np.arange(360) // 180, (240, 1))")
    p.page.wait_for_timeout(800)
    assert (p.exported() == np.arange(360) // 180).all()


def test_import_and_export(start, tmp_path):
    p = start()
    classes = np.full((240, 360), 255, np.uint8)
    classes[:100, :100], classes[150:, 200:], classes[120:130] = 0, 1, 2
    picture = Image.fromarray(classes)
    picture.putpalette(list(range(256)) * 3)
    picture.save(tmp_path / "mine.png")
    (tmp_path / "mine.names.txt").write_text(f"wall\n{EVIL}\nbelt\n", encoding="utf-8")
    chooser = p.root.locator("input[type=file]")
    chooser.set_input_files([tmp_path / "mine.png", tmp_path / "mine.names.txt"])
    p.book.wait_value("list(painter.names)", ["wall", EVIL, "belt"])
    p.page.wait_for_timeout(500)
    np.testing.assert_array_equal(p.same(), classes)
    with p.page.expect_download() as download:
        p.press("Export names")
    assert download.value.path().read_text(encoding="utf-8") == f"wall\n{EVIL}\nbelt\n"
    Image.new("RGB", (360, 240)).save(tmp_path / "colour.png")
    chooser.set_input_files(tmp_path / "colour.png")
    p.root.get_by_text("colour or 16-bit picture").wait_for()
    np.testing.assert_array_equal(p.same(), classes)


def test_fit_and_explain(start):
    p = start()
    p.press("Fit and explain")
    p.root.get_by_text("Paint at least two classes").wait_for(timeout=60_000)
    p.pick(2)
    p.drag((230, 60), (280, 120), (180, 150))
    p.pick(1)
    p.drag((20, 20), (150, 20))
    p.drag((20, 20), (20, 200))
    p.press("Fit and explain")
    p.root.get_by_role("button", name="Cancel").wait_for()
    p.press("Cancel")
    p.root.get_by_text("Cancelled.").wait_for(timeout=120_000)
    assert p.book.value("painter.fitted is None")
    p.press("Fit and explain")
    p.page.wait_for_selector(".sx-canvas[data-ready]", timeout=240_000)
    p.book.wait_value("sorted(painter.explanation.regions.names)", ["background", "cat"])
    assert p.book.value("float((painter.fitted.predictions == painter.annotation)[painter.annotation != 255].mean())") > 0.9
    assert p.book.value("painter.canvas.progress") == -1
    assert "the network gives" in p.root.locator(".sx-fitted").inner_text()
    p.page.locator(".sx-canvas .sx-stage").scroll_into_view_if_needed()
    p.book.picture("painter-explained")


def test_python_away(start):
    p = start()
    p.book.server.ask(f"kernels/{p.book.session()['kernel']['id']}/restart", "POST")
    p.root.get_by_text("Python is away").wait_for(timeout=30_000)
    p.drag((60, 60), (200, 60))
    p.pick(2)
    p.drag((60, 160), (200, 160))
    p.press("Undo")
    assert set(np.unique(p.exported())) == {0, 255}
    p.book.picture("painter-python-away")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 800])
def test_looks_and_accessibility(start, theme, width):
    from axe_playwright_python.sync_playwright import Axe

    cell = """
import segxai
from segxai.widgets import AnnotationPainter
sample = segxai.data.load("astronaut")
painter = AnnotationPainter(sample.image, annotation=sample.annotation)
painter
"""
    p = start(cell, theme=theme)
    p.page.set_viewport_size({"width": width, "height": 1000})
    p.page.wait_for_timeout(500)
    p.root.locator("summary").click()
    p.book.value("None", "painter.canvas.progress, painter.canvas.status = 0.4, 'Fitting FCN-8s to what is painted …'")
    p.root.scroll_into_view_if_needed()
    p.stage.focus()
    p.keys("ArrowLeft")
    p.page.wait_for_timeout(500)
    p.book.picture(f"painter-{theme}-{width}")
    for element in p.root.locator("button, input, summary, p, .sx-stage").all():
        if element.is_visible():
            cut = element.evaluate(
                "e => { const r = e.closest('.sx-painter').getBoundingClientRect(), b = e.getBoundingClientRect();"
                " return b.left < r.left - 1 || b.right > r.right + 1 }"
            )
            assert not cut, element.evaluate("e => e.outerHTML")
    found = Axe().run(p.page, context=".sx-painter").response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    assert not serious, json.dumps(serious, indent=1)[:3000]
