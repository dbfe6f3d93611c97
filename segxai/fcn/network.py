"""`FCN`, a fully convolutional network as an object: build, predict, save, load."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import (
    SegxaiError,
    SegxaiFileError,
    SegxaiFileNotFoundError,
    SegxaiValueError,
    unknown_name,
    whole_number,
)
from ..files import replacing
from ..images import ImageLike, as_image, resize
from ..weights import assign_weights
from ..weights.checkpoint import read_checkpoint
from ..weights.contours import contours_path, contours_weights
from ..weights.downloads import usable
from ..weights.semantic import SIDE, semantic_head
from ..weights.vgg16 import reduce_fc, vgg16_weights

ENCODERS = ("efficientnet_lite0", "vgg16")
STRIDES = (32, 16, 8)
_FORMAT = "segxai-fcn-1"


class FCN:
    """FCN-32s, FCN-16s or FCN-8s on EfficientNet-Lite0 or VGG16. A context manager; closing it frees the graph.

    encoder: "efficientnet_lite0" (whose ImageNet weights are installed with segxai) or "vgg16".
    num_classes: at least 2; with weights="semantic" the number of their classes. stride: 32, 16 or 8, the stride of the finest
    features used; a smaller one gives finer borders.
    weights: "semantic" for the trained score heads that come with the package, an FCN-8s on EfficientNet-Lite0 (with stride=8);
    "auto" for the encoder's ImageNet weights, or for a VGG16 that was not fetched the contour network's thirteen
    convolutions; None for random weights; the path of a file written by `save`; for "vgg16" also the path of a TF-slim checkpoint
    or of a Keras ``.h5`` file, or a keras.applications.VGG16 model. The attribute `source` names the weights in words.
    fc_width, fc6_kernel: for "vgg16", the channels of fc6 and fc7 and the kernel of fc6 (see `nets.vgg16.vgg16`), smaller for
    machines with little memory; by default as the weights have them. With fc_width 0, or weights without these layers, the scores
    are computed from the convolutions.
    seed: of random weights and dropout. Raises SegxaiError if the weights are not available or do not fit.
    Source: Long, Shelhamer, Darrell 2015, "Fully Convolutional Networks for Semantic Segmentation".
    """

    def __init__(
        self,
        encoder: str = "efficientnet_lite0",
        num_classes: int = 2,
        stride: int = 32,
        weights: Any = "auto",
        *,
        class_names: Sequence[str] | None = None,
        fc_width: int | None = None,
        fc6_kernel: int | None = None,
        seed: int = 0,
    ):
        if encoder not in ENCODERS:
            raise unknown_name("encoder", encoder, ENCODERS)
        whole_number("num_classes", num_classes, 2)
        whole_number("seed", seed)
        if stride not in STRIDES:
            raise SegxaiValueError(f"stride must be 32, 16 or 8; got {stride!r}.")
        self.side: int | None = (
            None  # the longest side that photographs are resized to for `predict`
        )
        if isinstance(weights, str) and weights == "semantic":
            self.side = SIDE
            if class_names is None and num_classes in (2, len(semantic_head().names)):
                class_names = semantic_head().names
            if class_names is not None and num_classes == 2:  # not given
                num_classes = len(class_names)
        self.encoder, self.num_classes, self.stride = encoder, int(num_classes), int(stride)
        self.class_names = (
            tuple(class_names)
            if class_names is not None
            else tuple(f"class {i}" for i in range(num_classes))
        )
        if len(self.class_names) != num_classes:
            raise SegxaiValueError(
                f"{len(self.class_names)} class names were given for {num_classes} classes."
            )
        for name, value, least in (("fc_width", fc_width, 0), ("fc6_kernel", fc6_kernel, 1)):
            if value is not None:
                whole_number(name, value, least)
        self.training_ops: dict | None = None  # added to the graph by `finetune`
        self._saver: Any = None  # a tf.train.Saver, created with the first checkpoint
        self.updates: dict = {}
        arrays, self.source, whole = self._arrays(weights, fc_width, fc6_kernel)
        self._build(seed)
        try:
            self._restore(arrays, whole)
        except BaseException:
            self.close()
            raise

    def __repr__(self):
        return (
            f"<FCN-{self.stride}s on {self.encoder} ({self.source}): {', '.join(self.class_names)}>"
        )

    def predict(self, image: ImageLike) -> np.ndarray:
        """The class probabilities of each pixel of an image of any size: (H, W, C) float32."""
        image = as_image(image)
        seen = image
        if self.side is not None:
            scale = self.side / max(image.shape[:2])
            seen = resize(image, tuple(max(1, round(side * scale)) for side in image.shape[:2]))
        height, width = seen.shape[:2]
        found = self.net.run(self.probabilities, {self.images: pad(seen)[None]})[0, :height, :width]
        return resize(found, image.shape[:2])

    def save(self, path: str | os.PathLike) -> None:
        """Write the network to a ``.npz`` file (arrays and a JSON description, no pickle) or, for any other ending, to a
        TensorFlow checkpoint with the description in ``<path>.json``. Raises SegxaiError if it cannot be written.
        """
        path = Path(path)
        variables = self.model_variables()
        if path.suffix == ".npz":
            values = dict(zip((v.op.name for v in variables), self.net.run(variables), strict=True))
            with replacing(path) as temporary, temporary.open("wb") as file:
                np.savez(
                    file,
                    allow_pickle=False,
                    **{_DESCRIPTION: np.array(json.dumps(self._description()))},
                    **values,
                )
        else:
            from ..nets.graph import tf

            with replacing(
                _beside(path)
            ) as temporary:  # refuses names that TensorFlow would silently truncate
                temporary.write_text(json.dumps(self._description(), indent=1), encoding="utf-8")
                try:
                    with self.net.build():
                        self._saver = self._saver or tf.train.Saver(
                            variables
                        )  # each Saver adds operations to the graph
                        self._saver.save(
                            self.net.session, str(path), write_meta_graph=False, write_state=False
                        )
                except (tf.errors.OpError, ValueError) as error:
                    raise SegxaiError(
                        f"The checkpoint {str(path)!r} could not be written: {error}"
                    ) from error

    @classmethod
    def load(cls, path: str | os.PathLike) -> FCN:
        """Load a network written by `save`. Raises SegxaiError if the file is missing, damaged or of another kind."""
        path = Path(path)
        described = read_npz(path)[1] if path.suffix == ".npz" else _read_description(path)
        try:
            options = {
                key: described[key]
                for key in (
                    "encoder",
                    "num_classes",
                    "stride",
                    "class_names",
                    "fc_width",
                    "fc6_kernel",
                )
            }
        except KeyError as error:
            raise SegxaiFileError(
                f"The description of {str(path)!r} lacks {error.args[0]!r}, so it is damaged; save the network again."
            ) from error
        return cls(weights=path, **options)

    def close(self) -> None:
        """Free the graph and its memory; the network cannot be used afterwards."""
        self.net.close()
        # Any remaining tensor or variable would keep the whole graph alive.
        self.images = self.is_training = self.scores = self.probabilities = self.training_ops = (
            self._saver
        ) = None
        self._variables: list = []
        self.updates = {}
        gc.collect()  # a graph refers to itself: Python would free it at some time, and the next network needs the memory now

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def model_variables(self) -> list:
        """The network's variables, without those of the optimiser."""
        return self._variables

    def _build(self, seed):
        from ..nets import fcn
        from ..nets.graph import GraphSession, tf

        self.net = GraphSession(seed)
        with self.net.build():
            self.images = tf.placeholder(tf.float32, (1, None, None, 3), "images")
            self.is_training = tf.placeholder_with_default(False, (), "is_training")
            if self.encoder == "vgg16":
                features = fcn.vgg16_features(
                    self.images, self.is_training, self.fc_width, self.fc6_kernel
                )
            else:
                features = fcn.efficientnet_features(self.images, self.is_training)
            self.scores = fcn.fcn_scores(features, self.num_classes, self.stride)
            self.probabilities = tf.nn.softmax(self.scores)
            self._variables = tf.global_variables()

    def _arrays(self, weights, fc_width, fc6_kernel) -> tuple[dict[str, np.ndarray], str, bool]:
        """({variable: array}, their origin in words, whether all variables must be among them); sets fc_width and fc6_kernel."""
        self.fc_width, self.fc6_kernel = fc_width or 0, fc6_kernel or 7
        if weights is None:
            return {}, "random weights", False
        known = isinstance(weights, str) and weights in ("auto", "semantic")
        path = Path(weights) if isinstance(weights, (str, os.PathLike)) and not known else None
        if path is not None and (path.suffix == ".npz" or os.path.isfile(_beside(path))):
            return *self._own_weights(path, fc_width, fc6_kernel), True
        if self.side is not None:
            return self._semantic_weights(), "semantic", True
        if self.encoder == "vgg16":
            arrays, source = _vgg16_weights(weights)
            fc6 = arrays.get("vgg_16/fc6/weights")
            if fc6 is not None and fc_width is None:
                self.fc_width = fc6.shape[-1]
            if fc6 is not None and fc6_kernel is None:
                self.fc6_kernel = fc6.shape[0]
            return (
                reduce_fc(arrays, self.fc_width, self.fc6_kernel) if self.fc_width else arrays,
                source,
                False,
            )
        if isinstance(weights, str) and weights == "auto":
            from ..weights.efficientnet_lite import efficientnet_lite0_weights

            return efficientnet_lite0_weights(), "ImageNet", False
        raise SegxaiFileError(
            f"{weights!r} was not written by FCN.save; the weights of efficientnet_lite0 are 'auto', None or such a file."
        )

    def _semantic_weights(self):
        from ..nets.fcn import SCOPE
        from ..weights.efficientnet_lite import efficientnet_lite0_weights

        head = semantic_head()
        if (self.encoder, self.stride, self.num_classes) != (
            "efficientnet_lite0",
            8,
            len(head.names),
        ):
            raise SegxaiValueError(
                f"The semantic weights are those of FCN('efficientnet_lite0', stride=8) with {len(head.names)} classes; got "
                f"{self.encoder!r}, stride={self.stride} and {self.num_classes} classes."
            )
        return efficientnet_lite0_weights() | head.variables(SCOPE)

    def _restore(self, arrays, whole):
        # What the source does not hold (score heads; fc6 and fc7 where it has none) starts fresh.
        self.net.run([v.initializer for v in self._variables])
        assign_weights(
            self.net, arrays, [v for v in self._variables if whole or v.op.name in arrays]
        )

    def _own_weights(self, path, fc_width, fc6_kernel):
        from ..nets import fcn

        arrays, described = (
            read_npz(path) if path.suffix == ".npz" else ({}, _read_description(path))
        )
        self.side = described.get("side")  # files from before this was written have none
        if self.side is not None:
            try:
                whole_number("side", self.side, fcn.MULTIPLE)
            except SegxaiValueError as error:
                raise SegxaiFileError(
                    f"The description of {str(path)!r} is damaged: {error} Save the network again."
                ) from error
        self.fc_width = described.get("fc_width") if fc_width is None else fc_width
        self.fc6_kernel = described.get("fc6_kernel") if fc6_kernel is None else fc6_kernel
        for key in ("encoder", "num_classes", "stride", "fc_width", "fc6_kernel"):
            if described.get(key) != getattr(self, key):
                raise SegxaiError(
                    f"{str(path)!r} has {key} {described.get(key)!r}, not {getattr(self, key)!r}; use FCN.load."
                )
        if not arrays:
            for scope in (fcn.ENCODER_SCOPES[self.encoder], fcn.SCOPE):
                arrays |= read_checkpoint(path, scope)
        return arrays, described.get("source", path.name)

    def _description(self):
        keys = (
            "encoder",
            "num_classes",
            "stride",
            "class_names",
            "fc_width",
            "fc6_kernel",
            "source",
            "side",
        )
        return {"format": _FORMAT, **{key: getattr(self, key) for key in keys}}


