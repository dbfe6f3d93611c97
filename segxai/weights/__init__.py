"""Pretrained weights for the graphs in `nets`, as {variable name: NumPy array}."""

from .stored import assign_weights

__all__ = ["assign_weights"]
