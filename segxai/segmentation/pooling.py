"""Features of regions: a network's feature maps, pooled over them."""

from __future__ import annotations

import numpy as np


def pool(feature_map: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Average a feature map, bilinearly upsampled to the size of a label map, over each label.

    The upsampled map, with hundreds of channels at full size, is never computed. Both averaging
    and interpolation are linear, so their weights are first summed for each label and position of
    the map.

    Parameters
    ----------
    feature_map : (h, w, D) array
        The features, at any stride.
    labels : (H, W) array of int
        A label map with values 0..B-1.

    Returns
    -------
    means : (B, D) array
        Of each label.
    """
    from scipy.sparse import coo_array

    (rows, row_weight), (columns, column_weight) = map(
        _bilinear, labels.shape, feature_map.shape[:2]
    )
    height, width, depth = feature_map.shape
    corners = [(i, j) for i in range(2) for j in range(2)]
    position = [(rows[i][:, None] * width + columns[j]).ravel() for i, j in corners]
    weight = [(row_weight[i][:, None] * column_weight[j]).ravel() for i, j in corners]
    index = np.tile(labels.ravel(), 4), np.concatenate(position)
    weights = coo_array(
        (np.concatenate(weight), index), shape=(int(labels.max()) + 1, height * width)
    ).tocsr()
    return weights @ feature_map.reshape(-1, depth) / np.bincount(labels.ravel())[:, None]


def _bilinear(full: int, small: int):
    """Two nearest positions in `small`, and their weights, of each of `full` pixels."""
    at = np.clip((np.arange(full) + 0.5) * small / full - 0.5, 0, small - 1)
    low = at.astype(int)
    return (low, np.minimum(low + 1, small - 1)), (1 - (at - low), at - low)
