"""Subsets of a few regions, as rows of booleans and as whole numbers whose bit k stands for region k."""

from __future__ import annotations

import numpy as np


def all_subsets(number: int) -> np.ndarray:
    """(2**number, number) bool: every subset; row n holds member k where bit k of n is set.

    >>> all_subsets(2).tolist()
    [[False, False], [True, False], [False, True], [True, True]]
    """
    return (np.arange(2**number, dtype=np.int64)[:, None] >> np.arange(number) & 1).astype(bool)


def codes(masks: np.ndarray) -> np.ndarray:
    """(N, K) bool -> (N,) int64: bit k says whether region k is in the subset. K is at most 62.

    >>> codes(all_subsets(3))
    array([0, 1, 2, 3, 4, 5, 6, 7])
    """
    return masks.astype(np.int64) @ (1 << np.arange(masks.shape[1], dtype=np.int64))
