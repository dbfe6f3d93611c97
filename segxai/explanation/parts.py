"""One region of a table of coalitions replaced by its parts; only the coalitions that are new are evaluated."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..classifiers.classifier import Classifier
from ..classifiers.subsets import all_subsets, codes
from ..errors import SegxaiError
from ..regions import Regions
from .coalitions import Coalitions, evaluate_masks

MOST_COALITIONS = 4096  # 12 regions


def expand_coalitions(
    classifier: Classifier, image: np.ndarray, regions: Regions, name, coalitions: Coalitions, progress=None
) -> tuple[Regions, Coalitions]:
    """(the regions with `name` replaced by its parts, their complete table of coalitions).

    Coalitions that keep the region together are taken from the complete table of `coalitions`; all others are new.
    Raises SegxaiError where more than 12 regions would result.
    """
    old, index = coalitions.without_contrast(), regions.index(name)
    number_before, regions = len(regions), regions.expand(name)
    number, parts = len(regions), len(regions) - number_before + 1
    if 2**number > MOST_COALITIONS:
        raise SegxaiError(
            f"With the parts of {name!r} there would be {number} regions, 2**{number} coalitions; start from fewer regions."
        )
    masks = all_subsets(number)
    inside = masks[:, index : index + parts]
    whole = inside.all(axis=1) | ~inside.any(axis=1)
    table = np.empty((len(masks), old.table.shape[1]), np.float32)
    before = np.delete(masks, range(index + 1, index + parts), axis=1)[whole]
    row_of = np.empty(len(old.masks), np.int64)
    row_of[codes(old.masks)] = np.arange(len(old.masks))
    table[whole] = old.table[row_of[codes(before)]]
    table[~whole] = evaluate_masks(
        classifier, image, regions.labels, old.filled, masks[~whole], lambda p: p[:, list(old.targets)], progress
    )
    return regions, replace(
        old,
        masks=masks,
        table=table,
        values=table[:, old.targets.index(old.target)],
        evaluations=old.evaluations + int((~whole).sum()),
        fill="given",  # a part that is off shows the whole region's fill, whatever would be its own
    )


def nest(hierarchy, index: int, parts: int) -> tuple:
    """The hierarchy with region `index` replaced by a group of `parts` regions, later ones renumbered."""

    def renumber(node):
        if isinstance(node, tuple):
            return tuple(renumber(child) for child in node)
        if node == index:
            return tuple(range(index, index + parts))
        return node if node < index else node + parts - 1

    return renumber(hierarchy)
