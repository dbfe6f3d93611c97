"""A row of labelled controls."""

from .form import Form, choice, span

__all__ = ["Form", "choice", "span"]
