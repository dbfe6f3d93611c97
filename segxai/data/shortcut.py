"""A planted shortcut: a classifier that is known to rely on a badge, with the correct explanation.

The story: a classifier is claimed to recognise prize-winning photographs. The club that awards the
prize prints its badge on the winning pictures, and the classifier has learned to detect the badge.
Each training photograph was used twice, as "prize" with the badge and as "ordinary" without it, so
nothing but the badge separates the two classes.

Source of the idea: Lapuschkin et al. 2019, "Unmasking Clever Hans predictors and assessing what
machines really learn".
"""

from dataclasses import dataclass

import numpy as np
import skimage.data
from PIL import Image, ImageDraw

from ..classifiers.classifier import BATCH_SIZE, batches
from ..classifiers.networks import NetClassifier, efficientnet_classifier
from ..errors import whole_number
from ..images import as_image, resize
from ..weights.published import efficientnet_lite0_weights

CLASSES = ("ordinary", "prize")
SIZE = 0.33  # the badge's diameter as a share of the photograph's shorter side
# Photographs of scikit-image; training and explanation use different ones.
_TRAINING = (
    "astronaut",
    "camera",
    "coins",
    "moon",
    "brick",
    "gravel",
    "hubble_deep_field",
    "immunohistochemistry",
    "retina",
    "page",
    "text",
    "colorwheel",
    "clock",
)
_HELD_OUT = ("chelsea", "coffee", "rocket", "motorcycle")
_TRAINING_PAIRS = 160
_PENALTY = 0.1  # C of the logistic regression, on standardised features
_BLUE, _WHITE, _RED = (20, 40, 140), (255, 255, 255), (210, 25, 35)
_RINGS = {0.5: _BLUE, 0.41: _WHITE, 0.32: _RED, 0.22: _WHITE, 0.12: _RED}  # outer radii


@dataclass(frozen=True, eq=False)
class Planted:
    """A classifier with a planted shortcut, and held-out photographs on which to explain it.

    Attributes
    ----------
    images : tuple of (H, W, 3) arrays of uint8
    masks : tuple of (H, W) arrays of bool
        True on the badge; all False for ordinary photographs.
    labels : tuple of int
        1 for winners, which carry the badge, else 0.
    plain : tuple of (H, W, 3) arrays of uint8
        The same photographs without the badge.
    names : tuple of str
        Of the photographs.
    classifier : Classifier
        Of the classes "ordinary" and "prize".
    """

    images: tuple[np.ndarray, ...]
    masks: tuple[np.ndarray, ...]
    labels: tuple[int, ...]
    plain: tuple[np.ndarray, ...]
    names: tuple[str, ...]
    classifier: NetClassifier

    @property
    def winners(self) -> tuple[int, ...]:
        """The indices of the photographs that carry the badge."""
        return tuple(i for i, label in enumerate(self.labels) if label)


def planted(seed: int = 0) -> Planted:
    """Train a classifier that relies on a badge.

    The classifier is EfficientNet-Lite0 with a new last layer of two classes: logistic regression
    on its 1280 pooled features. Deterministic for a given seed; takes about ten seconds.

    Parameters
    ----------
    seed : int

    Returns
    -------
    planted : Planted
        The classifier, with eight winners (with the badge) and eight ordinary photographs.

    Raises
    ------
    SegxaiValueError
        For any other seed than a whole number of at least 0.

    References
    ----------
    Lapuschkin et al. 2019, "Unmasking Clever Hans predictors and assessing what machines really
    learn".
    """
    whole_number("seed", seed)
    rng = np.random.default_rng(seed)
    classifier = _badge_classifier(rng)
    views = {
        f"{name}, {view}": picture
        for name in _HELD_OUT
        for view, picture in _views(_photograph(name)).items()
    }
    plain = list(views.values())
    # Two of each photograph's four views win, so that the content does not reveal the class.
    wins = np.concatenate([rng.permutation([1, 1, 0, 0]) for _ in _HELD_OUT])
    # At least a twentieth of the free range away from the edges.
    places = rng.uniform(0.05, 0.95, (len(plain), 2))
    painted, masks = zip(
        *(paint(p, SIZE, *at) for p, at in zip(plain, places, strict=True)), strict=True
    )
    shown = [
        with_badge if win else p for p, with_badge, win in zip(plain, painted, wins, strict=True)
    ]
    return Planted(
        images=tuple(shown),
        masks=tuple(mask & bool(win) for mask, win in zip(masks, wins, strict=True)),
        labels=tuple(map(int, wins)),
        plain=tuple(plain),
        names=tuple(views),
        classifier=classifier,
    )


