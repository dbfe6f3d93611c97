"""Coalitions of regions as rows of booleans and as integers, and how many there are of a size."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln


def all_subsets(number: int) -> np.ndarray:
    """Return all coalitions of some regions.

    Parameters
    ----------
    number : int
        Of regions.

    Returns
    -------
    masks : (2**number, number) array of bool
        Row n shows region k where bit k of n is set.

    Examples
    --------
    >>> all_subsets(2).tolist()
    [[False, False], [True, False], [False, True], [True, True]]
    """
    return (np.arange(2**number, dtype=np.int64)[:, None] >> np.arange(number) & 1).astype(bool)


def codes(masks: np.ndarray) -> np.ndarray:
    """Encode coalitions as integers.

    Parameters
    ----------
    masks : (N, K) array of bool
        Coalitions of at most 62 regions.

    Returns
    -------
    codes : (N,) array of int64
        Bit k is set where region k is shown.

    Examples
    --------
    >>> codes(all_subsets(3))
    array([0, 1, 2, 3, 4, 5, 6, 7])
    """
    return masks.astype(np.int64) @ (1 << np.arange(masks.shape[1], dtype=np.int64))


def log_binomial(number: int, sizes: np.ndarray) -> np.ndarray:
    """Return the logarithm of how many coalitions have a size; the numbers themselves overflow.

    Parameters
    ----------
    number : int
        Of regions.
    sizes : (N,) array of int
        How many regions are shown.

    Returns
    -------
    logs : (N,) array of float
        Natural logarithms.
    """
    return gammaln(number + 1) - gammaln(sizes + 1) - gammaln(number - sizes + 1)
