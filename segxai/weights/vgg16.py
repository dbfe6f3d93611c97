"""VGG16's ImageNet weights for `nets.vgg16`, from a slim checkpoint, from Keras or the cache."""

import os
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SegxaiError, SegxaiFileError, SegxaiFileNotFoundError, SegxaiValueError
from ..files import as_path
from .downloads import usable
from .stored import Shape, Stored, hdf5_arrays, take

SCOPE = "vgg_16"
# The shapes of the convolutions' kernels, {name: (height, width, channels in, out)}.
KERNELS: dict[str, tuple[int, ...]] = {
    f"conv{stage}/conv{stage}_{i}": (3, 3, inside if i == 1 else outside, outside)
    for stage, (number, inside, outside) in enumerate(
        [(2, 3, 64), (2, 64, 128), (3, 128, 256), (3, 256, 512), (3, 512, 512)], 1
    )
    for i in range(1, number + 1)
}
CONVOLUTIONS = list(KERNELS)
# fc6 and fc7 may be thinner than the published ones, and fc8 have any number of classes.
_WIDTHS, _CLASSES = range(1, 4097), range(1, 32769)
_DENSE = {"fc6": "fc1", "fc7": "fc2", "fc8": "predictions"}  # slim's and Keras' names
_SLIM = (
    (range(1, 8), range(1, 8), 512, _WIDTHS), (1, 1, _WIDTHS, _WIDTHS), (1, 1, _WIDTHS, _CLASSES),
)  # fmt: skip
# Keras' fc1 takes the last 7 x 7 x 512 map in row-major order, the others a single position.
_KERAS = ((7 * 7 * 512, _WIDTHS), (_WIDTHS, _WIDTHS), (_WIDTHS, _CLASSES))
THREE_WAYS = (
    "Three ways to get VGG16's weights: (1) python -m segxai fetch vgg16 (553 MB; with --conv-only "
    "59 MB, enough for an FCN); (2) weights='.../vgg_16.ckpt', the TF-slim checkpoint; "
    "(3) weights=<a keras.applications.VGG16 model>. Or use weights=None for random weights."
)


def vgg16_weights(weights: Any = "auto", *, fully_connected: bool = True) -> dict[str, np.ndarray]:
    """Return VGG16's weights.

    Parameters
    ----------
    weights : str, path or Keras model
        "auto" for the cached download, the path of a slim checkpoint or a Keras ``.h5`` file, or a
        Keras model.
    fully_connected : bool
        If False, a cached download of the convolutions only will do.

    Returns
    -------
    weights : dict of str to ndarray
        By the variables' names.

    Raises
    ------
    SegxaiError
        If they are not available; its message lists the ways to obtain them.
    """
    if isinstance(weights, str) and weights == "auto":
        path = usable("vgg16") or (None if fully_connected else usable("vgg16-conv"))
        if path is None:
            raise SegxaiFileNotFoundError(f"VGG16's weights are not in the cache. {THREE_WAYS}")
        return _from_keras_file(path)
    if isinstance(weights, (str, os.PathLike)):
        if Path(weights).suffix in (".h5", ".hdf5"):
            return _from_keras_file(weights)
        return _take(read_checkpoint(weights), _SLIM, f"{str(weights)!r} is not VGG16")
    if hasattr(weights, "get_layer"):
        return from_keras_model(weights)
    raise SegxaiValueError(
        f"VGG16 weights cannot be taken from {type(weights).__name__}. {THREE_WAYS}"
    )


def from_keras_model(model: Any) -> dict[str, np.ndarray]:
    """Return the weights of a `keras.applications.VGG16` model.

    Parameters
    ----------
    model : Keras model
        With any number of classes or without the top.

    Returns
    -------
    weights : dict of str to ndarray
        By the variables' names.

    Raises
    ------
    SegxaiError
        If the model is not VGG16.
    """
    arrays = {
        f"{layer.name}/{index}": value
        for layer in model.layers
        for index, value in enumerate(layer.get_weights())
    }
    return _convert(arrays, f"The Keras model {model.name!r} is not VGG16")


