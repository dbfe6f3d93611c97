"""Photographs with annotations, and a classifier that is known to cheat: something to try explanations on."""

from .photographs import Sample, load, names, photograph
from .shortcut import Evidence, Planted, planted

__all__ = ["Evidence", "Planted", "Sample", "load", "names", "photograph", "planted"]
