"""EfficientNet-Lite0 for images of any size: what `deep` merges by, and the classes that regions are named after."""

from __future__ import annotations

from ..weights import assign_weights
from ..weights.loaded import Network, loaded


def encoder() -> Network:
    """The network, loaded once: images (N, H, W, 3) of 0..255, its end_points by name, and probabilities (N, 1000)."""
    return loaded("efficientnet_lite0 encoder", _encoder)


def _encoder() -> Network:
    from ..nets import efficientnet_lite
    from ..nets.graph import GraphSession, tf
    from ..weights.efficientnet_lite import efficientnet_lite0_weights

    net = GraphSession()
    with net.build():
        images = tf.placeholder(tf.float32, (None, None, None, 3), "images")
        logits, end_points = efficientnet_lite.efficientnet_lite0(efficientnet_lite.preprocess(images))
        probabilities = tf.nn.softmax(logits)
    assign_weights(net, efficientnet_lite0_weights())
    return Network(net, images=images, end_points=end_points, probabilities=probabilities)
