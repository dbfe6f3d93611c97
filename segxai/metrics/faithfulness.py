"""Does the explanation say what the classifier does? Fidelity of the surrogate, and checks of the regions it points at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..errors import SegxaiError
from ..explanation import surrogates
from .order import evaluate, ranked

SELECTED_ABOVE = 1.5  # standard deviations above the mean weight
MOST_SELECTED = 3


@dataclass(frozen=True, eq=False)
class Fidelity:
    """r2: of the surrogate on the coalitions it was fitted to. loo_r2: on each coalition by a fit to all others.

    values, fitted, predicted: (N,) the classifier's answers, the surrogate's, and those of the fits without the coalition in
    question. kernel: (N,) how much each counts: a sampled coalition for as many as it stands for.
    """

    r2: float
    loo_r2: float
    values: np.ndarray
    fitted: np.ndarray
    predicted: np.ndarray
    kernel: np.ndarray


def fidelity(explanation) -> Fidelity:
    """How well do the weights, added up, repeat the classifier's answers? Up is better; no model calls.

    Range of both: up to 1; 0 is no better than always saying the mean, below 0 is worse. Coalitions count as in the fit (with "lime"
    those near the whole photograph count most), so compare values of one method and kernel width only. `loo_r2` is
    leave-one-out cross-validation in closed form (Allen 1974, "The relationship between variable selection and data augmentation", PRESS):
    it depends on no random choice. NaN where a coalition cannot be left out (fewer than two regions).
    With few samples and many regions r2 flatters: the surrogate has many weights to spend. loo_r2 tells.
    Source: Ribeiro et al. 2016, "Why Should I Trust You?", section 3.3; Yeh et al. 2019, "On the (In)fidelity of Explanations".
    """
    e, table = explanation, explanation.coalitions
    masks, values = table.masks, np.asarray(table.values, float)
    sizes = masks.sum(axis=1)
    kernel, drawn = surrogates.importance(masks, table.log_importance), table.log_importance
    if e.method in ("shapley", "owen"):
        inner = (sizes > 0) & (sizes < len(e.regions))  # the empty and the full coalition are met exactly, by construction
        masks, values = masks[inner], values[inner]
        kernel = surrogates.shapley_kernel(len(e.regions), sizes[inner], None if drawn is None else drawn[inner])
        scaled = np.sqrt(kernel)[:, None] * (masks[:, :-1].astype(float) - masks[:, -1:])
        leverage = _leverage(scaled, 0.0)
    else:
        if e.method == "lime":
            kernel = kernel * surrogates.lime_kernel(masks, e.kernel_width)
        scaled = np.sqrt(kernel)[:, None] * (masks - kernel @ masks / kernel.sum())
        leverage = _leverage(scaled, e.alpha if e.method == "lime" else 0.0) + kernel / kernel.sum()
    fitted = e.intercept + masks @ e.weights
    nested = e.method == "owen" and any(isinstance(node, tuple) for node in e.hierarchy)  # not a least-squares fit
    with np.errstate(divide="ignore", invalid="ignore"):
        predicted = np.where((leverage > 1 - 1e-9) | nested, np.nan, values - (values - fitted) / (1 - leverage))
    loo_r2 = surrogates.weighted_r2(values, predicted, kernel) if len(values) and np.isfinite(predicted).all() else np.nan
    return Fidelity(e.r2, loo_r2, values, fitted, predicted, kernel)


def _leverage(scaled, alpha) -> np.ndarray:
    """(N,) how much each row of a least-squares design pulls the fit to itself: the diagonal of the hat matrix."""
    if scaled.size == 0:
        return np.ones(len(scaled))
    inverse = np.linalg.pinv(scaled.T @ scaled + alpha * np.eye(scaled.shape[1]), hermitian=True)
    return np.einsum("ij,jk,ik->i", scaled, inverse, scaled)


def select(explanation) -> np.ndarray:
    """The numbers of the regions that the explanation points at: weight above the mean by 1.5 standard deviations, 1 to 3 of them.

    Where none is, the largest. The same rule for every segmenter, so that none can choose how much it shows.
    Source: Knab et al. 2025, "Beyond Pixels: Enhancing LIME with Hierarchical Features and Segmentation Foundation Models".
    """
    order = ranked(explanation)
    above = (explanation.weights > explanation.weights.mean() + SELECTED_ABOVE * explanation.weights.std()).sum()
    return order[: np.clip(above, 1, MOST_SELECTED)]


@dataclass(frozen=True, eq=False)
class Check:
    """passed: whether the class was kept (preservation) or lost (deletion). probability: of the target with what is then shown.

    regions: the names that were kept or taken away. area: their share of the image. top: the class that is then most probable.
    """

    kind: str
    passed: bool
    probability: float
    top: str
    regions: tuple[str, ...]
    area: float
    calls: int


def preservation(explanation) -> Check:
    """Show only the selected regions (see `select`): is the class still the most probable? Up is better (share of photographs).

    Large regions pass easily: read it beside `compactness`. One model call.
    Raises SegxaiError where the target is not the most probable class of the whole photograph. Source: as for `select`.
    """
    return _check(explanation, "preservation")


def target_deletion(explanation) -> Check:
    """Take the selected regions away: is the class lost? Up is better (share of photographs).

    Large regions pass easily here too. One model call. Raises and source: as for `preservation`.
    """
    return _check(explanation, "target deletion")


def _check(explanation, kind) -> Check:
    e = explanation
    chosen = select(e)
    mask = np.zeros(len(e.regions), bool)
    mask[chosen] = True
    # The kept classes are in the order of their probability on the whole photograph.
    if e.coalitions.target != e.coalitions.targets[0]:
        raise SegxaiError(
            f"The {kind} checks whether the class is kept or lost, but {e.target!r} is not the most probable class of the whole photograph."
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
    """area: share of the image; regions: the names."""

    area: float
    regions: tuple[str, ...]


def compactness(explanation) -> Compactness:
    """How much of the image do the selected regions cover? Down is better, range 0 to 1; no model calls.

    Small is only good where the class is kept: read it beside `preservation`. Source: as for `select`.
    """
    chosen = select(explanation)
    return Compactness(float(explanation.regions.areas[chosen].sum()), tuple(explanation.regions.names[k] for k in chosen))
