"""Explain a classifier's prediction by the regions of the photograph."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from .. import plots, report
from ..classifiers.classifier import Classifier
from ..classifiers.load import load_classifier
from ..errors import SegxaiError, SegxaiValueError, unknown_name, whole_number
from ..images import as_image
from ..regions import Regions
from ..segmentation.binary import binary_tree
from ..segmentation.registry import as_regions
from . import surrogates
from .checks import FILLS_COMPARED, placebo_test, robustness, shift_borders
from .coalitions import Coalitions, check_target, evaluate_coalitions
from .descent import Descent, Node, descend
from .parts import expand_coalitions, nest
from .summary import sentences, tree_sentences

METHODS = ("lime", "shapley", "banzhaf", "owen", "tree")
_OWEN_NEEDS_ALL = "Owen values need every coalition; use at most 10 regions, or raise max_evaluations."


@dataclass(frozen=True, eq=False)
class Explanation:
    """What each region of a photograph does to one class's probability.

    weights: (K,) probability added by showing region k. intercept: the surrogate's value with nothing
    shown. r2: how much of the table the weights explain (1 is all). interval: (K, 2) 95 %, zero width when
    every coalition was evaluated. target: the class explained. hierarchy: the regions' numbers, nested where
    regions are parts of one thing (after `drill_down`). findings: sentences about what was examined (`examine`).
    """

    image: np.ndarray
    regions: Regions
    coalitions: Coalitions
    method: str
    weights: np.ndarray
    intercept: float
    r2: float
    interval: np.ndarray
    kernel_width: float
    alpha: float
    classifier: Classifier | None = None
    hierarchy: tuple = ()
    findings: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """The name of the class that is explained."""
        return self.coalitions.target_name

    @property
    def evaluations(self) -> int:
        """Images that the classifier was evaluated on."""
        return self.coalitions.evaluations

    def __repr__(self):
        strongest = ", ".join(f"{name} {weight:+.2f}" for name, weight in self.ranking()[:3])
        return f"<Explanation of {self.target!r} ({self.coalitions.full:.2f}) by {self.method}: {strongest}, ...>"

    def ranking(self) -> list[tuple[str, float]]:
        """(name, weight) of every region, the strongest support first."""
        order = np.argsort(-self.weights, kind="stable")
        return [(self.regions.names[i], float(self.weights[i])) for i in order]

    def refit(self, method=None, *, kernel_width=None, alpha=None, target=None) -> Explanation:
        """Another method, kernel width, penalty or target, computed from the same table. No model calls."""
        coalitions = self.coalitions if target is None else self.coalitions.for_target(target)
        return self.with_coalitions(
            coalitions,
            method=self.method if method is None else method,
            kernel_width=self.kernel_width if kernel_width is None else kernel_width,
            alpha=self.alpha if alpha is None else alpha,
        )

    def contrast(self, other) -> Explanation:
        """Why the target rather than `other`? The weights of the difference of the two probabilities. No model calls."""
        return self.with_coalitions(self.coalitions.contrast(other))

    def interactions(self) -> np.ndarray:
        """(K, K) Shapley interaction index of each pair of regions; see `surrogates.shapley_interactions`."""
        self._need_exact("interactions()")
        return surrogates.shapley_interactions(self.coalitions.masks, self.coalitions.values)

    def sufficient(self, p: float = 0.5) -> tuple[str, ...]:
        """The fewest regions that alone keep at least the share p of the whole image's probability.

        Among sets of equal size the one with the highest probability. All 2**K coalitions are looked
        through, so no smaller set exists; raises SegxaiError when the table is only a sample.
        """
        _check_share(p)
        table = self._positive_table("sufficient()")
        enough = np.flatnonzero(table.values >= p * table.full)
        sizes = table.masks[enough].sum(axis=1)
        smallest = enough[sizes == sizes.min()]
        best = smallest[np.argmax(table.values[smallest])]
        return tuple(self.regions.names[k] for k in np.flatnonzero(table.masks[best]))

    def necessary(self, p: float = 0.5) -> tuple[str, ...] | None:
        """The fewest regions without which less than the share p of the whole image's probability is left.

        Among sets of equal size the one that leaves least. None where even nothing shown keeps that much.
        Sources of both notions: Ignatiev et al. 2019, "Abduction-Based Explanations"; Carter et al. 2019, "What Made You Do This?".
        """
        _check_share(p)
        table = self._positive_table("necessary()")
        lost = np.flatnonzero(table.values < p * table.full)
        if lost.size == 0:
            return None
        removed = (~table.masks[lost]).sum(axis=1)
        smallest = lost[removed == removed.min()]
        least = smallest[np.argmin(table.values[smallest])]
        return tuple(self.regions.names[k] for k in np.flatnonzero(~table.masks[least]))

    def drill_down(self, name, *, progress=None) -> Explanation:
        """One region taken apart into its parts, whose Owen values add up to the region's Shapley value.

        Only coalitions that divide the region are evaluated; all others are taken from this table, with the same fill. Raises
        SegxaiError when the region has no known parts, the table is a sample, or more than 12 regions would result.
        """
        self._need_exact("drill_down()")
        self.need_classifier("drill_down()")
        index = self.regions.index(name)
        regions, coalitions = expand_coalitions(self.classifier, self.image, self.regions, name, self.coalitions, progress)
        return from_coalitions(
            self.image, regions, coalitions, "owen", self.kernel_width, self.alpha, self.classifier,
            nest(self.hierarchy, index, len(regions) - len(self.regions) + 1),
        )  # fmt: skip

    def examine(self, *, fills=None, borders: int = 2, placebos: int = 39, seed: int = 0, progress=None) -> Explanation:
        """The same explanation with `findings` on how far it can be trusted: over fills and borders, and against placebos.

        Evaluates the classifier again; see `segxai.robustness` and `segxai.placebo_test`.
        """
        stable = robustness(self, fills=fills or FILLS_COMPARED, borders=borders, progress=progress)
        placebo = placebo_test(self, placements=placebos, seed=seed, progress=progress)
        return replace(self, findings=(*stable.sentences(), *placebo.sentences()))

    def in_words(self) -> list[str]:
        """What the table says, in sentences: the largest weight, the smallest sufficient and necessary sets, and `findings`."""
        return sentences(self)

    def plot_interactions(self):
        """Which pairs of regions do more together, and which stand in for each other."""
        return plots.plot_interactions(self)

    def to_lime(self):
        """The same explanation as lime's own `ImageExplanation`, for code written for lime."""
        from lime.lime_image import ImageExplanation

        explanation = ImageExplanation(self.image, np.asarray(self.regions.labels))
        label = self.coalitions.target
        order = np.argsort(-np.abs(self.weights), kind="stable")
        explanation.top_labels = [label]
        explanation.local_exp = {label: [(int(k), float(self.weights[k])) for k in order]}
        explanation.intercept = {label: self.intercept}
        explanation.local_pred = {label: np.array([self.intercept + self.weights.sum()])}
        explanation.score = {label: self.r2}
        return explanation

    def plot(self):
        """The photograph, its regions with names, their weights in colour, and as bars with numbers."""
        return plots.plot_explanation(self)

    def save(self, path) -> None:
        """Write a self-contained web page (``.html``) or a picture (``.png``, ``.pdf``, ``.svg``)."""
        report.save_explanation(self, path)

    def _repr_html_(self) -> str:
        return report.explanation_fragment(self)

    def with_coalitions(self, coalitions: Coalitions, **changes) -> Explanation:
        """The same explanation computed from another table of these regions. changes: of method, kernel_width or alpha."""
        settings = {"method": self.method, "kernel_width": self.kernel_width, "alpha": self.alpha} | changes
        return from_coalitions(
            self.image, self.regions, coalitions, classifier=self.classifier, hierarchy=self.hierarchy, **settings
        )

    def weights_again(self, *, image=None, classifier=None, target=None, fill=None, seed=None, shift: int = 0) -> np.ndarray:
        """(K,) the weights of the same regions explained again, with as many evaluations and whatever is given in place of this.

        fill: the very picture of this explanation when None. shift: borders moved by so many pixels, see `checks.shift_borders`.
        """
        table = evaluate_coalitions(
            classifier or self.classifier,
            self.image if image is None else image,
            shift_borders(self.regions, shift) if shift else self.regions,
            self.coalitions.target if target is None else target,
            fill=self.coalitions.filled if fill is None else fill,
            max_evaluations=max(2, len(self.coalitions.masks)),
            seed=self.coalitions.seed if seed is None else seed,
            progress=False,
        )
        return self.with_coalitions(table).weights

    def _positive_table(self, what) -> Coalitions:
        self._need_exact(what)
        if self.coalitions.full < 0:
            raise SegxaiError(
                f"{what} speaks of a share of the whole image's value, which is {self.coalitions.full:.3f}; it must not be negative."
            )
        return self.coalitions

    def need_class(self, what: str) -> None:
        """Raise SegxaiError where `what` speaks of one class, and this explanation is a contrast of two."""
        if self.coalitions.target < 0:
            raise SegxaiError(f"{what} is of one class, and this is a contrast of two: take the explanation of one of them.")

    def need_classifier(self, what: str) -> None:
        """Raise SegxaiError where `what` evaluates the classifier again, and there is none, or no single class to explain."""
        if self.classifier is None:
            raise SegxaiError(
                f"{what} evaluates the classifier, which this explanation does not hold; make it with segxai.explain."
            )
        self.need_class(what)

    def _need_exact(self, what):
        if not self.coalitions.exact:
            number = len(self.regions)
            raise SegxaiError(
                f"{what} needs every coalition, and {number} regions have 2**{number}; this table is a sample of "
                f"{len(self.coalitions.masks)}. Use at most 10 regions, or raise max_evaluations."
            )


