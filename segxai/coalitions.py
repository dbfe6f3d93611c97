"""Ask a classifier about coalitions of regions: which are shown, which are filled in.

K regions have 2**K coalitions. As long as that fits the budget every one is asked about, once, and the
table of answers is complete: whatever is computed from it later is free of sampling noise.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .errors import SegxaiValueError, unknown_name, whole_number
from .fills import fill_image
from .images import as_image
from .progress import track
from .regions import Regions
from .surrogates import all_subsets

KEPT_TARGETS = 5
MOST_COALITIONS = 2**20  # a table that still fits a small machine's memory


@dataclass(frozen=True, eq=False)
class Coalitions:
    """A table of a classifier's answers.

    masks: (N, K) bool, True where a region is shown. values: (N,) float32, the target's probability.
    exact: whether all 2**K coalitions are there. evaluations: images the classifier was asked about.
    table: (N, T) float32, the same for the `targets` (T class numbers, the most probable of the whole
    image and the one asked for), so that the target can change without asking again. fill: its name;
    filled: (H, W, 3) uint8, the image that switched-off regions show.
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
            raise unknown_name(
                "target among those kept in this table (explain anew to ask about another):", target, self.target_names
            )
        return replace(self, target=self.targets[column], values=self.table[:, column])

    def by_code(self) -> np.ndarray:
        """(2**K,) values in the order of the coalitions' codes, in which bit k says whether region k is shown; exact tables only."""
        codes = self.masks.astype(np.int64) @ (1 << np.arange(self.masks.shape[1], dtype=np.int64))
        return self.values[np.argsort(codes)]

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
        """The target's probability for one coalition ((K,) bool), or None where it was not asked about."""
        rows = np.flatnonzero((self.masks == np.asarray(mask, bool)).all(axis=1))
        return float(self.values[rows[0]]) if rows.size else None


def evaluate_coalitions(
    classifier, image, regions: Regions, target=None, *, fill="mean", max_evaluations: int = 1024, seed: int = 0, progress=None
) -> Coalitions:
    """Ask `classifier` about every coalition of `regions`, or about a sample of them.

    All 2**K when that is at most `max_evaluations`; otherwise that many different ones, among them the
    empty and the full one, the rest drawn uniformly with `seed`. `target` (a class name or number) is
    the most probable class of the whole image when None. `fill`: see `segxai.fills.fill_image`.
    """
    from .classify import default_classifier, load_classifier

    image = as_image(image)
    whole_number("seed", seed)
    classifier = default_classifier() if classifier is None else load_classifier(classifier)
    if not isinstance(regions, Regions):
        regions = Regions.from_labels(regions)
    if regions.shape != image.shape[:2]:
        raise SegxaiValueError(f"The regions have shape {regions.shape}, the image {image.shape[:2]}.")
    masks, exact = draw_coalitions(len(regions), max_evaluations, seed)
    # The whole image goes first: it decides which classes' columns are kept.
    filled = fill_image(image, regions.labels, fill, seed)
    predict = classifier.masked_predictor(image, regions.labels, filled, len(masks))
    order = np.r_[len(masks) - 1, 0 : len(masks) - 1]
    size = classifier.batch_size
    blocks: list[np.ndarray] = []
    kept: list[int] = []
    with track(len(masks), "asking the classifier", progress) as advance:
        for start in range(0, len(masks), size):
            answers = predict(masks[order[start : start + size]])
            if not kept:
                kept = _kept_targets(answers[0], None if target is None else classifier.index(target))
            blocks.append(answers[:, kept])
            advance(len(answers))
    table = np.empty((len(masks), len(kept)), np.float32)
    table[order] = np.concatenate(blocks)
    column = 0 if target is None else kept.index(classifier.index(target))
    return Coalitions(
        masks=masks,
        values=table[:, column],
        exact=exact,
        evaluations=len(masks),
        target=kept[column],
        targets=tuple(kept),
        target_names=tuple(classifier.class_names[k] for k in kept),
        table=table,
        fill=fill if isinstance(fill, str) else "given",
        filled=filled,
        seed=seed,
    )


def draw_coalitions(number: int, max_evaluations: int, seed: int) -> tuple[np.ndarray, bool]:
    """(N, number) bool masks and whether they are all there are; the first is empty, the last full.

    When exact, row n shows region k where bit k of n is set.
    """
    max_evaluations = whole_number("max_evaluations", max_evaluations, 2)
    if min(2**number, max_evaluations) > MOST_COALITIONS:
        raise SegxaiValueError(
            f"max_evaluations must be at most {MOST_COALITIONS:,} for {number} regions; got {max_evaluations!r}."
        )
    if 2**number <= max_evaluations:
        return all_coalitions(number), True
    if max_evaluations < number + 2:
        raise SegxaiValueError(
            f"{number} regions need at least {number + 2} evaluations; max_evaluations is {max_evaluations}. "
            "Raise it or use fewer regions."
        )
    rng = np.random.default_rng(seed)
    rows = np.zeros((0, number), bool)
    edge = np.array([np.zeros(number, bool), np.ones(number, bool)])
    while len(rows) < max_evaluations - 2:
        drawn = np.concatenate([edge, rows, rng.random((max_evaluations, number)) < 0.5])
        _, first = np.unique(np.packbits(drawn, axis=1), axis=0, return_index=True)
        rows = drawn[np.sort(first)][2:]
    return np.concatenate([edge[:1], rows[: max_evaluations - 2], edge[1:]]), False


def all_coalitions(number: int) -> np.ndarray:
    """(2**number, number) bool: row n shows region k where bit k of n is set."""
    return all_subsets(number).astype(bool)


def _kept_targets(probabilities, asked) -> list[int]:
    top = [int(i) for i in np.argsort(-probabilities, kind="stable")[:KEPT_TARGETS]]
    return top if asked is None or asked in top else [*top, asked]
