"""Evaluate a classifier on perturbed photographs, in which a coalition of regions is shown and the others are filled.

K regions form 2**K coalitions. If the budget allows, the classifier is evaluated once on each of them. The resulting table is
complete, so everything computed from it is free of sampling noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ..classifiers.classifier import Classifier, Target, batches
from ..classifiers.load import ClassifierLike, load_classifier
from ..classifiers.subsets import codes
from ..errors import SegxaiValueError, unknown_name, whole_number
from ..images import Bands, ImageLike, as_image, as_picture, pixels_of
from ..progress import Progress, track
from ..segmentation.registry import RegionsLike, as_regions
from .fills import Fill, fill_image, fill_name
from .sampling import draw_coalitions

KEPT_TARGETS = 5
ROUNDING = 1e-3  # by which a probability may leave 0..1, and a sum of them 1


@dataclass(frozen=True, eq=False)
class Coalitions:
    """A table of a classifier's outputs, one row for each coalition.

    masks: (N, K) bool, True where a region is shown. values: (N,) float32, the target's probability.
    exact: whether the table contains all 2**K coalitions. evaluations: the number of images evaluated.
    targets: (T,) class numbers: the most probable classes of the whole image, and the target. table: (N, T) float32, their
    probabilities, so that the target can be changed without another evaluation.
    fill: its name. filled: (H, W, C), the image from which switched-off regions are filled. bands: the picture, if it was given as
    `Bands`. contrasted: the numbers of the two classes whose difference is explained.
    log_importance: (N,) the negative logarithm of the probability with which a coalition was drawn; None if the table is
    complete. See `segxai.explanation.sampling`.
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
    output: str = "probability"  # or "logit", "score": what the values are; "output" where they turned out to be no probabilities
    bands: Bands | None = None
    contrasted: tuple[int, int] | None = None

    @property
    def target_name(self) -> str:
        """The name of the target class."""
        return self.target_names[self.targets.index(self.target)]

    @property
    def filled_view(self) -> np.ndarray:
        """(H, W, 3) uint8, what is shown of `filled`."""
        return self.filled if self.bands is None else self.bands.view(self.filled)

    @property
    def most_together(self) -> float:
        """The largest sum of the kept classes' values in any row; above 1 they are no probabilities that exclude each other."""
        return float(self.without_contrast().table.sum(axis=1).max())

    @property
    def full(self) -> float:
        """The target's probability with every region shown."""
        return float(self.values[self.masks.all(axis=1)][0])

    @property
    def empty(self) -> float:
        """The target's probability with every region filled."""
        return float(self.values[~self.masks.any(axis=1)][0])

    def for_target(self, target: str | int) -> Coalitions:
        """The same table with another of its `targets` as the target. Raises SegxaiValueError for any other class."""
        column = None
        if isinstance(target, (int, np.integer)) and int(target) in self.targets:
            column = self.targets.index(int(target))
        elif isinstance(target, str):
            names = [name.lower() for name in self.target_names]
            column = (
                names.index(target.strip().lower()) if target.strip().lower() in names else None
            )
        if column is None:
            raise unknown_name(
                "target among the classes kept in this table (call explain() for another):",
                target,
                self.target_names,
            )
        return replace(
            self, target=self.targets[column], values=self.table[:, column], contrasted=None
        )

    def by_code(self) -> np.ndarray:
        """(2**K,) values, ordered by the coalitions' codes (bit k is set if region k is shown). For exact tables only."""
        return self.values[np.argsort(codes(self.masks))]

    def without_contrast(self) -> Coalitions:
        """The table without the column that `contrast` adds."""
        kept = [i for i, target in enumerate(self.targets) if target >= 0]
        names = tuple(self.target_names[i] for i in kept)
        return replace(
            self,
            targets=tuple(self.targets[i] for i in kept),
            target_names=names,
            table=self.table[:, kept],
        )

    def contrast(self, other: str | int) -> Coalitions:
        """A table of the target's probability minus that of `other`, another of the `targets`.

        Its explanation answers why the classifier predicts the target rather than the other class. All surrogates are linear
        in the table, so the weights are the differences of the two classes' weights. Raises SegxaiValueError if `other` is not
        among the targets, is the target itself, or if this table is a contrast already.
        Source: Lipton 1990, "Contrastive Explanation".
        """
        if self.target < 0:
            raise SegxaiValueError(
                "A contrast cannot be contrasted again; start from one of its two classes."
            )
        self = self.without_contrast()
        rival = self.for_target(other)
        if rival.target == self.target:
            raise SegxaiValueError(f"{self.target_name!r} cannot be contrasted with itself.")
        difference = self.values - rival.values
        # -1 is not a class number, so the contrast cannot be mistaken for either class.
        return replace(
            self,
            values=difference,
            target=-1,
            targets=(*self.targets, -1),
            target_names=(
                *self.target_names,
                f"{self.target_name} rather than {rival.target_name}",
            ),
            table=np.column_stack([self.table, difference]),
            contrasted=(self.target, rival.target),
        )

    def value_of(self, mask: np.ndarray) -> float | None:
        """The target's probability for one coalition, (K,) bool, or None if the table does not contain it."""
        rows = np.flatnonzero((self.masks == np.asarray(mask, bool)).all(axis=1))
        return float(self.values[rows[0]]) if rows.size else None

    def outputs_of(self, mask: np.ndarray | bool) -> list[tuple[str, float]]:
        """(class, value) of what the classifier gives for one coalition, for both of a contrast.

        mask: (K,) bool, or True with every region shown. Empty if it is not in the table.
        """
        rows = np.flatnonzero((self.masks == mask).all(axis=1))[:1]
        columns = [self.targets.index(target) for target in self.contrasted or (self.target,)]
        return [
            (self.target_names[column], float(self.table[row, column]))
            for row in rows
            for column in columns
        ]