@dataclass(frozen=True, eq=False, repr=False)
class TreeExplanation(Explanation):
    """What the nodes of a region tree do to one class's probability: adaptive Owen values, `method` "tree".

    regions: the tree's leaves, or coarser ones (`coarsen`, `drill_down`); weights: their values, the sums of their leaves', which
    add up to p(whole) - p(nothing). coalitions: those of the regions among all that were evaluated. descent: the whole tree's.
    The tree was followed where the explained class has its evidence. The division so found is valid for every class that was kept
    and for contrasts of them (`refit`, `contrast`): their values are additive too, but less finely divided where their own evidence is.
    interval: of zero width, for nothing is drawn at random; `nodes` says which values were only shared out by area.
    """

    descent: Descent = field(kw_only=True)

    def nodes(self) -> list[Node]:
        """Every node of the tree with its value, the whole photograph first: what was divided, and what was only shared out."""
        return self.descent.nodes()

    def coarsen(self, n_regions: int) -> TreeExplanation:
        """The n coarser regions that `Regions.cut` gives, whose weights are sums of these. No model calls."""
        return explain_descent(self.image, self.descent, self.regions.cut(n_regions), self.classifier, self.findings)

    def drill_down(self, name, *, progress=None) -> TreeExplanation:
        """One region replaced by its two halves, whose values add up to its own. No model calls.

        Raises SegxaiError where the region is a leaf.
        """
        return explain_descent(self.image, self.descent, self.regions.expand(name), self.classifier, self.findings)

    def refit(self, method=None, *, kernel_width=None, alpha=None, target=None) -> Explanation:
        """The same tree's values for another class that was kept. No model calls; see the class for what that means.

        Other methods need every coalition of the regions, which only few and coarse ones have here.
        """
        if method not in (None, "tree"):
            self._need_exact(f"method {method!r}")
            return super().refit(method, kernel_width=kernel_width, alpha=alpha, target=target)
        table = self.descent.coalitions
        return self._read(table if target is None else table.for_target(target))

    def contrast(self, other) -> TreeExplanation:
        """Why the target rather than `other`? The values of the difference of the two probabilities. No model calls."""
        return self._read(self.descent.coalitions.contrast(other))

    def weights_again(self, *, image=None, classifier=None, target=None, fill=None, seed=None, shift: int = 0) -> np.ndarray:
        """(K,) as of any explanation: the tree is followed again, wherever the evidence then is."""
        tree = self.descent.tree
        again = descend(
            classifier or self.classifier,
            self.image if image is None else image,
            replace(tree, leaves=shift_borders(tree.leaves, shift)) if shift else tree,
            self.coalitions.target if target is None else target,
            self.coalitions.filled if fill is None else fill,
            self.evaluations,
            self.coalitions.seed if seed is None else seed,
            progress=False,
        )
        return self.descent.members(self.regions) @ again.values[: len(tree.leaves)]

    def in_words(self) -> list[str]:
        """Where the evidence sits, in sentences: the strongest regions, followed down to their parts, and what was only shared out."""
        return tree_sentences(self)

    def plot(self):
        """The photograph with few regions and their numbers, the finest evidence as a heat map, and bars."""
        return plots.plot_tree(self)

    def _read(self, coalitions) -> TreeExplanation:
        return explain_descent(self.image, self.descent.read(coalitions), self.regions, self.classifier)

    def _need_exact(self, what):
        if not self.coalitions.exact:
            raise SegxaiError(
                f"{what} needs every coalition of the regions, and a tree explanation evaluates those where the evidence is. "
                "Explain few of its regions instead: explain(image, explanation.coarsen(8).regions)."
            )


