"""A photograph whose regions react to mouse and keyboard."""

from .canvas import RegionCanvas, picture

__all__ = ["RegionCanvas", "picture"]
