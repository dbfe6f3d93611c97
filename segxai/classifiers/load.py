"""Load a classifier from a name, a Keras model, the path of a saved model, or a function."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from ..errors import SegxaiFileError, SegxaiFileNotFoundError, SegxaiValueError, unknown_name
from ..images import resize
from .classifier import Classifier
from .networks import efficientnet_lite0_classifier, vgg16_classifier

# A `Classifier`, or anything that `load_classifier` accepts; a Keras model has no type without
# importing Keras.
ClassifierLike: TypeAlias = Any
_NETWORKS = {"efficientnet_lite0": efficientnet_lite0_classifier, "vgg16": vgg16_classifier}


def load_classifier(
    model: ClassifierLike = None,
    weights: Any = "auto",
    *,
    class_names: Sequence[str] | None = None,
    output: str = "probability",
) -> Classifier:
    """Make a `Classifier` to explain.

    Parameters
    ----------
    model : str, path, Keras model, callable or Classifier
        "efficientnet_lite0" (the default) or "vgg16"; a Keras model or the path of a saved one
        (``.keras``, ``.h5``); or any function from (N, H, W, 3) uint8 RGB images to (N, C)
        probabilities. A Keras model receives float32 RGB images, 0..255, at its own input size; it
        must include its own preprocessing and return probabilities. Of `Bands` a function or a
        Keras model receives all channels, unscaled.
    weights : str, path or Keras model
        "auto" for the network's ImageNet weights; for "vgg16" also the path of a TF-slim checkpoint
        or of a Keras ``.h5`` file, or a keras.applications.VGG16 model.
    class_names : sequence of str, optional
        Of a Keras model or a function.
    output : str
        Of a function: "probability", "logit" or "score" (a box score, a share of pixels), see
        `Classifier`.

    Returns
    -------
    classifier : Classifier

    Raises
    ------
    SegxaiError
        If the model or its weights cannot be loaded.
    """
    if output != "probability" and (
        isinstance(model, (Classifier, str, os.PathLike, type(None)))
        or hasattr(model, "predict_on_batch")
    ):
        raise SegxaiValueError(
            f"output={output!r} is for functions; "
            f"wrap the model in a function that returns its {output}s."
        )
    if isinstance(model, Classifier):
        return model
    model = "efficientnet_lite0" if model is None else model
    if isinstance(model, str) and model in _NETWORKS:
        return _NETWORKS[model](weights)
    if isinstance(model, (str, os.PathLike)):
        return _keras_file(model, class_names)
    if hasattr(model, "predict_on_batch") and hasattr(model, "input_shape"):
        return _keras_classifier(model, class_names)
    if callable(model):
        return Classifier(
            model, class_names, getattr(model, "__name__", type(model).__name__), output=output
        )
    raise SegxaiValueError(
        f"A {type(model).__name__} is not a classifier. Expected a name ({', '.join(_NETWORKS)}), "
        "a Keras model, the path of a saved one, or a function from images to probabilities."
    )


def _keras_file(path, class_names):
    from ..nets import graph  # noqa: F401  (silences TensorFlow before Keras imports it)

    path = Path(path)
    if path.suffix not in (".keras", ".h5"):
        raise unknown_name("classifier", str(path), _NETWORKS)
    if not os.path.isfile(path):
        raise SegxaiFileNotFoundError(f"There is no saved model {str(path)!r}.")
    import keras

    try:
        # Keras' safe mode refuses saved models that contain Python code of their own.
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        raise SegxaiFileError(
            f"{str(path)!r} cannot be loaded as a Keras model: {error}"
        ) from error
    return _keras_classifier(model, class_names)


def _keras_classifier(model, class_names):
    shape = model.input_shape
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[-1] is None:
        raise SegxaiValueError(
            f"The Keras model takes inputs of shape {shape}; "
            "(None, height, width, channels) was expected."
        )

    def function(images):
        height, width = shape[1] or images.shape[1], shape[2] or images.shape[2]
        batch = np.stack([resize(image, (height, width)) for image in images])
        return model.predict_on_batch(batch)

    return Classifier(function, class_names, name=model.name, channels=shape[-1])