def explain_descent(image, descent: Descent, regions: Regions, classifier, findings=()) -> TreeExplanation:
    """Regions that are nodes of a tree, or unions of its leaves, explained by the leaves' values; without a model call."""
    weights = descent.members(regions) @ descent.values[: len(descent.tree.leaves)]
    table = descent.between(regions)
    fitted = table.empty + table.masks @ weights
    r2 = surrogates.weighted_r2(table.values.astype(float), fitted, np.ones(len(fitted)))
    return TreeExplanation(
        image, regions, table, "tree", weights, table.empty, r2, np.stack([weights, weights], axis=1),
        kernel_width=0.25, alpha=0.0, classifier=classifier, findings=findings, descent=descent,
    )  # fmt: skip


def explain(
    image,
    regions="deep",
    classifier=None,
    target=None,
    *,
    method: str = "lime",
    fill="mean",
    max_evaluations: int = 1024,
    kernel_width: float = 0.25,
    alpha: float = 0.0,
    seed: int = 0,
    progress=None,
) -> Explanation:
    """Which regions of the photograph does the classifier use?

    image: array, PIL image or path. regions: `Regions`, an (H, W) label map, or a method for `segment`.
    classifier: a `Classifier` or whatever `load_classifier` accepts; EfficientNet-Lite0 when None.
    target: class name or number; the most probable class when None. method: "lime", "shapley",
    "banzhaf", "owen" (Shapley values unless regions are nested, see `Explanation.drill_down`), or "tree": adaptive Owen values
    of the region tree down to its leaves, a `TreeExplanation` (regions without a tree are joined to one, see
    `segmentation.binary.binary_tree`; 512 evaluations are a good start). fill: what switched-off
    regions show. Where the classifier can mask its own input (the networks here can), regions are switched off at its input
    size, and the output may differ a little from that for a photograph painted over at full size.
    max_evaluations: how many coalitions may be evaluated; up to K regions with 2**K <= max_evaluations the table is complete;
    beyond, seed draws the sample. kernel_width, alpha: of LIME's fit, see `surrogates.fit_lime`. progress: None for a bar where
    it takes long, False for none, or a function (done, total). Raises SegxaiError for anything that cannot be explained, with
    what to do. Sources: LIME, Ribeiro et al. 2016; the other methods name theirs in `segxai.surrogates`.
    """
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    surrogates.check_settings(kernel_width, alpha)
    image = as_image(image)
    classifier = load_classifier(classifier)
    check_target(classifier, target)
    regions = as_regions(image, regions)
    if method == "tree":
        descent = descend(classifier, image, binary_tree(image, regions), target, fill, max_evaluations, seed, progress)
        return explain_descent(image, descent, descent.tree.leaves, classifier)
    if method == "owen" and 2 ** len(regions) > whole_number("max_evaluations", max_evaluations, 2):
        raise SegxaiError(_OWEN_NEEDS_ALL)  # before the classifier is evaluated
    coalitions = evaluate_coalitions(
        classifier, image, regions, target, fill=fill, max_evaluations=max_evaluations, seed=seed, progress=progress
    )
    return from_coalitions(image, regions, coalitions, method, kernel_width, alpha, classifier)


