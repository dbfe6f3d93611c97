"""A question with choices, answered in the browser."""

from __future__ import annotations

from html import escape

import anywidget
import traitlets

from ...errors import SegxaiValueError
from ..shared import browser

_RIGHT, _WRONG = "✓ Right.", "✗ Not so."


class Quiz(anywidget.AnyWidget):
    """One question, a button for each choice, feedback at once, and after the first answer the reason.

    choices: each choice with its feedback. answer: the right one of them. `chosen` is the choice that was clicked last, "" before.
    All of it happens in the page; where no script runs, each choice unfolds to its feedback. Raises SegxaiValueError for an
    answer that is none of the choices, and for fewer than two choices.

    >>> Quiz("Is 7 prime?", {"yes": "1 and 7 alone divide it.", "no": "Which number divides it?"}, "yes")    # doctest: +SKIP
    """

    _esm = browser.module("quiz")
    _css = browser.style("quiz")

    question = traitlets.Unicode().tag(sync=True)
    choices = traitlets.List(traitlets.List(traitlets.Unicode())).tag(
        sync=True
    )  # [choice, feedback] pairs
    answer = traitlets.Unicode().tag(sync=True)
    rationale = traitlets.Unicode("").tag(sync=True)
    verdicts = traitlets.List([_WRONG, _RIGHT]).tag(sync=True)
    chosen = traitlets.Unicode("").tag(sync=True)

    def __init__(self, question: str, choices: dict[str, str], answer: str, rationale: str = ""):
        if len(choices) < 2:
            raise SegxaiValueError(
                f"A quiz has two choices or more, with their feedback; here are {len(choices)}."
            )
        if answer not in choices:
            known = ", ".join(map(repr, choices))
            raise SegxaiValueError(
                f"The answer {answer!r} is none of the choices. They are: {known}."
            )
        pairs = [[choice, feedback] for choice, feedback in choices.items()]
        super().__init__(question=question, choices=pairs, answer=answer, rationale=rationale)

    def _verdict(self, choice: str) -> str:
        return self.verdicts[choice == self.answer]

    def _html(self) -> str:
        """The quiz as HTML that needs no script."""
        folds = [
            (choice, f"<b>{self._verdict(choice)}</b> {escape(feedback)}")
            for choice, feedback in self.choices
        ]
        folds += [("Why?", escape(self.rationale))] if self.rationale else []
        body = "".join(
            f"<details><summary>{escape(closed)}</summary><p>{opened}</p></details>"
            for closed, opened in folds
        )
        return (
            f"<div><p><b>{escape(self.question)}</b> Choose by unfolding an answer.</p>{body}</div>"
        )

    def _text(self) -> str:
        lines = [
            self.question,
            *(f"  ○ {choice}" for choice, _ in self.choices),
            f"Answer: {self.answer}. {self.rationale}",
        ]
        return "\n".join(lines).rstrip()

    def _repr_mimebundle_(self, **kwargs):
        still = {"text/html": self._html(), "text/plain": self._text()}
        return (
            still
            if browser.without_kernel()
            else browser.beside(super()._repr_mimebundle_(**kwargs), still)
        )
