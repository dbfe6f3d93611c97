"""Convert a map of class ids to regions named by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..regions import GIVEN, Evidence, Part, Regions

SMALLEST_PART = 0.002  # share of the image; smaller connected pieces of a class do not become parts


def regions_of_classes(
    classes: np.ndarray,
    names: Sequence[str] | Mapping[int, str],
    method: str,
    evidence: Evidence = GIVEN,
) -> Regions:
    """Convert class ids (H, W) to `Regions` named by class, whose parts are their connected pieces. evidence: for the names."""
    from skimage.measure import label

    atoms = np.zeros(classes.shape, np.int32)
    parts, number = [], 0
    for value in np.unique(classes):
        mask = classes == value
        pieces, count = label(mask, return_num=True, connectivity=2)
        areas = np.bincount(pieces.ravel(), minlength=count + 1)[1:]
        kept = np.flatnonzero(areas >= SMALLEST_PART * classes.size) + 1
        if len(kept) < 2:
            atoms[mask] = number
            parts.append(Part(names[value], (number,), evidence=evidence))
            number += 1
            continue
        # Small pieces join the largest one, so that every pixel of the class belongs to a part.
        largest = int(areas.argmax()) + 1
        pieces = np.where(mask & ~np.isin(pieces, kept), largest, pieces)
        order = sorted(kept, key=lambda piece: -areas[piece - 1])
        for offset, piece in enumerate(order):
            atoms[pieces == piece] = number + offset
        children = tuple(
            Part(f"{names[value]} {i + 1}", (number + i,), evidence=evidence)
            for i in range(len(order))
        )
        parts.append(
            Part(
                names[value], tuple(range(number, number + len(order))), children, evidence=evidence
            )
        )
        number += len(order)
    return Regions(atoms, parts, method)
