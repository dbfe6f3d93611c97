"""A quiz in a real JupyterLab: by mouse and by keyboard, with and without its kernel."""

import pytest

from .conftest import serious_findings

pytestmark = pytest.mark.xdist_group("browser")  # one server and one browser for all of them

NASTY = '<img src=x onerror="window.broken=1">'
CELL = f"""
from segxai.widgets import Quiz
choices = {{"odd": "No number of pairs.", "even": "Count in pairs.", {NASTY!r}: "No."}}
quiz = Quiz("What is seven?", choices, "odd", "7 = 2 x 3 + 1")
quiz
"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_answered_by_mouse_and_keyboard(notebook, theme):
    book = notebook(CELL, theme=theme).run_all()
    page, quiz = book.page, book.page.locator(".sx-quiz")
    quiz.wait_for(timeout=60_000)
    feedback = quiz.get_by_role("status")
    assert feedback.inner_text() == ""
    assert quiz.get_by_role("group", name="What is seven?").get_by_role("button").count() == 3
    quiz.get_by_role("button", name="even").click()
    assert feedback.inner_text().strip() == "✗ Not quite, try again. Count in pairs."
    book.wait_value("quiz.chosen", "even")
    book.restart()  # what follows needs no kernel
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert feedback.inner_text().splitlines()[0] == "✓ Right. No number of pairs."
    assert "7 = 2 x 3 + 1" in feedback.inner_text()
    marks = quiz.locator(".sx-mark").all_inner_texts()
    assert marks == ["✓", "✗", "○"]
    assert quiz.locator("[aria-pressed=true]").inner_text().endswith("odd")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press(" ")
    assert feedback.inner_text().strip() == "✗ Not quite, try again. No."
    book.picture(f"quiz_{theme}")
    assert serious_findings(page, ".sx-quiz") == []
    assert page.evaluate("window.broken") is None
    assert quiz.locator("img").count() == 0
