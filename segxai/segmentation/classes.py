"""A map of class ids as regions named by class."""

from __future__ import annotations

import numpy as np

from ..regions import Part, Regions

SMALLEST_PART = 0.002  # share of the image; smaller connected pieces of a class are not parts of their own


def regions_of_classes(classes: np.ndarray, names, method: str) -> Regions:
    """A map of class ids (H, W) as `Regions` named by class, whose connected pieces are their parts."""
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
            parts.append(Part(names[value], (number,)))
            number += 1
            continue
        # Crumbs go to the largest piece, so that every pixel of the class belongs to one of its parts.
        largest = int(areas.argmax()) + 1
        pieces = np.where(mask & ~np.isin(pieces, kept), largest, pieces)
        order = sorted(kept, key=lambda piece: -areas[piece - 1])
        for offset, piece in enumerate(order):
            atoms[pieces == piece] = number + offset
        children = tuple(Part(f"{names[value]} {i + 1}", (number + i,)) for i in range(len(order)))
        parts.append(Part(names[value], tuple(range(number, number + len(order))), children))
        number += len(order)
    return Regions(atoms, parts, method)
