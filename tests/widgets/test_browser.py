"""What is sent to the browser: styles that leave each other alone, and no echo."""

import contextlib
import re
from pathlib import Path

import numpy as np
import pytest

import segxai.widgets
from segxai.report.state import select_field
from segxai.widgets.form.form import Form
from segxai.widgets.painter.painter import PaintCanvas

IMAGE = np.zeros((8, 8, 3), np.uint8)
CHOICE = select_field("fill", "Fill", ["mean", "blur"])
SET_THERE = {
    "form": (lambda: Form([CHOICE], {"fill": "mean"}), {"values": {"fill": "blur"}}),
    "painter": (
        lambda: PaintCanvas(IMAGE, np.zeros((8, 8), np.uint8), ["a", "b"]),
        {"names": ["a", "b", "c"], "current": 2, "tool": "fill", "brush": 3, "zoom": 2.0},
    ),
    "quiz": (lambda: segxai.widgets.Quiz("?", {"a": "", "b": ""}, "a"), {"chosen": "b"}),
    "region_canvas": (
        lambda: segxai.widgets.RegionCanvas(
            segxai.explain(IMAGE, "grid", lambda x: x.mean((1, 2, 3)), max_evaluations=18)
        ),
        {"off": [0, 2], "view": "photograph", "opacity": 0.5, "threshold": 0.1, "zoom": 2.0},
    ),
    "fit_monitor": (
        lambda: segxai.widgets.FineTuneMonitor(segxai.data.load("cat")),
        {"iterations": 3, "stride": 8, "learning_rate": 1e-3, "shown_class": 0, "opacity": 0.3},
    ),
}

FOLDER = Path(segxai.widgets.__file__).parent


@pytest.mark.parametrize(
    "path", sorted(FOLDER.glob("*/style.css")), ids=lambda path: path.parent.name
)
def test_a_style_is_about_its_own_widget(path):
    # All of them end up in the head of one page.
    (root,) = re.findall(
        r'prepare\(el, "([\w-]+)"\)', (path.parent / "index.js").read_text(encoding="utf-8")
    )
    style = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S)
    selectors = [
        each.strip()
        for rule in re.findall(r"([^{}]+)\{", style)
        if "@" not in rule
        for each in rule.split(",")
    ]
    assert len(selectors) > 3
    assert [s for s in selectors if not re.match(rf"(\.segxai-widget)?\.{root}([ .]|$)", s)] == []


@pytest.mark.parametrize("name", SET_THERE)
def test_what_the_page_sets_is_not_sent_back_to_it(name, monkeypatch):
    """It may have something newer by then, which would be lost."""
    make, state = SET_THERE[name]
    with contextlib.closing(make()) as widget:
        sent = []
        monkeypatch.setattr(widget, "_send", lambda message, buffers=None: sent.append(message))
        widget.set_state(state)
        assert {key: getattr(widget, key) for key in state} == state
        assert sent == []
