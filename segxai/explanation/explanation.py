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
from ..segmentation.registry import as_regions
from . import sets, surrogates
from .checks import FILLS_COMPARED, placebo_test, robustness
from .coalitions import Coalitions, check_target, evaluate_coalitions, evaluate_masks
from .parts import expand_coalitions, nest
from .summary import sentences

METHODS = ("lime", "shapley", "banzhaf", "owen")
_OWEN_NEEDS_ALL = "Owen values need every coalition; use at most 10 regions, or raise max_evaluations."


@dataclass(frozen=True, eq=False)
class Explanation:
    """What each region of a photograph does to one class's probability.

    weights: (K,) probability added by showing region k. intercept: the surrogate's value with nothing
    shown. r2: how much of the table the weights explain (1 is all). interval: (K, 2) 95 %, zero width when
    every coalition was evaluated. target: the class explained. hierarchy: the regions' numbers, nested where
    regions are parts of one thing (after `drill_down`). findings: sentences about what was examined (`examine`).
    sets_found: what `sufficient` and `necessary` have found, by notion and share, so that nothing is searched for twice.
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
        """The name of the class that is explained."""
        return self.coalitions.target_name

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

    def sufficient(self, p: float = 0.5, *, progress=None) -> tuple[str, ...]:
        """A small set of regions that alone keep at least the share p of the whole image's probability.

        With a complete table it is the smallest, and among those of its size the one with the highest probability. Beyond, it is
        the smallest that a search found, which evaluates the classifier at most as often again as the table did; see
        `segxai.explanation.sets.search`. Raises SegxaiError where there is no classifier to search with.
        """
        found = self.find_set("sufficient", p, progress)
        assert found is not None  # the whole image is enough for itself
        return found[0]

    def necessary(self, p: float = 0.5, *, progress=None) -> tuple[str, ...] | None:
        """A small set of regions without which less than the share p of the whole image's probability is left.

        The smallest, and among those of its size the one that leaves least; or the smallest found, as for `sufficient`.
        None where whatever is taken away leaves that much, or where no set was found.
        """
        found = self.find_set("necessary", p, progress)
        return None if found is None else found[0]

    def find_set(self, kind: str, p: float, progress=None) -> tuple[tuple[str, ...], float] | None:
        """(names, value) of the set that `sufficient` or `necessary` returns: what it keeps, or what is left without it."""
        if not isinstance(p, (int, float, np.integer, np.floating)) or not 0 < p <= 1:
            raise SegxaiValueError(f"p is a share of the whole image's probability, above 0 and up to 1; got {p!r}.")
        table = self.coalitions
        if table.full < 0:
            raise SegxaiError(
                f"{kind}() speaks of a share of the whole image's value, which is {table.full:.3f}; it must not be negative."
            )
        if (kind, p) not in self.sets_found:
            self.sets_found[kind, p] = self._find_set(kind, p * table.full, progress)
        return self.sets_found[kind, p]

    def _find_set(self, kind, share, progress):
        table, away = self.coalitions, kind == "necessary"
        sign = -1 if away else 1
        members, scores = table.masks ^ away, sign * table.values

        def enough(scores):
            return sign * scores < share if away else scores >= share

        def evaluate(sets):
            columns = [table.target]
            rows = evaluate_masks(
                self.classifier, self.image, self.regions.labels, table.filled, sets ^ away, lambda q: q[:, columns], progress
            )
            return sign * rows[:, 0]

        if table.exact:
            found = sets.smallest(members, scores, enough)
            if found is None:
                return None
            value = table.value_of(found ^ away)
        else:
            self.need_classifier(f"{kind}() beyond a complete table")
            order = np.argsort(-self.weights, kind="stable")
            searched = sets.search(members, scores, enough, evaluate, order, len(table.masks))
            if searched is None:
                return None
            found, value = searched[0], sign * searched[1]
        return tuple(self.regions.names[k] for k in np.flatnonzero(found)), float(value)

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

    def in_words(self, *, search: bool = True) -> list[str]:
        """What the table says, in sentences: the largest weight, the smallest sufficient and necessary sets, and `findings`.

        For a sample: how many evaluations would halve the intervals, and the sets that a search found. search: whether it may
        evaluate the classifier for that, where `sufficient` and `necessary` have not yet done so.
        """
        return sentences(self, search)

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
    "banzhaf", or "owen" (Shapley values unless regions are nested, see `Explanation.drill_down`). fill: what switched-off
    regions show. Where the classifier can mask its own input (the networks here can), regions are switched off at its input
    size, and the output may differ a little from that for a photograph painted over at full size.
    max_evaluations: how many coalitions may be evaluated; up to K regions with 2**K <= max_evaluations the table is complete;
    beyond, seed draws a sample as the method needs it (it can be refitted by another, with wider intervals). kernel_width, alpha: of LIME's fit, see `surrogates.fit_lime`. progress: None for a bar where
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
    if method == "owen" and 2 ** len(regions) > whole_number("max_evaluations", max_evaluations, 2):
        raise SegxaiError(_OWEN_NEEDS_ALL)  # before the classifier is evaluated
    coalitions = evaluate_coalitions(
        classifier, image, regions, target, fill=fill, max_evaluations=max_evaluations, seed=seed, progress=progress,
        method=method, kernel_width=kernel_width,
    )  # fmt: skip
    return from_coalitions(image, regions, coalitions, method, kernel_width, alpha, classifier)


def from_coalitions(image, regions, coalitions, method, kernel_width, alpha, classifier=None, hierarchy=()) -> Explanation:
    """A finished table of coalitions explained by `method`; without a model call."""
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
    else:
        raise unknown_name("method", method, METHODS)
    return Explanation(
        image, regions, coalitions, method, *fit, kernel_width=kernel_width, alpha=alpha, classifier=classifier, hierarchy=hierarchy
    )