def evaluate_coalitions(
    classifier: ClassifierLike,
    image: ImageLike,
    regions: RegionsLike,
    target: Target = None,
    *,
    fill: Fill = "mean",
    max_evaluations: int = 1024,
    seed: int = 0,
    progress: Progress = None,
    method: str = "lime",
    kernel_width: float = 0.25,
) -> Coalitions:
    """Evaluate `classifier` on every coalition of `regions`, or on a sample of them.

    Evaluates all 2**K coalitions if these are at most `max_evaluations`; otherwise that many distinct ones: the empty one,
    the full one, and others drawn with `seed` as `method` (and LIME's `kernel_width`) needs them, see
    `segxai.explanation.sampling.draw_coalitions`; any method can be fitted to them. target: class name or number; by default the most probable class
    of the whole image. fill: see `segxai.explanation.fills.fill_image`. Raises SegxaiError for invalid arguments.
    """
    picture, classifier = as_picture(image), load_classifier(classifier)
    pixels = pixels_of(picture)
    regions = as_regions(as_image(picture), regions, progress=progress)
    check_target(classifier, target)
    masks, log_importance = draw_coalitions(
        len(regions), max_evaluations, whole_number("seed", seed), method, kernel_width
    )
    filled = fill_image(pixels, regions.labels, fill, seed)
    # The whole image comes first, because it determines which classes are kept.
    order = np.r_[len(masks) - 1, 0 : len(masks) - 1]
    kept: list[int] = []

    def columns(probabilities):
        if not kept:
            kept.extend(
                kept_targets(
                    probabilities[0], classifier.index(target) if target is not None else None
                )
            )
        return probabilities[:, kept]

    rows = evaluate_masks(
        classifier, pixels, regions.labels, filled, masks[order], columns, progress=progress
    )
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
        fill=fill_name(fill),
        filled=filled,
        seed=seed,
        log_importance=log_importance,
        output=kind_of_output(classifier, table),
        bands=picture if isinstance(picture, Bands) else None,
    )


def kind_of_output(classifier: Classifier, table: np.ndarray) -> str:
    """The classifier's `output`; "output" if it claims probabilities, but values in the table lie outside 0..1."""
    if classifier.output == "probability" and (
        table.min() < -ROUNDING or table.max() > 1 + ROUNDING
    ):
        return "output"
    return classifier.output


def evaluate_masks(
    classifier: Classifier,
    image: np.ndarray,
    labels: np.ndarray,
    filled: np.ndarray,
    masks: np.ndarray,
    columns: Callable[[np.ndarray], np.ndarray] | None = None,
    *,
    progress: Progress = None,
) -> np.ndarray:
    """Evaluate coalitions (N, K) in batches, with a progress bar; returns (N, C) float32 probabilities.

    columns: a function that selects the columns to keep from each batch's (n, C) probabilities; by default all are kept.
    """
    predict = classifier.masked_predictor(image, labels, filled, len(masks))
    blocks = []
    with track(len(masks), "evaluating the classifier", progress=progress) as advance:
        for batch in batches(len(masks), classifier.batch_size):
            probabilities = predict(masks[batch])
            blocks.append(probabilities if columns is None else columns(probabilities))
            advance(len(probabilities))
    return np.concatenate(blocks)


def check_target(classifier: Classifier, target: Target) -> None:
    """Raise SegxaiValueError for an unknown target, if the classifier's classes are known before its first evaluation."""
    if target is not None and classifier.classes_known:
        classifier.index(target)


def kept_targets(probabilities: np.ndarray, target: int | None) -> list[int]:
    """The classes whose columns are kept: the most probable of the whole image's (C,), and the target's number, if one was given."""
    top = [int(i) for i in np.argsort(-probabilities, kind="stable")[:KEPT_TARGETS]]
    return top if target is None or target in top else [*top, target]
