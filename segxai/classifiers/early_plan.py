"""Early layers, computed once for all coalitions.

An early feature sees only a small window of the picture, and in most windows lie only one or two regions. So it takes only few
different values, however many coalitions are evaluated: one for each way of showing the regions in its window. A small set of
"covering" coalitions in which every window shows all of its ways gives all of them; the early features of any other coalition
are then put together from these, position by position, and only the later layers are run. The result is the same, not an estimate.

The covering sets are those of combinatorial testing: Cohen et al. 1997, "The AETG System: An Approach to Testing Based on
Combinatorial Design", whose greedy construction is used.
"""

from __future__ import annotations

import numpy as np

from .subsets import codes

MOST_TOGETHER = 6  # regions in one window
WORTH_SHARING = 0.2  # covering coalitions for each one evaluated; with more of them there is little left to save
CANDIDATES = 50  # tried for each covering coalition


class EarlyPlan:
    """Which coalitions to run the early layers on, and where every other coalition finds its features.

    labels: (S, S) region of each pixel of the network's input, values 0..K-1. window: (first, last) pixel, relative to stride
    times its position, that an early feature sees. expected: how many coalitions will be evaluated.
    `rows`: (R, K) bool covering coalitions, or None where sharing does not pay.
    """

    def __init__(self, labels: np.ndarray, number: int, stride: int, window: tuple[int, int], expected: int):
        seen = _regions_in_windows(labels, number, stride, window)
        self.size = seen.shape[:2]
        packed = np.packbits(seen.reshape(-1, number), axis=1)
        _, first, which = np.unique(packed, axis=0, return_index=True, return_inverse=True)
        self._which = which.ravel()  # the subset of regions that each position sees
        self._subsets = [np.flatnonzero(seen.reshape(-1, number)[i]) for i in first]
        self.rows = _covering_rows(self._subsets, number, int(WORTH_SHARING * expected))
        if self.rows is not None:
            self._row_of_way = [_first_rows(self.rows, subset) for subset in self._subsets]

    def assemble(self, features: np.ndarray, masks: np.ndarray) -> np.ndarray:
        """features (R, h, w, C) of the covering coalitions, masks (N, K) -> (N, h, w, C) features of these coalitions."""
        rows = np.empty((len(masks), len(self._subsets)), np.int64)
        for u, subset in enumerate(self._subsets):
            rows[:, u] = self._row_of_way[u][codes(masks[:, subset])]
        positions = self._which.size
        index = rows[:, self._which] * positions + np.arange(positions)
        flat = features.reshape(-1, features.shape[-1])
        return np.take(flat, index, axis=0).reshape(len(masks), *self.size, features.shape[-1])


def _regions_in_windows(labels, number, stride, window) -> np.ndarray:
    """(h, w, K) bool: which regions lie in the window of each early feature."""
    first, last = window
    padded = np.pad(labels, (-first, last), mode="edge")  # beyond the edge there is padding, the same for every coalition
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
    """(2**m,) for each way of showing the subset's m regions, a covering coalition that shows them so."""
    ways = codes(rows[:, subset])
    found = np.empty(2 ** len(subset), np.int64)
    found[ways[::-1]] = np.arange(len(rows))[::-1]
    return found


def _covering_rows(subsets, number, most) -> np.ndarray | None:
    """(R, number) bool coalitions in which every subset is shown in all of its ways, or None where R would exceed `most`."""
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
        # One candidate is certain to help: it shows a way that is missing.
        u = next(i for i, m in enumerate(missing) if m.any())
        tried[0, subsets[u]] = int(np.argmax(missing[u])) >> np.arange(len(subsets[u])) & 1
        gain = sum(m[codes(tried[:, s])].astype(int) for s, m in zip(subsets, missing, strict=True))
        row = tried[int(np.argmax(gain))]
        for s, m in zip(subsets, missing, strict=True):
            m[codes(row[None, s])] = False
        rows.append(row)
    return np.array(rows)
