"""A classifier's output divided down a region tree: `owen.divide` on a photograph, and what it found at every node."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..classifiers.classifier import batches
from ..errors import whole_number
from ..progress import track
from ..regions import Regions
from ..segmentation.binary import BinaryTree
from . import owen
from .coalitions import Coalitions, kept_targets
from .fills import fill_image


class Node(NamedTuple):
    """A node of the tree: its value is the sum of its two children's, the root's is p(whole) - p(nothing).

    shared: how much of the value is no more than the node's share, by area, of what a node above it holds undivided. divided:
    whether the value was divided among its children by evaluation, in one context at least. parent, children: their places in the list.
    """

    name: str
    value: float
    shared: float
    area: float
    divided: bool
    parent: int | None
    children: tuple[int, ...]


@dataclass(frozen=True, eq=False, repr=False)
class Descent:
    """tree: the region tree; coalitions: of its leaves, those that were evaluated; division: the effects between them."""

    tree: BinaryTree
    coalitions: Coalitions
    division: owen.Division

    @cached_property
    def values(self) -> np.ndarray:
        """(2L - 1,) of every node, leaves first, for the coalitions' target."""
        return self._values[0]

    @cached_property
    def shared(self) -> np.ndarray:
        """(2L - 1,) how much of each node's value is only its share by area."""
        return self._values[1]

    @cached_property
    def _values(self):
        return owen.node_values(self.tree.joins, self.tree.areas[: len(self.tree.leaves)], self.division, self.coalitions.values)

    def nodes(self) -> list[Node]:
        """Every node, the whole photograph first, then in the order in which cuts take the tree apart, the leaves last."""
        tree, number = self.tree, len(self.tree.names)
        leaves = len(tree.leaves)
        parent = {int(half): leaves + k for k, halves in enumerate(tree.joins) for half in halves}
        divided = np.zeros(number, bool)
        divided[self.division.node[self.division.divided]] = True
        return [
            Node(
                tree.names[i], float(self.values[i]), float(self.shared[i]), float(tree.areas[i]), bool(divided[i]),
                number - 1 - parent[i] if i in parent else None,
                tuple(number - 1 - int(half) for half in tree.joins[i - leaves]) if i >= leaves else (),
            )
            for i in reversed(range(number))
        ]  # fmt: skip

    def read(self, coalitions: Coalitions) -> Descent:
        """The same with the coalitions' values read for another class, or a contrast."""
        return replace(self, coalitions=coalitions)

    def members(self, regions: Regions) -> np.ndarray:
        """(K, L) bool: which leaves make up each region; regions that are unions of leaves."""
        _, first = np.unique(self.tree.leaves.labels, return_index=True)
        return regions.labels.ravel()[first] == np.arange(len(regions))[:, None]

    def between(self, regions: Regions) -> Coalitions:
        """The coalitions of these regions among those that were evaluated."""
        groups, table = self.members(regions), self.coalitions
        shown = table.masks.astype(np.int64) @ groups.T
        together = ((shown == 0) | (shown == groups.sum(axis=1))).all(axis=1)
        return replace(
            table,
            masks=shown[together] > 0,
            values=table.values[together],
            table=table.table[together],
            exact=int(together.sum()) == 2 ** len(regions),
        )


def descend(classifier, image, tree: BinaryTree, target, fill, max_evaluations: int, seed: int, progress=None) -> Descent:
    """Divide the target's probability down the tree; see `owen.divide`.

    target None: the most probable class of the whole image. At most `max_evaluations` images are evaluated.
    """
    max_evaluations = whole_number("max_evaluations", max_evaluations, 2)
    labels = tree.leaves.labels
    filled = fill_image(image, labels, fill, whole_number("seed", seed))
    predict = classifier.masked_predictor(image, labels, filled, max_evaluations)
    kept: list[int] = []
    rows: list[np.ndarray] = []
    with track(max_evaluations, "following the evidence", progress) as advance:

        def evaluate(masks):
            for batch in batches(len(masks), classifier.batch_size):
                probabilities = predict(masks[batch])
                if not kept:  # the whole image comes first: it decides which classes' columns are kept
                    kept.extend(kept_targets(probabilities[0], None if target is None else classifier.index(target)))
                rows.extend(probabilities[:, kept])
                advance(len(probabilities))
            column = 0 if target is None else kept.index(classifier.index(target))
            return [row[column] for row in rows[-len(masks) :]]

        division = owen.divide(tree.joins, evaluate, max_evaluations)
        if len(rows) < max_evaluations:  # all is divided
            advance(max_evaluations - len(rows))
    table = np.array(rows)
    column = 0 if target is None else kept.index(classifier.index(target))
    return Descent(
        tree,
        Coalitions(
            masks=division.masks,
            values=table[:, column],
            exact=len(table) == 2 ** len(tree.leaves),
            evaluations=len(table),
            target=kept[column],
            targets=tuple(kept),
            target_names=tuple(classifier.class_names[k] for k in kept),
            table=table,
            fill=fill if isinstance(fill, str) else "given",
            filled=filled,
            seed=seed,
        ),
        division,
    )
