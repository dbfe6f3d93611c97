"""`FCN`, a fully convolutional network as an object: build, predict, save, load, segment."""

import gc
import json
import os
import zipfile
from collections.abc import Callable, Hashable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

import numpy as np

from ..errors import (
    SegxaiFileError,
    SegxaiValueError,
    one_of,
    quoted,
    whole_number,
)
from ..files import as_path, reading, replacing
from ..images import MAX_SIDE, ImageLike, as_image, resize
from ..names import NamesLike, list_names
from ..regions import Regions
from ..segmentation.compose import regions_of_classes
from ..weights import assign_weights
from ..weights.downloads import usable
from ..weights.published import contours_weights, efficientnet_lite0_weights
from ..weights.semantic import SIDE, semantic_head
from ..weights.stored import Stored, npz_arrays
from ..weights.vgg16 import vgg16_weights
from .crf import crf_refine

ENCODERS = ("efficientnet_lite0", "vgg16")
STRIDES = (32, 16, 8)  # images are padded to multiples of the coarsest
MOST_CLASSES = 255  # class ids are bytes, and 255 marks pixels that are ignored
_FORMAT = "segxai-fcn-1"
_DESCRIPTION = "description"
_ARCHITECTURE = ("encoder", "num_classes", "stride")
_WIDEST = {"fc_width": 4096, "fc6_kernel": 7}  # of VGG16 as published
_SAVED = (*_ARCHITECTURE, *_WIDEST, "class_names", "source", "side")


