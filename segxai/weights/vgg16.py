"""VGG16's ImageNet weights for `nets.vgg16`, from a slim checkpoint, from Keras or the cache."""

import os
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SegxaiError, SegxaiFileError, SegxaiFileNotFoundError, SegxaiValueError
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
_DENSE = ("fc6", "fc7", "fc8")
# Keras' names of the layers, with slim's.
_KERAS = {f"block{name[4]}_conv{name[-1]}": name for name in KERNELS}
_KERAS |= zip(("fc1", "fc2", "predictions"), _DENSE, strict=True)
_CLASSES = range(1, 32769)
THREE_WAYS = (
    "Three ways to get VGG16's weights: (1) python -m segxai fetch vgg16 (553 MB; with --conv-only "
    "59 MB, enough for an FCN); (2) weights='.../vgg_16.ckpt', the TF-slim checkpoint; "
    "(3) weights=<a keras.applications.VGG16 model>. Or use weights=None for random weights."
)


def vgg16_weights(
    weights: Any = "auto", *, fully_connected: bool = False, fc_width: int | None = None
) -> dict[str, np.ndarray]:
    """Return VGG16's weights.

    Parameters
    ----------
    weights : str, path or Keras model
        "auto" for the cached download, the path of a slim checkpoint or a Keras ``.h5`` file, or a
        Keras model.
    fully_connected : bool
        Whether all three fully connected layers are needed, as wide as published. Otherwise they
        may be thinner, or missing.
    fc_width : int, optional
        How many channels fc6 and fc7 must have where there are any; with 0 no fully connected
        layer is read.

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
    keras = True
    if isinstance(weights, (str, os.PathLike)):
        source, keras = repr(str(weights)), Path(weights).suffix in (".h5", ".hdf5")
        stored: dict = hdf5_arrays(weights, THREE_WAYS) if keras else read_checkpoint(weights)
    elif hasattr(weights, "get_layer"):
        source = f"The Keras model {weights.name!r}"
        stored = {
            f"{layer.name}/{index}": value
            for layer in weights.layers
            for index, value in enumerate(layer.get_weights())
        }
    else:
        raise SegxaiValueError(
            f"VGG16 weights cannot be taken from {type(weights).__name__}. {THREE_WAYS}"
        )
    if keras:
        stored = _renamed(stored)
    source += f" is not VGG16 with fc_width={fc_width}" if fc_width else " is not VGG16"
    lacking = [
        layer for layer in _DENSE if fc_width == 0 or f"{SCOPE}/{layer}/weights" not in stored
    ]
    if fully_connected and lacking:
        raise SegxaiFileError(
            f"{source} as a classifier needs it: it lacks {lacking[0]}. {THREE_WAYS}"
        )
    side, width = 7, fc_width or 4096
    if not fully_connected and "fc6" not in lacking:
        shape = stored[f"{SCOPE}/fc6/weights"].shape or (0,)
        side, width = np.clip((shape[0], fc_width or shape[-1]), 1, (7, 4096))
    # Keras' fc1 takes the last 7 x 7 x 512 map in row-major order, the others a single position.
    fc6, one = ((7 * 7 * 512,), ()) if keras else ((side, side, 512), (1, 1))
    dense = {"fc6": (*fc6, width), "fc7": (*one, width, width), "fc8": (*one, width, _CLASSES)}
    expected: dict[str, Shape] = {}
    for name, shape in {**KERNELS, **dense}.items():
        if name not in lacking:
            expected[f"{SCOPE}/{name}/weights"] = shape
            expected[f"{SCOPE}/{name}/biases"] = shape[-1:]
    arrays = take(stored, expected, source, THREE_WAYS)
    return _converted(arrays) if keras else arrays


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
    stored = checkpoint_arrays(path, THREE_WAYS)
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


def _renamed(stored) -> dict[str, Any]:
    """Give the arrays of Keras' layers the names of the slim graph's variables.

    Their own names are paths that contain the layer's name; what follows it differs between Keras
    versions, but a kernel has two or four axes and a bias has one.
    """
    named = {}
    for key, array in stored.items():
        for layer in _KERAS.keys() & key.split("/")[:-1]:
            part = "weights" if len(array.shape) > 1 else "biases"
            named[f"{SCOPE}/{_KERAS[layer]}/{part}"] = array
    return named


def _converted(weights) -> dict[str, np.ndarray]:
    """Turn Keras' fully connected layers into convolutions, and its colours around."""
    for name, side in zip(_DENSE, (7, 1, 1), strict=True):
        if (kernel := weights.get(f"{SCOPE}/{name}/weights")) is not None:
            weights[f"{SCOPE}/{name}/weights"] = kernel.reshape(side, side, -1, kernel.shape[1])
    # Keras' VGG16 was trained on BGR images; the slim graph takes RGB.
    first = f"{SCOPE}/conv1/conv1_1/weights"
    weights[first] = weights[first][:, :, ::-1]
    return weights
