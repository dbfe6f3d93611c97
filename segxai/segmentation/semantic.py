"""Semantic segmentation by the project's own FCN: one region for each class, at the contours of the region tree."""

from __future__ import annotations

import numpy as np

from ..images import resize_labels
from ..regions import Part, Regions
from ..weights.semantic import semantic_head
from . import deep
from .nouns import evidence
from .segmenter import Segmenter
from .tree import grown


def semantic(image: np.ndarray) -> Regions:
    """Name every part of a photograph by one of the classes of the project's own FCN.

    The class probabilities of the FCN-8s `FCN("efficientnet_lite0", weights="semantic", stride=8)`
    are averaged over the leaves of the region tree of "deep", which have sharper outlines than a map
    of stride 8. Each leaf gets its most probable class.

    Parameters
    ----------
    image : (H, W, 3) array of uint8

    Returns
    -------
    regions : Regions
        One region for each class, whose parts are the leaves; "object" is what has no class.

    References
    ----------
    Long et al. 2015, "Fully Convolutional Networks for Semantic Segmentation".
    """
    tree = grown(image, "deep", deep.MERGING, deep.features)
    names, areas = semantic_head().names, tree.seen.areas
    best = tree.seen.classes.argmax(axis=1)
    parts = []
    for k in np.unique(best):
        leaves = np.flatnonzero(best == k)
        p = np.average(tree.seen.classes[leaves, k], weights=areas[leaves])
        children = tuple(Part(f"{names[k]} {i + 1}", (int(leaf),)) for i, leaf in enumerate(leaves))
        parts.append(
            Part(
                names[k],
                tuple(map(int, leaves)),
                children if len(children) > 1 else (),
                evidence=evidence("semantic", p),
            )
        )
    return Regions(resize_labels(tree.atoms, image.shape[:2]), parts, "semantic")


SEGMENTERS = (
    Segmenter("semantic", semantic, "the 50 classes of the project's own FCN-8s, at contours"),
)
