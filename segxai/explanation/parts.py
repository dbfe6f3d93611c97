"""Replace one region of a table of coalitions by its parts, evaluating only the new coalitions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..classifiers.classifier import Classifier
from ..classifiers.subsets import all_subsets, codes
from ..errors import SegxaiError
from ..progress import Progress
from ..regions import Regions
from .coalitions import Coalitions, evaluate_masks
from .fills import GIVEN

MOST_COALITIONS = 4096  # 12 regions


def expand_coalitions(
    image: np.ndarray,
    regions: Regions,
    name: str | int,
    coalitions: Coalitions,
    classifier: Classifier,
    *,
    progress: Progress = None,
) -> tuple[Regions, Coalitions]:
    """The regions with `name` replaced by its parts, and their complete table of coalitions.

    Coalitions that keep the region together are taken from the complete table `coalitions`; all others are evaluated.
    Raises SegxaiError if more than 12 regions would result.
    """
    old, index = coalitions.without_contrast(), regions.index(name)
    number_before, regions = len(regions), regions.expand(name)
    number, parts = len(regions), len(regions) - number_before + 1
    if 2**number > MOST_COALITIONS:
        raise SegxaiError(
            f"The parts of {name!r} would make {number} regions and 2**{number} coalitions; start from fewer regions."
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
        classifier,
        image,
        regions.labels,
        old.filled,
        masks[~whole],
        lambda p: p[:, list(old.targets)],
        progress=progress,
    )
    return regions, replace(
        old,
        masks=masks,
        table=table,
        values=table[:, old.targets.index(old.target)],
        evaluations=old.evaluations + int((~whole).sum()),
        fill=GIVEN,  # a switched-off part keeps the fill of the whole region, e.g. its mean colour
    )


def nest(hierarchy: tuple, index: int, parts: int) -> tuple:
    """The hierarchy with region `index` replaced by a group of `parts` regions, and later regions renumbered."""

    def renumber(node):
        if isinstance(node, tuple):
            return tuple(renumber(child) for child in node)
        if node == index:
            return tuple(range(index, index + parts))
        return node if node < index else node + parts - 1

    return renumber(hierarchy)
