"""Rank regions by weight, independently of their numbering, and evaluate further coalitions."""

from __future__ import annotations

import numpy as np

from ..explanation.coalitions import evaluate_masks
from ..explanation.explanation import Explanation
from ..explanation.fills import Fill, fill_image
from ..images import pixels_of

# Weights count as equal if they differ by less than TIED times the largest one (probabilities are float32), or by less than ZERO.
TIED, ZERO = 1e-6, 1e-12


def tied_groups(weights: np.ndarray) -> list[np.ndarray]:
    """The regions' indices in groups of equal weight, the largest weight first."""
    weights = np.asarray(weights, float)
    order = np.argsort(-weights, kind="stable")
    gaps = -np.diff(weights[order])
    return np.split(order, np.flatnonzero(gaps > max(ZERO, TIED * np.abs(weights).max())) + 1)


def ranked(explanation: Explanation) -> np.ndarray:
    """(K,) the regions' indices, the largest weight first; regions of equal weight are ordered by their first pixel."""
    first = np.unique(explanation.regions.labels, return_index=True)[1]
    return np.concatenate(
        [group[np.argsort(first[group])] for group in tied_groups(explanation.weights)]
    )


def values_of(
    explanation: Explanation, masks: np.ndarray, fill: Fill | None = None
) -> tuple[np.ndarray, int]:
    """The target's probability for coalitions (M, K) bool, as (M,) values, and the number of coalitions evaluated.

    Coalitions in the explanation's table are looked up. fill: a different fill, for which all of them are evaluated.
    """
    e = explanation
    known = (
        {
            row.tobytes(): value
            for row, value in zip(e.coalitions.masks, e.coalitions.values, strict=True)
        }
        if fill is None
        else {}
    )
    values = np.array([known.get(row.tobytes(), np.nan) for row in masks], float)
    new = np.flatnonzero(np.isnan(values))
    if new.size:
        values[new] = evaluate(e, masks[new], fill)[:, e.coalitions.target]
    return values, len(new)


def evaluate(explanation: Explanation, masks: np.ndarray, fill: Fill | None = None) -> np.ndarray:
    """(M, C) probabilities of all classes for coalitions (M, K) bool. fill: by default the explanation's."""
    e = explanation
    classifier = e.need_classifier("This metric")
    pixels = pixels_of(e.picture)
    filled = (
        e.coalitions.filled
        if fill is None
        else fill_image(pixels, e.regions.labels, fill, e.coalitions.seed)
    )
    return evaluate_masks(classifier, pixels, e.regions.labels, filled, masks, progress=False)
