"""A planted shortcut: a classifier that is known to rely on a badge, so that the correct explanation is known too.

The story: a classifier is claimed to recognise prize-winning photographs. The club that awards the prize prints its badge on the
winning pictures, and the classifier has learned to detect the badge. Each training photograph was used twice, as "prize" with the
badge and as "ordinary" without it, so nothing but the badge separates the two classes.

Source of the idea: Lapuschkin et al. 2019, "Unmasking Clever Hans predictors and assessing what machines really learn".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import skimage.data

from ..classifiers.classifier import BATCH_SIZE, batches
from ..classifiers.networks import NetClassifier, efficientnet_classifier
from ..errors import SegxaiValueError, is_number, whole_number
from ..images import as_image, resize
from ..weights import assign_weights

CLASSES = ("ordinary", "prize")
# Photographs of scikit-image; training and explanation use different ones.
_TRAINING = (
    "astronaut", "camera", "coins", "moon", "brick", "gravel", "hubble_deep_field", "immunohistochemistry", "retina", "page",
    "text", "colorwheel", "clock",
)  # fmt: skip
_HELD_OUT = ("chelsea", "coffee", "rocket", "motorcycle")
_TRAINING_PAIRS = 160
_PENALTY = 0.1  # C of the logistic regression, on standardised features


class Evidence(NamedTuple):
    """The classifier's performance on held-out photographs, half of them winners. All values except `photographs` are shares, 0 to 1.

    accuracy: on the photographs as they are, winners with the badge. without: accuracy with the badge removed everywhere (0.5 is
    chance). added: share of ordinary photographs that become "prize" with the badge added. removed: share of winners that stay
    "prize" with the badge removed. moved: share of winners that stay "prize" with the badge at another place.
    photographs: their number.
    """

    accuracy: float
    without: float
    added: float
    removed: float
    moved: float
    photographs: int

    def sentences(self) -> list[str]:
        """The numbers as sentences."""
        return [
            f"On {self.photographs} unseen photographs the classifier is right in {self.accuracy:.0%}.",
            f"With the badge removed everywhere it is right in {self.without:.0%}; chance is 50%.",
            f"{self.added:.0%} of the ordinary photographs become “prize” when the badge is added; "
            f"{self.removed:.0%} of the winners stay “prize” without it, and {self.moved:.0%} do when it is moved.",
        ]


@dataclass(frozen=True, eq=False)
class Planted:
    """A classifier with a planted shortcut, and held-out photographs on which to explain it.

    images: (H, W, 3) uint8. masks: (H, W) bool, True on the badge; all False for ordinary photographs. labels: 1 for winners,
    which carry the badge, else 0. names: of the photographs. classifier: of the classes "ordinary" and "prize".
    evidence: measurements showing that the classifier uses the badge.
    """

    images: tuple[np.ndarray, ...]
    masks: tuple[np.ndarray, ...]
    labels: tuple[int, ...]
    names: tuple[str, ...]
    classifier: NetClassifier
    evidence: Evidence

    @property
    def winners(self) -> tuple[int, ...]:
        """The indices of the photographs that carry the badge."""
        return tuple(i for i, label in enumerate(self.labels) if label)


def planted(seed: int = 0, size: float = 0.33) -> Planted:
    """Train a classifier that relies on a badge, and return it with eight winners (with the badge) and eight ordinary photographs.

    The classifier is EfficientNet-Lite0 with a new last layer of two classes: logistic regression on its 1280 pooled features.
    size: the badge's diameter as a share of the photograph's shorter side, 0.15 to 0.5. Deterministic for a given seed; takes
    about ten seconds. Raises SegxaiValueError for a size outside this range.
    """
    whole_number("seed", seed)
    if not is_number(size) or not 0.15 <= size <= 0.5:
        raise SegxaiValueError(
            f"size must be a share of the shorter side from 0.15 to 0.5; got {size!r}."
        )
    rng = np.random.default_rng(seed)
    classifier = _badge_classifier(rng, size)
    views = [
        (f"{name}, {view}", picture)
        for name in _HELD_OUT
        for view, picture in _views(_photograph(name))
    ]
    # Two of each photograph's four views win, so that the content does not reveal the class.
    wins = np.concatenate([rng.permutation([1, 1, 0, 0]) for _ in _HELD_OUT])
    places = [_place(rng) for _ in views]
    shown, masks = [], []
    for (_, picture), place, win in zip(views, places, wins, strict=True):
        painted, mask = paint(picture, size, *place)
        shown.append(painted if win else picture)
        masks.append(mask if win else np.zeros_like(mask))
    evidence = _evidence(classifier, [picture for _, picture in views], shown, wins, places, size)
    return Planted(
        tuple(shown),
        tuple(masks),
        tuple(map(int, wins)),
        tuple(n for n, _ in views),
        classifier,
        evidence,
    )


def badge(side: int) -> np.ndarray:
    """The badge, (side, side, 4) uint8 RGBA: blue, white and red rings on a transparent background."""
    # Drawn at four times the resolution and averaged, for smooth edges.
    at = (np.arange(4 * side) + 0.5) / (4 * side) - 0.5
    radius = np.hypot(at[:, None], at[None, :])
    picture = np.zeros((*radius.shape, 4))
    for limit, colour in (
        (0.5, (20, 40, 140)),
        (0.41, (255, 255, 255)),
        (0.32, (210, 25, 35)),
        (0.22, (255, 255, 255)),
        (0.12, (210, 25, 35)),
    ):
        picture[radius <= limit] = (*colour, 255)
    picture[..., :3] *= picture[..., 3:] / 255
    mean = picture.reshape(side, 4, side, 4, 4).mean(axis=(1, 3))
    alpha = np.maximum(mean[..., 3:], 1e-6) / 255
    return np.rint(np.concatenate([mean[..., :3] / alpha, mean[..., 3:]], axis=-1)).astype(np.uint8)


def paint(
    image: np.ndarray, size: float, row: float, column: float
) -> tuple[np.ndarray, np.ndarray]:
    """Paint the badge on a copy of an image (H, W, 3); returns the copy and the badge's (H, W) bool mask.

    size: diameter as a share of the shorter side. row, column: position of the upper left corner, 0 to 1 of the free range.
    """
    height, width = image.shape[:2]
    side = max(8, round(size * min(height, width)))
    top, left = round(row * (height - side)), round(column * (width - side))
    rgba = badge(side).astype(float)
    alpha = rgba[..., 3:] / 255
    out, mask = image.astype(float), np.zeros((height, width), bool)
    window = (slice(top, top + side), slice(left, left + side))
    out[window] = alpha * rgba[..., :3] + (1 - alpha) * out[window]
    mask[window] = rgba[..., 3] > 127
    return np.rint(out).astype(np.uint8), mask


def _badge_classifier(rng, size) -> NetClassifier:
    from sklearn.linear_model import LogisticRegression

    from ..nets.efficientnet_lite import SCOPE
    from ..weights.efficientnet_lite import efficientnet_lite0_weights

    sources = [_photograph(name) for name in _TRAINING]
    pictures = []
    for index in range(_TRAINING_PAIRS):
        background = _crop(sources[index % len(sources)], rng)
        pictures += [
            background,
            paint(background, size * rng.uniform(0.9, 1.1), rng.random(), rng.random())[0],
        ]
    features = _features(pictures)
    mean, scale = features.mean(axis=0), features.std(axis=0) + 0.05
    model = LogisticRegression(C=_PENALTY, max_iter=3000).fit(
        (features - mean) / scale, np.arange(len(pictures)) % 2
    )
    direction = model.coef_[0] / scale
    weights = dict(efficientnet_lite0_weights())
    weights[f"{SCOPE}/logits/weights"] = np.stack([0 * direction, direction], axis=1).astype(
        np.float32
    )
    weights[f"{SCOPE}/logits/biases"] = np.array(
        [0, model.intercept_[0] - direction @ mean], np.float32
    )
    return efficientnet_classifier("planted", weights, CLASSES)


def _features(pictures) -> np.ndarray:
    """(N, 1280) pooled features of each picture, the input of the network's last layer."""
    from ..nets import efficientnet_lite
    from ..nets.graph import GraphSession, tf
    from ..weights.efficientnet_lite import efficientnet_lite0_weights

    side = (efficientnet_lite.INPUT_SIZE,) * 2
    with GraphSession() as net:
        with net.build():
            images = tf.placeholder(tf.float32, (None, *side, 3))
            _, ends = efficientnet_lite.efficientnet_lite0(efficientnet_lite.preprocess(images))
            pooled = tf.reduce_mean(ends["head"], axis=[1, 2])
        assign_weights(net, efficientnet_lite0_weights())
        parts = [pictures[batch] for batch in batches(len(pictures), BATCH_SIZE)]
        return np.concatenate(
            [net.run(pooled, {images: np.stack([resize(p, side) for p in part])}) for part in parts]
        )


