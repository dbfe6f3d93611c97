"""Regions ranked by weight, whatever their numbers, and whether the strongest determine the class.

The selection rule is that of Knab et al. 2025, "Beyond Pixels: Enhancing LIME with Hierarchical
Features and Segmentation Foundation Models". Large regions keep or lose a class easily, so read
`preservation` and `target_deletion` together with `compactness`.
"""

import numpy as np

from ..errors import SegxaiError
from ..explanation.explanation import Explanation
from ..explanation.fills import Fill

# Weights count as equal if they differ by less than TIED times the largest one (probabilities are
# float32), or by less than ZERO.
TIED, ZERO = 1e-6, 1e-12
SELECTED_ABOVE = 1.5  # standard deviations above the mean weight
MOST_SELECTED = 3


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
    table, values = explanation.coalitions, np.full(len(masks), np.nan)
    if fill is None:
        values[:] = [table.value_of(mask) for mask in masks]  # NaN where it is not in the table
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


def select(explanation: Explanation) -> np.ndarray:
    """Select the 1 to 3 regions whose weight is far above the mean.

    That is by more than 1.5 standard deviations; if no region is, the one with the largest weight
    is selected. The same rule holds for every segmenter, so that no segmenter can decide how much
    is shown.

    Parameters
    ----------
    explanation : Explanation

    Returns
    -------
    regions : (1 to 3,) array of int
        Indices, the largest weight first.

    References
    ----------
    Knab et al. 2025, "Beyond Pixels: Enhancing LIME with Hierarchical Features and Segmentation
    Foundation Models".
    """
    weights = explanation.weights
    above = (weights > weights.mean() + SELECTED_ABOVE * weights.std()).sum()
    return ranked(explanation)[: np.clip(above, 1, MOST_SELECTED)]


def preservation(explanation: Explanation) -> bool:
    """Whether the class stays the most probable one when only the selected regions are shown.

    Higher is better (share of photographs). One model call.

    Parameters
    ----------
    explanation : Explanation
        Of the class that is the most probable one for the whole photograph.

    Returns
    -------
    kept : bool

    Raises
    ------
    SegxaiError
        If the target is not the most probable class of the whole photograph, or if the explanation
        holds no classifier.
    """
    return _stays(explanation, "preservation", shown=True)


def target_deletion(explanation: Explanation) -> bool:
    """Whether the class is lost when the selected regions are removed.

    Higher is better (share of photographs). One model call.

    Parameters
    ----------
    explanation : Explanation
        Of the class that is the most probable one for the whole photograph.

    Returns
    -------
    lost : bool

    Raises
    ------
    SegxaiError
        As for `preservation`.
    """
    return not _stays(explanation, "target deletion", shown=False)


def compactness(explanation: Explanation) -> float:
    """Compute the share of the image that the selected regions cover. Lower is better.

    A small value is good only if the class is kept. No model calls.

    Parameters
    ----------
    explanation : Explanation

    Returns
    -------
    share : float
        0 to 1.
    """
    return float(explanation.regions.areas[select(explanation)].sum())


def _stays(e, check, shown) -> bool:
    """Whether the target stays most probable, with the selected regions shown alone or hidden."""
    # `targets` is ordered by the probability on the whole photograph.
    if e.coalitions.target != e.coalitions.targets[0]:
        raise SegxaiError(
            f"{check} tests whether the most probable class of the whole photograph is kept or "
            f"lost, but the target is {e.target!r}."
        )
    mask = np.isin(np.arange(len(e.regions)), select(e)) == shown
    return int(np.argmax(evaluate(e, mask[None])[0])) == e.coalitions.target
