"""Explain again: with other seeds, which should change little, and for another class.

Of another class the weights should change: an explanation that does not depend on the labels shows
the regions and the fill.
"""

from typing import NamedTuple

import numpy as np

from ..errors import SegxaiError, known_explanation, whole_number
from ..explanation.checks import evaluated, weights_in
from ..explanation.explanation import Explanation
from ..explanation.tree_explanation import TreeExplanation
from ..progress import Progress, track
from .ranking import ZERO


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
    e = known_explanation(explanation)
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


class Sanity(NamedTuple):
    """A comparison with the explanation of another class, see `random_label`.

    Attributes
    ----------
    against : str
        The class explained instead.
    correlation : float
        Spearman's rank correlation of the weights with the random ones, -1 to 1.
    chance : float
        The half-width of the 95 % band for unrelated weights, 1.96 / sqrt(K - 1), which is wide for
        few regions; NaN for a single one.
    random_weights : (K,) array of float
    """

    against: str
    correlation: float
    chance: float
    random_weights: np.ndarray


def random_label(explanation: Explanation, seed: int = 0) -> Sanity:
    """Compare with the explanation under permuted labels. Near 0 is better.

    Nothing is trained: the labels of the classifier's outputs are permuted, so that the target
    stands for another class. The class drawn may resemble the target (two breeds of cats), so
    repeat with other seeds. A correlation above chance is due to the regions and the fill, e.g.
    because large regions change any output most. Takes one table of model calls.

    Parameters
    ----------
    explanation : Explanation
    seed : int
        Of the draw.

    Returns
    -------
    sanity : Sanity
        Its correlation is -1 to 1; near 0 passes, near 1 is suspicious, NaN for fewer than 3
        regions.

    Raises
    ------
    SegxaiError
        If the explanation holds no classifier or one of a single class, or is a contrast.

    References
    ----------
    Adebayo et al. 2018, "Sanity Checks for Saliency Maps", the data randomization test.
    """
    e = known_explanation(explanation)
    game = evaluated(e).replay("random_label()")
    classifier = game.classifier
    classes = np.delete(np.arange(len(classifier.class_names)), e.coalitions.target)
    if not classes.size:
        raise SegxaiError("random_label() needs a classifier of at least two classes.")
    label = int(np.random.default_rng(whole_number("seed", seed)).choice(classes))
    weights = weights_in(e, game.with_(target=label, targets=(label,)))
    chance = 1.96 / np.sqrt(len(weights) - 1) if len(weights) > 1 else np.nan
    return Sanity(
        against=classifier.class_names[label],
        correlation=rank_correlation(e.weights, weights),
        chance=float(chance),
        random_weights=weights,
    )


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Compute Spearman's rank correlation of two sets of weights.

    Values that differ only by rounding count as equal.

    Parameters
    ----------
    a, b : (K,) array of float

    Returns
    -------
    correlation : float
        -1 to 1; 0 if one argument is constant, NaN for fewer than 3 values.
    """
    from scipy.stats import spearmanr

    a, b = (np.round(w / max(np.abs(w).max(), ZERO), 6) for w in (a, b))
    if len(a) < 3:
        return float("nan")
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(spearmanr(a, b).statistic)
