"""The painter on a page, for its tests."""

import zlib

import numpy as np
from PIL import Image

CELL = """
import zlib
import segxai
from segxai.widgets import AnnotationPainter

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
        """The field in which a class's name is edited, opened by its pencil."""
        row = self.root.locator(".sx-classes li").nth(number - 1)
        if not row.locator("input").count():
            row.locator(".sx-pencil").click()
        return row.locator("input")

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
        self.session = getattr(self, "session", None) or self.page.context.new_cdp_session(
            self.page
        )
        self.session.send(method, arguments)

    def fingers(self, kind, *places):
        points = [
            {"x": x, "y": y, "id": k}
            for k, (x, y) in enumerate(self.at(*place) for place in places)
        ]
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

    def noted(self):
        return self.root.locator(".sx-note").inner_text()


def opened(book):
    """The painter of a notebook, once it is there."""
    book.run_all()
    book.page.wait_for_selector(".sx-painter[data-ready]", timeout=240_000)
    return Painter(book)
