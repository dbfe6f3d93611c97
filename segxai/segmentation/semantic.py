"""Semantic segmentation by the project's own FCN: a region for each class."""

from __future__ import annotations

import numpy as np

from ..images import resize_labels
from ..regions import Regions
from ..weights.semantic import semantic_head
from . import deep
from .classes import numbered_part
from .nouns import evidence
from .record import Segmenter
from .tree import grown


def semantic(image: np.ndarray) -> Regions:
    """Name every part of a photograph by one of the classes of the project's own FCN.

    The class probabilities of the FCN-8s `FCN("efficientnet_lite0", weights="semantic", stride=8)`
    are averaged over the leaves of the region tree of "deep", which have sharper outlines than a
    map of stride 8. Each leaf gets its most probable class.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.

    Returns
    -------
    regions : Regions
        One region for each class, whose parts are the leaves; "object" is what has no class.

    References
    ----------
    Long et al. 2015, "Fully Convolutional Networks for Semantic Segmentation".
    """
    tree = grown(image, deep.RECIPE)
    names, areas = semantic_head().names, tree.seen.areas
    best = tree.seen.classes.argmax(axis=1)
    parts = []
    for k in np.unique(best):
        leaves = np.flatnonzero(best == k)
        p = np.average(tree.seen.classes[leaves, k], weights=areas[leaves])
        parts.append(numbered_part(names[k], leaves, evidence("semantic", p)))
    return Regions(resize_labels(tree.atoms, image.shape[:2]), parts, "semantic")


SEGMENTERS = (
    Segmenter("semantic", semantic, "the 50 classes of the project's own FCN-8s, at contours"),
)
