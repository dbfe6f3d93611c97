"""Sanity checks: does the explanation depend on the model? It should change if the model has learned nothing.

Source: Adebayo et al. 2018, "Sanity Checks for Saliency Maps", the model parameter randomization test and the data
randomization test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..classifiers.load import ClassifierLike, load_classifier
from ..classifiers.networks import NetClassifier, efficientnet_classifier
from ..errors import SegxaiValueError, whole_number
from ..explanation.explanation import Explanation
from ..weights.imagenet import imagenet_class_names
from ..weights.loaded import loaded
from .metric import Metric
from .order import tied_groups


@dataclass(frozen=True, eq=False)
class Sanity:
    """correlation: Spearman's rank correlation of the weights with the random ones, -1 to 1; near 0 passes, near 1 is suspicious.

    chance: the half-width of the 95 % band for unrelated weights, 1.96 / sqrt(K - 1), which is wide for few regions.
    weights, random_weights: (K,). against: the model or class explained instead. calls: images evaluated.
    """

    kind: str
    against: str
    correlation: float
    chance: float
    weights: np.ndarray
    random_weights: np.ndarray
    calls: int


def random_model(explanation: Explanation, other: ClassifierLike = None, seed: int = 0) -> Sanity:
    """Compare with the explanation of a model that has learned nothing. Near 0 is better; range -1 to 1; NaN for fewer than 3 regions.

    other: the untrained classifier, e.g. your own network before training; by default EfficientNet-Lite0 with its last layer
    shuffled by `seed`, which has the same features but no knowledge of the classes. Takes one table of model calls.
    A correlation above chance is due to the regions and the fill, e.g. because large regions change any output most.
    Raises SegxaiError if the other classifier lacks the target class.
    """
    other = (
        shuffled_network(whole_number("seed", seed)) if other is None else load_classifier(other)
    )
    e = explanation
    e.need_class("This check")
    if len(other.predict([e.picture])[0]) <= e.coalitions.target:
        raise SegxaiValueError(
            f"The other classifier has no class {e.coalitions.target}, the target of this explanation."
        )
    return _compare(e, "random model", other.name, other, e.coalitions.target)


def random_label(explanation: Explanation, other: ClassifierLike = None, seed: int = 0) -> Sanity:
    """Compare with the explanation under permuted labels. Near 0 is better; range -1 to 1; NaN for fewer than 3 regions.

    other: a classifier trained on permuted labels. By default nothing is trained; instead the labels of this classifier's outputs
    are permuted, so that the target stands for another class, drawn with `seed`. Takes one table of model calls.
    The class drawn may resemble the target (two breeds of cats), so repeat with other seeds.
    Raises SegxaiError if the explanation holds no classifier.
    """
    e = explanation
    e.need_class("This check")
    if other is not None:
        other = load_classifier(other)
        return _compare(e, "random label", other.name, other, e.coalitions.target)
    classifier = e.need_classifier("random_label()")
    classes = np.delete(np.arange(len(classifier.class_names)), e.coalitions.target)
    label = int(np.random.default_rng(whole_number("seed", seed)).choice(classes))
    return _compare(e, "random label", classifier.class_names[label], classifier, label)


def shuffled_network(seed: int = 0) -> NetClassifier:
    """EfficientNet-Lite0 with its last layer shuffled, the first step of the cascading randomization in Adebayo et al. 2018.

    With all layers shuffled, the network would assign all probability to one class for any image, and every explanation would pass.
    """
    return loaded(
        ("efficientnet_lite0, last layer shuffled", seed), lambda: _shuffled_network(seed)
    )


def _shuffled_network(seed) -> NetClassifier:
    from ..weights.efficientnet_lite import efficientnet_lite0_weights

    rng = np.random.default_rng(seed)
    weights = {
        name: rng.permutation(array.ravel()).reshape(array.shape) if "/logits/" in name else array
        for name, array in efficientnet_lite0_weights().items()
    }
    return efficientnet_classifier(
        "efficientnet_lite0, last layer shuffled", weights, imagenet_class_names()
    )


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation; 0 if one argument is constant, NaN for fewer than 3 values.

    Values that differ only by rounding count as equal, as in `tied_groups`.
    """
    from scipy.stats import spearmanr

    if len(a) < 3:
        return float("nan")
    groups = tied_groups(a), tied_groups(b)
    if min(map(len, groups)) == 1:
        return 0.0
    places = np.empty((2, len(a)))
    for row, tied in zip(places, groups, strict=True):
        for place, members in enumerate(tied):
            row[members] = -place
    return float(spearmanr(*places).statistic)


def _compare(e, kind, against, classifier, label) -> Sanity:
    other = e.weights_again(classifier=classifier, target=label)
    number = len(e.weights)
    chance = 1.96 / np.sqrt(number - 1) if number > 1 else float("nan")
    return Sanity(
        kind,
        against,
        rank_correlation(e.weights, other),
        float(chance),
        e.weights,
        other,
        e.evaluations,
    )


METRICS = (
    Metric("random_model", "zero", "rank correlation with the weights of a network whose last layer is shuffled", lambda e: random_model(e).correlation),
    Metric("random_label", "zero", "rank correlation with the weights of a random class", lambda e: random_label(e).correlation),
)  # fmt: skip
