"""Fuzz: whatever names hold, pages contain only the tags and attributes of their templates.

Every page is made twice, with harmless names and with fuzzed ones; their elements must be the same.
"""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import segxai
from segxai import plots
from segxai.plots import DescribedFigure
from segxai.report import figure, write_report
from segxai.study.comparison import Comparison, Measured
from segxai.study.many import ImageResult, ManyExplanations

FUZZ = settings(settings.get_profile("bad_days"))
HARD = settings(FUZZ, max_examples=FUZZ.max_examples // 5)  # those that write a page
FEW = settings(FUZZ, max_examples=10)  # those that draw a figure

IMAGE = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype=np.uint8)
LABELS = np.kron(np.arange(4).reshape(2, 2), np.ones((6, 8), int))
PLAIN = ["one", "two", "three", "four", "five", "six", "seven"]

markup = st.sampled_from(
    [
        "<script>alert(1)</script>", "</script>", "</style>", "</title><h1>", "<!--", "-->", "]]>",
        "<img src=x onerror=alert(1)>", "<svg/onload=x>", "' onmouseover='x", '" onfocus="x',
        "&lt;", "&#60;b&#62;", "&", "<", ">", "'", '"', "`", "\\", "{{x}}", "${x}", "javascript:x",
        "\0", "\u2028", "\ud800", "\u202e", "\ufeff",
    ]
)  # fmt: skip
evil = st.lists(markup | st.text(st.characters(), max_size=4), max_size=4).map("".join)
seven = st.lists(evil, min_size=7, max_size=7)


class Elements(HTMLParser):
    """Every tag with the names of its attributes, in order, and the attributes' values.

    Text is left out.
    """

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.found, self.values = [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, *(name for name, _ in attributes)))
        self.values += attributes

    def handle_endtag(self, tag):
        self.found.append((f"/{tag}",))

    def handle_comment(self, data):
        self.found.append(("comment",))

    handle_decl = handle_pi = unknown_decl = handle_comment


def brightness(images):
    return images.mean(axis=(1, 2, 3)) / 255


def explanation_of(names):
    regions = segxai.Regions.from_labels(
        LABELS, [f"r{i} {name}" for i, name in enumerate(names[:4])], names[4]
    )
    return segxai.explain(IMAGE, regions, segxai.Classifier(brightness, names[5:7]), 1)


def comparison_of(names):
    values = {
        s: {"insertion": 0.5, "compactness": 0.1, "regions": 4.0, "calls": 16.0} for s in ("a", "b")
    }
    segmenters = tuple(f"{s}{name}" for s, name in zip("ab", names, strict=False))
    measured = [
        Measured(
            i,
            names[2],
            0.5,
            {s: values[k] | {"seconds": 1.0} for s, k in zip(segmenters, "ab", strict=True)},
        )
        for i in range(2)
    ]
    measured.append(Measured(2, names[2], 0.5, {}, {segmenters[0]: names[3]}))
    return Comparison(
        (names[4], names[5], "c", names[6]),
        tuple(measured),
        ((3, names[6]),),
        segmenters,
        tuple(values["a"]),
        names[3],
    )


def same_elements(made, plain):
    made, plain = Elements(made), Elements(plain)
    assert made.found == plain.found
    return made


@pytest.fixture(scope="module")
def plain():
    return explanation_of(PLAIN)


@FUZZ
@given(names=seven)
def test_an_explanation_in_a_cell(names, plain, monkeypatch):
    # The figure is one image, whose alternative text is fuzzed below; drawing it takes a second.
    monkeypatch.setattr(plots, "plot_weights", lambda e: DescribedFigure(figsize=(0.1, 0.1)))
    explanation = explanation_of(names)
    made = same_elements(explanation._repr_html_(), plain._repr_html_())
    assert len([tag for tag, *_ in made.found if tag == "img"]) == 1 + len(explanation.regions)
    assert not [
        value
        for name, value in made.values
        if name in ("href", "src") and not value.startswith(("data:", "#"))
    ]


@HARD
@given(names=seven)
def test_a_page_of_explanations(names, plain, tmp_path):
    def page(explanation, heading):
        write_report(tmp_path / "a.html", [(heading, [figure(explanation)])], title=heading)
        return (tmp_path / "a.html").read_text(encoding="utf-8")

    same_elements(page(explanation_of(names), names[0]), page(plain, "plain"))


@HARD
@given(names=seven)
def test_a_saved_canvas(names, plain, tmp_path):
    from segxai.widgets import RegionCanvas

    def page(explanation):
        RegionCanvas(explanation).save(tmp_path / "a.html")
        return (tmp_path / "a.html").read_text(encoding="utf-8")

    made, explanation = page(explanation_of(names)), explanation_of(names)
    same_elements(made, page(plain))
    state = json.loads(
        re.search(
            r'<script type="application/json" data-segxai="region_canvas">(.*?)</script>',
            made,
            re.DOTALL,
        )[1]
    )
    assert state["state"]["names"] == list(explanation.regions.names)


@HARD
@given(names=seven)
def test_a_page_of_a_comparison(names, tmp_path, monkeypatch):
    # The figure is one image, whose alternative text is fuzzed below; drawing it takes a second.
    monkeypatch.setattr(Comparison, "plot", lambda self: DescribedFigure(figsize=(0.1, 0.1)))
    found, harmless = comparison_of(names), comparison_of(PLAIN)
    same_elements(found._repr_html_(), harmless._repr_html_())
    found.save(tmp_path / "a.html")
    harmless.save(tmp_path / "b.html")
    same_elements(*((tmp_path / f"{name}.html").read_text(encoding="utf-8") for name in "ab"))


@FUZZ
@given(alt=evil)
def test_the_alternative_text_of_a_figure(alt):
    drawn = DescribedFigure(figsize=(0.1, 0.1))
    drawn.alt = alt
    made = same_elements(drawn._repr_html_(), DescribedFigure(figsize=(0.1, 0.1))._repr_html_())
    assert [name for name, _ in made.values] == ["alt", "style", "src"]


@FEW
@given(names=seven)
def test_many_explanations_in_a_cell(names):
    def many(names):
        distinct = tuple(f"{i} {name}" for i, name in enumerate(names[:2]))
        return ManyExplanations(
            tuple(
                ImageResult(
                    i,
                    distinct,
                    np.array([0.2, 0.1 * i]),
                    (True,) * 2,
                    names[2],
                    0.9,
                )
                for i in range(2)
            )
        )

    made = many([segxai.names.plain_text(name) for name in names])
    same_elements(made._repr_html_(), many(PLAIN)._repr_html_())


@FEW
@given(names=seven)
def test_figures_are_drawn_whatever_names_hold(names, tmp_path):
    """Also as SVG, which is markup itself."""
    from xml.etree import ElementTree

    explanation = explanation_of(names)
    explanation.save(tmp_path / "a.svg")
    tags = {
        element.tag.rsplit("}", 1)[-1] for element in ElementTree.parse(tmp_path / "a.svg").iter()
    }
    assert not tags & {"script", "a", "foreignObject", "iframe", "img"}
