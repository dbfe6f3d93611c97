"""Suggest names for unnamed regions by classifying each region on its own."""

from __future__ import annotations

import numpy as np

from ..errors import SegxaiValueError, whole_number
from ..images import ImageLike, as_image
from ..regions import Regions
from .load import ClassifierLike, load_classifier

MARGIN = 0.1  # grey margin around the region's bounding box, as a share of its longer side
GREY = 127


def suggest_names(
    image: ImageLike, regions: Regions | np.ndarray, classifier: ClassifierLike = None, k: int = 1
) -> dict[str, list[tuple[str, float]]]:
    """The k most probable classes of each region on its own, as {region name: [(class, probability), ...]}.

    Each region is cut out, placed on grey and classified. The suggestions are often wrong, so no region is renamed;
    apply those that you agree with by `regions.rename({"black, bottom right": "helmet"})`.
    """
    image = as_image(image)
    if not isinstance(regions, Regions):
        regions = Regions.from_labels(regions)
    if regions.shape != image.shape[:2]:
        raise SegxaiValueError(f"The regions have shape {regions.shape}, the image {image.shape[:2]}; they must be equal.")
    whole_number("k", k, 1)
    classifier = load_classifier(classifier)
    probabilities = classifier.predict([_cut_out(image, regions.labels == i) for i in range(len(regions))])
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    return {
        name: [(classifier.class_names[c], float(row[c])) for c in columns]
        for name, row, columns in zip(regions.names, probabilities, order, strict=True)
    }


def _cut_out(image, mask) -> np.ndarray:
    """The region on a grey square, which networks with a square input resize without distortion."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    side = int(max(height, width) * (1 + 2 * MARGIN)) + 1
    box = np.full((side, side, 3), GREY, np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    here = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    window = box[top : top + height, left : left + width]
    window[mask[here]] = image[here][mask[here]]
    return box