class FCN(AbstractContextManager):
    """FCN-32s, FCN-16s or FCN-8s on EfficientNet-Lite0 or VGG16.

    A context manager; closing it frees the graph.

    Parameters
    ----------
    encoder : str
        "efficientnet_lite0" (whose ImageNet weights are installed with segxai) or "vgg16".
    num_classes : int
        At least 2; with ``weights="semantic"`` the number of their classes.
    stride : int
        32, 16 or 8, the stride of the finest features used; a smaller one gives finer borders.
    weights : str, path, Keras model or None
        "semantic" for the trained score heads that come with the package, an FCN-8s on
        EfficientNet-Lite0 (with ``stride=8``); "auto" for the encoder's ImageNet weights, or, for a
        VGG16 that has not been fetched, the contour network's thirteen convolutions; None for
        random weights; the path of a file written by `save`; for "vgg16" also the path of a TF-slim
        checkpoint or of a Keras ``.h5`` file, or a keras.applications.VGG16 model.
    class_names : sequence of str, {id: name} or {name: id}, optional
        "class 0", "class 1" ... by default.
    fc_width : int, optional
        For "vgg16", the channels of fc6 and fc7; by default as the weights have them. With 0, for
        machines with little memory, or weights without these layers, the scores are computed from
        the convolutions.
    seed : int
        Of random weights and dropout.

    Attributes
    ----------
    source : str
        The origin of the weights, in words.
    side : int or None
        The longest side in pixels that photographs are resized to for `predict`.
    variables : list of tf.Variable
        Without those of the optimiser.
    images, is_training, scores, probabilities : tensors
        The padded image (1, h, w, 3); whether dropout is on; and for each of its pixels the scores
        and the probabilities of the classes (1, h, w, C).

    Raises
    ------
    SegxaiError
        If an argument is invalid, or the weights are not available or do not fit.

    References
    ----------
    Long, Shelhamer, Darrell 2015, "Fully Convolutional Networks for Semantic Segmentation".
    """

    def __init__(
        self,
        encoder: str = "efficientnet_lite0",
        num_classes: int = 2,
        stride: int = 32,
        weights: Any = "auto",
        *,
        class_names: NamesLike | None = None,
        fc_width: int | None = None,
        seed: int = 0,
    ):
        one_of("encoder", encoder, ENCODERS)
        whole_number("num_classes", num_classes, 2, MOST_CLASSES)
        whole_number("seed", seed)
        if stride not in STRIDES:
            raise SegxaiValueError(f"stride must be 32, 16 or 8; got {stride!r}.")
        if fc_width is not None:
            whole_number("fc_width", fc_width, 0, _WIDEST["fc_width"])
        if isinstance(weights, str) and weights == "semantic" and num_classes == 2:  # not given
            num_classes = len(semantic_head().names)
        if class_names is not None:
            class_names = _checked_names(class_names, num_classes)
        arrays, known = _read(encoder, weights, fc_width)
        self.encoder, self.num_classes, self.stride = encoder, int(num_classes), int(stride)
        asked = {"encoder": encoder, "num_classes": num_classes, "stride": stride}
        for key in asked:
            if known.get(key, asked[key]) != asked[key]:
                raise SegxaiValueError(
                    f"The {known['source']} weights are those of FCN({known['encoder']!r}, "
                    f"num_classes={known['num_classes']}, stride={known['stride']}), which has "
                    f"{key} {known[key]!r}, not {asked[key]!r}. FCN.load sets all of them "
                    "as a file has them."
                )
        self.source, self.side = str(known["source"]), known.get("side")
        if class_names is None:
            class_names = known.get("class_names", [f"class {i}" for i in range(num_classes)])
        self.class_names = _checked_names(class_names, num_classes)
        self.fc6_kernel = known.get("fc6_kernel", _WIDEST["fc6_kernel"])
        self.fc_width = int(known.get("fc_width", 0) if fc_width is None else fc_width)
        self._added: dict[Hashable, Any] = {}
        self._build(seed)
        try:
            # What the source does not hold (score heads; fc6 and fc7 where it has none) is new.
            whole = "num_classes" in known
            new = {v.op.name: v for v in self.variables if not whole and v.op.name not in arrays}
            kept = [v for v in self.variables if v.op.name not in new]
            named = repr(str(weights)) if isinstance(weights, (str, os.PathLike)) else self.source
            assign_weights(self.net, arrays, kept, named)
            self.net.run([v.initializer for v in new.values()])
        except BaseException:
            self.close()
            raise

    def __repr__(self):
        return (
            f"<FCN-{self.stride}s on {self.encoder} ({self.source}): {', '.join(self.class_names)}>"
        )

    def predict(self, image: ImageLike) -> np.ndarray:
        """Predict the class of each pixel of an image of any size.

        Parameters
        ----------
        image : (H, W, 3) array or path

        Returns
        -------
        probabilities : (H, W, C) ndarray of float32
        """
        image = as_image(image)
        scale = 1.0 if self.side is None else self.side / max(image.shape[:2])
        height, width = (max(1, round(side * scale)) for side in image.shape[:2])
        seen = resize(image, (height, width))
        found = self.net.run(self.probabilities, {self.images: pad(seen)[None]})[0, :height, :width]
        return resize(found, image.shape[:2])

    def segmenter(self, crf: bool = False) -> Callable[[ImageLike], Regions]:
        """Return the network as a function image -> `Regions`, a method for `segxai.segment`.

        Each class found in the image becomes a region of that name; its connected pieces are its
        parts, for `expand`.

        Parameters
        ----------
        crf : bool
            Whether to sharpen the borders by `segxai.crf_refine` (needs the extra "crf").
        """

        def learned(image):
            probabilities = self.predict(image)
            if crf:
                probabilities = crf_refine(image, probabilities)
            return regions_of_classes(probabilities.argmax(axis=-1), self.class_names, "learned")

        return learned

    def save(self, path: str | os.PathLike) -> None:
        """Write the network to a file of arrays and a JSON description, without pickle.

        Parameters
        ----------
        path : str or path
            By convention it ends in ``.npz``, which is the format.

        Raises
        ------
        SegxaiError
            If it cannot be written.
        """
        values = self.net.run({v.op.name: v for v in self.variables})
        kept = {key: getattr(self, key) for key in _SAVED}
        values[_DESCRIPTION] = np.array(json.dumps({"format": _FORMAT, **kept}))
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **values)

    @classmethod
    def load(cls, path: str | os.PathLike) -> Self:
        """Load a network written by `save`.

        Parameters
        ----------
        path : str or path

        Raises
        ------
        SegxaiError
            If the file is missing, damaged or of another kind.
        """
        _, described = read_npz(path)
        try:
            return cls(weights=as_path(path), **{key: described[key] for key in _ARCHITECTURE})
        except (KeyError, SegxaiValueError) as error:
            raise SegxaiFileError(
                f"The description of {str(path)!r} is damaged or incomplete: {quoted(error)} "
                "Save the network again."
            ) from error

    def close(self) -> None:
        """Free the graph and its memory; the network cannot be used afterwards."""
        self.net.close()
        # Any remaining tensor or variable would keep the whole graph alive.
        self.images = self.is_training = self.scores = self.probabilities = None
        self.variables: list = []
        self._added.clear()
        # A graph refers to itself: Python would free it at some time, and the next network needs
        # the memory now.
        gc.collect()

    def __exit__(self, *_):
        self.close()

    def once(self, key: Hashable, build: Callable[[], Any]) -> Any:
        """Return what `build` adds to the graph, which it does the first time only."""
        if key not in self._added:
            with self.net.build():
                self._added[key] = build()
        return self._added[key]

    def _build(self, seed):
        from ..nets import fcn
        from ..nets.graph import GraphSession, tf

        self.net = GraphSession(seed)
        with self.net.build():
            self.images = tf.placeholder(tf.float32, (1, None, None, 3), "images")
            self.is_training = tf.placeholder_with_default(False, (), "is_training")
            features = (
                fcn.efficientnet_features(self.images)
                if self.encoder == "efficientnet_lite0"
                else fcn.vgg16_features(
                    self.images, self.is_training, self.fc_width, self.fc6_kernel
                )
            )
            self.scores = fcn.fcn_scores(features, self.num_classes, self.stride)
            self.probabilities = tf.nn.softmax(self.scores)
            self.variables = tf.global_variables()


