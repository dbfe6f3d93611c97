"""Coalitions of regions, and the explanations computed from them."""

from .checks import examine
from .explain import drill_down
from .sets import necessary

__all__ = ["drill_down", "examine", "necessary"]
