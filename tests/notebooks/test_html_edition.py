"""The static edition, from a small notebook: what a page shows, and where its links lead.

The page loads nothing.
"""

import importlib.util
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

SOURCES = Path(__file__).parents[2] / "notebooks" / "src"


@pytest.fixture(scope="module")
def edition():
    sys.path.insert(0, str(SOURCES))
    spec = importlib.util.spec_from_file_location("html_edition", SOURCES / "html_edition.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    sys.path.remove(str(SOURCES))


def a_notebook(*outputs):
    code = nbformat.v4.new_code_cell("print('<b>no markup</b>')", outputs=list(outputs))
    first = (
        "# A title\n\n**You will learn:** things\nand more.\n\n"
        "Time: 5 minutes. See [the next](01_next.ipynb#there)."
    )
    return nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_markdown_cell(first), code],
        metadata={"segxai": {"seconds": 3, "peak": 1}},
    )


def test_a_page_shows_text_as_text_and_figures_as_they_are(edition):
    shown = edition.body(
        a_notebook(
            nbformat.v4.new_output("stream", text="<script>alert(1)</script>\n"),
            nbformat.v4.new_output(
                "display_data",
                data={"text/html": '<img alt="a" src="data:,">', "text/plain": "figure"},
            ),
            nbformat.v4.new_output("display_data", data={"text/plain": ""}),
        )
    )
    assert "<script>" not in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert '<img alt="a" src="data:,">' in shown
    assert "<b>no markup</b>" not in shown
    assert 'href="01_next.html#there"' in shown


def test_lines_that_a_loop_printed_stand_together(edition):
    lines = [nbformat.v4.new_output("stream", text=f"{number}\n") for number in range(3)]
    assert "<pre>0\n1\n2\n</pre>" in edition.body(a_notebook(*lines))


def test_a_control_that_needs_python_says_so(edition):
    data = {
        edition.WIDGET: {"model_id": "1"},
        "text/plain": "VBox(children=(IntSlider(value=15),))",
    }
    assert "works in the notebook" in edition.shown(
        nbformat.v4.new_output("display_data", data=data)
    )
    still = {**data, "text/html": "<p>a still</p>"}
    assert edition.shown(nbformat.v4.new_output("display_data", data=still)) == "<p>a still</p>"


def test_what_the_index_says(edition):
    notebook = a_notebook()
    assert edition.title(notebook) == "A title"
    assert edition.will_learn(notebook) == "things\nand more."
    assert edition.minutes(notebook) == 5


def test_broken_links_and_loads_from_elsewhere_are_found(edition, tmp_path):
    whole = edition.page(
        "one",
        '<h2 id="here">x</h2><a href="two.html#there">y</a><a href="#here">z</a>',
        after="two",
    )
    (tmp_path / "one.html").write_text(whole)
    (tmp_path / "two.html").write_text(edition.page("two", '<h2 id="there">x</h2>', before="one"))
    (tmp_path / "index.html").write_text(edition.page("segxai", '<a href="one.html">one</a>'))
    assert edition.broken(tmp_path) == []
    (tmp_path / "two.html").write_text(
        edition.page("two", '<a href="three.html">x</a><script src="https://far/x.js"></script>')
    )
    assert edition.broken(tmp_path) == [
        "one.html links to two.html#there",
        "two.html loads https://far/x.js",
        "two.html links to three.html",
    ]


def test_reports_that_a_notebook_wrote_come_along(edition, tmp_path):
    home, folder = tmp_path / "notebooks", tmp_path / "html"
    (home / "reports").mkdir(parents=True)
    (home / "reports/a.html").write_text("a report")
    links = (
        "<a href='reports/a.html' target='_blank'>a</a> "
        "<a href='reports/gone.html' target='_blank'>gone</a>"
    )
    content = edition.carry(links, home, folder)
    assert content == "<a href='reports/a.html' target='_blank'>a</a> gone"
    assert (folder / "reports/a.html").read_text() == "a report"
    (folder / "one.html").write_text(edition.page("one", content))
    (folder / "index.html").write_text(edition.page("segxai", ""))
    assert edition.broken(folder) == []
    (folder / "reports/a.html").unlink()
    assert edition.broken(folder) == ["one.html links to reports/a.html"]


def test_the_gallery_explores_photographs_without_python(edition, tmp_path):
    first_page = edition.first_page
    names = [photograph.name for photograph in first_page.PHOTOGRAPHS]
    assert len(set(names)) == 12
    assert all(photograph.credit for photograph in first_page.PHOTOGRAPHS)
    for photograph in first_page.PHOTOGRAPHS:  # no download: they come with installed packages
        assert photograph.read().dtype == np.uint8

    def model(images):
        bright = images.mean(axis=(1, 2, 3)) / 255
        return np.stack([bright, 1 - bright], axis=1)

    def halves(image):
        return np.repeat(
            np.arange(image.shape[0])[:, None] * 2 // image.shape[0], image.shape[1], 1
        )

    few = [first_page.PHOTOGRAPHS[names.index(name)] for name in ("flower", "eye")]
    gallery = first_page.write_gallery(tmp_path, few, halves, model)
    assert "football helmet" in gallery  # the question of the project
    (tmp_path / "index.html").write_text(edition.page("segxai", gallery))
    assert edition.broken(tmp_path) == []
    for photograph in few:
        made = tmp_path / "photographs" / f"{photograph.name}.html"
        assert f'href="photographs/{made.name}"' in gallery
        assert made.stat().st_size < 1_000_000
        text = made.read_text(encoding="utf-8")
        assert photograph.credit in text
        assert 'data-segxai="explorer"' in text
        assert "://" not in text


def test_the_whole_edition_of_a_series(edition, tmp_path, monkeypatch):
    monkeypatch.setattr(edition.first_page, "PHOTOGRAPHS", ())
    monkeypatch.setattr(
        edition.execute,
        "executed",
        lambda notebook: nbformat.from_dict({**notebook, "metadata": {"segxai": {"seconds": 3}}}),
    )
    edition.main(tmp_path / "html")
    index = (tmp_path / "html" / "index.html").read_text()
    assert "Which things in a photograph does a classifier use?" in index
    for source in edition.build.lessons():
        assert f'href="{source.stem}.html"' in index
    assert 'href="GLOSSARY.html"' in index
    assert "20 min" in index