def badge(side: int) -> np.ndarray:
    """Draw the badge.

    Parameters
    ----------
    side : int
        In pixels.

    Returns
    -------
    picture : (side, side, 4) array of uint8
        RGBA: blue, white and red rings on a transparent background.
    """
    # Drawn at four times the resolution and averaged, for smooth edges.
    picture = Image.new("RGBA", (4 * side, 4 * side), (*_BLUE, 0))
    for limit, colour in _RINGS.items():
        corners = 4 * side * (0.5 - limit), 4 * side * (0.5 + limit) - 1
        ImageDraw.Draw(picture).ellipse([corners[0]] * 2 + [corners[1]] * 2, (*colour, 255))
    return np.asarray(picture.reduce(4))


def paint(
    image: np.ndarray, size: float, row: float, column: float
) -> tuple[np.ndarray, np.ndarray]:
    """Paint the badge on a copy of an image.

    Parameters
    ----------
    image : (H, W, 3) array of uint8
    size : float
        Diameter as a share of the shorter side.
    row, column : float
        Position of the upper left corner, 0 to 1 of the free range.

    Returns
    -------
    copy : (H, W, 3) array of uint8
    mask : (H, W) array of bool
        True on the badge.
    """
    height, width = image.shape[:2]
    side = max(8, round(size * min(height, width)))
    top, left = round(row * (height - side)), round(column * (width - side))
    mark, picture = Image.fromarray(badge(side)), Image.fromarray(image)
    picture.paste(mark, (left, top), mark)
    mask = Image.new("L", picture.size)
    mask.paste(mark.getchannel("A"), (left, top))
    return np.array(picture), np.array(mask) > 127


def _badge_classifier(rng) -> NetClassifier:
    from sklearn.linear_model import LogisticRegression

    from ..backbone import efficientnet
    from ..nets.efficientnet_lite import SCOPE

    sources = [_photograph(name) for name in _TRAINING]
    pictures = []
    for index in range(_TRAINING_PAIRS):
        background = _crop(sources[index % len(sources)], rng)
        wearing, _ = paint(background, SIZE * rng.uniform(0.9, 1.1), rng.random(), rng.random())
        pictures += [background, wearing]
    features = _features(pictures)
    mean, scale = features.mean(axis=0), features.std(axis=0) + 0.05
    model = LogisticRegression(C=_PENALTY, max_iter=3000).fit(
        (features - mean) / scale, np.arange(len(pictures)) % 2
    )
    direction = model.coef_[0] / scale
    weights = {
        **efficientnet_lite0_weights(),
        f"{SCOPE}/logits/weights": np.outer(direction, [0, 1]).astype(np.float32),
        f"{SCOPE}/logits/biases": np.array([0, model.intercept_[0] - direction @ mean], np.float32),
    }
    return efficientnet_classifier("planted", efficientnet(weights, len(CLASSES)), CLASSES)


def _features(pictures) -> np.ndarray:
    """(N, 1280) pooled features of each picture, the input of the network's last layer."""
    from ..backbone import efficientnet_lite0

    net = efficientnet_lite0()
    size = (net.size, net.size)
    means = [
        net.features(np.stack([resize(p, size) for p in pictures[batch]]), ["head"])["head"].mean(
            axis=(1, 2)
        )
        for batch in batches(len(pictures), BATCH_SIZE)
    ]
    return np.concatenate(means)


def _photograph(name) -> np.ndarray:
    if name == "motorcycle":
        return as_image(skimage.data.stereo_motorcycle()[0])
    return as_image(getattr(skimage.data, name)())


def _views(image) -> dict[str, np.ndarray]:
    """Four views of a photograph; the parts are four fifths of it."""
    cut = image.shape[1] * 4 // 5
    views = {
        "whole": image,
        "mirrored": image[:, ::-1],
        "left part": image[:, :cut],
        "right part, mirrored": image[:, -cut:][:, ::-1],
    }
    return {name: np.ascontiguousarray(view) for name, view in views.items()}


def _crop(image, rng) -> np.ndarray:
    """Cut out a random part, possibly mirrored; its shorter side has 300 pixels."""
    height, width = (round(side * rng.uniform(0.4, 1)) for side in image.shape[:2])
    row = rng.integers(image.shape[0] - height + 1)
    column = rng.integers(image.shape[1] - width + 1)
    window = image[row : row + height, column : column + width][:, :: rng.choice([-1, 1])]
    shape = (300, round(300 / rng.uniform(0.66, 1)))
    shape = shape if rng.random() < 0.8 else shape[::-1]
    return np.rint(resize(np.ascontiguousarray(window), shape)).astype(np.uint8)
