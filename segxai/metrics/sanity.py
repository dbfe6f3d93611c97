"""Does the explanation depend on the model at all? It should change when the model has learned nothing.

Source of both checks: Adebayo et al. 2018, "Sanity Checks for Saliency Maps": the model parameter
randomization test and the data randomization test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..classifiers.load import load_classifier
from ..classifiers.networks import NetClassifier, efficientnet_classifier
from ..errors import SegxaiValueError, whole_number
from ..explanation.coalitions import evaluate_coalitions
from ..weights.imagenet import imagenet_class_names
from ..weights.loaded import loaded
from .order import tied_groups


@dataclass(frozen=True, eq=False)
class Sanity:
    """correlation: Spearman's, of the weights with those of the random model, -1 to 1; near 0 is right, near 1 is suspicious.

    chance: half-width of the 95 % band in which rank correlations of unrelated weights lie, 1.96 / sqrt(K - 1): wide for few regions.
    weights, random_weights: (K,). against: what was explained in place of the model. calls: images evaluated.
    """

    kind: str
    against: str
    correlation: float
    chance: float
    weights: np.ndarray
    random_weights: np.ndarray
    calls: int


def random_model(explanation, other=None, seed: int = 0) -> Sanity:
    """The same explanation of a model that has learned nothing. Near 0 is better; range -1 to 1; NaN for fewer than 3 regions.

    other: a classifier to compare with, e.g. your own network before training; when None, EfficientNet-Lite0 with its last
    layer shuffled with `seed`: it sees the same things, and does not know what they mean. One table of model calls.
    What remains above chance is what the regions and the fill bring with them, e.g. that large regions change any answer most.
    """
    other = shuffled_network(whole_number("seed", seed)) if other is None else load_classifier(other)
    e = explanation
    e.need_class("This check")
    if len(other.predict(e.image)[0]) <= e.coalitions.target:
        raise SegxaiValueError(f"The other classifier has no class {e.coalitions.target}, which is explained here.")
    return _compare(e, "random model", other.name, other, e.coalitions.target)


def random_label(explanation, other=None, seed: int = 0) -> Sanity:
    """The same explanation where the labels mean nothing. Near 0 is better; range -1 to 1; NaN for fewer than 3 regions.

    other: a classifier that was trained on permuted labels. When None nothing is trained: the labels of this classifier's answers
    are permuted, so that the target's name reads the answer for another class, drawn with `seed`. One table of model calls.
    A class drawn may look alike (two breeds of cats); repeat with other seeds.
    """
    e = explanation
    e.need_class("This check")
    if other is not None:
        other = load_classifier(other)
        return _compare(e, "random label", other.name, other, e.coalitions.target)
    e.need_classifier("random_label()")
    classes = np.delete(np.arange(len(e.classifier.class_names)), e.coalitions.target)
    label = int(np.random.default_rng(whole_number("seed", seed)).choice(classes))
    return _compare(e, "random label", e.classifier.class_names[label], e.classifier, label)


def shuffled_network(seed: int = 0) -> NetClassifier:
    """EfficientNet-Lite0 whose last layer is shuffled, the first step of the cascade in Adebayo et al. 2018.

    With every layer shuffled it would give one class all probability for any image, and any explanation would pass.
    """
    return loaded(("efficientnet_lite0, last layer shuffled", seed), lambda: _shuffled_network(seed))


def _shuffled_network(seed) -> NetClassifier:
    from ..weights.efficientnet_lite import efficientnet_lite0_weights

    rng = np.random.default_rng(seed)
    weights = {
        name: rng.permutation(array.ravel()).reshape(array.shape) if "/logits/" in name else array
        for name, array in efficientnet_lite0_weights().items()
    }
    return efficientnet_classifier("efficientnet_lite0, last layer shuffled", weights, imagenet_class_names())


def rank_correlation(a, b) -> float:
    """Spearman's rank correlation; 0 where one of the two is constant, for then it orders nothing; NaN for fewer than 3 values.

    Values that differ by rounding only are equal, as for `tied_groups`.
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
    table = evaluate_coalitions(
        classifier, e.image, e.regions, label,
        fill=e.coalitions.filled, max_evaluations=max(2, len(e.coalitions.masks)), seed=e.coalitions.seed, progress=False,
        method=e.method, kernel_width=e.kernel_width,
    )  # fmt: skip
    other = e.with_coalitions(table).weights
    number = len(e.weights)
    chance = 1.96 / np.sqrt(number - 1) if number > 1 else float("nan")
    return Sanity(kind, against, rank_correlation(e.weights, other), float(chance), e.weights, other, table.evaluations)
