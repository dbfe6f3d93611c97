"""A photograph whose regions react to mouse and keyboard."""

from .canvas import RegionCanvas, loaded_regions, picture

__all__ = ["RegionCanvas", "loaded_regions", "picture"]
