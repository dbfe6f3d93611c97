"""Load a classifier from a name, a Keras model, the path of a saved model, or a function."""

import os
from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from math import prod
from typing import Any, TypeAlias

import numpy as np

from ..errors import SegxaiFileError, SegxaiValueError, quoted, unknown_name
from ..files import as_path
from ..images import MAX_SIDE, resize
from ..names import NamesLike
from ..weights.stored import keras_file
from .classifier import Classifier
from .networks import efficientnet_lite0_classifier, vgg16_classifier

# A `Classifier`, or anything that `load_classifier` accepts; a Keras model has no type without
# importing Keras.
ClassifierLike: TypeAlias = Any
_NETWORKS = {"efficientnet_lite0": efficientnet_lite0_classifier, "vgg16": vgg16_classifier}
# What to wrap in a function, for models of other libraries.
_ELSEWHERE = {
    ".pt": "torch.load or torch.jit.load; examples/pytorch_model.py is such a function.",
    ".pth": "torch.load and its model; examples/pytorch_model.py is such a function.",
    ".onnx": "onnxruntime.InferenceSession(path).run; examples/pytorch_model.py arranges the axes.",
    ".tflite": "ai_edge_litert.interpreter.Interpreter(path).get_signature_runner().",
    ".pb": "keras.layers.TFSMLayer(path, call_endpoint='serving_default'), as it is a SavedModel.",
}


def load_classifier(
    model: ClassifierLike = None,
    weights: Any = "auto",
    *,
    class_names: NamesLike | None = None,
    output: str = "probability",
    output_head: str | int | None = None,
) -> Classifier:
    """Make a `Classifier` to explain.

    Parameters
    ----------
    model : str, path, Keras model, callable or Classifier
        "efficientnet_lite0" (the default) or "vgg16"; a Keras model or the path of a saved one
        (``.keras``, ``.h5``); or any function from (N, H, W, 3) uint8 RGB images to (N, C)
        probabilities. A Keras model receives float32 RGB images, 0..255, at its own input size; it
        must include its own preprocessing and return probabilities. From `Bands`, a function or a
        Keras model receives all channels, unscaled. A Keras model of one channel receives grey
        pictures, and one that takes channels first receives them first.
    weights : str, path or Keras model
        "auto" for the network's ImageNet weights; for "vgg16" also the path of a TF-slim checkpoint
        or of a Keras ``.h5`` file, or a keras.applications.VGG16 model.
    class_names : sequence or mapping of str, optional
        Of a Keras model or a function, in order or as {number: name}.
    output : str
        Of a function: "probability", "logit" or "score" (a box score, a share of pixels), see
        `Classifier`.
    output_head : str or int, optional
        Which output is explained, by name or number, of a Keras model or a function with several.

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
        return _keras_file(model, class_names, output_head)
    if hasattr(model, "predict_on_batch"):
        return _keras_classifier(model, class_names, output_head)
    if callable(model):
        name = getattr(model, "__name__", type(model).__name__)
        return Classifier(model, class_names, name, output=output, output_head=output_head)
    raise SegxaiValueError(
        f"A {type(model).__name__} is not a classifier. Expected a name ({', '.join(_NETWORKS)}), "
        "a Keras model, the path of a saved one, or a function from images to probabilities."
    )


def _keras_file(path, class_names, output_head):
    from ..nets import graph  # noqa: F401  (silences TensorFlow before Keras imports it)

    path = as_path(path)
    kind = ".pb" if os.path.isfile(path / "saved_model.pb") else path.suffix
    if kind in _ELSEWHERE:
        raise SegxaiFileError(
            f"{str(path)!r} is not a model that segxai can open itself (.keras, .h5). "
            f"Pass a function from images to probabilities, which calls:\n{_ELSEWHERE[kind]}"
        )
    if kind not in (".keras", ".h5"):
        raise unknown_name("classifier", str(path), _NETWORKS)
    return _keras_classifier(_built(path), class_names, output_head)


def _built(path):
    """Let Keras build a saved model, which takes memory once the file is known to fill it."""
    import keras

    from ..nets.graph import tf2

    class WithoutMemory(keras.StatelessScope):
        """Variables get values at the end; in a graph, which has no memory, if the block raises."""

        def __exit__(self, *raised):
            with tf2.Graph().as_default() if any(raised) else nullcontext():
                super().__exit__(*raised)

    with keras_file(path) as (description, weights, arrays):
        try:
            with WithoutMemory():
                # Keras' safe mode refuses saved models that contain Python code of their own.
                model = keras.saving.deserialize_keras_object(description, safe_mode=True)
                if not model.built:  # its weights would be made at the first prediction
                    raise ValueError("it was saved before it was built, and has no weights")
                # The states of random numbers are not in every file; they are two numbers each.
                needed = Counter(
                    (tuple(variable.shape), tf2.as_dtype(variable.dtype).size)
                    for variable in model.variables
                    if prod(variable.shape) > 2
                )
                lacking = needed - Counter((each.shape, each.dtype.itemsize) for each in arrays)
                if lacking:
                    shape, _ = next(iter(lacking))
                    raise ValueError(f"its layers need an array of shape {shape} that it lacks")
                if max(filter(None, _keras_input(model)[0]), default=0) > MAX_SIDE:
                    raise ValueError(
                        f"it takes pictures of shape {model.input_shape}; "
                        f"at most {MAX_SIDE} pixels a side are possible"
                    )
            model.load_weights(weights)
        except Exception as error:
            raise SegxaiFileError(
                f"{str(path)!r} cannot be loaded as a Keras model: {quoted(error)}"
            ) from error
    return model


def _keras_classifier(model, class_names, output_head):
    from ..nets.graph import check_process

    (height, width), channels, arranged = _keras_input(model)
    heads: Any = getattr(model, "output_names", ())

    def function(images):
        check_process()
        size = height or images.shape[1], width or images.shape[2]
        outputs = model.predict_on_batch(
            arranged(np.stack([resize(image, size) for image in images]))
        )
        if isinstance(outputs, list) and len(outputs) == len(heads):
            return dict(zip(heads, outputs, strict=True))
        return outputs

    return Classifier(
        function, class_names, name=model.name, channels=channels, output_head=output_head
    )


def _keras_input(model) -> tuple[tuple, int | None, Callable]:
    """Find the size of a Keras model's pictures, their channels, and how to arrange the axes.

    Sizes and channels are None where they may be anything.
    """
    # A subclassed model knows its input only once it was built or called.
    built = getattr(model, "get_build_config", lambda: None)() or {}
    shape = getattr(model, "input_shape", None) or built.get("input_shape", (None,) * 4)
    sides = tuple(shape)[1:]
    if len(sides) not in (2, 3) or not all(isinstance(side, int | None) for side in sides):
        raise SegxaiValueError(
            f"The Keras model takes inputs of shape {quoted(shape)}; "
            "(None, height, width, channels) was expected."
        )
    if len(sides) == 2:
        return sides, 1, lambda batch: batch[..., 0]
    # Not (None, 3, 3, 200), patches of many bands.
    if sides[0] in (1, 3) and sides[2] not in (1, 3) and sides[1] != sides[0]:
        return sides[1:], sides[0], lambda batch: np.moveaxis(batch, -1, 1)
    return sides[:2], sides[2], lambda batch: batch
