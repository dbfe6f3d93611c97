"""Explain a classifier's prediction by the regions of a photograph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import plots, report
from ..classifiers.classifier import Classifier, Target
from ..classifiers.load import ClassifierLike, load_classifier
from ..errors import SegxaiError, SegxaiValueError, unknown_name, whole_number
from ..images import Bands, ImageLike, as_image, as_picture, pixels_of
from ..plots.numbers import format_output
from ..progress import Progress
from ..regions import Regions
from ..segmentation.binary import binary_tree
from ..segmentation.registry import RegionsLike, as_regions
from . import sets, surrogates
from .checks import FILLS_COMPARED, placebo_test, robustness, shift_borders
from .coalitions import Coalitions, check_target, evaluate_coalitions, evaluate_masks
from .descent import Descent, Node, descend
from .fills import Fill
from .parts import expand_coalitions, nest
from .summary import sentences, tree_sentences

if TYPE_CHECKING:
    from ..plots import DescribedFigure

METHODS = ("lime", "shapley", "banzhaf", "owen", "tree")
_OWEN_NEEDS_ALL = "Owen values need every coalition; use at most 10 regions, or raise max_evaluations."


@dataclass(frozen=True, eq=False)
class Explanation:
    """The effect of each region of a photograph on the probability of one class.

    image: (H, W, 3) uint8, what is shown; what is perturbed is `picture`. weights: (K,) the probability added by showing region k.
    intercept: the surrogate's value with no region shown. r2: the share of the table's variance that the surrogate explains.
    interval: (K, 2) 95 % confidence interval; zero width if every coalition was evaluated. hierarchy: the regions' indices, nested
    where regions are parts of one thing (see `drill_down`). findings: sentences added by `examine`. sets_found: the results of
    `sufficient` and `necessary` so far.
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
    sets_found: dict = field(default_factory=dict, repr=False)

    @property
    def target(self) -> str:
        """The name of the class explained."""
        return self.coalitions.target_name

    @property
    def picture(self) -> np.ndarray | Bands:
        """What is perturbed: the photograph, or `Bands`."""
        return self.image if self.coalitions.bands is None else self.coalitions.bands

    @property
    def evaluations(self) -> int:
        """Images that the classifier was evaluated on."""
        return self.coalitions.evaluations

    def __repr__(self):
        strongest = ", ".join(f"{name} {weight:+.2f}" for name, weight in self.ranking()[:3])
        value = format_output(self.coalitions.full, self.coalitions.output)
        return f"<Explanation of {self.target!r} ({value}) by {self.method}: {strongest}, ...>"

    def ranking(self) -> list[tuple[str, float]]:
        """(name, weight) of every region, the largest weight first."""
        order = np.argsort(-self.weights, kind="stable")
        return [(self.regions.names[i], float(self.weights[i])) for i in order]

    def refit(
        self, method: str | None = None, *, kernel_width: float | None = None, alpha: float | None = None, target: Target = None
    ) -> Explanation:
        """Recompute with another method, kernel width, penalty or target from the same table, without evaluating the classifier.

        Raises SegxaiValueError for an unknown method or for a target that the table does not contain.
        """
        coalitions = self.coalitions if target is None else self.coalitions.for_target(target)
        return self.with_coalitions(
            coalitions,
            method=self.method if method is None else method,
            kernel_width=self.kernel_width if kernel_width is None else kernel_width,
            alpha=self.alpha if alpha is None else alpha,
        )

    def contrast(self, other: str | int) -> Explanation:
        """Explain the target's probability minus that of `other`, without evaluating the classifier; see `Coalitions.contrast`."""
        return self.with_coalitions(self.coalitions.contrast(other))

    def interactions(self) -> np.ndarray:
        """(K, K) Shapley interaction index of each pair of regions; see `surrogates.shapley_interactions`.

        Raises SegxaiError if the table is a sample.
        """
        self._need_exact("interactions()")
        return surrogates.shapley_interactions(self.coalitions.masks, self.coalitions.values)

    def sufficient(self, p: float = 0.5, *, progress: Progress = None) -> tuple[str, ...]:
        """A small set of regions that alone keep at least the share p of the whole image's probability.

        With a complete table it is the smallest, and among those of its size the one with the highest probability. Beyond, it is
        the smallest that a search found, which evaluates the classifier at most as often again as the table did; see
        `segxai.explanation.sets.search`. Raises SegxaiError where there is no classifier to search with.
        """
        found = self.find_set("sufficient", p, progress=progress)
        assert found is not None  # the whole image is enough for itself
        return found[0]

    def necessary(self, p: float = 0.5, *, progress: Progress = None) -> tuple[str, ...] | None:
        """A small set of regions without which less than the share p of the whole image's probability is left.

        The smallest, and among those of its size the one that leaves least; or the smallest found, as for `sufficient`.
        None where whatever is taken away leaves that much, or where no set was found.
        """
        found = self.find_set("necessary", p, progress=progress)
        return None if found is None else found[0]

    def find_set(self, kind: str, p: float, *, progress: Progress = None) -> tuple[tuple[str, ...], float] | None:
        """(names, value) of the set that `sufficient` or `necessary` returns: what it keeps, or what is left without it."""
        if not isinstance(p, (int, float, np.integer, np.floating)) or not 0 < p <= 1:
            raise SegxaiValueError(f"p is a share of the whole image's {self.coalitions.output}, above 0 and up to 1; got {p!r}.")
        table = self.coalitions
        if table.full < 0:
            raise SegxaiError(
                f"{kind}() speaks of a share of the whole image's {table.output}, which is {table.full:.3f}; it must not be negative."
            )
        if (kind, p) not in self.sets_found:
            self.sets_found[kind, p] = self._find_set(kind, p * table.full, progress=progress)
        return self.sets_found[kind, p]

    def _find_set(self, kind, share, *, progress):
        table, away = self.coalitions, kind == "necessary"
        sign = -1 if away else 1
        members, scores = table.masks ^ away, sign * table.values

        def enough(scores):
            return sign * scores < share if away else scores >= share

        def evaluate(sets):
            columns = [table.target]
            rows = evaluate_masks(
                self.need_classifier(f"{kind}() of a sample"),
                pixels_of(self.picture),
                self.regions.labels,
                table.filled,
                sets ^ away,
                lambda q: q[:, columns],
                progress=progress,
            )
            return sign * rows[:, 0]

        if table.exact:
            found = sets.smallest(members, scores, enough)
            if found is None:
                return None
            value = table.value_of(found ^ away) or 0.0
        else:
            self.need_classifier(f"{kind}() of a sample")
            order = np.argsort(-self.weights, kind="stable")
            searched = sets.search(members, scores, enough, evaluate, order, self.evaluations)
            if searched is None:
                return None
            found, value = searched[0], sign * searched[1]
        return tuple(self.regions.names[k] for k in np.flatnonzero(found)), float(value)

    def drill_down(self, name: str | int, *, progress: Progress = None) -> Explanation:
        """Replace one region by its parts, whose Owen values add up to the region's Shapley value.

        Evaluates only the coalitions that divide the region; all others are taken from this table. The fill stays the same.
        Raises SegxaiError if the region has no known parts, the table is a sample, or more than 12 regions would result.
        """
        self._need_exact("drill_down()")
        classifier = self.need_classifier("drill_down()")
        index = self.regions.index(name)
        regions, coalitions = expand_coalitions(
            pixels_of(self.picture), self.regions, name, self.coalitions, classifier, progress=progress
        )
        return from_coalitions(
            self.image, regions, coalitions, "owen", self.kernel_width, self.alpha, classifier,
            nest(self.hierarchy, index, len(regions) - len(self.regions) + 1),
        )  # fmt: skip

    def examine(
        self,
        *,
        fills: Sequence[Fill] | None = None,
        borders: int = 2,
        placebos: int = 39,
        seed: int = 0,
        progress: Progress = None,
    ) -> Explanation:
        """The same explanation with `findings` on its robustness to fills and borders, and on placebos.

        Evaluates the classifier again; see `segxai.robustness` and `segxai.placebo_test`. Raises SegxaiError if the
        explanation holds no classifier.
        """
        stable = robustness(self, fills=fills or FILLS_COMPARED, borders=borders, progress=progress)
        placebo = placebo_test(self, placements=placebos, seed=seed, progress=progress)
        return replace(self, findings=(*stable.sentences(), *placebo.sentences()))

    def in_words(self, *, search: bool = True) -> list[str]:
        """A summary in sentences: the largest weight, sufficient and necessary sets, interactions, and the findings of `examine`.

        For a sample also how many evaluations would halve the intervals. search: whether the classifier may be evaluated to find
        sets that the table does not contain, if `sufficient` and `necessary` have not found them before.
        """
        return sentences(self, search)

    def plot_interactions(self) -> DescribedFigure:
        """A matrix of the pairwise interactions; see `interactions`."""
        return plots.plot_interactions(self)

    def to_lime(self) -> Any:
        """Convert to lime's `ImageExplanation`, for code written for lime."""
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

    def plot(self) -> DescribedFigure:
        """A figure of the photograph with its named regions, and of their weights as colours and as bars."""
        return plots.plot_explanation(self)

    def save(self, path: str | Path) -> None:
        """Write a self-contained web page (``.html``) or a picture (``.png``, ``.pdf``, ``.svg``).

        Raises SegxaiError for another ending, or if the file cannot be written.
        """
        report.save_explanation(self, path)

    def _repr_html_(self) -> str:
        return report.explanation_fragment(self)

    def with_coalitions(self, coalitions: Coalitions, **changes: Any) -> Explanation:
        """Recompute from another table of the same regions. changes: new values of method, kernel_width or alpha."""
        settings: dict[str, Any] = {"method": self.method, "kernel_width": self.kernel_width, "alpha": self.alpha} | changes
        return from_coalitions(
            self.image, self.regions, coalitions, classifier=self.classifier, hierarchy=self.hierarchy, **settings
        )

    def weights_again(
        self,
        *,
        image: np.ndarray | Bands | None = None,
        classifier: Classifier | None = None,
        target: Target = None,
        fill: Fill | None = None,
        seed: int | None = None,
        shift: int = 0,
    ) -> np.ndarray:
        """(K,) the weights of a repeated explanation of the same regions, with as many evaluations and the given changes.

        fill: by default the filled image of this explanation. shift: pixels by which borders move, see `checks.shift_borders`.
        """
        table = evaluate_coalitions(
            classifier or self.classifier,
            self.picture if image is None else image,
            shift_borders(self.regions, shift) if shift else self.regions,
            self.coalitions.target if target is None else target,
            fill=self.coalitions.filled if fill is None else fill,
            max_evaluations=max(2, len(self.coalitions.masks)),
            seed=self.coalitions.seed if seed is None else seed,
            progress=False,
            method=self.method,
            kernel_width=self.kernel_width,
        )
        return self.with_coalitions(table).weights

    def need_class(self, what: str) -> None:
        """Raise SegxaiError if this explanation is a contrast of two classes, and `what` needs a single one."""
        if self.coalitions.target < 0:
            raise SegxaiError(
                f"{what} needs a single class, but this explanation contrasts two; use the explanation of one of them."
            )

    def need_classifier(self, what: str) -> Classifier:
        """The classifier, for `what`, which evaluates it again. Raises SegxaiError if there is none, or for a contrast."""
        if self.classifier is None:
            raise SegxaiError(f"{what} evaluates the classifier, but this explanation holds none; create it with segxai.explain.")
        self.need_class(what)
        return self.classifier

    def _need_exact(self, what):
        if not self.coalitions.exact:
            number = len(self.regions)
            raise SegxaiError(
                f"{what} needs every coalition, and {number} regions have 2**{number}; this table is a sample of "
                f"{len(self.coalitions.masks)}. Use at most 10 regions, or raise max_evaluations."
            )


