"""The static edition in a browser: its pages ask no host for anything.

The pages are its front page, a photograph to explore and a lesson with widgets.
"""

import importlib.util

import nbformat

from .conftest import PICTURES, ROOT

CELL = """
import numpy as np, segxai
from segxai.widgets import Quiz, RegionCanvas

image = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
explanation = segxai.explain(
    image, "grid", lambda images: images.mean(axis=(1, 2, 3)) / 255, max_evaluations=18
)
"""
QUIZ = 'Quiz("Which?", {"this": "Right.", "that": "Look again.", "neither": "No."}, "this")'


def test_the_edition_asks_no_host_for_anything(page, tmp_path, monkeypatch):
    sources = ROOT / "notebooks" / "src"
    monkeypatch.syspath_prepend(sources)
    spec = importlib.util.spec_from_file_location("html_edition", sources / "html_edition.py")
    edition = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(edition)
    cells = [nbformat.v4.new_code_cell(cell) for cell in (CELL, "RegionCanvas(explanation)", QUIZ)]
    cells.append(nbformat.v4.new_code_cell("explanation.plot()"))
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    done = edition.execute.execute(
        nbformat.v4.new_notebook(cells=cells, metadata=kernel), still=True
    )
    monkeypatch.setattr(edition.execute, "executed", lambda notebook: done)
    photographs, write = edition.first_page.PHOTOGRAPHS[:1], edition.first_page.write_gallery
    monkeypatch.setattr(
        edition.first_page,
        "write_gallery",
        lambda folder: write(folder, photographs, "grid", lambda i: i.mean(axis=(1, 2, 3)) / 255),
    )
    edition.main(tmp_path / "html")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "html" / "index.html").as_uri())
    page.locator(".photographs a").first.click()
    page.wait_for_selector(".sx-canvas[data-ready]")
    page.get_by_role("link", name="All photographs").click()
    page.locator(".series a").first.click()
    page.wait_for_selector(".sx-canvas[data-ready]")
    page.get_by_role("button", name="Invert").click()
    page.get_by_text("neither", exact=True).click()  # a hint, folded away
    page.screenshot(path=PICTURES / "edition.png", full_page=True)
    assert len([url for url in asked if url.endswith(".html")]) == 4
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
