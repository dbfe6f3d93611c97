"""A quiz without a browser: what it refuses, and what is shown where no script runs."""

from html.parser import HTMLParser

import pytest

from segxai.errors import SegxaiValueError
from segxai.widgets import Quiz

NASTY = '<img src=x onerror="window.broken=1">'
WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def quiz():
    return Quiz(
        f"Is {NASTY} 7?",
        {"yes & no": "Both?", NASTY: "It is <b>."},
        answer=NASTY,
        rationale="7 < 8",
    )


class Folds(HTMLParser):
    """The tags, and the text of each unfolded part by its summary."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.folds, self._open = set(), {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "summary" in self._open:
            self.summary = data
            self.folds[data] = ""
        elif "details" in self._open:
            self.folds[self.summary] += data


@pytest.mark.parametrize("still", ["", "1"])
def test_without_scripts_each_choice_unfolds_to_its_feedback(quiz, monkeypatch, still):
    monkeypatch.setenv("SEGXAI_STILL", still)
    bundle = quiz._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    assert (WIDGET in data) == (not still)
    page = Folds(data["text/html"])
    assert page.folds == {
        "yes & no": "✗ Not quite, try again. Both?",
        NASTY: "✓ Right. It is <b>. 7 < 8",
    }
    assert page.tags == {"div", "p", "b", "details", "summary"}
    assert data["text/plain"].splitlines() == [
        f"Is {NASTY} 7?",
        "  ○ yes & no",
        f"  ○ {NASTY}",
    ]


def test_no_rationale_no_fold(monkeypatch):
    monkeypatch.setenv("SEGXAI_STILL", "1")
    data = Quiz("?", {"a": "A.", "b": "B."}, "a")._repr_mimebundle_()
    assert list(Folds(data["text/html"]).folds) == ["a", "b"]


@pytest.mark.parametrize(
    ("choices", "answer", "message"),
    [
        ({"a": "A.", "b": "B."}, "A", "'A' is not one of the choices. They are: 'a', 'b'"),
        ({"a": "A."}, "a", "two choices or more"),
    ],
)
def test_a_quiz_that_has_no_answer_is_refused(choices, answer, message):
    with pytest.raises(SegxaiValueError, match=message):
        Quiz("?", choices, answer)
