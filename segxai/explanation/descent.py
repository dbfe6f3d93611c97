"""Divide a classifier's output down a region tree, on a photograph.

`owen.divide` chooses the coalitions; the values of all nodes follow from them.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..errors import whole_number
from ..progress import Progress, track
from ..regions import Regions
from ..segmentation.binary import BinaryTree
from . import owen, process, tree_sample
from .coalitions import Coalitions, tabulate
from .game import Game

# One evaluation in so many divides the tree where it cannot be divided everywhere; the others are
# sampled.
TREE_SHARE = 8


@dataclass(frozen=True, eq=False, repr=False)
class Descent:
    """A region tree, and the effects of its nodes.

    Attributes
    ----------
    tree : BinaryTree
        With L leaves.
    coalitions : Coalitions
        The evaluated coalitions of its leaves.
    division : Division
        The effects computed from the first of them.
    lengths : (L,) array of float
        Of the process that interpolates all coalitions where some were sampled, see `process`.
    """

    tree: BinaryTree
    coalitions: Coalitions
    division: owen.Division
    lengths: np.ndarray

    @property
    def values(self) -> np.ndarray:
        """(2L - 1,) the value of every node for the coalitions' target, leaves first.

        A node's is the sum of its halves'; the root's is p(whole) - p(nothing).
        """
        return self.estimates[0]

    @cached_property
    def estimates(self) -> tuple[np.ndarray, np.ndarray]:
        """The `values`, and half the widths of their 95 % intervals; 0 where a value is exact."""
        joins, areas = self.tree.joins, self.tree.areas[: len(self.tree.leaves)]
        table, count = self.coalitions, len(self.division.masks)
        values = owen.node_values(joins, areas, self.division, table.values[:count])
        if not self.sampled:
            return values, np.zeros(len(values))
        weights, added = values[: len(areas)], table.values - table.empty
        return process.owen_values(joins, table.masks, added, weights, areas, self.lengths, count)

    @property
    def sampled(self) -> int:
        """How many coalitions were drawn beside the division; 0 where the values are exact."""
        return len(self.coalitions.masks) - len(self.division.masks)

    def members(self, regions: Regions) -> np.ndarray:
        """Find the leaves of regions that are unions of leaves.

        Parameters
        ----------
        regions : Regions
            K of them.

        Returns
        -------
        members : (K, L) array of bool
            Which leaves each region has.
        """
        _, first = np.unique(self.tree.leaves.labels, return_index=True)
        return regions.labels.ravel()[first] == np.arange(len(regions))[:, None]

    def weights_of(self, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Read the weights of regions that are unions of leaves.

        Parameters
        ----------
        groups : (K, L) array of bool
            Their leaves, see `members`.

        Returns
        -------
        weights : (K,) array of float
            Sums over leaves.
        margins : (K,) array of float
            Half the widths of their 95 % intervals. Those of the largest nodes in a region are
            added up, since their errors may go together.
        """
        within = owen.members(self.tree.joins).astype(int) @ ~groups.T == 0
        above = owen.relatives(self.tree.joins)[0]
        largest = within & ~np.where(above[:, None] < 0, False, within[above])
        return groups @ self.values[: len(self.tree.leaves)], self.estimates[1] @ largest

    def between(self, regions: Regions) -> Coalitions:
        """Find the evaluated coalitions that keep each of some regions together.

        Parameters
        ----------
        regions : Regions
            Unions of leaves.

        Returns
        -------
        coalitions : Coalitions
            Of these regions.
        """
        groups, table = self.members(regions), self.coalitions
        shown = table.masks.astype(np.int64) @ groups.T
        together = ((shown == 0) | (shown == groups.sum(axis=1))).all(axis=1)
        return replace(
            table,
            game=table.game.with_(regions=regions),
            masks=shown[together] > 0,
            table=table.table[together],
            exact=int(together.sum()) == 2 ** len(regions),
        )


def descend(
    game: Game, tree: BinaryTree, max_evaluations: int, *, progress: Progress = None
) -> Descent:
    """Divide the target's probability down the tree; see `owen.divide`.

    Where the budget does not suffice for exact Owen values, an eighth of it follows the largest
    effects. The rest is spent on coalitions drawn with the game's seed, by which a process corrects
    what that leaves undivided; see `segxai.explanation.tree_sample`.

    Parameters
    ----------
    game : Game
        Its regions are the tree's leaves.
    tree : BinaryTree
        To divide.
    max_evaluations : int
        The budget in images.
    progress : callable or bool, optional
        See `segxai.progress.track`.

    Returns
    -------
    descent : Descent
        The values of all nodes.
    """
    max_evaluations = whole_number("max_evaluations", max_evaluations, 2)
    joins, areas = tree.joins, tree.areas[: len(tree.leaves)]
    table: list[np.ndarray] = []
    with track(max_evaluations, "dividing the tree", progress=progress) as advance:
        outputs = game.evaluator(max_evaluations, advance)

        def evaluate(masks):
            table.extend(outputs(masks))
            return of_target(table[-len(masks) :])

        def of_target(rows):
            return np.array(rows, float)[:, game.targets.index(game.target_index)]

        if owen.exhaustive(joins) <= max_evaluations:
            division = owen.divide(joins, evaluate, max_evaluations)
            masks, lengths = division.masks, np.zeros(0)
        else:
            division = owen.divide(joins, evaluate, max(2, max_evaluations // TREE_SHARE))
            values = of_target(table)
            weights = owen.node_values(joins, areas, division, values)[: len(areas)]
            number = max_evaluations - len(division.masks)
            masks, lengths = tree_sample.draw(
                joins, areas, division.masks, values, weights, evaluate, number, game.seed
            )
        if len(table) < max_evaluations:  # everything is divided already
            advance(max_evaluations - len(table))
    return Descent(tree, tabulate(game, masks, np.array(table)), division, lengths)
