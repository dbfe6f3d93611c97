"""A question with choices, answered in the browser."""

from .quiz import Quiz

__all__ = ["Quiz"]