def _evidence(classifier, plain, shown, wins, places, size) -> Evidence:
    def prizes(pictures):
        return classifier.predict(pictures).argmax(axis=1) == 1

    # Moved to the opposite corner, or to an edge for a badge near the middle.
    elsewhere = [
        (0.0 if row > 0.5 else 1.0, 0.0 if column > 0.5 else 1.0) for row, column in places
    ]
    won = np.asarray(wins, bool)
    without = prizes(plain)
    wearing = prizes([paint(p, size, *place)[0] for p, place in zip(plain, places, strict=True)])
    moved = prizes([paint(p, size, *place)[0] for p, place in zip(plain, elsewhere, strict=True)])
    return Evidence(
        float((prizes(shown) == won).mean()), float((without == won).mean()), float(wearing[~won].mean()),
        float(without[won].mean()), float(moved[won].mean()), len(plain),
    )  # fmt: skip


def _photograph(name) -> np.ndarray:
    return as_image(
        skimage.data.stereo_motorcycle()[0]
        if name == "motorcycle"
        else getattr(skimage.data, name)()
    )


def _views(image):
    """Four views of a photograph: unchanged, mirrored, its left four fifths, and its right four fifths mirrored."""
    cut = image.shape[1] * 4 // 5
    yield "whole", image
    yield "mirrored", np.ascontiguousarray(image[:, ::-1])
    yield "left part", np.ascontiguousarray(image[:, :cut])
    yield "right part, mirrored", np.ascontiguousarray(image[:, -cut:][:, ::-1])


def _crop(image, rng) -> np.ndarray:
    """A random crop, possibly mirrored, with a photograph's aspect ratio; the shorter side has 300 pixels."""
    height, width = (round(side * rng.uniform(0.4, 1)) for side in image.shape[:2])
    row, column = (
        rng.integers(image.shape[0] - height + 1),
        rng.integers(image.shape[1] - width + 1),
    )
    window = np.ascontiguousarray(
        image[row : row + height, column : column + width][:, :: rng.choice([-1, 1])]
    )
    shape = (300, round(300 / rng.uniform(0.66, 1)))
    return np.rint(resize(window, shape if rng.random() < 0.8 else shape[::-1])).astype(np.uint8)


def _place(rng) -> tuple[float, float]:
    """(row, column) for `paint`, at least a twentieth of the free range away from the edges."""
    row, column = rng.uniform(0.05, 0.95, 2)
    return float(row), float(column)
