"""One region of an explanation taken apart into its parts, asking only for the coalitions that are new."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .coalitions import all_coalitions
from .errors import SegxaiError
from .explain import Explanation, from_coalitions
from .progress import track

MOST_COALITIONS = 4096  # 12 regions


def drill_down(explanation, name, progress) -> Explanation:
    """See `Explanation.drill_down`."""
    explanation.need_classifier("drill_down()")
    old, index = explanation.coalitions.without_contrast(), explanation.regions.index(name)
    regions = explanation.regions.expand(name)
    number, parts = len(regions), len(regions) - len(explanation.regions) + 1
    if 2**number > MOST_COALITIONS:
        raise SegxaiError(
            f"With the parts of {name!r} there would be {number} regions, 2**{number} coalitions; start from fewer regions."
        )
    masks = all_coalitions(number)
    inside = masks[:, index : index + parts]
    whole = inside.all(axis=1) | ~inside.any(axis=1)
    table = np.empty((len(masks), old.table.shape[1]), np.float32)
    # Coalitions that keep the region together were asked about before.
    before = np.delete(masks, range(index + 1, index + parts), axis=1)[whole]
    bits = 1 << np.arange(before.shape[1], dtype=np.int64)
    row_of = np.empty(len(old.masks), np.int64)
    row_of[old.masks @ bits] = np.arange(len(old.masks))
    table[whole] = old.table[row_of[before @ bits]]
    new = np.flatnonzero(~whole)
    predict = explanation.classifier.masked_predictor(explanation.image, regions.labels, old.filled, len(new))
    size = explanation.classifier.batch_size
    with track(len(new), "asking the classifier", progress) as advance:
        for start in range(0, len(new), size):
            rows = new[start : start + size]
            table[rows] = predict(masks[rows])[:, list(old.targets)]
            advance(len(rows))
    coalitions = replace(
        old,
        masks=masks,
        table=table,
        values=table[:, old.targets.index(old.target)],
        evaluations=old.evaluations + len(new),
        fill="given",  # a part that is off shows the whole region's fill, whatever would be its own
    )
    hierarchy = _nest(explanation.hierarchy, index, parts)
    return from_coalitions(
        explanation.image,
        regions,
        coalitions,
        "owen",
        explanation.kernel_width,
        explanation.alpha,
        explanation.classifier,
        hierarchy,
    )


def _nest(hierarchy, index, parts) -> tuple:
    """The hierarchy with region `index` replaced by a group of `parts` regions, later ones renumbered."""

    def renumber(node):
        if isinstance(node, tuple):
            return tuple(renumber(child) for child in node)
        if node == index:
            return tuple(range(index, index + parts))
        return node if node < index else node + parts - 1

    return renumber(hierarchy)
