"""Subsets of regions as rows of booleans, and encoded as integers whose bit k represents region k."""

from __future__ import annotations

import numpy as np


def all_subsets(number: int) -> np.ndarray:
    """(2**number, number) bool: all subsets; row n contains member k if bit k of n is set.

    >>> all_subsets(2).tolist()
    [[False, False], [True, False], [False, True], [True, True]]
    """
    return (np.arange(2**number, dtype=np.int64)[:, None] >> np.arange(number) & 1).astype(bool)


def codes(masks: np.ndarray) -> np.ndarray:
    """Encode subsets, (N, K) bool with K <= 62, as (N,) int64: bit k is set if the subset contains region k.

    >>> codes(all_subsets(3))
    array([0, 1, 2, 3, 4, 5, 6, 7])
    """
    return masks.astype(np.int64) @ (1 << np.arange(masks.shape[1], dtype=np.int64))
