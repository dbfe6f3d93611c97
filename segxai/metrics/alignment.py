"""Does the explanation point at the thing? Only where somebody has said where the thing is: an annotation, or a plant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..errors import SegxaiValueError
from ..images import as_array
from ..regions import Regions
from .order import ranked, tied_groups

FOUND = 0.5  # share of the plant in the region, and share of the region that is plant


@dataclass(frozen=True, eq=False)
class Alignment:
    """energy, pointing: 0 to 1. best_iou: 0 to 1, the mean of `ious` {object: the best IoU of one region with it}.

    inside: (K,) the share of each region that lies in the object.
    """

    energy: float
    pointing: float
    best_iou: float
    ious: dict[str, float]
    inside: np.ndarray


def align(explanation, annotation, objects=None) -> Alignment:
    """Energy inside the object, the pointing game, and the best IoU of a region for each object. Up is better, range 0 to 1.

    annotation: an (H, W) mask, True on the object, or `Regions` of which `objects` (a name or several) are the object. ious is for every
    one of the annotated regions. No model calls.
    energy: the share of the positive weights, each spread evenly over its region's pixels, that falls inside the object
    (the energy-based pointing game of Wang et al. 2020, "Score-CAM"; there of pixels, which would count a region's weight once for each of its pixels).
    pointing: the chance that a point anywhere in the region of the largest weight lies inside (Zhang et al. 2018, "Top-down
    Neural Attention by Excitation Backprop"; there the one brightest pixel). Regions of equal weight: their mean.
    best_iou says nothing of the weights: it is what the segmenter offers. A model may use the background, and then an honest
    explanation points there: alignment is not truth.
    """
    e = explanation
    if isinstance(annotation, Regions):
        if objects is None:
            raise SegxaiValueError(f"Say which are the object: objects= one or several of {', '.join(annotation.names)}.")
        names = [objects] if isinstance(objects, str) else list(objects)
        masks = {name: annotation.mask(name) for name in annotation.names}
        thing = np.isin(annotation.labels, [annotation.index(name) for name in names])
    else:
        thing = annotation
        masks = {"object": annotation}
    thing = _checked_mask(thing, e.regions.shape)
    inside = _shares(e.regions, thing)
    positive = np.maximum(e.weights, 0)
    energy = float(positive @ inside / positive.sum()) if positive.sum() > 0 else 0.0
    pointing = float(inside[tied_groups(e.weights)[0]].mean())
    ious = {name: best_iou(e.regions, mask) for name, mask in masks.items()}
    return Alignment(energy, pointing, float(np.mean(list(ious.values()))), ious, inside)


def best_iou(regions, mask) -> float:
    """The largest intersection over union of one region with the mask. Up is better, range 0 to 1."""
    mask = _checked_mask(mask, regions.shape)
    shared = _shares(regions, mask) * regions.areas
    return float((shared / (regions.areas + mask.mean() - shared)).max())


class CoversPlant(NamedTuple):
    """found: at least half of the plant lies in the top region, and at least half of the top region is plant.

    iou: of the two. covered: the share of the plant in the region. precision: the share of the region that is plant. All 0 to 1.
    region: its name, "" where no weight is positive. rank: of the region that best covers the plant by IoU, 1 for the largest weight.
    """

    found: bool
    iou: float
    covered: float
    precision: float
    region: str
    rank: int


def covers_plant(explanation, mask) -> CoversPlant:
    """Is the region of the largest weight the thing that is known to decide (a planted shortcut)? Up is better; no model calls.

    mask: (H, W) bool. A region that is the whole image covers the plant and has not found it: its precision is the plant's area.
    Where weights are equal the region that begins first in reading order is the top one.
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
    return CoversPlant(bool(found), float(ious[top]), covered, float(inside[top]), e.regions.names[top], rank)


def _shares(regions, mask) -> np.ndarray:
    """(K,) the share of each region's pixels that lie in the mask."""
    flat = regions.labels.ravel()
    return np.bincount(flat, mask.ravel(), minlength=len(regions)) / np.bincount(flat, minlength=len(regions))


def _checked_mask(mask, shape) -> np.ndarray:
    mask = as_array(mask, "The mask")
    if mask.shape != shape:
        raise SegxaiValueError(f"The mask has shape {mask.shape}, the image {shape}; they must be equal.")
    if mask.dtype != bool and not set(np.unique(mask)) <= {0, 1}:
        raise SegxaiValueError("The mask must be True (or 1) on the object and False (or 0) elsewhere.")
    mask = mask.astype(bool)
    if not mask.any():
        raise SegxaiValueError("The mask is empty: there is no object to point at.")
    return mask
