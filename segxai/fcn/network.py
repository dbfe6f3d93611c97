"""A fully convolutional network to hold in the hand: build, predict, save, load."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SegxaiError, SegxaiFileError, SegxaiFileNotFoundError, SegxaiValueError, unknown_name, whole_number
from ..files import replacing
from ..images import as_image
from ..weights import assign_weights

ENCODERS = ("efficientnet_lite0", "vgg16")
STRIDES = (32, 16, 8)
_FORMAT = "segxai-fcn-1"


class FCN:
    """FCN-32s, 16s or 8s on EfficientNet-Lite0 or VGG16. A context manager; closing frees the graph.

    encoder: "efficientnet_lite0" (ImageNet weights come with segxai) or "vgg16".
    num_classes: at least 2. stride: 32, 16 or 8; smaller means finer.
    weights: "auto", the encoder's ImageNet weights; None, random ones; the path of a file written by `save`,
    or (vgg16) of a TF-slim checkpoint or Keras ``.h5``; a keras.applications.VGG16 model.
    fc_width, fc6_kernel: vgg16 only, a thinner fc6 and fc7 for small machines (see `nets.vgg16.vgg16`).
    seed: of random weights and of dropout. Raises SegxaiError when the weights cannot be had or do not fit.
    """

    def __init__(
        self,
        encoder: str = "efficientnet_lite0",
        num_classes: int = 2,
        stride: int = 32,
        weights="auto",
        *,
        class_names=None,
        fc_width: int = 4096,
        fc6_kernel: int = 7,
        seed: int = 0,
    ):
        if encoder not in ENCODERS:
            raise unknown_name("encoder", encoder, ENCODERS)
        whole_number("num_classes", num_classes, 2)
        whole_number("seed", seed)
        if stride not in STRIDES:
            raise SegxaiValueError(f"stride is 32, 16 or 8; got {stride!r}.")
        self.encoder, self.num_classes, self.stride = encoder, int(num_classes), int(stride)
        self.class_names = tuple(class_names) if class_names is not None else tuple(f"class {i}" for i in range(num_classes))
        if len(self.class_names) != num_classes:
            raise SegxaiValueError(f"{len(self.class_names)} class names for {num_classes} classes.")
        for name, value in (("fc_width", fc_width), ("fc6_kernel", fc6_kernel)):
            whole_number(name, value, 1)
        self.fc_width, self.fc6_kernel = int(fc_width), int(fc6_kernel)
        self.training_ops: dict | None = None  # what `finetune` adds to the graph
        self._saver: Any = None  # a tf.train.Saver, once there is a checkpoint to write
        self.updates: dict = {}
        self._build(seed)
        try:
            self._restore(weights)
        except BaseException:
            self.close()
            raise

    def __repr__(self):
        return f"<FCN-{self.stride}s on {self.encoder}: {', '.join(self.class_names)}>"

    def predict(self, image) -> np.ndarray:
        """An image of any size -> (H, W, C) float32 class probabilities of each pixel."""
        image = as_image(image)
        height, width = image.shape[:2]
        return self.net.run(self.probabilities, {self.images: pad(image)[None]})[0, :height, :width]

    def save(self, path) -> None:
        """Write everything needed to load it again: ``.npz`` (arrays and a JSON description, no pickle), or a
        TensorFlow checkpoint for any other ending, with the description in ``<path>.json``."""
        path = Path(path)
        variables = self.model_variables()
        if path.suffix == ".npz":
            values = dict(zip((v.op.name for v in variables), self.net.run(variables), strict=True))
            with replacing(path) as temporary, temporary.open("wb") as file:
                np.savez(file, allow_pickle=False, **{_DESCRIPTION: np.array(json.dumps(self._description()))}, **values)
        else:
            from ..nets.graph import tf

            with replacing(_beside(path)) as temporary:  # which refuses what TensorFlow would write under a name cut short
                temporary.write_text(json.dumps(self._description(), indent=1), encoding="utf-8")
                try:
                    with self.net.build():
                        self._saver = self._saver or tf.train.Saver(variables)  # each one adds to the graph
                        self._saver.save(self.net.session, str(path), write_meta_graph=False, write_state=False)
                except (tf.errors.OpError, ValueError) as error:
                    raise SegxaiError(f"The checkpoint {str(path)!r} could not be written: {error}") from error

    @classmethod
    def load(cls, path) -> FCN:
        """The network that `save` wrote. Raises SegxaiError when the file is missing, damaged or something else."""
        path = Path(path)
        described = read_npz(path)[1] if path.suffix == ".npz" else _read_description(path)
        try:
            options = {key: described[key] for key in ("encoder", "num_classes", "stride", "class_names", "fc_width", "fc6_kernel")}
        except KeyError as error:
            raise SegxaiFileError(f"The description of {str(path)!r} lacks {error.args[0]!r}; it is damaged.") from error
        return cls(weights=path, **options)

    def close(self) -> None:
        """Free the graph and its memory."""
        self.net.close()
        # A tensor or variable keeps its whole graph alive.
        self.images = self.is_training = self.scores = self.probabilities = self.training_ops = self._saver = None
        self._variables: list = []
        self.updates = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def model_variables(self):
        """The network's own variables, without those of an optimiser."""
        return self._variables

    def _build(self, seed):
        from ..nets import fcn
        from ..nets.graph import GraphSession, tf

        self.net = GraphSession(seed)
        with self.net.build():
            self.images = tf.placeholder(tf.float32, (1, None, None, 3), "images")
            self.is_training = tf.placeholder_with_default(False, (), "is_training")
            if self.encoder == "vgg16":
                features = fcn.vgg16_features(self.images, self.is_training, self.fc_width, self.fc6_kernel)
            else:
                features = fcn.efficientnet_features(self.images, self.is_training)
            self.scores = fcn.fcn_scores(features, self.num_classes, self.stride)
            self.probabilities = tf.nn.softmax(self.scores)
            self._variables = tf.global_variables()

    def _restore(self, weights):
        from ..nets import fcn

        # What the source does not hold (score heads; fc6 and fc7 of a download without them) starts fresh.
        self.net.run([v.initializer for v in self._variables])
        if weights is None:
            return
        own = (
            isinstance(weights, (str, os.PathLike))
            and weights != "auto"
            and (Path(weights).suffix == ".npz" or os.path.isfile(_beside(Path(weights))))
        )
        if own:
            assign_weights(self.net, self._own_weights(Path(weights)), self._variables)
            return
        arrays = self._encoder_weights(weights)
        wanted = [v for v in self._variables if not v.op.name.startswith(fcn.SCOPE + "/") and v.op.name in arrays]
        assign_weights(self.net, arrays, wanted)

    def _encoder_weights(self, weights):
        if self.encoder == "vgg16":
            from ..weights.vgg16 import reduce_fc, vgg16_weights

            return reduce_fc(vgg16_weights(weights, fully_connected=False), self.fc_width, self.fc6_kernel)
        if isinstance(weights, str) and weights == "auto":
            from ..weights.efficientnet_lite import efficientnet_lite0_weights

            return efficientnet_lite0_weights()
        raise SegxaiFileError(
            f"{weights!r} is no file written by FCN.save; for efficientnet_lite0 weights are 'auto', None or such a file."
        )

    def _own_weights(self, path):
        from ..weights.checkpoint import read_checkpoint

        arrays, described = read_npz(path) if path.suffix == ".npz" else ({}, _read_description(path))
        for key in ("encoder", "num_classes", "stride", "fc_width", "fc6_kernel"):
            if described.get(key) != getattr(self, key):
                raise SegxaiError(f"{str(path)!r} holds {key} {described.get(key)!r}, not {getattr(self, key)!r}; use FCN.load.")
        if not arrays:
            scopes = {v.op.name.split("/", 1)[0] for v in self._variables}
            for scope in scopes:
                arrays |= read_checkpoint(path, scope)
        return arrays

    def _description(self):
        keys = ("encoder", "num_classes", "stride", "class_names", "fc_width", "fc6_kernel")
        return {"format": _FORMAT, **{key: getattr(self, key) for key in keys}}


