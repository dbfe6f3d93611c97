"""Paint an annotation on a photograph; fit a network to it and explain with what it finds."""

from .painter import AnnotationPainter, PaintCanvas

__all__ = ["AnnotationPainter", "PaintCanvas"]
