"""Compute a network's early layers once for all coalitions.

An early feature depends only on a small window of the image, and most windows contain only one or two regions. However many
coalitions are evaluated, the feature therefore takes few distinct values: one for each combination of the regions in its window.
A small set of "covering" coalitions, in which every window shows each of its combinations, yields all of these values. The early
features of any other coalition are assembled from them, position by position, and only the later layers are run. The result is
exact, not an approximation.

Such sets are known as covering arrays in combinatorial testing. The greedy construction is that of Cohen et al. 1997, "The AETG
System: An Approach to Testing Based on Combinatorial Design".
"""

from __future__ import annotations

import numpy as np

from .subsets import codes

MOST_TOGETHER = 6  # regions in one window; more would need too many combinations
WORTH_SHARING = (
    0.2  # covering coalitions per evaluated coalition; above this share, little time is saved
)
CANDIDATES = 50  # random rows tried for each covering coalition


class EarlyPlan:
    """The covering coalitions on which to run the early layers, and how to assemble the features of all others from them.

    labels: (S, S), the region of each pixel of the network's input, 0..K-1. number: K. window: the first and the last pixel in an
    early feature's window, relative to its position times `stride`. expected: the number of coalitions to be evaluated.
    Attribute `rows`: (R, K) bool covering coalitions, or None if sharing would not save time.
    """

    def __init__(
        self, labels: np.ndarray, number: int, stride: int, window: tuple[int, int], expected: int
    ):
        seen = _regions_in_windows(labels, number, stride, window)
        self.size = seen.shape[:2]
        packed = np.packbits(seen.reshape(-1, number), axis=1)
        _, first, which = np.unique(packed, axis=0, return_index=True, return_inverse=True)
        self._which = which.ravel()  # index of the subset of regions in each position's window
        self._subsets = [np.flatnonzero(seen.reshape(-1, number)[i]) for i in first]
        self.rows = _covering_rows(self._subsets, number, int(WORTH_SHARING * expected))
        if self.rows is not None:
            self._row_of_combination = [_first_rows(self.rows, subset) for subset in self._subsets]

    def assemble(self, features: np.ndarray, masks: np.ndarray) -> np.ndarray:
        """The (N, h, w, C) early features of coalitions (N, K), from the features (R, h, w, C) of the covering coalitions."""
        rows = np.empty((len(masks), len(self._subsets)), np.int64)
        for u, subset in enumerate(self._subsets):
            rows[:, u] = self._row_of_combination[u][codes(masks[:, subset])]
        positions = self._which.size
        index = rows[:, self._which] * positions + np.arange(positions)
        flat = features.reshape(-1, features.shape[-1])
        return np.take(flat, index, axis=0).reshape(len(masks), *self.size, features.shape[-1])


def _regions_in_windows(labels, number, stride, window) -> np.ndarray:
    """(h, w, K) bool: which regions intersect the window of each early feature."""
    first, last = window
    padded = np.pad(
        labels, (-first, last), mode="edge"
    )  # beyond the edge the network pads, identically for every coalition
    seen = np.zeros((labels.shape[0] // stride, labels.shape[1] // stride, number), bool)
    for k in range(number):
        sums = np.pad((padded == k).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
        low_rows, low_columns = (np.arange(n) * stride for n in seen.shape[:2])
        high_rows, high_columns = (low + last - first + 1 for low in (low_rows, low_columns))
        count = (
            sums[high_rows[:, None], high_columns] - sums[low_rows[:, None], high_columns]
            - sums[high_rows[:, None], low_columns] + sums[low_rows[:, None], low_columns]
        )  # fmt: skip
        seen[..., k] = count > 0
    return seen


def _first_rows(rows, subset) -> np.ndarray:
    """(2**m,) for each combination of the subset's m regions, the first covering coalition that shows it."""
    combinations = codes(rows[:, subset])
    found = np.empty(2 ** len(subset), np.int64)
    found[combinations[::-1]] = np.arange(len(rows))[::-1]
    return found


def _covering_rows(subsets, number, most) -> np.ndarray | None:
    """(R, number) bool coalitions that show every combination of every subset, or None if that takes more than `most` rows."""
    largest = max(map(len, subsets))
    if largest > MOST_TOGETHER or 2**largest > most:
        return None
    rng = np.random.default_rng(0)
    missing = [np.ones(2 ** len(subset), bool) for subset in subsets]
    rows: list[np.ndarray] = []
    while any(m.any() for m in missing):
        if len(rows) == most:
            return None
        tried = rng.random((CANDIDATES, number)) < 0.5
        # The first candidate always helps, because it shows a missing combination.
        u = next(i for i, m in enumerate(missing) if m.any())
        tried[0, subsets[u]] = int(np.argmax(missing[u])) >> np.arange(len(subsets[u])) & 1
        gain = sum(m[codes(tried[:, s])].astype(int) for s, m in zip(subsets, missing, strict=True))
        row = tried[int(np.argmax(gain))]
        for s, m in zip(subsets, missing, strict=True):
            m[codes(row[None, s])] = False
        rows.append(row)
    return np.array(rows)