_DESCRIPTION = "description"


def pad(image: np.ndarray, **kwargs) -> np.ndarray:
    """An image or label map (H, W, ...) continued to whole multiples of 32 pixels, below and to the right."""
    from ..nets.fcn import MULTIPLE

    height, width = image.shape[:2]
    margin = [(0, -height % MULTIPLE), (0, -width % MULTIPLE)] + [(0, 0)] * (image.ndim - 2)
    return np.pad(image, margin, **(kwargs or {"mode": "symmetric"}))


def read_npz(path: Path) -> tuple[dict[str, np.ndarray], dict]:
    """The arrays and the description in a file written by `FCN.save`; nothing in it is unpickled."""
    if not os.path.isfile(path):  # which bears names that no file can have
        raise SegxaiFileNotFoundError(f"There is no file {str(path)!r}.")
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            described = json.loads(str(file[_DESCRIPTION]))
            arrays = {name: file[name] for name in file.files if name != _DESCRIPTION}
    except Exception as error:
        raise SegxaiFileError(f"{str(path)!r} is not a whole file written by FCN.save ({error}).") from error
    return arrays, _checked(described, path)


def _read_description(path: Path) -> dict:
    beside = _beside(path)
    if not os.path.isfile(beside):
        raise SegxaiFileNotFoundError(f"There is no {str(beside)!r}, the description that FCN.save writes beside a checkpoint.")
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
