"""VGG16's ImageNet weights for `nets.vgg16`, from a slim checkpoint, from Keras or the cache."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SegxaiError, SegxaiFileError, SegxaiFileNotFoundError, SegxaiValueError
from ..files import as_path
from .checkpoint import checkpoint_arrays
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
_DENSE = {"fc6": "fc1", "fc7": "fc2", "fc8": "predictions"}  # slim's and Keras' names
_CLASSES = range(1, 32769)
THREE_WAYS = (
    "Three ways to get VGG16's weights: (1) python -m segxai fetch vgg16 (553 MB; with --conv-only "
    "59 MB, enough for an FCN); (2) weights='.../vgg_16.ckpt', the TF-slim checkpoint; "
    "(3) weights=<a keras.applications.VGG16 model>. Or use weights=None for random weights."
)


def vgg16_weights(weights: Any = "auto", *, fully_connected: bool = False) -> dict[str, np.ndarray]:
    """Return VGG16's weights.

    Parameters
    ----------
    weights : str, path or Keras model
        "auto" for the cached download, the path of a slim checkpoint or a Keras ``.h5`` file, or a
        Keras model.
    fully_connected : bool
        Whether all three fully connected layers are needed, as wide as published. Otherwise they
        may be thinner, or missing.

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
        weights = path
    if isinstance(weights, (str, os.PathLike)):
        source = f"{str(weights)!r} is not VGG16"
        if Path(weights).suffix not in (".h5", ".hdf5"):
            return _take(read_checkpoint(weights), source, fully_connected)
        return _convert(hdf5_arrays(weights, THREE_WAYS), source, fully_connected)
    if hasattr(weights, "get_layer"):
        arrays = {
            f"{layer.name}/{index}": value
            for layer in weights.layers
            for index, value in enumerate(layer.get_weights())
        }
        source = f"The Keras model {weights.name!r} is not VGG16"
        return _convert(arrays, source, fully_connected)
    raise SegxaiValueError(
        f"VGG16 weights cannot be taken from {type(weights).__name__}. {THREE_WAYS}"
    )


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
    path = as_path(path)
    if not os.path.isfile(path) and not os.path.isfile(f"{path}.index"):
        raise SegxaiFileNotFoundError(f"There is no checkpoint {str(path)!r}. {THREE_WAYS}")
    try:
        stored = checkpoint_arrays(path)
    except Exception as error:
        raise SegxaiFileError(
            f"{str(path)!r} is not a readable TensorFlow checkpoint; "
            f"it may be truncated or renamed. {THREE_WAYS}"
        ) from error
    found = {
        name: array
        for name, array in stored.items()
        if name.startswith(f"{SCOPE}/") and name.endswith(("/weights", "/biases"))
    }
    if not found:
        some = ", ".join(sorted(stored)[:3]) or "nothing"
        raise SegxaiError(
            f"{str(path)!r} is a checkpoint of another network: it contains {some}, "
            f"but nothing under {SCOPE!r}. {THREE_WAYS}"
        )
    return found


def _convert(stored, source, fully_connected) -> dict[str, np.ndarray]:
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
    weights = _take(named, source, fully_connected, keras=True)
    for name, side in zip(_DENSE, (7, 1, 1), strict=True):
        if (kernel := weights.get(f"{SCOPE}/{name}/weights")) is not None:
            weights[f"{SCOPE}/{name}/weights"] = kernel.reshape(side, side, -1, kernel.shape[1])
    # Keras' VGG16 was trained on BGR images; the slim graph takes RGB.
    first = f"{SCOPE}/conv1/conv1_1/weights"
    weights[first] = weights[first][:, :, ::-1]
    return weights


def _take(stored, source, fully_connected, keras=False) -> dict[str, np.ndarray]:
    """Read VGG16's arrays, those of the fully connected layers where there are any."""
    lacking = [layer for layer in _DENSE if f"{SCOPE}/{layer}/weights" not in stored]
    if fully_connected and lacking:
        raise SegxaiFileError(
            f"{source} as a classifier needs it: it lacks {lacking[0]}. {THREE_WAYS}"
        )
    side, width = 7, 4096
    if not fully_connected and "fc6" not in lacking:
        shape = stored[f"{SCOPE}/fc6/weights"].shape or (0,)
        side, width = np.clip((shape[0], shape[-1]), 1, (side, width))
    # Keras' fc1 takes the last 7 x 7 x 512 map in row-major order, the others a single position.
    fc6, one = ((7 * 7 * 512,), ()) if keras else ((side, side, 512), (1, 1))
    dense = {"fc6": (*fc6, width), "fc7": (*one, width, width), "fc8": (*one, width, _CLASSES)}
    expected: dict[str, Shape] = {}
    for name, shape in {**KERNELS, **dense}.items():
        if name not in lacking:
            expected[f"{SCOPE}/{name}/weights"] = shape
            expected[f"{SCOPE}/{name}/biases"] = shape[-1:]
    return take(stored, expected, source, THREE_WAYS)
