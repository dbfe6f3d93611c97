"""The painter in a real JupyterLab.

What is painted with mouse, finger, pen and keys is what Python has.
"""

import numpy as np
import pytest

from .conftest import SLOW
from .painting import CELL, EVIL, opened

pytestmark = pytest.mark.xdist_group("browser")  # one server and one browser for all of them


@pytest.fixture
def start(notebook):
    return lambda cell=CELL, **options: opened(notebook(cell, **options))


def messages(book):
    texts = [
        frame if isinstance(frame, str) else frame.decode("utf-8", "replace") for frame in book.sent
    ]
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
    for kind, place in (
        ("mousePressed", (300, 20)),
        ("mouseMoved", (340, 20)),
        ("mouseReleased", (340, 20)),
    ):
        x, y = p.at(*place)
        p.devtools(
            "Input.dispatchMouseEvent",
            type=kind,
            x=x,
            y=y,
            button="left",
            buttons=1,
            clickCount=1,
            pointerType="pen",
        )
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


def test_a_stroke_that_ends_while_the_mouse_is_down(start):
    p = start()
    failed = []
    p.page.on("pageerror", lambda error: failed.append(str(error)))

    def drag(meanwhile):
        p.page.mouse.move(*p.at(60, 60))
        p.page.mouse.down()
        p.page.mouse.move(*p.at(120, 60), steps=4)
        meanwhile()
        p.page.mouse.move(*p.at(120, 180), steps=4)
        p.page.mouse.up()

    def back_to_nothing(steps):
        for _ in range(steps):
            assert not (p.exported() == 255).all()
            p.press("Undo")
        assert (p.same() == 255).all()

    p.pick(2)
    drag(lambda: p.keys("Escape"))
    assert (p.same() == 255).all()
    p.drag((200, 60), (260, 60))
    stroke = p.same()
    assert (stroke[60, 200:260] == 1).all()
    assert (stroke[:, :180] == 255).all()
    back_to_nothing(1)
    drag(lambda: p.keys("0", "r"))  # what was dragged stays, and is a step of its own
    both = p.same()
    assert (both[60, 60:120] == 1).all()
    assert (both[100:] == 0).all()
    back_to_nothing(2)
    p.stage.focus()
    p.keys(
        "Enter", "ArrowDown", "1", "Enter", "ArrowDown", "r", "ArrowDown"
    )  # the brush that the keys hold
    assert (p.same() == 1).any()
    back_to_nothing(3)
    drag(
        lambda: (
            p.book.value(
                "None",
                "import numpy as np; "
                "painter.canvas.show(np.eye(240, 360, dtype=np.uint8), painter.names)",
            )
            or p.page.wait_for_timeout(800)
        )
    )
    np.testing.assert_array_equal(p.same(), np.eye(240, 360))
    assert failed == []


def test_polygon_erase_fill_undo(start):
    p = start()
    p.pick(2)
    p.press("Polygon")
    for place in ((100, 40), (220, 40), (220, 160)):
        p.click(*place)
    p.press("Close polygon")
    p.keys("b")
    triangle = p.same()
    inside = np.array(
        [[y > 40 and x < 220 and x - 100 > y - 40 for x in range(360)] for y in range(240)]
    )
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
    p.keys(
        "Enter", "ArrowDown", "ArrowDown", "Shift+ArrowDown", "Enter", "ArrowDown"
    )  # the brush down, and up again
    line = same()
    assert (line[88:105, 188] == 1).all()
    assert p.noted().startswith("189 right, 114 down")
    p.keys("p", "0")
    for corner in range(4):
        p.keys(
            " ", *["ArrowRight" if corner == 0 else "ArrowDown" if corner == 1 else "ArrowLeft"] * 5
        )
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


def test_what_is_done_while_python_answers_is_not_lost(start):
    p = start(CELL.replace("\npainter\n", f"\ncanvas = painter.canvas\n{SLOW}\npainter\n"))
    names = ["background", "cat"]
    for number in range(2, 8):
        p.press("Add a class")
        p.keys(f"{number}", "Enter")  # its name
        names.append(str(number))
        p.page.wait_for_timeout(330)  # it is sent after 250 ms
        assert p.root.locator(".sx-classes .sx-name").all_inner_texts() == names
    p.book.wait_value("list(painter.names)", names)
    p.page.wait_for_timeout(600)
    assert p.root.locator(".sx-classes .sx-name").all_inner_texts() == names
    p.press("Undo")  # the steps are still there
    p.book.wait_value("list(painter.names)", [*names[:-1], "class 7"])


def test_names_are_text(start):
    p = start()
    names = [EVIL, "very long " * 40 + "end", "שלום עולם", "🐈‍⬛ cat"]
    p.press("Add a class")
    p.press("Add a class")
    for number, name in enumerate(names, 1):
        p.field(number).fill(name)
        p.keys("Enter")
    p.book.wait_value("list(painter.names)", names)
    p.root.locator(".sx-share").nth(2).click()  # anywhere in the row
    assert p.root.locator(".sx-pick").nth(2).get_attribute("aria-pressed") == "true"
    p.pick(1)
    p.drag((50, 50), (80, 50))
    assert EVIL in p.noted()
    p.pick(4)
    p.drag((50, 150), (80, 150))
    p.field(2).fill(EVIL)
    p.keys("Enter")
    assert "already" in p.noted()
    p.field(3).fill("   ")
    p.keys("Enter")
    assert "needs a name" in p.noted()
    p.root.get_by_role("button", name=f"Remove class 1: {names[1]}").click()
    p.book.wait_value("list(painter.names)", [names[0], *names[2:]])
    assert set(np.unique(p.same())) == {0, 2, 255}
    p.press("Undo")
    p.book.wait_value("list(painter.names)", names)
    assert set(np.unique(p.same())) == {0, 3, 255}
    assert p.page.evaluate("window.hacked") is None
    assert p.root.locator(".sx-classes img").count() == 0
    p.book.picture("painter-names")
