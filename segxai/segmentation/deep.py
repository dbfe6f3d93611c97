"""Semantic regions without annotation: a region tree by contours and features.

Basins of the contour map are described by the network's end points and merged by contour and
features together: similar basins are merged across weak contours, and different ones stay separate
even where the contour between them has gaps.

References
----------
Those of `tree`; for deep features that group into objects Collins et al. 2018, "Deep Feature
Factorization for Concept Discovery".
"""

from __future__ import annotations

import numpy as np

from ..images import resize
from ..regions import Regions
from .contours import contours
from .merging import Merging
from .pooling import pool
from .record import by_count
from .tree import Recipe, tree_regions

NETWORK_SIDE = 1024  # pixels, the longest side of the network's input
STRIDE_WEIGHTS = {8: 1.0, 16: 1.0, 32: 0.75}


def deep(image: np.ndarray, n_regions: int | str = "auto") -> Regions:
    """Divide a photograph into things and their parts, without annotation.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    n_regions : int or "auto"
        1 to 48, or "auto" for 3 to 9: as many as the photograph has things. The regions for a small
        number are unions of those for a larger one, so `Regions.expand` knows the parts of each.

    Returns
    -------
    regions : Regions
        Regions by contours, EfficientNet-Lite0's features and nouns.

    Raises
    ------
    SegxaiValueError
        For any other n_regions.
    """
    return tree_regions(image, RECIPE, n_regions)


def features(image: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Describe regions by the network's features, pooled at each stride.

    The features of each stride are scaled so that their variances over the photograph add up to the
    square of the stride's weight. The scale is common to all channels, so differences count more
    where the network responds strongly.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
        The photograph.
    labels : (h, w) array of int
        A label map of any size, values 0..B-1.

    Returns
    -------
    features : (B, D) array
        Of each label.
    """
    from ..backbone import efficientnet_lite0

    scale = NETWORK_SIDE / max(image.shape[:2])
    copy = resize(image, tuple(max(32, round(side * scale)) for side in image.shape[:2]))
    maps = efficientnet_lite0().features(copy[None], [f"stride_{s}" for s in STRIDE_WEIGHTS])
    share = np.bincount(labels.ravel()) / labels.size
    columns = []
    for stride, weight in STRIDE_WEIGHTS.items():
        pooled = pool(maps[f"stride_{stride}"][0], labels)
        variance = (share @ (pooled - share @ pooled) ** 2).sum()
        columns.append(weight * pooled / np.sqrt(max(variance, 1e-12)))
    return np.concatenate(columns, axis=1)


RECIPE = Recipe(
    "deep", contours, Merging(floor=0.05, contour=3.0, size=0.4, worth=0.045, nouns=0.7), features
)
SEGMENTERS = (by_count("deep", deep, "contours, features of EfficientNet-Lite0, and nouns"),)