@dataclass(frozen=True, eq=False, repr=False)
class TreeExplanation(Explanation):
    """The effect of each node of a region tree on the probability of one class: adaptive Owen values, `method` "tree".

    regions: the leaves of the tree, or coarser regions (`coarsen`, `drill_down`). weights: their values, which are sums over leaves
    and add up to p(whole) - p(nothing). coalitions: the evaluated coalitions that keep each region together. descent: the values of
    the whole tree. interval: of zero width, for none is estimated: where the budget is too small for exact Owen values, the weights
    rest in part on sampled coalitions, and `metrics.seed_stability` measures by how much they vary.
    The tree is divided where the evidence for the explained class is. The same division also gives additive values for the other
    classes kept and for contrasts (`refit`, `contrast`), but these are divided less finely where their own evidence is.
    """

    descent: Descent = field(kw_only=True)

    def nodes(self) -> list[Node]:
        """All nodes of the tree with their values, the whole photograph first."""
        return self.descent.nodes()

    def coarsen(self, n_regions: int) -> TreeExplanation:
        """The explanation of n coarser regions (see `Regions.cut`), whose weights are sums of these, without model calls."""
        return explain_descent(self.image, self.descent, self.regions.cut(n_regions), self.classifier, self.findings)

    def drill_down(self, name: str | int, *, progress: Progress = None) -> TreeExplanation:
        """Replace one region by its two halves, whose values add up to its own, without evaluating the classifier.

        Raises SegxaiError if the region is a leaf.
        """
        return explain_descent(self.image, self.descent, self.regions.expand(name), self.classifier, self.findings)

    def refit(
        self, method: str | None = None, *, kernel_width: float | None = None, alpha: float | None = None, target: Target = None
    ) -> Explanation:
        """Recompute the values of the same tree for another class that was kept, without evaluating the classifier.

        Other methods need every coalition of the regions, which is available here only for a few coarse regions; otherwise
        SegxaiError is raised.
        """
        if method not in (None, "tree"):
            self._need_exact(f"method {method!r}")
            return super().refit(method, kernel_width=kernel_width, alpha=alpha, target=target)
        table = self.descent.coalitions
        return self._read(table if target is None else table.for_target(target))

    def contrast(self, other: str | int) -> TreeExplanation:
        """Explain the target's probability minus that of `other`, without evaluating the classifier; see `Coalitions.contrast`."""
        return self._read(self.descent.coalitions.contrast(other))

    def weights_again(
        self,
        *,
        image: np.ndarray | Bands | None = None,
        classifier: Classifier | None = None,
        target: Target = None,
        fill: Fill | None = None,
        seed: int | None = None,
        shift: int = 0,
    ) -> np.ndarray:
        """(K,) like `Explanation.weights_again`; the tree is divided anew, wherever the evidence then is."""
        tree = self.descent.tree
        again = descend(
            self.picture if image is None else image,
            replace(tree, leaves=shift_borders(tree.leaves, shift)) if shift else tree,
            classifier or self.need_classifier("This check"),
            self.coalitions.target if target is None else target,
            self.coalitions.filled if fill is None else fill,
            self.evaluations,
            self.coalitions.seed if seed is None else seed,
            progress=False,
        )
        return self.descent.members(self.regions) @ again.values[: len(tree.leaves)]

    def in_words(self, *, search: bool = True) -> list[str]:
        """A summary in sentences: the strongest regions and their strongest parts, and the share of values divided only by area."""
        return tree_sentences(self, search)

    def plot(self) -> DescribedFigure:
        """A figure of a few regions with their weights, of the weights of all leaves as a heat map, and of bars."""
        return plots.plot_tree(self)

    def _read(self, coalitions) -> TreeExplanation:
        return explain_descent(self.image, self.descent.read(coalitions), self.regions, self.classifier)

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
    findings: tuple[str, ...] = (),
) -> TreeExplanation:
    """Explain regions that are unions of a tree's leaves by the values of these leaves, without evaluating the classifier."""
    weights = descent.members(regions) @ descent.values[: len(descent.tree.leaves)]
    table = descent.between(regions)
    fitted = table.empty + table.masks @ weights
    r2 = surrogates.weighted_r2(table.values.astype(float), fitted, np.ones(len(fitted)))
    return TreeExplanation(
        image, regions, table, "tree", weights, table.empty, r2, np.stack([weights, weights], axis=1),
        kernel_width=0.25, alpha=0.0, classifier=classifier, findings=findings, descent=descent,
    )  # fmt: skip


