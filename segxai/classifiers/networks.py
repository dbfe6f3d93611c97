"""The built-in networks, `segxai.nets`, as classifiers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import SegxaiError, SegxaiValueError
from ..images import resize, resize_labels
from ..weights import assign_weights
from ..weights.imagenet import imagenet_class_names
from ..weights.loaded import loaded
from ..weights.vgg16 import THREE_WAYS, vgg16_weights
from .classifier import Classifier, batches
from .early_plan import EarlyPlan


class NetClassifier(Classifier):
    """A built-in network, which resizes images and perturbs them at its own input size.

    Perturbing inside the graph takes one look-up per pixel, instead of copying every perturbed photograph at full size in Python.
    network: a function from the input batch to (logits, end_points). early: the end point near the input that has the `stride` and
    `window` of `early_plan.EarlyPlan`, so that the early layers are computed once for many coalitions; or None.
    The graph serves others, too: `net` runs `end_points` and `probabilities` on `images` (N, H, W, 3) of any size, 0..255.
    """

    def __init__(
        self,
        name: str,
        network: Callable,
        weights: Mapping[str, np.ndarray],
        class_names: Sequence[str],
        size: int,
        early: str | None = None,
        stride: int = 0,
        window: tuple[int, int] = (0, 0),
    ):
        from ..nets.graph import GraphSession, tf

        super().__init__(self._run, class_names, name, channels=3)
        self.size = size
        self.net = GraphSession()
        with self.net.build():
            self._image = tf.placeholder(tf.float32, (size, size, 3), "image")
            self._fill = tf.placeholder(tf.float32, (size, size, 3), "fill")
            self._labels = tf.placeholder(tf.int32, (size, size), "labels")
            self._masks = tf.placeholder(tf.float32, (None, None), "masks")
            on = tf.gather(self._masks, self._labels, axis=1)[..., None]
            # What is fed here, as `predict` does, bypasses the masking and may have another size.
            self.images = tf.placeholder_with_default(
                self._fill + on * (self._image - self._fill), (None, None, None, 3)
            )
            logits, self.end_points = network(self.images)
            self.probabilities = tf.nn.softmax(logits)
        self._early = None if early is None else self.end_points[early]
        self._stride, self._window = stride, window
        assign_weights(self.net, weights)

    def masked_predictor(
        self, image: np.ndarray, labels: np.ndarray, filled: np.ndarray, expected: int = 0
    ) -> Callable:
        self.check_channels(image)
        size = (self.size, self.size)
        small = resize_labels(labels, size)
        feed = {
            self._image: resize(image, size),
            self._fill: resize(filled, size),
            self._labels: small,
        }

        def run(fetch, masks):
            return self.net.run(fetch, {**feed, self._masks: masks.astype(np.float32)})

        plan = (
            EarlyPlan(small, int(labels.max()) + 1, self._stride, self._window, expected)
            if self._early is not None
            else None
        )
        if plan is None or plan.rows is None:
            return lambda masks: run(self.probabilities, masks)
        early = np.concatenate(
            [
                run(self._early, plan.rows[batch])
                for batch in batches(len(plan.rows), self.batch_size)
            ]
        )
        return lambda masks: self.net.run(
            self.probabilities, {self._early: plan.assemble(early, masks)}
        )

    @property
    def nbytes(self) -> int:
        """Bytes of the network's weights."""
        return self.net.nbytes

    @property
    def closed(self) -> bool:
        return self.net.closed

    def close(self) -> None:
        self.net.close()

    def predict_batch(self, images: Sequence[np.ndarray]) -> np.ndarray:
        return self.checked(
            np.stack([resize(image, (self.size, self.size)) for image in images]), len(images)
        )

    def _run(self, batch):
        return self.net.run(self.probabilities, {self.images: batch})


def default_classifier() -> NetClassifier:
    """EfficientNet-Lite0, loaded once and shared; reloaded if it was closed."""
    return loaded("efficientnet_lite0", _efficientnet_lite0)


def efficientnet_lite0_classifier(weights: Any) -> NetClassifier:
    if not (isinstance(weights, str) and weights == "auto"):
        raise SegxaiValueError(
            "efficientnet_lite0 takes its weights only from its pip package; use weights='auto'."
        )
    return default_classifier()


def _efficientnet_lite0() -> NetClassifier:
    from ..weights.efficientnet_lite import efficientnet_lite0_weights

    return efficientnet_classifier(
        "efficientnet_lite0", efficientnet_lite0_weights(), imagenet_class_names()
    )


def efficientnet_classifier(
    name: str, weights: Mapping[str, np.ndarray], class_names: Sequence[str]
) -> NetClassifier:
    """An EfficientNet-Lite0 classifier with the given weights, {variable: array}, and one output for each class name."""
    from ..nets import efficientnet_lite

    def network(images):
        return efficientnet_lite.efficientnet_lite0(
            efficientnet_lite.preprocess(images), num_classes=len(class_names)
        )

    return NetClassifier(
        name,
        network,
        weights,
        class_names,
        efficientnet_lite.INPUT_SIZE,
        "stride_4",
        4,
        efficientnet_lite.STRIDE_4_WINDOW,
    )


def vgg16_classifier(weights: Any) -> NetClassifier:
    from ..nets import vgg16

    if weights is None:
        raise SegxaiValueError(f"A classifier needs trained weights. {THREE_WAYS}")
    arrays = vgg16_weights(weights)
    for layer in ("fc6", "fc7", "fc8"):
        if f"{vgg16.SCOPE}/{layer}/weights" not in arrays:
            raise SegxaiError(
                f"These VGG16 weights lack {layer}, which a classifier needs. {THREE_WAYS}"
            )
    number = arrays[f"{vgg16.SCOPE}/fc8/weights"].shape[-1]

    def network(images):
        logits, end_points = vgg16.vgg16(vgg16.preprocess(images), num_classes=number)
        return logits[:, 0, 0], end_points

    names = imagenet_class_names() if number == 1000 else [f"class {i}" for i in range(number)]
    return NetClassifier("vgg16", network, arrays, names, vgg16.INPUT_SIZE)
