"""Alignment of an explanation with an object whose place is known, from an annotation or a planted shortcut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..errors import SegxaiValueError
from ..explanation.explanation import Explanation
from ..images import as_array
from ..regions import Regions
from .metric import Metric
from .order import ranked, tied_groups

FOUND = 0.5  # least share of the plant inside the region, and of the region inside the plant


@dataclass(frozen=True, eq=False)
class Alignment:
    """energy, pointing, best_iou: 0 to 1, see `align`. ious: {annotated region: its best IoU with a region of the explanation}.

    best_iou is the mean of `ious`. inside: (K,) the share of each region that lies inside the object.
    """

    energy: float
    pointing: float
    best_iou: float
    ious: dict[str, float]
    inside: np.ndarray


def align(
    explanation: Explanation,
    annotation: Regions | np.ndarray,
    objects: str | Sequence[str] | None = None,
) -> Alignment:
    """The energy inside the object, the pointing game and the best IoU. Up is better, range 0 to 1; no model calls.

    annotation: an (H, W) mask, True on the object, or `Regions`, of which those named in `objects` (one name or several) are the
    object. Raises SegxaiValueError if the annotation does not fit the explanation, or if `objects` is needed but missing.
    energy: the share of the positive weights that falls inside the object, with each weight spread evenly over its region's pixels.
    Source: the energy-based pointing game of Wang et al. 2020, "Score-CAM", for pixels; summed over pixels, a region's weight
    would count once for each of its pixels.
    pointing: the probability that a random point of the region with the largest weight lies inside the object, averaged over
    regions of equal weight. Source: Zhang et al. 2018, "Top-down Neural Attention by Excitation Backprop", for the brightest pixel.
    best_iou: how well the segmenter's regions match the annotated ones; it does not depend on the weights.
    Alignment is not correctness: a faithful explanation of a classifier that uses the background points at the background.
    """
    e = explanation
    if isinstance(annotation, Regions):
        if objects is None:
            raise SegxaiValueError(
                f"Name the object: objects= one or several of {', '.join(annotation.names)}."
            )
        names = [objects] if isinstance(objects, str) else list(objects)
        masks = {name: annotation.mask(name) for name in annotation.names}
        target = np.isin(annotation.labels, [annotation.index(name) for name in names])
    else:
        target = annotation
        masks = {"object": annotation}
    target = _checked_mask(target, e.regions.shape)
    inside = _shares(e.regions, target)
    positive = np.maximum(e.weights, 0)
    energy = float(positive @ inside / positive.sum()) if positive.sum() > 0 else 0.0
    pointing = float(inside[tied_groups(e.weights)[0]].mean())
    ious = {name: best_iou(e.regions, mask) for name, mask in masks.items()}
    return Alignment(energy, pointing, float(np.mean(list(ious.values()))), ious, inside)


def best_iou(regions: Regions, mask: np.ndarray) -> float:
    """The largest intersection over union (IoU) of any region with the mask. Up is better, range 0 to 1."""
    mask = _checked_mask(mask, regions.shape)
    shared = _shares(regions, mask) * regions.areas
    return float((shared / (regions.areas + mask.mean() - shared)).max())


class CoversPlant(NamedTuple):
    """found: whether at least half of the plant lies inside the top region, and at least half of this region inside the plant.

    iou: of the top region with the plant. covered: the share of the plant inside the region. precision: the share of the region
    inside the plant. All are 0 to 1. region: the top region's name, "" if no weight is positive. rank: by weight, from 1, of the
    region with the best IoU.
    """

    found: bool
    iou: float
    covered: float
    precision: float
    region: str
    rank: int


def covers_plant(explanation: Explanation, mask: np.ndarray) -> CoversPlant:
    """Whether the region with the largest weight is the planted shortcut that decides the class. Up is better; no model calls.

    mask: (H, W) bool, True on the plant. A region as large as the image covers the plant but does not count as finding it, because
    its precision is low. Of regions with equal weight, the first in reading order is the top one.
    Source of the idea: Yang and Kim 2019, "Benchmarking Attribution Methods with Relative Feature Importance".
    """
    e = explanation
    mask = _checked_mask(mask, e.regions.shape)
    inside, areas, plant = _shares(e.regions, mask), e.regions.areas, mask.mean()
    order = ranked(e)
    top = order[0]
    shared = inside * areas
    ious = shared / (areas + plant - shared)
    rank = int(np.argmax(ious[order])) + 1
    if e.weights[top] <= 0:
        return CoversPlant(False, 0.0, 0.0, 0.0, "", rank)
    covered = float(shared[top] / plant)
    found = covered >= FOUND and inside[top] >= FOUND
    return CoversPlant(
        bool(found), float(ious[top]), covered, float(inside[top]), e.regions.names[top], rank
    )


def _shares(regions, mask) -> np.ndarray:
    """(K,) the share of each region's pixels that lie inside the mask."""
    flat = regions.labels.ravel()
    return np.bincount(flat, mask.ravel(), minlength=len(regions)) / np.bincount(
        flat, minlength=len(regions)
    )


def _checked_mask(mask, shape) -> np.ndarray:
    mask = as_array(mask, "The mask")
    if mask.shape != shape:
        raise SegxaiValueError(
            f"The mask has shape {mask.shape}, the image {shape}; they must be equal."
        )
    if mask.dtype != bool and not set(np.unique(mask)) <= {0, 1}:
        raise SegxaiValueError(
            "The mask must be True (or 1) on the object and False (or 0) elsewhere."
        )
    mask = mask.astype(bool)
    if not mask.any():
        raise SegxaiValueError("The mask is empty; mark at least one pixel of the object.")
    return mask


METRICS = (
    Metric("energy", "up", "share of the positive weights inside the object", lambda e, mask: align(e, mask).energy, True),
    Metric("pointing", "up", "share of the top region inside the object", lambda e, mask: align(e, mask).pointing, True),
    Metric("best_iou", "up", "best IoU of a region with the object", lambda e, mask: align(e, mask).best_iou, True),
    Metric("covers_plant", "up", "share of photographs whose top region is the plant", lambda e, mask: float(covers_plant(e, mask).found), True),
)  # fmt: skip
