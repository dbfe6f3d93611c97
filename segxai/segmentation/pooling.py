"""Pool a network's feature map over regions."""

from __future__ import annotations

import numpy as np


def pool(feature_map: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(B, D) the mean over each label of a feature map (h, w, D), bilinearly upsampled to the size of the labels.

    The upsampled map, with hundreds of channels at full size, is never computed. Both averaging and interpolation are linear,
    so their weights are first summed for each label and position of the map.
    """
    from scipy.sparse import coo_array

    (rows, row_weight), (columns, column_weight) = (
        _bilinear(full, small)
        for full, small in zip(labels.shape, feature_map.shape[:2], strict=True)
    )
    height, width, depth = feature_map.shape
    label, position, weight = [], [], []
    for i in range(2):
        for j in range(2):
            label.append(labels.ravel())
            position.append((rows[i][:, None] * width + columns[j]).ravel())
            weight.append((row_weight[i][:, None] * column_weight[j]).ravel())
    index = np.concatenate(label), np.concatenate(position)
    weights = coo_array(
        (np.concatenate(weight), index), shape=(int(labels.max()) + 1, height * width)
    ).tocsr()
    return weights @ feature_map.reshape(-1, depth) / np.bincount(labels.ravel())[:, None]


def _bilinear(full: int, small: int):
    """Along one axis: the two nearest positions in a map of `small` for each of `full` pixels, and their weights."""
    at = np.clip((np.arange(full) + 0.5) * small / full - 0.5, 0, small - 1)
    low = at.astype(int)
    return (low, np.minimum(low + 1, small - 1)), (1 - (at - low), at - low)
