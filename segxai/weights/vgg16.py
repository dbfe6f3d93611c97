"""VGG16's ImageNet weights for `nets.vgg16`, from a slim checkpoint, from Keras or the cache."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SegxaiError, SegxaiFileError, SegxaiFileNotFoundError, SegxaiValueError
from .checkpoint import read_checkpoint
from .downloads import usable

SCOPE = "vgg_16"
CONVOLUTIONS = [
    f"conv{stage}/conv{stage}_{i}"
    for stage, n in enumerate((2, 2, 3, 3, 3), 1)
    for i in range(1, n + 1)
]
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
        return read_checkpoint(weights, SCOPE, THREE_WAYS)
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

    def layer(name):
        try:
            values = model.get_layer(name).get_weights()
        except ValueError:
            return None
        return values if len(values) == 2 else None

    return _convert(layer, f"the Keras model {model.name!r}")


def _from_keras_file(path) -> dict[str, np.ndarray]:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            root = file.get("model_weights", file)

            def layer(name):
                if name not in root:
                    return None
                arrays = []
                root[name].visititems(
                    lambda _, item: arrays.append(item[()]) if hasattr(item, "shape") else None
                )
                # Names differ between Keras versions, but a kernel has two or four axes and a bias
                # has one.
                return sorted(arrays, key=np.ndim, reverse=True) if len(arrays) == 2 else None

            return _convert(layer, repr(str(path)))
    except OSError as error:
        raise SegxaiFileError(
            f"{str(path)!r} cannot be read as a Keras weights file ({error}). {THREE_WAYS}"
        ) from error


def _convert(layer, source) -> dict[str, np.ndarray]:
    """Convert Keras' layers to the slim graph's variables.

    `layer(name)` returns (kernel, bias) or None.
    """
    weights = {}
    for name in CONVOLUTIONS:
        keras_name = f"block{name[4]}_conv{name[-1]}"
        found = layer(keras_name)
        if found is None:
            raise SegxaiError(
                f"{source} is not VGG16: it has no layer {keras_name!r}. {THREE_WAYS}"
            )
        weights[f"{SCOPE}/{name}/weights"], weights[f"{SCOPE}/{name}/biases"] = found
    # Keras' VGG16 was trained on BGR images; the slim graph takes RGB.
    first = f"{SCOPE}/conv1/conv1_1/weights"
    if weights[first].shape != (3, 3, 3, 64):
        raise SegxaiError(
            f"{source} is not VGG16: its first convolution has shape {weights[first].shape}, "
            "not (3, 3, 3, 64)."
        )
    weights[first] = weights[first][:, :, ::-1]
    for keras_name, name in (("fc1", "fc6"), ("fc2", "fc7"), ("predictions", "fc8")):
        found = layer(keras_name)
        if found is not None:
            kernel, weights[f"{SCOPE}/{name}/biases"] = found
            # fc1 takes the last 7 x 7 x 512 map in row-major order, the others a single position.
            side = 7 if name == "fc6" else 1
            if kernel.shape[0] % (side * side):
                raise SegxaiError(
                    f"{source}: layer {keras_name!r} has {kernel.shape[0]} inputs, "
                    "so it is not VGG16."
                )
            weights[f"{SCOPE}/{name}/weights"] = kernel.reshape(side, side, -1, kernel.shape[1])
    return weights


def reduce_fc(
    weights: dict[str, np.ndarray], fc_width: int, fc6_kernel: int
) -> dict[str, np.ndarray]:
    """Subsample fc6 and fc7 evenly to fewer channels and a smaller kernel.

    Parameters
    ----------
    weights : dict of str to ndarray
        By the variables' names.
    fc_width, fc6_kernel : int
        The number of channels of fc6 and fc7, and the side of fc6's kernel.

    Returns
    -------
    weights : dict of str to ndarray

    Raises
    ------
    SegxaiValueError
        If the weights have fewer channels or a smaller kernel than requested.

    References
    ----------
    Chen et al. 2015, "Semantic Image Segmentation with Deep Convolutional Nets and Fully Connected
    CRFs", section 4.1.
    """
    fc6, fc7 = f"{SCOPE}/fc6", f"{SCOPE}/fc7"
    if f"{fc6}/weights" not in weights:
        return weights
    kernel, width = weights[f"{fc6}/weights"].shape[::3]
    if (kernel, width) == (fc6_kernel, fc_width):
        return weights
    if fc6_kernel > kernel or fc_width > width:
        raise SegxaiValueError(
            f"fc6 can have at most a {kernel} x {kernel} kernel and {width} channels "
            "with these weights."
        )
    taps = np.linspace(0, kernel - 1, fc6_kernel).round().astype(int)
    channels = np.linspace(0, width - 1, fc_width).round().astype(int)
    # Scaled so that a constant map produces the same output on average despite fewer taps.
    scale = (kernel / fc6_kernel) ** 2
    return weights | {
        f"{fc6}/weights": weights[f"{fc6}/weights"][taps][:, taps][..., channels] * scale,
        f"{fc6}/biases": weights[f"{fc6}/biases"][channels],
        f"{fc7}/weights": weights[f"{fc7}/weights"][:, :, channels][..., channels]
        * (width / fc_width),
        f"{fc7}/biases": weights[f"{fc7}/biases"][channels],
    }
