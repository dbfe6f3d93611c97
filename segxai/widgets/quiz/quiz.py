"""A question with choices, answered in the browser."""

import traitlets

from ...errors import SegxaiValueError
from ...report import rendered
from ..shared import browser


class Quiz(browser.Pictured, browser.BundledWidget, folder="quiz"):
    """One question, a button for each choice, and feedback at once.

    A wrong answer gets its own hint and another try; the reason is shown with the right one. All of
    it happens in the page; where no script runs, each choice unfolds to its feedback.

    Parameters
    ----------
    question : str
        The question.
    choices : dict of str to str
        Each choice with its feedback, two or more.
    answer : str
        The right one of them.
    rationale : str, optional
        Why it is right; shown with the right answer only.

    Attributes
    ----------
    chosen : str
        The choice that was clicked last, "" before.

    Raises
    ------
    SegxaiValueError
        For an answer that is not one of the choices, and for fewer than two choices.

    Examples
    --------
    >>> feedback = {"yes": "1 and 7 alone divide it.", "no": "Which number divides it?"}
    >>> Quiz("Is 7 prime?", feedback, "yes")    # doctest: +SKIP
    """

    question = traitlets.Unicode().tag(sync=True)
    # [choice, feedback] pairs
    choices = traitlets.List(traitlets.List(traitlets.Unicode())).tag(sync=True)
    answer = traitlets.Unicode().tag(sync=True)
    rationale = traitlets.Unicode("").tag(sync=True)
    verdicts = traitlets.List(["✗ Not quite, try again.", "✓ Right."]).tag(sync=True)
    chosen = traitlets.Unicode("").tag(**browser.FROM_PAGE)

    def __init__(self, question: str, choices: dict[str, str], answer: str, rationale: str = ""):
        if len(choices) < 2:
            raise SegxaiValueError(
                f"A quiz needs two choices or more, with their feedback; got {len(choices)}."
            )
        if answer not in choices:
            raise SegxaiValueError(
                f"The answer {answer!r} is not one of the choices. "
                f"They are: {', '.join(map(repr, choices))}."
            )
        pairs = [[choice, feedback] for choice, feedback in choices.items()]
        super().__init__(question=question, choices=pairs, answer=answer, rationale=rationale)

    def _still(self):
        """Write the quiz as HTML that needs no script, and as text."""
        return {
            "text/html": rendered("quiz.html", quiz=self),
            "text/plain": "\n  ○ ".join([self.question, *(choice for choice, _ in self.choices)]),
        }
