"""Explanations of one photograph side by side, with everything that changes them."""

from .explorer import ExplanationExplorer

__all__ = ["ExplanationExplorer"]
