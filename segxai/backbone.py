"""The network that the default classifier and the segmenters share: one graph, one set of weights.

Import this module inside a function, because it imports TensorFlow.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

import numpy as np

from .nets import efficientnet_lite
from .nets.graph import GraphSession, tf
from .weights import assign_weights
from .weights.loaded import loaded
from .weights.published import efficientnet_lite0_weights


class Backbone(GraphSession):
    """A network with its weights, on images of any size or on the coalitions of one photograph.

    Perturbing inside the graph takes one look-up per pixel, instead of copying every perturbed
    photograph at full size in Python.

    Parameters
    ----------
    network : callable
        Builds the graph: from images (N, H, W, 3), RGB values 0..255, to (logits, end points).
    weights : mapping of str to ndarray
        An array for each variable's name.
    size : int
        Side in pixels of the input for which the network was trained.

    Attributes
    ----------
    images : (N, H, W, 3) tensor
        The input; where it is not fed, the photograph perturbed by the coalitions.
    image, fill : (size, size, 3) tensors
        The photograph, and what replaces the regions that a coalition lacks.
    labels : (size, size) tensor
        The region of each pixel, 0..K-1.
    masks : (N, K) tensor
        The coalitions: 1 where a region is shown, 0 where it is replaced.
    end_points : dict of str to tensor
    probabilities : (N, C) tensor
    """

    def __init__(self, network: Callable, weights: Mapping[str, np.ndarray], size: int):
        super().__init__()
        self.size = size
        with self.build():
            self.image = tf.placeholder(tf.float32, (size, size, 3), "image")
            self.fill = tf.placeholder(tf.float32, (size, size, 3), "fill")
            self.labels = tf.placeholder(tf.int32, (size, size), "labels")
            self.masks = tf.placeholder(tf.float32, (None, None), "masks")
            on = tf.gather(self.masks, self.labels, axis=1)[..., None]
            self.images = tf.placeholder_with_default(
                self.fill + on * (self.image - self.fill), (None, None, None, 3)
            )
            logits, self.end_points = network(self.images)
            self.probabilities = tf.nn.softmax(logits)
        assign_weights(self, weights)

    def features(self, images: np.ndarray, names: Iterable[str]) -> dict[str, np.ndarray]:
        """Compute end points of images.

        Parameters
        ----------
        images : (N, H, W, 3) ndarray
            RGB values 0..255; both sides have at least 32 pixels.
        names : iterable of str
            Of end points, e.g. "stride_8" or "head".

        Returns
        -------
        features : dict of str to (N, h, w, D) ndarray of float32
        """
        return self.run({name: self.end_points[name] for name in names}, {self.images: images})


def efficientnet_lite0() -> Backbone:
    """Return EfficientNet-Lite0 with its ImageNet weights, loaded once (again if closed)."""
    return loaded("efficientnet_lite0", lambda: efficientnet(efficientnet_lite0_weights(), 1000))


def efficientnet(weights: Mapping[str, np.ndarray], num_classes: int) -> Backbone:
    """Return an EfficientNet-Lite0 with the given weights, {variable: array}."""
    return Backbone(
        partial(efficientnet_lite.efficientnet_lite0, num_classes=num_classes),
        weights,
        efficientnet_lite.INPUT_SIZE,
    )
