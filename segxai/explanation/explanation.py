"""An explanation: the effect of each region of a photograph on a classifier's output, and what can be read off it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import plots, report
from ..classifiers.classifier import Classifier, Target
from ..errors import SegxaiError, SegxaiValueError, is_number, unknown_name
from ..images import Bands, pixels_of
from ..plots.numbers import format_output
from ..progress import Progress
from ..regions import Regions
from . import sets, surrogates
from .checks import FILLS_COMPARED, Placebo, Robustness, placebo_test, robustness, shift_borders
from .coalitions import Coalitions, evaluate_coalitions, evaluate_masks
from .fills import Fill
from .parts import expand_coalitions, nest
from .summary import sentences

if TYPE_CHECKING:
    from ..plots import DescribedFigure

METHODS = ("lime", "shapley", "banzhaf", "owen", "tree")
KERNEL_WIDTH, ALPHA = 0.25, 0.0  # of LIME's fit, unless chosen
NOT_OF_A_TREE = (
    "kernel_width and alpha belong to LIME's fit; method 'tree' has none: leave them out."
)
OWEN_NEEDS_ALL = (
    "Owen values need every coalition; use at most 10 regions, or raise max_evaluations."
)


@dataclass(frozen=True, eq=False)
class Explanation:
    """The effect of each region of a photograph on the probability of one class.

    image: (H, W, 3) uint8, what is shown; what is perturbed is `picture`. weights: (K,) the probability added by showing region k.
    intercept: the surrogate's value with no region shown. r2: the share of the table's variance that the surrogate explains.
    interval: (K, 2) 95 % confidence interval; of zero width if the weights are exact, NaN if none
    was computed. hierarchy: the regions' indices, nested where regions are parts of one thing (see
    `drill_down`). checks: the `Robustness` and the `Placebo` of `examine`. sets_found: the results
    of `sufficient` and `necessary` so far, as region numbers and values.
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
    checks: tuple[Robustness | Placebo, ...] = ()
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

    @property
    def findings(self) -> tuple[str, ...]:
        """What `examine` found, in sentences."""
        return tuple(sentence for check in self.checks for sentence in check.sentences())

    def __repr__(self):
        strongest = ", ".join(f"{name} {weight:+z.2f}" for name, weight in self.ranking()[:3])
        value = " and ".join(
            format_output(value, self.coalitions.output)
            for _, value in self.coalitions.outputs_of(True)
        )
        return f"<Explanation of {self.target!r} ({value}) by {self.method}: {strongest}, ...>"

    def ranking(self) -> list[tuple[str, float]]:
        """(name, weight) of every region, the largest weight first."""
        order = np.argsort(-self.weights, kind="stable")
        return [(self.regions.names[i], float(self.weights[i])) for i in order]

    def refit(
        self,
        method: str | None = None,
        *,
        kernel_width: float | None = None,
        alpha: float | None = None,
        target: Target = None,
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

    def find_set(
        self, kind: str, p: float, *, progress: Progress = None
    ) -> tuple[tuple[str, ...], float] | None:
        """(names, value) of the set that `sufficient` or `necessary` returns: what it keeps, or what is left without it."""
        table = self.coalitions
        share = f"a share of the whole image's {'difference' if table.contrasted else table.output}"
        if not is_number(p) or not 0 < p <= 1:
            raise SegxaiValueError(f"p is {share}, above 0 and up to 1; got {p!r}.")
        if table.full < 0:
            raise SegxaiError(
                f"{kind}() speaks of {share}, which is {table.full:.3f}; it must not be negative."
            )
        if (kind, p) not in self.sets_found:
            self.sets_found[kind, p] = self._find_set(kind, p * table.full, progress=progress)
        found = self.sets_found[kind, p]
        return None if found is None else (tuple(self.regions.names[k] for k in found[0]), found[1])

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
        return tuple(np.flatnonzero(found).tolist()), float(value)

    def drill_down(self, name: str | int, *, progress: Progress = None) -> Explanation:
        """Replace one region by its parts, whose Owen values add up to the region's Shapley value.

        Evaluates only the coalitions that divide the region; all others are taken from this table. The fill stays the same.
        Raises SegxaiError if the region has no known parts, the table is a sample, or more than 12 regions would result.
        """
        self._need_exact("drill_down()")
        classifier = self.need_classifier("drill_down()")
        index = self.regions.index(name)
        regions, coalitions = expand_coalitions(
            pixels_of(self.picture),
            self.regions,
            name,
            self.coalitions,
            classifier,
            progress=progress,
        )
        return from_coalitions(
            self.image, regions, coalitions, "owen", self.kernel_width, self.alpha, classifier,
            nest(self.hierarchy, index, len(regions) - len(self.regions) + 1),
        )  # fmt: skip

    def examine(
        self,
        *,
        fills: Sequence[Fill] = FILLS_COMPARED,
        borders: int = 2,
        placebos: int = 39,
        seed: int = 0,
        progress: Progress = None,
    ) -> Explanation:
        """The same explanation with `findings` on its robustness to fills and borders, and on placebos.

        Evaluates the classifier again; see `segxai.robustness` and `segxai.placebo_test`. Raises SegxaiError if the
        explanation holds no classifier, or for an empty `fills`.
        """
        stable = robustness(self, fills=fills, borders=borders, progress=progress)
        placebo = placebo_test(self, placements=placebos, seed=seed, progress=progress)
        return replace(self, checks=(stable, placebo))

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

    def with_regions(self, regions: Regions) -> Explanation:
        """The same explanation of the same regions under other names."""
        return replace(
            self,
            regions=regions,
            checks=tuple(replace(check, names=regions.names) for check in self.checks),
        )

    def with_coalitions(self, coalitions: Coalitions, **changes: Any) -> Explanation:
        """Recompute from another table of the same regions. changes: new values of method, kernel_width or alpha."""
        settings: dict[str, Any] = {
            "method": self.method,
            "kernel_width": self.kernel_width,
            "alpha": self.alpha,
        } | changes
        return from_coalitions(
            self.image,
            self.regions,
            coalitions,
            classifier=self.classifier,
            hierarchy=self.hierarchy,
            **settings,
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

        A tree is divided anew, wherever the evidence then is.
        fill: by default the filled image of this explanation. shift: pixels by which borders move, see `checks.shift_borders`.
        """
        return self._repeated(
            self.picture if image is None else image,
            classifier or self.need_classifier("This check"),
            self.coalitions.target if target is None else target,
            self.coalitions.filled if fill is None else fill,
            self.coalitions.seed if seed is None else seed,
            shift,
        )

    def _repeated(self, image, classifier, target, fill, seed, shift) -> np.ndarray:
        regions = shift_borders(self.regions, shift) if shift else self.regions
        table = evaluate_coalitions(
            classifier, image, regions, target, fill=fill, max_evaluations=max(2, len(self.coalitions.masks)), seed=seed, progress=False,
            method=self.method, kernel_width=self.kernel_width,
        )  # fmt: skip
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
            raise SegxaiError(
                f"{what} evaluates the classifier, but this explanation holds none; create it with segxai.explain."
            )
        self.need_class(what)
        return self.classifier

    def _need_exact(self, what):
        if not self.coalitions.exact:
            number = len(self.regions)
            raise SegxaiError(
                f"{what} needs every coalition, and {number} regions have 2**{number}; this table is a sample of "
                f"{len(self.coalitions.masks)}. Use at most 10 regions, or raise max_evaluations."
            )


def check_method(
    method: str = "lime", kernel_width: float = KERNEL_WIDTH, alpha: float = ALPHA
) -> None:
    """Raise SegxaiValueError for an unknown method, or settings out of range or without effect.

    Shapley, Banzhaf and Owen values do not use the settings, but keep them for a later `refit`.
    """
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    surrogates.check_settings(kernel_width, alpha)
    if method == "tree" and (kernel_width, alpha) != (KERNEL_WIDTH, ALPHA):
        raise SegxaiValueError(NOT_OF_A_TREE)


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
    masks, values, exact, log_importance = (
        coalitions.masks,
        coalitions.values,
        coalitions.exact,
        coalitions.log_importance,
    )
    if method == "lime":
        fit = surrogates.fit_lime(masks, values, exact, kernel_width, alpha, log_importance)
    elif method == "shapley":
        fit = surrogates.fit_shapley(masks, values, exact, log_importance)
    elif method == "banzhaf":
        fit = surrogates.fit_banzhaf(masks, values, exact, log_importance)
    elif method == "owen":
        if not exact:
            raise SegxaiError(OWEN_NEEDS_ALL)
        fit = surrogates.fit_owen(masks, values, hierarchy)
    elif method == "tree":
        raise SegxaiError(
            "method 'tree' chooses its own coalitions: call explain(image, regions, method='tree')."
        )
    else:
        raise unknown_name("method", method, METHODS)
    return Explanation(
        image,
        regions,
        coalitions,
        method,
        *fit,
        kernel_width=kernel_width,
        alpha=alpha,
        classifier=classifier,
        hierarchy=hierarchy,
    )
