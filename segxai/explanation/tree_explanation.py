"""An explanation by a region tree, which can be read at every level."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from .. import plots
from ..classifiers.classifier import Target
from ..errors import SegxaiError
from ..progress import Progress
from ..regions import Regions
from ..segmentation.binary import binary_tree
from . import surrogates
from .checks import Placebo, Robustness
from .coalitions import Coalitions
from .descent import Descent, Node, descend
from .explanation import Explanation
from .game import Game
from .methods import without_settings
from .summary import tree_sentences

if TYPE_CHECKING:
    from ..plots import DescribedFigure


@dataclass(frozen=True, eq=False, repr=False)
class TreeExplanation(Explanation):
    """The effect of each node of a region tree: adaptive Owen values, `method` "tree".

    The tree is divided where the evidence for the explained class is. The same division also gives
    additive values for the other classes kept and for contrasts (`refit`, `contrast`), but these
    are divided less finely where their own evidence is.

    Attributes
    ----------
    descent : Descent
        The values of the whole tree.
    weights : (K,) array of float
        Of the `regions`: the leaves of the tree, or coarser regions (`coarsen`, `drill_down`).
        They are sums over leaves and add up to p(whole) - p(nothing).
    coalitions : Coalitions
        The evaluated coalitions that keep each region together.
    interval : (K, 2) array of float
        Of zero width where the values are exact Owen values. Where the budget is too small for
        that, they rest in part on sampled coalitions; no interval is estimated then (NaN), and
        `metrics.seed_stability` measures how much they vary.
    """

    descent: Descent = field(kw_only=True)

    @property
    def evaluated(self) -> Coalitions:
        """The table of the leaves."""
        return self.descent.coalitions

    def nodes(self) -> list[Node]:
        """All nodes of the tree with their values, the whole photograph first."""
        return self.descent.nodes()

    def coarsen(self, n_regions: int) -> TreeExplanation:
        """Explain fewer regions (see `Regions.cut`), whose weights are sums of these.

        Parameters
        ----------
        n_regions : int
            How many.

        Returns
        -------
        explanation : TreeExplanation
            Without another evaluation.
        """
        return from_descent(self.descent, self.regions.cut(n_regions), self.checks)

    def drill_down(self, name: str | int, *, progress: Progress = None) -> TreeExplanation:
        """Replace one region by its two halves, whose values add up to its own.

        Parameters
        ----------
        name : str or int
            The region.
        progress : callable or bool, optional
            Without effect: nothing is evaluated.

        Returns
        -------
        explanation : TreeExplanation
            With one region more.

        Raises
        ------
        SegxaiError
            If the region is a leaf.
        """
        return from_descent(self.descent, self.regions.expand(name), self.checks)

    def refit(
        self,
        method: str | None = None,
        *,
        kernel_width: float | None = None,
        alpha: float | None = None,
        target: Target = None,
    ) -> Explanation:
        """Recompute the values of the same tree for another class that was kept.

        Parameters
        ----------
        method : str, optional
            Others than "tree" need every coalition of the regions, which is available here only for
            a few coarse regions.
        kernel_width, alpha : float, optional
            Of "lime" alone.
        target : str or int, optional
            One of the table's classes.

        Returns
        -------
        explanation : Explanation
            Without another evaluation.

        Raises
        ------
        SegxaiError
            For a method that cannot be computed, or settings that a tree has not.
        """
        if method not in (None, "tree"):
            self.need_all(f"method {method!r}")
            return super().refit(method, kernel_width=kernel_width, alpha=alpha, target=target)
        if kernel_width is not None or alpha is not None:
            raise without_settings("tree")
        table = self.descent.coalitions
        read = self.descent.read(table if target is None else table.for_target(target))
        return from_descent(read, self.regions)

    def contrast(self, other: str | int) -> TreeExplanation:
        """Explain the target's probability minus that of `other`; see `Coalitions.contrast`."""
        read = self.descent.read(self.descent.coalitions.contrast(other))
        return from_descent(read, self.regions)

    def in_words(self, *, search: bool = True) -> list[str]:
        """Summarise the strongest regions, their parts, and what was only split by area."""
        return tree_sentences(self, search)

    def plot(self) -> DescribedFigure:
        """Draw a few regions with their weights, a heat map of all leaves, and bars."""
        return plots.plot_tree(self)

    def weights_in(self, game: Game) -> np.ndarray:
        """Divide the same tree in another game; see `Explanation.weights_in`."""
        tree = replace(self.descent.tree, leaves=game.regions)
        again = descend(game, tree, self.evaluations, progress=False)
        return self.descent.members(self.regions) @ again.values[: len(tree.leaves)]

    def need_all(self, what: str) -> None:
        """Raise SegxaiError for `what`, which needs every coalition, where some are missing."""
        if not self.coalitions.exact:
            raise SegxaiError(
                f"{what} needs every coalition of the regions, but a tree explanation evaluates "
                "only some of them. Explain a few of its regions instead: "
                "explain(image, explanation.coarsen(8).regions)."
            )


def explain_tree(game: Game, max_evaluations: int, *, progress: Progress = None) -> TreeExplanation:
    """Explain by the region tree, see `descent.descend`.

    Parameters
    ----------
    game : Game
        Its regions are nodes of a tree, or are joined into one.
    max_evaluations : int
        The budget in images.
    progress : callable or bool, optional
        See `segxai.progress.track`.

    Returns
    -------
    explanation : TreeExplanation
        Of the tree's leaves.
    """
    tree = binary_tree(game.image, game.regions)
    game = game.with_(regions=tree.leaves, fill=game.same_fill)
    descent = descend(game, tree, max_evaluations, progress=progress)
    return from_descent(descent, tree.leaves)


def from_descent(
    descent: Descent, regions: Regions, checks: tuple[Robustness | Placebo, ...] = ()
) -> TreeExplanation:
    """Explain regions by the values of a tree's leaves, without evaluating the classifier.

    Parameters
    ----------
    descent : Descent
        The tree's values.
    regions : Regions
        K unions of its leaves.
    checks : tuple of Robustness or Placebo
        Of the explanation that this one is read from.

    Returns
    -------
    explanation : TreeExplanation
        Of these regions.
    """
    weights = descent.members(regions) @ descent.values[: len(descent.tree.leaves)]
    table = descent.between(regions)
    fitted = table.empty + table.masks @ weights
    r2 = surrogates.weighted_r2(table.values.astype(float), fitted, np.ones(len(fitted)))
    ends = np.full(len(weights), np.nan) if descent.sampled else weights
    interval = np.stack([ends, ends], axis=1)
    return TreeExplanation(
        table, "tree", weights, table.empty, r2, interval, checks=checks, descent=descent
    )
