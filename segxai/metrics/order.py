"""Rank regions by weight, independently of their numbering, and evaluate further coalitions."""

import numpy as np

from ..explanation.explanation import Explanation
from ..explanation.fills import Fill

# Weights count as equal if they differ by less than TIED times the largest one (probabilities are
# float32), or by less than ZERO.
TIED, ZERO = 1e-6, 1e-12


def tied_groups(weights: np.ndarray) -> list[np.ndarray]:
    """Sort the regions into groups of equal weight.

    Parameters
    ----------
    weights : (K,) array of float

    Returns
    -------
    groups : list of arrays of int
        The regions' indices, the largest weight first.
    """
    weights = np.asarray(weights, float)
    order = np.argsort(-weights, kind="stable")
    gaps = -np.diff(weights[order])
    return np.split(order, np.flatnonzero(gaps > max(ZERO, TIED * np.abs(weights).max())) + 1)


def ranked(explanation: Explanation) -> np.ndarray:
    """Rank the regions by weight.

    Parameters
    ----------
    explanation : Explanation

    Returns
    -------
    regions : (K,) array of int
        Indices, the largest weight first; regions of equal weight are ordered by their first pixel.
    """
    first = np.unique(explanation.regions.labels, return_index=True)[1]
    groups = tied_groups(explanation.weights)
    return np.concatenate([group[np.argsort(first[group])] for group in groups])


def values_of(explanation: Explanation, masks: np.ndarray, fill: Fill | None = None) -> np.ndarray:
    """Return the target's probability for coalitions, looked up where the table has it.

    Parameters
    ----------
    explanation : Explanation
    masks : (M, K) array of bool
    fill : optional
        A different fill, for which all of them are evaluated.

    Returns
    -------
    values : (M,) array of float
    """
    table = explanation.coalitions
    found = [None if fill is not None else table.value_of(row) for row in masks]
    values = np.array(found, float)  # NaN where there is none
    new = np.isnan(values)
    if new.any():
        values[new] = evaluate(explanation, masks[new], fill)[:, table.target]
    return values


def evaluate(explanation: Explanation, masks: np.ndarray, fill: Fill | None = None) -> np.ndarray:
    """Evaluate the classifier on coalitions.

    Parameters
    ----------
    explanation : Explanation
    masks : (M, K) array of bool
    fill : optional
        By default the explanation's.

    Returns
    -------
    probabilities : (M, C) array of float32
        Of all classes.

    Raises
    ------
    SegxaiError
        If the explanation holds no classifier.
    """
    game = explanation.coalitions.replay("This metric")
    classes = tuple(range(len(game.classifier.class_names)))
    return game.with_(targets=classes, fill=fill).evaluate(masks, progress=False)