_DESCRIPTION = "description"


def _vgg16_weights(weights) -> tuple[dict[str, np.ndarray], str]:
    if not isinstance(weights, (str, os.PathLike)):
        return vgg16_weights(weights), "a Keras model"
    if weights != "auto":
        return vgg16_weights(weights), Path(weights).name
    if usable("vgg16") or usable("vgg16-conv"):
        return vgg16_weights(weights, fully_connected=False), "ImageNet"
    return contours_weights(contours_path()), "convolutions of the contour network"


def pad(image: np.ndarray, **kwargs: Any) -> np.ndarray:
    """Pad an image or label map (H, W, ...) at the bottom and the right to whole multiples of 32 pixels."""
    from ..nets.fcn import MULTIPLE

    height, width = image.shape[:2]
    margin = [(0, -height % MULTIPLE), (0, -width % MULTIPLE)] + [(0, 0)] * (image.ndim - 2)
    return np.pad(image, margin, **(kwargs or {"mode": "symmetric"}))


def read_npz(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    """The arrays and the description in a file written by `FCN.save`, read without unpickling.

    Raises SegxaiFileError if the file is missing, damaged or was not written by `FCN.save`.
    """
    if not os.path.isfile(path):  # unlike Path.is_file, does not raise for impossible file names
        raise SegxaiFileNotFoundError(f"There is no file {str(path)!r}.")
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            described = json.loads(str(file[_DESCRIPTION]))
            arrays = {name: file[name] for name in file.files if name != _DESCRIPTION}
    except Exception as error:
        raise SegxaiFileError(
            f"{str(path)!r} is not a complete file written by FCN.save ({error})."
        ) from error
    return arrays, _checked(described, path)


def _read_description(path: Path) -> dict:
    beside = _beside(path)
    if not os.path.isfile(beside):
        raise SegxaiFileNotFoundError(
            f"There is no {str(beside)!r}, the description that FCN.save writes beside a checkpoint."
        )
    try:
        return _checked(json.loads(beside.read_text(encoding="utf-8")), beside)
    except ValueError as error:
        raise SegxaiFileError(f"{str(beside)!r} is damaged: {error}") from error


def _checked(described, path):
    if not isinstance(described, dict) or described.get("format") != _FORMAT:
        raise SegxaiFileError(f"{str(path)!r} was not written by this version of FCN.save.")
    return described


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".json")
