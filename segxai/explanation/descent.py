"""Divide a classifier's output down a region tree: `owen.divide` on a photograph, and the resulting values of all nodes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from ..classifiers.classifier import Classifier, Target, batches
from ..errors import whole_number
from ..images import Bands, pixels_of
from ..progress import Progress, track
from ..regions import Regions
from ..segmentation.binary import BinaryTree
from . import correction, owen
from .coalitions import Coalitions, kept_targets, kind_of_output
from .fills import Fill, fill_image, fill_name

TREE_SHARE = 4  # one evaluation in so many follows the tree where it cannot be divided everywhere; the others are sampled
COIN_SHARE = 3  # one sampled coalition in so many is drawn by a coin, the others along orderings of the leaves


class Node(NamedTuple):
    """A node of the tree. Its value is the sum of its two children's values; the root's is p(whole) - p(nothing).

    shared: the part that the division only shared out, by area, from an undivided node above; where coalitions were sampled, the
    fit to them has corrected it (`Descent.sampled`), and it shows where the value rests on that fit. divided: whether the value was
    divided among the children by evaluation, in at least one context. parent, children: indices in the list of nodes.
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
    """tree: the region tree. coalitions: the evaluated coalitions of its leaves. division: the effects computed from the first of them.

    fit_weights: (M,) of the other coalitions in the fit that corrects the division, see `segxai.explanation.correction`.
    """

    tree: BinaryTree
    coalitions: Coalitions
    division: owen.Division
    fit_weights: np.ndarray

    @cached_property
    def values(self) -> np.ndarray:
        """(2L - 1,) the value of every node for the coalitions' target, leaves first."""
        return self._values[0]

    @cached_property
    def shared(self) -> np.ndarray:
        """(2L - 1,) the part of each node's value that is only a share by area."""
        return self._values[1]

    @cached_property
    def _values(self):
        joins, areas, count = (
            self.tree.joins,
            self.tree.areas[: len(self.tree.leaves)],
            len(self.division.masks),
        )
        table = self.coalitions
        values, shared = owen.node_values(joins, areas, self.division, table.values[:count])
        if count < len(table.masks):
            sample = correction.Sample(table.masks[count:], self.fit_weights)
            values = (
                owen.members(joins)
                @ correction.posterior(
                    values[: len(areas)], areas, sample, table.values[count:]
                ).mean
            )
        return values, shared

    @property
    def sampled(self) -> int:
        """The number of coalitions that were drawn beside those of the tree, to correct its values by; 0 where the tree's are exact."""
        return len(self.coalitions.masks) - len(self.division.masks)

    def nodes(self) -> list[Node]:
        """All nodes: the whole photograph first, then in the order in which `Regions.cut` divides the tree, the leaves last."""
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
        """The same division with the coalitions' values for another class, or a contrast."""
        return replace(self, coalitions=coalitions)

    def members(self, regions: Regions) -> np.ndarray:
        """(K, L) bool: the leaves of each region, for regions that are unions of leaves."""
        _, first = np.unique(self.tree.leaves.labels, return_index=True)
        return regions.labels.ravel()[first] == np.arange(len(regions))[:, None]

    def between(self, regions: Regions) -> Coalitions:
        """The evaluated coalitions that keep each of these regions together, as coalitions of the regions."""
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


def descend(
    image: np.ndarray | Bands,
    tree: BinaryTree,
    classifier: Classifier,
    target: Target,
    fill: Fill,
    max_evaluations: int,
    seed: int,
    *,
    progress: Progress = None,
) -> Descent:
    """Divide the target's probability down the tree; see `owen.divide`.

    Where the budget does not suffice for exact Owen values, a quarter of it follows the largest effects. The rest is spent on coalitions
    drawn with `seed`, a fit to which corrects what that leaves undivided; see `segxai.explanation.correction`.

    target: by default the most probable class of the whole image. Evaluates at most `max_evaluations` images.
    """
    max_evaluations = whole_number("max_evaluations", max_evaluations, 2)
    labels, pixels = tree.leaves.labels, pixels_of(image)
    filled = fill_image(pixels, labels, fill, whole_number("seed", seed))
    predict = classifier.masked_predictor(pixels, labels, filled, max_evaluations)
    kept: list[int] = []
    rows: list[np.ndarray] = []

    def values_of(some):
        column = 0 if target is None else kept.index(classifier.index(target))
        return [float(row[column]) for row in some]

    with track(max_evaluations, "dividing the tree", progress=progress) as advance:

        def evaluate(masks):
            for batch in batches(len(masks), classifier.batch_size):
                probabilities = predict(masks[batch])
                if (
                    not kept
                ):  # the whole image comes first, because it determines which classes are kept
                    kept.extend(
                        kept_targets(
                            probabilities[0], None if target is None else classifier.index(target)
                        )
                    )
                rows.extend(probabilities[:, kept])
                advance(len(probabilities))
            return values_of(rows[-len(masks) :])

        if owen.exhaustive(tree.joins) <= max_evaluations:
            division = owen.divide(tree.joins, evaluate, max_evaluations)
            masks, fit_weights = division.masks, np.zeros(0)
        else:
            division = owen.divide(tree.joins, evaluate, max(2, max_evaluations // TREE_SHARE))
            values, areas = values_of(rows), tree.areas[: len(tree.leaves)]
            prior, _ = owen.node_values(tree.joins, areas, division, values)
            number = max_evaluations - len(division.masks)
            drawn, fit_weights = correction.draw(
                prior[: len(areas)],
                areas,
                division.masks,
                evaluate,
                number,
                -(-number // COIN_SHARE),
                seed,
            )
            masks = np.concatenate([division.masks, drawn])
        if len(rows) < max_evaluations:  # everything is divided already
            advance(max_evaluations - len(rows))
    table = np.array(rows)
    column = 0 if target is None else kept.index(classifier.index(target))
    return Descent(
        tree,
        Coalitions(
            masks=masks,
            values=table[:, column],
            exact=len(table) == 2 ** len(tree.leaves),
            evaluations=len(table),
            target=kept[column],
            targets=tuple(kept),
            target_names=tuple(classifier.class_names[k] for k in kept),
            table=table,
            fill=fill_name(fill),
            filled=filled,
            seed=seed,
            output=kind_of_output(classifier, table),
            bands=image if isinstance(image, Bands) else None,
        ),
        division,
        fit_weights,
    )
