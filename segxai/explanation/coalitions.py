"""Evaluate a classifier on perturbed photographs: coalitions of regions, of which some are shown and the others filled.

K regions have 2**K coalitions. As long as that fits the budget, the classifier is evaluated once on every one of them, and the
table is complete: whatever is computed from it later is free of sampling noise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..classifiers.classifier import batches
from ..classifiers.load import load_classifier
from ..classifiers.subsets import codes
from ..errors import SegxaiValueError, unknown_name, whole_number
from ..images import as_image
from ..progress import track
from ..segmentation.registry import as_regions
from .fills import fill_image
from .sampling import draw_coalitions

KEPT_TARGETS = 5


@dataclass(frozen=True, eq=False)
class Coalitions:
    """A table of a classifier's outputs, one row for each coalition.

    masks: (N, K) bool, True where a region is shown. values: (N,) float32, the target's probability.
    exact: whether all 2**K coalitions are there. evaluations: images that the classifier was evaluated on.
    table: (N, T) float32, the same for the `targets` (T class numbers, the most probable of the whole
    image and the one explained), so that the target can change without another evaluation. fill: its name;
    filled: (H, W, 3) uint8, the image that switched-off regions show. log_importance: (N,) the logarithm of one over the
    probability with which a coalition came into the sample, None in a complete table; see `segxai.explanation.sampling`.
    """

    masks: np.ndarray
    values: np.ndarray
    exact: bool
    evaluations: int
    target: int
    targets: tuple[int, ...]
    target_names: tuple[str, ...]
    table: np.ndarray
    fill: str
    filled: np.ndarray
    seed: int = 0
    log_importance: np.ndarray | None = None

    @property
    def target_name(self) -> str:
        return self.target_names[self.targets.index(self.target)]

    @property
    def full(self) -> float:
        """The target's probability with every region shown."""
        return float(self.values[self.masks.all(axis=1)][0])

    @property
    def empty(self) -> float:
        """The target's probability with every region filled in."""
        return float(self.values[~self.masks.any(axis=1)][0])

    def for_target(self, target) -> Coalitions:
        """The same table read for another class that was kept. Raises SegxaiValueError for one that was not."""
        column = None
        if isinstance(target, (int, np.integer)) and int(target) in self.targets:
            column = self.targets.index(int(target))
        elif isinstance(target, str):
            names = [name.lower() for name in self.target_names]
            column = names.index(target.strip().lower()) if target.strip().lower() in names else None
        if column is None:
            raise unknown_name("target among those kept in this table (explain again for another):", target, self.target_names)
        return replace(self, target=self.targets[column], values=self.table[:, column])

    def by_code(self) -> np.ndarray:
        """(2**K,) values in the order of the coalitions' codes, in which bit k says whether region k is shown; exact tables only."""
        return self.values[np.argsort(codes(self.masks))]

    def without_contrast(self) -> Coalitions:
        """The table of classes only, without the column that `contrast` adds."""
        kept = [i for i, target in enumerate(self.targets) if target >= 0]
        names = tuple(self.target_names[i] for i in kept)
        return replace(self, targets=tuple(self.targets[i] for i in kept), target_names=names, table=self.table[:, kept])

    def contrast(self, other) -> Coalitions:
        """The table of how much more probable the target is than `other`, another class that was kept.

        Explained in place of one class's probability it says why the target rather than the other (Lipton 1990,
        "Contrastive Explanation"). Every surrogate here is linear in the table, so weights are differences of weights.
        """
        if self.target < 0:
            raise SegxaiValueError("A contrast cannot be contrasted again; start from one of its two classes.")
        self = self.without_contrast()
        rival = self.for_target(other)
        if rival.target == self.target:
            raise SegxaiValueError(f"{self.target_name!r} cannot be contrasted with itself.")
        difference = self.values - rival.values
        # A number of its own, so that it is mistaken for neither class.
        return replace(
            self,
            values=difference,
            target=-1,
            targets=(*self.targets, -1),
            target_names=(*self.target_names, f"{self.target_name} rather than {rival.target_name}"),
            table=np.column_stack([self.table, difference]),
        )

    def value_of(self, mask) -> float | None:
        """The target's probability for one coalition ((K,) bool), or None where the table does not hold it."""
        rows = np.flatnonzero((self.masks == np.asarray(mask, bool)).all(axis=1))
        return float(self.values[rows[0]]) if rows.size else None


def evaluate_coalitions(
    classifier,
    image,
    regions,
    target=None,
    *,
    fill="mean",
    max_evaluations: int = 1024,
    seed: int = 0,
    progress=None,
    method: str = "lime",
    kernel_width: float = 0.25,
) -> Coalitions:
    """Evaluate `classifier` on every coalition of `regions`, or on a sample of them.

    All 2**K when that is at most `max_evaluations`; otherwise at most that many different ones, among them the
    empty and the full one, the rest drawn with `seed` as `method` (and for LIME its `kernel_width`) needs them: see
    `segxai.explanation.sampling.draw_coalitions`. Any method can be fitted to the table. `target` (a class name or number)
    is the most probable class of the whole image when None. `fill`: see `segxai.explanation.fills.fill_image`.
    """
    image, classifier = as_image(image), load_classifier(classifier)
    regions = as_regions(image, regions)
    check_target(classifier, target)
    masks, log_importance = draw_coalitions(len(regions), max_evaluations, whole_number("seed", seed), method, kernel_width)
    filled = fill_image(image, regions.labels, fill, seed)
    # The whole image goes first: it decides which classes' columns are kept.
    order = np.r_[len(masks) - 1, 0 : len(masks) - 1]
    kept: list[int] = []

    def columns(probabilities):
        if not kept:
            kept.extend(_kept_targets(probabilities[0], classifier.index(target) if target is not None else None))
        return probabilities[:, kept]

    rows = evaluate_masks(classifier, image, regions.labels, filled, masks[order], columns, progress)
    table = np.empty_like(rows)
    table[order] = rows
    column = kept.index(classifier.index(target)) if target is not None else 0
    return Coalitions(
        masks=masks,
        values=table[:, column],
        exact=log_importance is None,
        evaluations=len(masks),
        target=kept[column],
        targets=tuple(kept),
        target_names=tuple(classifier.class_names[k] for k in kept),
        table=table,
        fill=fill if isinstance(fill, str) else "given",
        filled=filled,
        seed=seed,
        log_importance=log_importance,
    )


def evaluate_masks(classifier, image, labels, filled, masks, columns=None, progress=None) -> np.ndarray:
    """(N, C) float32 probabilities of the coalitions (N, K), in batches, with a progress bar.

    columns: a function of each batch's (n, C) probabilities to what is kept of them; all when None.
    """
    predict = classifier.masked_predictor(image, labels, filled, len(masks))
    blocks = []
    with track(len(masks), "evaluating the classifier", progress) as advance:
        for batch in batches(len(masks), classifier.batch_size):
            probabilities = predict(masks[batch])
            blocks.append(probabilities if columns is None else columns(probabilities))
            advance(len(probabilities))
    return np.concatenate(blocks)


def check_target(classifier, target) -> None:
    """Refuse a target that the classifier does not have before the first evaluation, where its classes are known by then."""
    if target is not None and classifier.classes_known:
        classifier.index(target)


def _kept_targets(probabilities, target) -> list[int]:
    top = [int(i) for i in np.argsort(-probabilities, kind="stable")[:KEPT_TARGETS]]
    return top if target is None or target in top else [*top, target]
