"""An explanation by a region tree, which can be read at every level."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from .. import plots
from ..classifiers.classifier import Classifier, Target
from ..errors import SegxaiError, SegxaiValueError
from ..progress import Progress
from ..regions import Regions
from . import surrogates
from .checks import Placebo, Robustness, shift_borders
from .descent import Descent, Node, descend
from .explanation import ALPHA, KERNEL_WIDTH, NOT_OF_A_TREE, Explanation
from .summary import tree_sentences

if TYPE_CHECKING:
    from ..plots import DescribedFigure


@dataclass(frozen=True, eq=False, repr=False)
class TreeExplanation(Explanation):
    """The effect of each node of a region tree on the probability of one class: adaptive Owen values, `method` "tree".

    regions: the leaves of the tree, or coarser regions (`coarsen`, `drill_down`). weights: their values, which are sums over leaves
    and add up to p(whole) - p(nothing). coalitions: the evaluated coalitions that keep each region together. descent: the values of
    the whole tree. interval: of zero width where the values are exact
    Owen values. Where the budget is too small for that, they rest in part on sampled coalitions;
    no interval is estimated then (NaN), and `metrics.seed_stability` measures how much they vary.
    The tree is divided where the evidence for the explained class is. The same division also gives additive values for the other
    classes kept and for contrasts (`refit`, `contrast`), but these are divided less finely where their own evidence is.
    """

    descent: Descent = field(kw_only=True)

    def nodes(self) -> list[Node]:
        """All nodes of the tree with their values, the whole photograph first."""
        return self.descent.nodes()

    def coarsen(self, n_regions: int) -> TreeExplanation:
        """The explanation of n coarser regions (see `Regions.cut`), whose weights are sums of these, without model calls."""
        return explain_descent(
            self.image, self.descent, self.regions.cut(n_regions), self.classifier, self.checks
        )

    def drill_down(self, name: str | int, *, progress: Progress = None) -> TreeExplanation:
        """Replace one region by its two halves, whose values add up to its own, without evaluating the classifier.

        Raises SegxaiError if the region is a leaf.
        """
        return explain_descent(
            self.image, self.descent, self.regions.expand(name), self.classifier, self.checks
        )

    def refit(
        self,
        method: str | None = None,
        *,
        kernel_width: float | None = None,
        alpha: float | None = None,
        target: Target = None,
    ) -> Explanation:
        """Recompute the values of the same tree for another class that was kept, without evaluating the classifier.

        Other methods need every coalition of the regions, which is available here only for a few coarse regions; otherwise
        SegxaiError is raised. kernel_width, alpha: of "lime" alone; SegxaiValueError for a tree.
        """
        if method not in (None, "tree"):
            self._need_exact(f"method {method!r}")
            return super().refit(method, kernel_width=kernel_width, alpha=alpha, target=target)
        if kernel_width is not None or alpha is not None:
            raise SegxaiValueError(NOT_OF_A_TREE)
        table = self.descent.coalitions
        return self._read(table if target is None else table.for_target(target))

    def contrast(self, other: str | int) -> TreeExplanation:
        """Explain the target's probability minus that of `other`, without evaluating the classifier; see `Coalitions.contrast`."""
        return self._read(self.descent.coalitions.contrast(other))

    def _repeated(self, image, classifier, target, fill, seed, shift) -> np.ndarray:
        tree = self.descent.tree
        if shift:
            tree = replace(tree, leaves=shift_borders(tree.leaves, shift))
        again = descend(
            image, tree, classifier, target, fill, self.evaluations, seed, progress=False
        )
        return self.descent.members(self.regions) @ again.values[: len(tree.leaves)]

    def in_words(self, *, search: bool = True) -> list[str]:
        """A summary in sentences: the strongest regions and their strongest parts, and the share of values divided only by area."""
        return tree_sentences(self, search)

    def plot(self) -> DescribedFigure:
        """A figure of a few regions with their weights, of the weights of all leaves as a heat map, and of bars."""
        return plots.plot_tree(self)

    def _read(self, coalitions) -> TreeExplanation:
        return explain_descent(
            self.image, self.descent.read(coalitions), self.regions, self.classifier
        )

    def _need_exact(self, what):
        if not self.coalitions.exact:
            raise SegxaiError(
                f"{what} needs every coalition of the regions, but a tree explanation evaluates only some of them. "
                "Explain a few of its regions instead: explain(image, explanation.coarsen(8).regions)."
            )


def explain_descent(
    image: np.ndarray,
    descent: Descent,
    regions: Regions,
    classifier: Classifier | None,
    checks: tuple[Robustness | Placebo, ...] = (),
) -> TreeExplanation:
    """Explain regions that are unions of a tree's leaves by the values of these leaves, without evaluating the classifier."""
    weights = descent.members(regions) @ descent.values[: len(descent.tree.leaves)]
    table = descent.between(regions)
    fitted = table.empty + table.masks @ weights
    r2 = surrogates.weighted_r2(table.values.astype(float), fitted, np.ones(len(fitted)))
    ends = np.full(len(weights), np.nan) if descent.sampled else weights
    return TreeExplanation(
        image, regions, table, "tree", weights, table.empty, r2, np.stack([ends, ends], axis=1),
        kernel_width=KERNEL_WIDTH, alpha=ALPHA, classifier=classifier, checks=checks, descent=descent,
    )  # fmt: skip