def _check_share(p) -> None:
    if not isinstance(p, (int, float, np.integer, np.floating)) or not 0 < p <= 1:
        raise SegxaiValueError(f"p is a share of the whole image's probability, above 0 and up to 1; got {p!r}.")


def from_coalitions(image, regions, coalitions, method, kernel_width, alpha, classifier=None, hierarchy=()) -> Explanation:
    """A finished table of coalitions explained by `method`; without a model call."""
    hierarchy = hierarchy or tuple(range(len(regions)))
    masks, values, exact = coalitions.masks, coalitions.values, coalitions.exact
    if method == "lime":
        fit = surrogates.fit_lime(masks, values, exact, kernel_width, alpha)
    elif method == "shapley":
        fit = surrogates.fit_shapley(masks, values, exact)
    elif method == "banzhaf":
        fit = surrogates.fit_banzhaf(masks, values, exact)
    elif method == "owen":
        if not exact:
            raise SegxaiError(_OWEN_NEEDS_ALL)
        fit = surrogates.fit_owen(masks, values, hierarchy)
    elif method == "tree":
        raise SegxaiError("method 'tree' chooses its own coalitions: call explain(image, regions, method='tree').")
    else:
        raise unknown_name("method", method, METHODS)
    return Explanation(
        image, regions, coalitions, method, *fit, kernel_width=kernel_width, alpha=alpha, classifier=classifier, hierarchy=hierarchy
    )
