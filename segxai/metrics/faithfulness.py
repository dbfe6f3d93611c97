"""Faithfulness: how well the surrogate reproduces the classifier, and whether the selected regions determine the class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..errors import SegxaiError
from ..explanation import surrogates
from ..explanation.explanation import Explanation
from .metric import Metric
from .order import evaluate, ranked

SELECTED_ABOVE = 1.5  # standard deviations above the mean weight
MOST_SELECTED = 3


@dataclass(frozen=True, eq=False)
class Fidelity:
    """r2: of the surrogate on the coalitions that it was fitted to. loo_r2: on each coalition by a fit to all others.

    values: (N,) the classifier's outputs. fitted: (N,) the surrogate's. predicted: (N,) for each coalition, the output of the
    surrogate fitted without it. kernel: (N,) the weights of the coalitions.
    """

    r2: float
    loo_r2: float
    values: np.ndarray
    fitted: np.ndarray
    predicted: np.ndarray
    kernel: np.ndarray


def fidelity(explanation: Explanation) -> Fidelity:
    """How well the surrogate reproduces the classifier's outputs. Up is better; no model calls.

    Range of both values: up to 1. 0 is as good as predicting the mean, negative is worse. Coalitions are weighted as in the fit (LIME
    gives those near the whole photograph the largest weights), so compare only values of the same method and kernel width.
    `loo_r2` is leave-one-out cross-validation in closed form, without any random choice; NaN if a coalition cannot be left out
    (fewer than two regions) or the method is not a least-squares fit. With few samples and many regions r2 is optimistic, because
    the surrogate has many free parameters; loo_r2 is not.
    Sources: Ribeiro et al. 2016, "Why Should I Trust You?", section 3.3; Yeh et al. 2019, "On the (In)fidelity of Explanations";
    for the closed form (PRESS) Allen 1974, "The relationship between variable selection and data augmentation".
    """
    e, table = explanation, explanation.coalitions
    masks, values = table.masks, np.asarray(table.values, float)
    sizes = masks.sum(axis=1)
    kernel, drawn = surrogates.importance(masks, table.log_importance), table.log_importance
    if e.method in ("shapley", "owen"):
        inner = (sizes > 0) & (
            sizes < len(e.regions)
        )  # the empty and the full coalition are fitted exactly by construction
        masks, values = masks[inner], values[inner]
        kernel = surrogates.shapley_kernel(
            len(e.regions), sizes[inner], None if drawn is None else drawn[inner]
        )
        scaled = np.sqrt(kernel)[:, None] * (masks[:, :-1].astype(float) - masks[:, -1:])
        leverage = _leverage(scaled, 0.0)
    else:
        if e.method == "lime":
            kernel = kernel * surrogates.lime_kernel(masks, e.kernel_width)
        scaled = np.sqrt(kernel)[:, None] * (masks - kernel @ masks / kernel.sum())
        leverage = _leverage(scaled, e.alpha if e.method == "lime" else 0.0) + kernel / kernel.sum()
    fitted = e.intercept + masks @ e.weights
    # Not least-squares fits: nothing is known of what they would be without a coalition.
    nested = e.method == "tree" or (
        e.method == "owen" and any(isinstance(node, tuple) for node in e.hierarchy)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        predicted = np.where(
            (leverage > 1 - 1e-9) | nested, np.nan, values - (values - fitted) / (1 - leverage)
        )
    loo_r2 = (
        surrogates.weighted_r2(values, predicted, kernel)
        if len(values) and np.isfinite(predicted).all()
        else np.nan
    )
    return Fidelity(e.r2, loo_r2, values, fitted, predicted, kernel)


def _leverage(scaled, alpha) -> np.ndarray:
    """(N,) the leverage of each row of a least-squares design: the diagonal of the hat matrix."""
    if scaled.size == 0:
        return np.ones(len(scaled))
    inverse = np.linalg.pinv(scaled.T @ scaled + alpha * np.eye(scaled.shape[1]), hermitian=True)
    return np.einsum("ij,jk,ik->i", scaled, inverse, scaled)


def select(explanation: Explanation) -> np.ndarray:
    """The indices of the 1 to 3 selected regions: those whose weight exceeds the mean weight by more than 1.5 standard deviations.

    If no region does, the one with the largest weight is selected. The same rule holds for every segmenter, so that no segmenter
    can decide how much is shown.
    Source: Knab et al. 2025, "Beyond Pixels: Enhancing LIME with Hierarchical Features and Segmentation Foundation Models".
    """
    order = ranked(explanation)
    above = (
        explanation.weights
        > explanation.weights.mean() + SELECTED_ABOVE * explanation.weights.std()
    ).sum()
    return order[: np.clip(above, 1, MOST_SELECTED)]


@dataclass(frozen=True, eq=False)
class Check:
    """passed: whether the class was kept (preservation) or lost (target deletion). probability: of the target in the perturbed image.

    top: the most probable class of the perturbed image. regions: the names of the selected regions. area: their share of the image.
    calls: images evaluated.
    """

    kind: str
    passed: bool
    probability: float
    top: str
    regions: tuple[str, ...]
    area: float
    calls: int


def preservation(explanation: Explanation) -> Check:
    """Whether the class stays the most probable one when only the selected regions are shown. Up is better (share of photographs).

    Large regions pass easily, so read it together with `compactness`. One model call.
    Raises SegxaiError if the target is not the most probable class of the whole photograph. Source: as for `select`.
    """
    return _check(explanation, "preservation")


def target_deletion(explanation: Explanation) -> Check:
    """Whether the class is lost when the selected regions are removed. Up is better (share of photographs).

    Large regions pass easily, so read it together with `compactness`. One model call. Errors and source: as for `preservation`.
    """
    return _check(explanation, "target deletion")


def _check(explanation, kind) -> Check:
    e = explanation
    chosen = select(e)
    mask = np.zeros(len(e.regions), bool)
    mask[chosen] = True
    # `targets` is ordered by the probability on the whole photograph.
    if e.coalitions.target != e.coalitions.targets[0]:
        raise SegxaiError(
            f"{kind} tests whether the most probable class of the whole photograph is kept or lost, but the target is {e.target!r}."
        )
    probabilities = evaluate(e, (mask if kind == "preservation" else ~mask)[None])[0]
    top = int(np.argmax(probabilities))
    kept = top == e.coalitions.target
    names = tuple(e.regions.names[k] for k in chosen)
    return Check(
        kind, bool(kept == (kind == "preservation")), float(probabilities[e.coalitions.target]), e.classifier.class_names[top], names,
        float(e.regions.areas[chosen].sum()), 1,
    )  # fmt: skip


class Compactness(NamedTuple):
    """area: the share of the image that the selected regions cover. regions: their names."""

    area: float
    regions: tuple[str, ...]


def compactness(explanation: Explanation) -> Compactness:
    """The share of the image that the selected regions cover. Down is better, range 0 to 1; no model calls.

    A small value is good only if the class is kept, so read it together with `preservation`. Source: as for `select`.
    """
    chosen = select(explanation)
    return Compactness(
        float(explanation.regions.areas[chosen].sum()),
        tuple(explanation.regions.names[k] for k in chosen),
    )


METRICS = (
    Metric("fidelity", "up", "R² of the surrogate on its own coalitions", lambda e: fidelity(e).r2),
    Metric("loo_r2", "up", "R² on coalitions left out of the fit", lambda e: fidelity(e).loo_r2),
    Metric("preservation", "up", "share of photographs whose class is kept by the selected regions alone", lambda e: float(preservation(e).passed)),
    Metric("target_deletion", "up", "share of photographs whose class is lost without the selected regions", lambda e: float(target_deletion(e).passed)),
    Metric("compactness", "down", "share of the image that the selected regions cover", lambda e: compactness(e).area),
)  # fmt: skip
