"""What is sent to the browser: styles that leave each other alone."""

import re
from pathlib import Path

import pytest

import segxai.widgets

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