def explain(
    image: ImageLike,
    regions: RegionsLike = "deep",
    classifier: ClassifierLike = None,
    target: Target = None,
    *,
    method: str = "lime",
    fill: Fill = "mean",
    max_evaluations: int = 1024,
    kernel_width: float = 0.25,
    alpha: float = 0.0,
    seed: int = 0,
    progress: Progress = None,
) -> Explanation:
    """Explain a classifier's prediction: how much does each region of the photograph contribute?

    image: array, PIL image or path, or `Bands` for other channels than red, green and blue. regions: `Regions`, an (H, W) label map,
    or a method for `segment`.
    classifier: a `Classifier` or anything that `load_classifier` accepts; by default EfficientNet-Lite0.
    target: class name or number; by default the most probable class. method: "lime", "shapley", "banzhaf", "owen"
    (equal to Shapley values unless regions are nested, see `Explanation.drill_down`), or "tree": adaptive Owen values of the
    region tree down to its leaves, a `TreeExplanation`, for which 512 evaluations are a good start; regions without a tree are
    joined into one, see `segmentation.binary.binary_tree`.
    fill: what replaces switched-off regions, see `explanation.fills.fill_image`. The built-in networks switch regions off at
    their input size, so their output may differ slightly from that for a photograph perturbed at full size.
    max_evaluations: the budget. If 2**K exceeds it, `seed` draws a sample of the coalitions for `method`; otherwise the table is complete.
    kernel_width, alpha: of LIME's fit, see `surrogates.fit_lime`. progress: see `segxai.progress.track`.
    Raises SegxaiError for invalid arguments. Source: Ribeiro et al. 2016, "Why Should I Trust You?"; the sources of the other
    methods are in `segxai.explanation.surrogates`.
    """
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    surrogates.check_settings(kernel_width, alpha)
    picture = as_picture(image)
    image = as_image(picture)
    classifier = load_classifier(classifier)
    check_target(classifier, target)
    regions = as_regions(image, regions)
    if method == "tree":
        descent = descend(picture, binary_tree(image, regions), classifier, target, fill, max_evaluations, seed, progress=progress)
        return explain_descent(image, descent, descent.tree.leaves, classifier)
    if method == "owen" and 2 ** len(regions) > whole_number("max_evaluations", max_evaluations, 2):
        raise SegxaiError(_OWEN_NEEDS_ALL)  # before the classifier is evaluated
    coalitions = evaluate_coalitions(
        classifier, picture, regions, target, fill=fill, max_evaluations=max_evaluations, seed=seed, progress=progress,
        method=method, kernel_width=kernel_width,
    )  # fmt: skip
    return from_coalitions(image, regions, coalitions, method, kernel_width, alpha, classifier)


def from_coalitions(
    image: np.ndarray,
    regions: Regions,
    coalitions: Coalitions,
    method: str,
    kernel_width: float,
    alpha: float,
    classifier: Classifier | None = None,
    hierarchy: tuple = (),
) -> Explanation:
    """Compute an explanation by `method` from a finished table of coalitions, without evaluating the classifier."""
    hierarchy = hierarchy or tuple(range(len(regions)))
    masks, values, exact, log_importance = coalitions.masks, coalitions.values, coalitions.exact, coalitions.log_importance
    if method == "lime":
        fit = surrogates.fit_lime(masks, values, exact, kernel_width, alpha, log_importance)
    elif method == "shapley":
        fit = surrogates.fit_shapley(masks, values, exact, log_importance)
    elif method == "banzhaf":
        fit = surrogates.fit_banzhaf(masks, values, exact, log_importance)
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