def _checked_names(class_names, num_classes) -> tuple[str, ...]:
    names = list_names(class_names, "class_names")
    if len(names) != num_classes:
        raise SegxaiValueError(f"{len(names)} class names were given for {num_classes} classes.")
    return names


def _read(encoder, weights, fc_width) -> tuple[Mapping[str, Any], dict]:
    """Return {variable: array}, and what is known about the network: "source", in words, or more.

    Where "num_classes" is known, every variable of the network is among the arrays.
    """
    if weights is None:
        return {}, {"source": "random weights"}
    named = weights if isinstance(weights, str) else ""
    path = as_path(weights) if isinstance(weights, (str, os.PathLike)) else Path()
    # Unlike zipfile's function, os.path.isfile does not raise for impossible file names.
    if path.suffix == ".npz" or (os.path.isfile(path) and zipfile.is_zipfile(path)):
        arrays, known = read_npz(weights)
        if known["side"] is not None:
            whole_number("side", known["side"], STRIDES[0], MAX_SIDE)
        for key, most in _WIDEST.items():
            whole_number(key, known[key], 0, most)
        return arrays, known
    if encoder == "vgg16" and named != "semantic":
        if named != "auto":
            found, source = vgg16_weights(weights, fc_width=fc_width), path.name or "a Keras model"
        elif usable("vgg16") or usable("vgg16-conv"):
            found, source = vgg16_weights(fc_width=fc_width), "ImageNet"
        else:
            found, source = contours_weights(), "convolutions of the contour network"
        fc6 = found.get("vgg_16/fc6/weights")
        kernel, width = (_WIDEST["fc6_kernel"], 0) if fc6 is None else fc6.shape[::3]
        return found, {"source": source, "fc6_kernel": kernel, "fc_width": width}
    if named not in ("auto", "semantic"):
        raise SegxaiFileError(
            f"{weights!r} was not written by FCN.save; the weights of efficientnet_lite0 are "
            "'auto', 'semantic', None or such a file."
        )
    if named == "auto":
        return efficientnet_lite0_weights(), {"source": "ImageNet"}
    head = semantic_head()
    return efficientnet_lite0_weights() | head.variables(), {
        "source": weights, "side": SIDE, "class_names": head.names,
        "encoder": "efficientnet_lite0", "num_classes": len(head.names), "stride": 8,
    }  # fmt: skip


def pad(image: np.ndarray, **kwargs: Any) -> np.ndarray:
    """Pad an image or label map at the bottom and the right to whole multiples of 32 pixels.

    Parameters
    ----------
    image : (H, W, ...) ndarray
    **kwargs
        Of `numpy.pad`; by default ``mode="symmetric"``.
    """
    margin = [(0, -side % STRIDES[0]) for side in image.shape[:2]] + [(0, 0)] * (image.ndim - 2)
    return np.pad(image, margin, **(kwargs or {"mode": "symmetric"}))


def read_npz(path: str | os.PathLike) -> tuple[Mapping[str, Stored], dict]:
    """Open a file written by `FCN.save`.

    Parameters
    ----------
    path : str or path

    Returns
    -------
    arrays : mapping of str to Stored
        By the variables' names; each is looked up and read when it is needed.
    description : dict

    Raises
    ------
    SegxaiFileError
        If the file is missing, damaged or was not written by `FCN.save`.
    """
    with reading(path, "a complete file of FCN.save") as path:
        stored = npz_arrays(path)
        described = stored.pop(_DESCRIPTION)
        if described.shape or described.dtype.itemsize > min(described.held, 1_000_000):
            raise ValueError("its description is not a short text")
        described = json.loads(str(described.read()))
    complete = isinstance(described, dict) and described.keys() >= {"format", *_SAVED}
    if not complete or described["format"] != _FORMAT:
        raise SegxaiFileError(f"{str(path)!r} was not written by this version of FCN.save.")
    return stored, described
