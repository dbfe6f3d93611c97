"""A fitted FCN as a segmenter, whose regions are named by the classes of its annotation."""

from __future__ import annotations

from ..images import ImageLike
from ..regions import Regions
from ..segmentation.classes import regions_of_classes
from .crf import crf_refine
from .network import FCN


class LearnedSegmenter:
    """A fitted `FCN` as a function image -> `Regions`, for `segxai.segment` and `segxai.explain`.

    Each class found in the image becomes a region of that name; its connected pieces are its parts,
    for `expand`.

    Parameters
    ----------
    fcn : FCN
    crf : bool
        Whether to sharpen the borders by `segxai.crf_refine` (needs the extra "crf").
    """

    def __init__(self, fcn: FCN, *, crf: bool = False):
        self.fcn, self.crf = fcn, crf
        self.__name__ = "learned"

    def __call__(self, image: ImageLike) -> Regions:
        """Divide an image into the classes that the network finds in it."""
        probabilities = self.fcn.predict(image)
        if self.crf:
            probabilities = crf_refine(image, probabilities)
        return regions_of_classes(probabilities.argmax(axis=-1), self.fcn.class_names, "learned")