def read_checkpoint(path: str | os.PathLike) -> dict[str, Stored]:
    """List VGG16's variables in a TensorFlow checkpoint, without those of optimisers.

    Parameters
    ----------
    path : str or path
        The ``.ckpt`` file of version 1, or the common prefix of the files (.index, .data-...) of
        version 2.

    Returns
    -------
    stored : dict of str to Stored
        By the variables' names.

    Raises
    ------
    SegxaiFileError
        If the checkpoint does not exist or cannot be read.
    SegxaiError
        If it contains another network.
    """
    from ..nets.graph import tf2

    path = as_path(path)
    if not os.path.isfile(path) and not os.path.isfile(f"{path}.index"):
        raise SegxaiFileNotFoundError(f"There is no checkpoint {str(path)!r}. {THREE_WAYS}")
    try:
        reader = tf2.train.load_checkpoint(str(path))
        shapes, types = reader.get_variable_to_shape_map(), reader.get_variable_to_dtype_map()
    except Exception as error:
        raise SegxaiFileError(
            f"{str(path)!r} is not a readable TensorFlow checkpoint; "
            f"it may be truncated or renamed. {THREE_WAYS}"
        ) from error
    held = sum(
        file.stat().st_size for file in path.parent.iterdir() if file.name.startswith(path.name)
    )
    found = {
        name: Stored(
            tuple(shape), np.dtype(types[name].as_numpy_dtype), held,
            partial(reader.get_tensor, name),
        )
        for name, shape in shapes.items()
        if name.startswith(f"{SCOPE}/") and name.endswith(("/weights", "/biases"))
    }  # fmt: skip
    if not found:
        some = ", ".join(sorted(shapes)[:3]) or "nothing"
        raise SegxaiError(
            f"{str(path)!r} is a checkpoint of another network: it contains {some}, "
            f"but nothing under {SCOPE!r}. {THREE_WAYS}"
        )
    return found


def _from_keras_file(path) -> dict[str, np.ndarray]:
    with hdf5_arrays(path, THREE_WAYS) as stored:
        return _convert(stored, f"{str(path)!r} is not VGG16")


def _convert(stored, source) -> dict[str, np.ndarray]:
    """Convert Keras' layers to the slim graph's variables.

    The arrays' names are paths that contain the layer's name; what follows it differs between Keras
    versions, but a kernel has two or four axes and a bias has one.
    """
    named = {}
    for key, array in stored.items():
        for name in (*KERNELS, *_DENSE):
            if _DENSE.get(name, f"block{name[4:5]}_conv{name[-1]}") in key.split("/")[:-1]:
                part = "weights" if len(array.shape) > 1 else "biases"
                named[f"{SCOPE}/{name}/{part}"] = array
    weights = _take(named, _KERAS, source)
    for name, side in zip(_DENSE, (7, 1, 1), strict=True):
        if (kernel := weights.get(f"{SCOPE}/{name}/weights")) is not None:
            weights[f"{SCOPE}/{name}/weights"] = kernel.reshape(side, side, -1, kernel.shape[1])
    # Keras' VGG16 was trained on BGR images; the slim graph takes RGB.
    first = f"{SCOPE}/conv1/conv1_1/weights"
    weights[first] = weights[first][:, :, ::-1]
    return weights


def _take(stored, dense, source) -> dict[str, np.ndarray]:
    """Read VGG16's arrays, those of the fully connected layers where there are any."""
    expected: dict[str, Shape] = {}
    for name, shape in {**KERNELS, **dict(zip(_DENSE, dense, strict=True))}.items():
        if name in KERNELS or f"{SCOPE}/{name}/weights" in stored:
            expected[f"{SCOPE}/{name}/weights"] = shape
            expected[f"{SCOPE}/{name}/biases"] = shape[-1:]
    return take(stored, expected, source, THREE_WAYS)
