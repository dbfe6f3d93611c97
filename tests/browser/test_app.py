"""The explorer as a Voilà page, with a photograph that the visitor brings."""

import shutil

import numpy as np
import pytest
from PIL import Image

from .conftest import APPLICATION, PICTURES, ROOT, Server, serious_findings

pytestmark = pytest.mark.xdist_group("browser")  # one server and one browser for all of them


@pytest.fixture(scope="module")
def voila(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("voila"), "server", **APPLICATION)
    shutil.copy(ROOT / "notebooks" / "app_explorer.ipynb", server.folder / "work")
    yield server
    server.stop()


def bring(page, path):
    page.get_by_label("Your photograph").set_input_files(path)


def test_a_visitor_sees_no_code_and_brings_a_photograph(voila, page, tmp_path, cat):
    page.goto(f"{voila.url}/voila/render/app_explorer.ipynb?token={voila.token}", timeout=180_000)
    page.wait_for_selector(".sx-canvas[data-ready] >> nth=1", timeout=180_000)
    assert page.get_by_role("heading", name="What does the classifier look at?").count() == 1
    assert "import" not in page.inner_text("body")
    assert "model not found" not in page.inner_text("body")
    Image.fromarray(cat[:200, :300]).save(tmp_path / "<b>mine.png")
    upload = page.get_by_label("Your photograph")
    place = upload.bounding_box()
    bring(page, tmp_path / "<b>mine.png")
    page.wait_for_function(
        "() => document.querySelector('[data-field=photograph]').value === 'yours: <b>mine.png'",
        timeout=120_000,
    )
    page.wait_for_function(
        "() => document.querySelector('.sx-paper canvas')?.height === 200", timeout=120_000
    )
    assert upload.bounding_box() == place  # it does not jump, and no number of files stands there
    assert upload.evaluate("e => [e.files.length, getComputedStyle(e).color]") == [
        0, "rgba(0, 0, 0, 0)",
    ]  # fmt: skip
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nthis is no picture")
    bring(page, tmp_path / "broken.png")
    page.wait_for_selector(".sx-message:has-text('cannot be read as an image')", timeout=60_000)
    # More than a server's limit for one message, and more than is taken.
    noise = np.random.default_rng(0).integers(0, 256, (2000, 2100, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "large.png")
    assert (tmp_path / "large.png").stat().st_size > 12_000_000
    bring(page, tmp_path / "large.png")
    page.wait_for_function(
        "() => document.querySelector('[data-field=photograph]').value === 'yours: large.png'",
        timeout=120_000,
    )
    (tmp_path / "huge.png").write_bytes(bytes(25_000_000))
    bring(page, tmp_path / "huge.png")
    page.wait_for_selector(".sx-message:has-text('huge.png has 25 MB; at most 20 MB')")
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / "app.png", full_page=True)


def test_without_the_token_nobody_gets_in(voila, page):
    answer = page.goto(f"{voila.url}/voila/render/app_explorer.ipynb")
    assert "login" in page.url or answer.status == 403


def test_looks_and_accessibility(voila, page):
    page.goto(f"{voila.url}/voila/render/app_explorer.ipynb?token={voila.token}", timeout=180_000)
    page.wait_for_selector(".sx-canvas[data-ready] >> nth=1", timeout=180_000)
    # Voilà has one theme, the light one.
    for width, height in ((390, 844), (1280, 900), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(500)
        PICTURES.mkdir(exist_ok=True)
        page.screenshot(path=PICTURES / f"app-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert serious_findings(page, "body") == []
