"""The built-in networks, `segxai.nets`, as classifiers."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import SegxaiValueError
from ..images import resize, resize_labels
from ..weights.imagenet import imagenet_class_names
from ..weights.vgg16 import vgg16_weights
from .classifier import Classifier, batches
from .early_plan import EarlyPlan

if TYPE_CHECKING:
    from ..backbone import Backbone


class NetClassifier(Classifier):
    """A built-in network, which resizes images and perturbs them at its own input size.

    Parameters
    ----------
    name : str
    backbone : Backbone
        The network, which others may use as well.
    class_names : sequence of str
    early : tuple of str, int and (int, int), optional
        An end point near the input, whose layers are computed once for many coalitions, with its
        stride and its window (see `early_plan.EarlyPlan`).
    """

    def __init__(
        self,
        name: str,
        backbone: "Backbone",
        class_names: Sequence[str],
        early: tuple[str, int, tuple[int, int]] | None = None,
    ):
        super().__init__(self._run, class_names, name, channels=3)
        self.backbone, self._early = backbone, early

    def masked_predictor(
        self, image: np.ndarray, labels: np.ndarray, filled: np.ndarray, expected: int = 0
    ) -> Callable:
        """Return a function from coalitions to probabilities, see `Classifier.masked_predictor`."""
        self.check_channels(image)
        net, size = self.backbone, (self.backbone.size,) * 2
        small = resize_labels(labels, size)
        feed = {net.image: resize(image, size), net.fill: resize(filled, size), net.labels: small}

        def run(fetch, masks):
            return net.run(fetch, {**feed, net.masks: masks.astype(np.float32)})

        if self._early is not None:
            end_point, stride, window = self._early
            shared = net.end_points[end_point]
            plan = EarlyPlan(small, int(labels.max()) + 1, stride, window, expected)
            if plan.rows is not None:
                parts = batches(len(plan.rows), self.batch_size)
                early = np.concatenate([run(shared, plan.rows[part]) for part in parts])
                return lambda masks: net.run(
                    net.probabilities, {shared: plan.assemble(early, masks)}
                )
        return lambda masks: run(net.probabilities, masks)

    def close(self) -> None:
        """Free the network's memory, also for others who use it."""
        self.backbone.close()

    def predict_batch(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Evaluate at most `batch_size` images of any sizes as one batch."""
        size = (self.backbone.size,) * 2
        return self.checked(np.stack([resize(image, size) for image in images]))

    def _run(self, batch):
        return self.backbone.run(self.backbone.probabilities, {self.backbone.images: batch})


def efficientnet_lite0_classifier(weights: Any) -> NetClassifier:
    """Return the default classifier, on the network that the segmenters use as well."""
    from ..backbone import efficientnet_lite0

    if not (isinstance(weights, str) and weights == "auto"):
        raise SegxaiValueError(
            "efficientnet_lite0 takes its weights only from its pip package; use weights='auto'."
        )
    return efficientnet_classifier(
        "efficientnet_lite0", efficientnet_lite0(), imagenet_class_names()
    )


def efficientnet_classifier(
    name: str, backbone: "Backbone", class_names: Sequence[str]
) -> NetClassifier:
    """Return an EfficientNet-Lite0 with one output for each class name as a classifier."""
    from ..nets.efficientnet_lite import STRIDE_4_WINDOW

    return NetClassifier(name, backbone, class_names, ("stride_4", 4, STRIDE_4_WINDOW))


def vgg16_classifier(weights: Any) -> NetClassifier:
    """Return a VGG16 classifier; for `weights` see `load_classifier`."""
    from ..backbone import Backbone
    from ..nets import vgg16

    arrays = vgg16_weights(weights, fully_connected=True)
    number = arrays[f"{vgg16.SCOPE}/fc8/weights"].shape[-1]

    def network(images):
        logits, end_points = vgg16.vgg16(images, num_classes=number)
        return logits[:, 0, 0], end_points

    names = imagenet_class_names() if number == 1000 else [f"class {i}" for i in range(number)]
    return NetClassifier("vgg16", Backbone(network, arrays, vgg16.INPUT_SIZE), names)
