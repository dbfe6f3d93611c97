"""An explanation by a region tree, which can be read at every level."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from .. import plots
from ..classifiers.classifier import Target
from ..progress import Progress
from ..regions import Regions
from ..segmentation.binary import binary_tree
from . import surrogates
from .descent import Descent, descend
from .explanation import Details, Explanation
from .game import Game
from .methods import ALPHA, KERNEL_WIDTH, check_all, check_method

if TYPE_CHECKING:
    from .checks import Placebo, Robustness


@dataclass(frozen=True, eq=False, repr=False)
class TreeExplanation(Explanation):
    """The effect of each node of a region tree: adaptive Owen values, `method` "tree".

    The tree is divided where the evidence for the explained class is. The same division also gives
    additive values for the other classes kept and for contrasts (`refit`), but these are divided
    less finely where their own evidence is.

    Attributes
    ----------
    descent : Descent
        The values of the whole tree.
    weights : (K,) array of float
        Of the `regions`: the leaves of the tree, or coarser regions (`coarsen`, `drill_down`). They
        are sums over leaves and add up to p(whole) - p(nothing).
    coalitions : Coalitions
        The evaluated coalitions that keep each region together.
    interval : (K, 2) array of float
        Of zero width where the values are exact Owen values. Where the budget is too small for
        that, they are estimated from sampled coalitions, and the interval holds the exact value in
        about 95 of 100 cases, see `process.owen_values`.
    """

    descent: Descent = field(kw_only=True)

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
        return from_descent(self.descent, self.regions.cut(n_regions), self.details.checks)

    def refit(
        self,
        method: str | None = None,
        *,
        kernel_width: float | None = None,
        alpha: float | None = None,
        target: Target = None,
        versus: Target = None,
    ) -> Explanation:
        """Recompute the values of the same tree for another class that was kept.

        Parameters
        ----------
        method : str, optional
            Others than "tree" need every coalition of the regions, which is available here only for
            a few coarse regions.
        kernel_width, alpha : float, optional
            For "lime" only.
        target, versus : str or int, optional
            Two of the table's classes, as for `Explanation.refit`.

        Returns
        -------
        explanation : Explanation
            Without another evaluation.

        Raises
        ------
        SegxaiError
            For a method that cannot be computed, or settings that a tree does not have.
        """
        if method not in (None, "tree"):
            check_all(f"method {method!r}", len(self.regions), self.coalitions.exact)
            return super().refit(
                method, kernel_width=kernel_width, alpha=alpha, target=target, versus=versus
            )
        check_method(
            "tree",
            KERNEL_WIDTH if kernel_width is None else kernel_width,
            ALPHA if alpha is None else alpha,
        )
        return from_descent(
            replace(self.descent, coalitions=self.descent.coalitions.for_target(target, versus)),
            self.regions,
        )

    def plot(self) -> plots.DescribedFigure:
        """Draw a few regions with their weights, a heat map of all leaves, and bars."""
        return plots.plot_tree(self)


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
    return from_descent(descend(game, tree, max_evaluations, progress=progress), tree.leaves)


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
    weights, margins = descent.weights_of(descent.members(regions))
    table = descent.between(regions)
    fitted = table.empty + table.masks @ weights
    r2 = surrogates.weighted_r2(table.values.astype(float), fitted, np.ones(len(fitted)))
    interval = np.stack([weights - margins, weights + margins], axis=1)
    return TreeExplanation(
        table, "tree", weights, table.empty, r2, interval, Details(checks=checks), descent=descent
    )
