"""Propose names for regions nobody has named, from what a classifier sees in each region alone."""

from __future__ import annotations

import numpy as np

from ..errors import SegxaiValueError, whole_number
from ..images import as_image
from ..regions import Regions
from .load import load_classifier

MARGIN = 0.1  # share of the region's box that is shown around it, in grey
GREY = 127


def suggest_names(image, regions: Regions, classifier=None, k: int = 1) -> dict[str, list[tuple[str, float]]]:
    """{region's name: [(class, probability), ...]}, the k classes that each region alone looks most like.

    Each region is cut out, enlarged and shown on grey. They are proposals, often wrong ones, with their probability; nothing
    is renamed. Take over what you believe: `regions.rename({"black, bottom right": "helmet"})`.
    """
    image = as_image(image)
    if not isinstance(regions, Regions):
        regions = Regions.from_labels(regions)
    if regions.shape != image.shape[:2]:
        raise SegxaiValueError(f"The regions are {regions.shape}, the image {image.shape[:2]}.")
    whole_number("k", k, 1)
    classifier = load_classifier(classifier)
    probabilities = classifier.predict([_cut_out(image, regions.labels == i) for i in range(len(regions))])
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    return {
        name: [(classifier.class_names[c], float(row[c])) for c in columns]
        for name, row, columns in zip(regions.names, probabilities, order, strict=True)
    }


def _cut_out(image, mask) -> np.ndarray:
    """The region on grey, in a square box: a network that resizes to a square then distorts nothing."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    side = int(max(height, width) * (1 + 2 * MARGIN)) + 1
    box = np.full((side, side, 3), GREY, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    here = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    window = box[top : top + height, left : left + width]
    window[mask[here]] = image[here][mask[here]]
    return box
