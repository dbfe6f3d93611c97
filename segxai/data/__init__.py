"""Data to try explanations on: annotated photographs, and a classifier with a planted shortcut."""

from .photographs import Sample, load, names, photograph
from .shortcut import Evidence, Planted, planted

__all__ = ["Evidence", "Planted", "Sample", "load", "names", "photograph", "planted"]
