"""What is sent to the browser: styles that leave each other alone."""

import re
from pathlib import Path

import pytest

from segxai.widgets import browser

FOLDER = Path(browser.__file__).parent


@pytest.mark.parametrize("name", sorted({path.stem for path in FOLDER.glob("*.css")} - {"common"}))
def test_a_style_is_about_its_own_widget(name):
    # All of them end up in the head of one page.
    (root,) = re.findall(r'prepare\(el, "([\w-]+)"\)', (FOLDER / f"{name}.js").read_text(encoding="utf-8"))
    style = re.sub(r"/\*.*?\*/", "", (FOLDER / f"{name}.css").read_text(encoding="utf-8"), flags=re.S)
    selectors = [each.strip() for rule in re.findall(r"([^{}]+)\{", style) if "@" not in rule for each in rule.split(",")]
    assert len(selectors) > 3
    assert [s for s in selectors if not re.match(rf"(\.segxai-widget)?\.{root} ", s)] == []
