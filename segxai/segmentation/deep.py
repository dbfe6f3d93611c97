"""Regions by contour and by what a classifier's network sees: the region tree over EfficientNet-Lite0's features.

Basins of the contour map are described by the ImageNet network's end points, and merged by contour and description together: what
looks alike is joined across weak contours, and what differs stays apart although a contour is broken.

Sources: those of the tree; that intermediate features group into objects: Collins et al. 2018, "Deep Feature Factorization for
Concept Discovery".
"""

from __future__ import annotations

import numpy as np

from ..images import resize
from ..regions import Regions
from ..weights import assign_weights
from ..weights.loaded import loaded
from .segmenter import Segmenter, Slider
from .tree import LEAVES, Merging, tree_regions

NETWORK_SIDE = 1024  # pixels, the longest side of the copy that the network sees
STRIDE_WEIGHTS = {8: 1.0, 16: 1.0, 32: 0.75}
MERGING = Merging(floor=0.05, contour=3.0, size=0.4, worth=0.045)


def deep(image, n_regions="auto") -> Regions:
    """Regions by contour and by EfficientNet-Lite0's features: things and their parts, without annotation or training.

    n_regions: 1 to 48, or "auto": between 3 and 9, where the tree's next joins get expensive. Regions
    with fewer n_regions are unions of those with more, so `Regions.expand` knows each region's parts.
    """
    return tree_regions(image, "deep", n_regions, MERGING, features)


def features(image, labels) -> np.ndarray:
    """(B, D): what the network sees at each stride of each label 0..B-1 of (h, w), a map of any size.

    Each stride's end points are divided by one number, so that their variances over the photograph add up to the square of the
    stride's weight. One number for a stride, not for a channel: where the network responds strongly, differences count more.
    """
    share = np.bincount(labels.ravel()) / labels.size
    columns = []
    for stride, end_point in _end_points(image).items():
        pooled = pool(end_point, labels)
        variance = (share @ (pooled - share @ pooled) ** 2).sum()
        columns.append(STRIDE_WEIGHTS[stride] * pooled / np.sqrt(max(variance, 1e-12)))
    return np.concatenate(columns, axis=1)


def _end_points(image) -> dict[int, np.ndarray]:
    """{stride: (h, w, D)} of the photograph with its longest side at NETWORK_SIDE and both sides at least 32."""
    scale = NETWORK_SIDE / max(image.shape[:2])
    copy = resize(image, tuple(max(32, round(side * scale)) for side in image.shape[:2]))
    encoder = loaded("efficientnet_lite0 encoder", _Encoder)
    return {stride: value[0] for stride, value in encoder.net.run(encoder.end_points, {encoder.images: copy[None]}).items()}


class _Encoder:
    """EfficientNet-Lite0 without its classifier, for images of any size."""

    def __init__(self):
        from ..nets import efficientnet_lite
        from ..nets.graph import GraphSession, tf
        from ..weights.efficientnet_lite import efficientnet_lite0_weights

        self.net = GraphSession()
        with self.net.build():
            self.images = tf.placeholder(tf.float32, (None, None, None, 3), "images")
            _, ends = efficientnet_lite.efficientnet_lite0(efficientnet_lite.preprocess(self.images), num_classes=None)
        self.end_points = {stride: ends[f"stride_{stride}"] for stride in STRIDE_WEIGHTS}
        assign_weights(self.net, efficientnet_lite0_weights())

    @property
    def nbytes(self) -> int:
        return self.net.nbytes

    @property
    def closed(self) -> bool:
        return self.net.closed

    def close(self) -> None:
        self.net.close()


def pool(feature_map, labels) -> np.ndarray:
    """The mean of a feature map (h, w, D), bilinearly upsampled to the labels' size, over each label: (B, D).

    The upsampled map itself (hundreds of channels at full size) is never made: averaging and bilinear
    interpolation are both linear, so their weights are added up per label and map position first.
    """
    from scipy.sparse import coo_array

    (rows, row_weight), (columns, column_weight) = (
        _bilinear(full, small) for full, small in zip(labels.shape, feature_map.shape[:2], strict=True)
    )
    height, width, depth = feature_map.shape
    label, position, weight = [], [], []
    for i in range(2):
        for j in range(2):
            label.append(labels.ravel())
            position.append((rows[i][:, None] * width + columns[j]).ravel())
            weight.append((row_weight[i][:, None] * column_weight[j]).ravel())
    index = np.concatenate(label), np.concatenate(position)
    weights = coo_array((np.concatenate(weight), index), shape=(int(labels.max()) + 1, height * width)).tocsr()
    return weights @ feature_map.reshape(-1, depth) / np.bincount(labels.ravel())[:, None]


def _bilinear(full: int, small: int):
    """Along one axis: the two nearest positions in a map of `small` for each of `full` pixels, and their weights."""
    at = np.clip((np.arange(full) + 0.5) * small / full - 0.5, 0, small - 1)
    low = at.astype(int)
    return (low, np.minimum(low + 1, small - 1)), (1 - (at - low), at - low)


SEGMENTERS = (
    Segmenter(
        "deep", deep, "contours, and what EfficientNet-Lite0 sees",
        (Slider("n_regions", "regions", 0, 12, 0, zero="auto"),), lambda n, shape: [{"n_regions": min(n, LEAVES)}],
    ),
)  # fmt: skip
