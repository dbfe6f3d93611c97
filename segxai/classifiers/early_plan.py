"""Compute a network's early layers once for all coalitions.

An early feature depends only on a small window of the image, and most windows contain only one or
two regions. However many coalitions are evaluated, the feature therefore takes few distinct values:
one for each combination of the regions in its window. A small set of "covering" coalitions, in
which every window shows each of its combinations, yields all of these values. The early features of
any other coalition are assembled from them, position by position, and only the later layers are
run. The result is exact, not an approximation.

Such sets are known as covering arrays in combinatorial testing. The greedy construction is that of
Cohen et al. 1997, "The AETG System: An Approach to Testing Based on Combinatorial Design".
"""

import numpy as np
from scipy.ndimage import maximum_filter

MOST_TOGETHER = 6  # regions in one window; more would need too many combinations
# Covering coalitions per evaluated coalition; above this share, little time is saved.
WORTH_SHARING = 0.2
CANDIDATES = 50  # random rows tried for each covering coalition


class EarlyPlan:
    """The covering coalitions, and how to assemble the features of all others from theirs.

    Parameters
    ----------
    labels : (S, S) ndarray of int
        The region of each pixel of the network's input, 0..K-1.
    number : int
        K, the number of regions.
    stride : int
        Of the early features, in pixels.
    window : tuple of int
        The first and the last pixel in an early feature's window, relative to its position times
        `stride`.
    expected : int
        The number of coalitions that will be evaluated.

    Attributes
    ----------
    rows : (R, K) ndarray of bool, or None
        The covering coalitions, on which to run the early layers; None if sharing would not save
        time.
    """

    def __init__(
        self, labels: np.ndarray, number: int, stride: int, window: tuple[int, int], expected: int
    ):
        seen = _regions_in_windows(labels, number, stride, window)
        subsets, which = np.unique(seen.reshape(-1, number), axis=0, return_inverse=True)
        self._which = which.ravel()  # index of the subset of regions in each position's window
        self._subsets = [np.flatnonzero(subset) for subset in subsets]
        self.rows = _covering_rows(self._subsets, number, int(WORTH_SHARING * expected))
        if self.rows is not None:
            # For each combination of a subset's regions, the first coalition that shows it.
            self._first = [
                np.unique(_combination(self.rows[:, subset]), return_index=True)[1]
                for subset in self._subsets
            ]

    def assemble(self, features: np.ndarray, masks: np.ndarray) -> np.ndarray:
        """Assemble the early features of coalitions.

        Parameters
        ----------
        features : (R, h, w, C) ndarray
            The early features of the covering coalitions.
        masks : (N, K) ndarray of bool
            Coalitions.

        Returns
        -------
        assembled : (N, h, w, C) ndarray
        """
        rows = np.stack(
            [
                first[_combination(masks[:, subset])]
                for first, subset in zip(self._first, self._subsets, strict=True)
            ],
            axis=1,
        )
        positions = self._which.size
        index = rows[:, self._which] * positions + np.arange(positions)
        flat = features.reshape(-1, features.shape[-1])
        return np.take(flat, index, axis=0).reshape(len(masks), *features.shape[1:])


def _combination(masks) -> np.ndarray:
    """(N,) which combination of m regions each coalition (N, m) shows, 0..2**m - 1."""
    return masks @ (1 << np.arange(masks.shape[1]))


def _regions_in_windows(labels, number, stride, window) -> np.ndarray:
    """(h, w, K) bool: which regions intersect the window of each early feature."""
    first, last = window
    # At 0 the window's centre is the position itself; of an even size, the right one of the two.
    size, origin = last - first + 1, -((first + last + 1) // 2)
    shown = labels[..., None] == np.arange(number)
    # Beyond the edge the network pads, identically for every coalition.
    around = maximum_filter(shown, size, mode="nearest", origin=origin, axes=(0, 1))
    return around[::stride, ::stride]


def _covering_rows(subsets, number, most) -> np.ndarray | None:
    """(R, number) bool: show every combination of every subset; None if that takes over `most`."""
    largest = max(map(len, subsets))
    if largest > MOST_TOGETHER or 2**largest > most:
        return None
    rng = np.random.default_rng(0)
    missing = [(subset, np.ones(2 ** len(subset), bool)) for subset in subsets]
    rows: list[np.ndarray] = []
    while any(absent.any() for _, absent in missing):
        if len(rows) == most:
            return None
        tried = rng.random((CANDIDATES, number)) < 0.5
        # The first candidate always helps, because it shows a missing combination.
        subset, absent = next(pair for pair in missing if pair[1].any())
        tried[0, subset] = int(np.argmax(absent)) >> np.arange(len(subset)) & 1
        gain = sum(absent[_combination(tried[:, s])].astype(int) for s, absent in missing)
        row = tried[int(np.argmax(gain))]
        for subset, absent in missing:
            absent[_combination(row[None, subset])] = False
        rows.append(row)
    return np.array(rows)
