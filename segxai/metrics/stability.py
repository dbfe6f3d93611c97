"""Stability: how much the weights vary with the seed of the sample."""

from typing import NamedTuple

import numpy as np

from ..errors import whole_number
from ..explanation.checks import evaluated, weights_in
from ..explanation.explanation import Explanation
from ..explanation.tree_explanation import TreeExplanation
from ..progress import Progress, track


class Stability(NamedTuple):
    """How much weights vary, see `seed_stability`.

    Attributes
    ----------
    spread : float
        The standard deviation of a weight over the repetitions, averaged over regions.
    relative : float
        `spread` divided by the largest mean weight, because weights shrink as the number of regions
        grows.
    weights : (R, K) array of float
        One row for each repetition.
    """

    spread: float
    relative: float
    weights: np.ndarray


def seed_stability(
    explanation: Explanation, repeats: int = 5, *, progress: Progress = None
) -> Stability:
    """Repeat the explanation with other seeds for the sample of coalitions. Lower is better.

    Exactly 0, without model calls, for an exact table and exact Owen values, because nothing is
    sampled. Otherwise `repeats` new tables of the same size are evaluated; the explanation's own
    table is not one of them.

    Parameters
    ----------
    explanation : Explanation
    repeats : int
        At least 2.
    progress : optional
        See `segxai.progress.track`.

    Returns
    -------
    stability : Stability
        Its spread is 0 upwards, in units of probability.

    Raises
    ------
    SegxaiError
        If the explanation holds no classifier.

    References
    ----------
    Visani et al. 2022, "Statistical stability indices for LIME".
    """
    e = explanation
    whole_number("repeats", repeats, 2)  # a single one has no spread
    if e.coalitions.exact or (isinstance(e, TreeExplanation) and not e.descent.sampled):
        return Stability(0.0, 0.0, np.repeat(e.weights[None], repeats, axis=0))
    weights, what = [], "repeating the explanation over seeds"
    game = evaluated(e).replay("seed_stability()")
    with track(repeats * e.coalitions.evaluations, what, progress=progress) as advance:
        for i in range(repeats):
            weights.append(weights_in(e, game.with_(seed=game.seed + 1 + i)))
            advance(e.coalitions.evaluations)
    spread = float(np.std(weights, axis=0, ddof=1).mean())
    largest = np.abs(np.mean(weights, axis=0)).max()
    return Stability(spread, float(spread / largest) if largest > 0 else 0.0, np.array(weights))
