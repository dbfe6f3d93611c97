"""A fitted FCN as a segmenter: the classes it was taught become the names of the regions."""

from __future__ import annotations

from ..regions import Regions
from ..segmentation.classes import regions_of_classes
from .crf import crf_refine


class LearnedSegmenter:
    """A function image -> `Regions` made of a fitted `FCN`; give it to `segxai.segment` or `segxai.explain`.

    Each class that the network finds is a region of that name; its connected pieces are its parts, for `expand`.
    crf: sharpen the borders with `segxai.crf_refine` (needs the extra "crf").
    """

    def __init__(self, fcn, *, crf: bool = False):
        self.fcn, self.crf = fcn, crf
        self.__name__ = "learned"

    def __call__(self, image) -> Regions:
        probabilities = self.fcn.predict(image)
        if self.crf:
            probabilities = crf_refine(image, probabilities)
        return regions_of_classes(probabilities.argmax(axis=-1), self.fcn.class_names, "learned")
