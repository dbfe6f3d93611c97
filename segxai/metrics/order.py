"""The order of regions by weight, in which nothing depends on how the regions happen to be numbered; and further coalitions."""

from __future__ import annotations

import numpy as np

from ..explanation.coalitions import evaluate_masks
from ..explanation.fills import fill_image

# Weights closer than this share of the largest one are equal: they come from float32 probabilities. Below ZERO all are.
TIED, ZERO = 1e-6, 1e-12


def tied_groups(weights) -> list[np.ndarray]:
    """The regions' numbers, largest weight first, in groups of equal weight (to within TIED of the largest absolute weight)."""
    weights = np.asarray(weights, float)
    order = np.argsort(-weights, kind="stable")
    gaps = -np.diff(weights[order])
    return np.split(order, np.flatnonzero(gaps > max(ZERO, TIED * np.abs(weights).max())) + 1)


def ranked(explanation) -> np.ndarray:
    """(K,) the regions' numbers, largest weight first; of equal ones that whose first pixel, in reading order, comes first."""
    first = np.unique(explanation.regions.labels, return_index=True)[1]
    return np.concatenate([group[np.argsort(first[group])] for group in tied_groups(explanation.weights)])


def values_of(explanation, masks, fill=None) -> tuple[np.ndarray, int]:
    """((M,) the target's probability for coalitions (M, K) bool, how many of them the classifier was evaluated on).

    Those in the explanation's table are looked up. fill: another fill than the explanation's; then all are evaluated.
    """
    e = explanation
    known = (
        {row.tobytes(): value for row, value in zip(e.coalitions.masks, e.coalitions.values, strict=True)} if fill is None else {}
    )
    values = np.array([known.get(row.tobytes(), np.nan) for row in masks], float)
    new = np.flatnonzero(np.isnan(values))
    if new.size:
        values[new] = evaluate(e, masks[new], fill)[:, e.coalitions.target]
    return values, len(new)


def evaluate(explanation, masks, fill=None) -> np.ndarray:
    """(M, C) probabilities of all classes for coalitions (M, K) bool. fill: another fill than the explanation's."""
    e = explanation
    e.need_classifier("This metric")
    filled = e.coalitions.filled if fill is None else fill_image(e.image, e.regions.labels, fill, e.coalitions.seed)
    return evaluate_masks(e.classifier, e.image, e.regions.labels, filled, masks, progress=False)
